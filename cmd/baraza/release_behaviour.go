package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server/config"
	"baraza/simulator/script"
)

// behaviour is what the tests of a bundle say about it: whether they pass, and in which of them people are told something
// else by the release that serves now.
type behaviour struct {
	Passed int      `json:"passed"`
	Failed []string `json:"failed,omitempty"` // titles
	// Before says why nothing could be compared; "" where it was.
	Before string    `json:"not_compared,omitempty"`
	Differ []differs `json:"differ,omitempty"`
}

// differs is a test whose conversation goes another way on the release that serves.
type differs struct {
	Test string       `json:"test"`
	Rows []script.Row `json:"rows"` // expected: on the bundle; actual: on what serves
}

// behaviourOf reads a bundle and runs its tests; see behaviourIn.
func behaviourOf(configuration *config.Config, bundle, serves string) (behaviour, error) {
	files, err := os.Open(bundle)
	if err != nil {
		return behaviour{}, err
	}
	defer files.Close()
	return behaviourIn(context.Background(), configuration, files, serves)
}

// behaviourIn runs the tests of a bundle on what was compiled with it, and on the release with the hash serves, which the
// process with the configuration keeps. It ends between two tests where nobody waits any more.
func behaviourIn(ctx context.Context, configuration *config.Config, files io.ReadSeeker, serves string) (b behaviour, err error) {
	next, gone, err := release.Unpack(configuration.Data, files)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, gone()) }()
	released := configuration.Released(next.Manifest.Pack)
	before, why := servedBefore(released, serves)
	b.Before = why
	checked := dsl.Open(next.Sources, next.Manifest.Folder).Check()
	own, err := fs.Sub(next.Sources, next.Manifest.Folder)
	if err != nil {
		return b, err
	}
	for _, test := range checked.Pack.Tests {
		if err := ctx.Err(); err != nil {
			return b, err
		}
		if r := script.Run(checked.Pack, next.Program, own, test, nil); !r.Passed {
			b.Failed = append(b.Failed, test.Title)
			continue
		}
		b.Passed++
		if before == nil {
			continue
		}
		if r := script.Run(checked.Pack, before, own, test, nil); !r.Passed {
			b.Differ = append(b.Differ, differs{test.Title, r.Rows})
		}
	}
	return b, nil
}

// servedBefore reads the release that serves; nil and why where there is none that can be read.
func servedBefore(released, serves string) (*program.Program, string) {
	if serves == "" {
		return nil, "nothing serves yet"
	}
	dir := filepath.Join(released, "kept")
	if _, err := os.Stat(dir); err != nil {
		return nil, "the releases of the process that serves cannot be read from here: " + err.Error()
	}
	folder, err := release.OpenFolder(dir)
	if err != nil {
		return nil, "the releases of the process that serves cannot be read from here: " + err.Error()
	}
	defer folder.Close()
	kept, err := folder.Load(serves)
	if err != nil {
		return nil, err.Error()
	}
	return kept.Program, ""
}

// differsMost is how many conversations are shown.
const differsMost = 10

func (b *behaviour) words(w io.Writer) {
	fmt.Fprintf(w, "\nIts tests: %d passed, %d did not.\n", b.Passed, len(b.Failed))
	for _, title := range b.Failed {
		fmt.Fprintf(w, "  did not pass: %s\n", shown(title))
	}
	switch {
	case b.Before != "":
		fmt.Fprintf(w, "\nWhat people are told was not compared: %s.\n", b.Before)
		return
	case b.Passed == 0:
		return
	case len(b.Differ) == 0:
		fmt.Fprintf(w, "\nIn none of those that passed does the release that serves say anything else.\n")
		return
	}
	fmt.Fprintf(w, "\nIn %s people are told something else by the release that serves:\n", counted(len(b.Differ), "test", "tests"))
	for i, d := range b.Differ {
		if i == differsMost {
			fmt.Fprintf(w, "\nand in %d more; all of them: --json\n", len(b.Differ)-i)
			break
		}
		fmt.Fprintf(w, "\n%s\n", shown(d.Test))
		script.WriteRows(w, "with this release", "as it serves now", d.Rows)
	}
}
