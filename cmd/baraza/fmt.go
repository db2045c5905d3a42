package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"baraza/dsl/diag"
	printing "baraza/dsl/format"

	"github.com/rogpeppe/go-internal/diff"
)

// format prints flow files in their one form.
type format struct {
	Check bool     `help:"Change nothing; print the names of the files that would change."`
	Diff  bool     `help:"Change nothing; show what would change."`
	Stdin bool     `help:"Read standard input and print it formatted, as - does."`
	Path  []string `arg:"" optional:"" name:"path" help:"Folder of a pack, or a flow file; - is standard input."`
}

// maxFlowFile is how much of a file is read: one byte more than the language takes, which then says so.
const maxFlowFile = 1<<20 + 1

// inputName is what standard input is called where a file has its path.
const inputName = "standard input"

// deepest is how many folders below a named one are looked into: flows, a pack and the folders of a pack.
const deepest = 8

// Run formats every file it can. Files with problems, and those that check and diff find, make it end with errFound;
// what cannot be read or written makes it end with that error, after the other files are done.
func (c *format) Run(s streams) error {
	paths := c.Path
	if c.Stdin {
		paths = append(paths, "-")
	}
	if len(paths) == 0 {
		return errors.New("name a pack or a flow file, such as flows/ec, or - for standard input")
	}
	var any bool
	var trouble []error
	for _, path := range paths {
		files := []string{path}
		if path != "-" {
			var err error
			if files, err = flowFiles(path); err != nil {
				trouble = append(trouble, err)
			}
		}
		for _, file := range files {
			did, err := c.one(s, file)
			any = any || did
			if err != nil {
				trouble = append(trouble, err)
			}
		}
	}
	if len(trouble) > 0 {
		return errors.Join(trouble...)
	}
	if any {
		return errFound
	}
	return nil
}

// one formats a file. It reports whether there was something to find: a problem, or with check and diff a change.
func (c *format) one(s streams, path string) (bool, error) {
	name := path
	read := readFlow
	if path == "-" {
		name = inputName
		read = func(string) ([]byte, error) { return io.ReadAll(io.LimitReader(s.in, maxFlowFile)) }
	}
	src, err := read(path)
	if err != nil {
		return false, err
	}
	printed, problems := printing.Source(name, src)
	if problems.Any(diag.Error) {
		return true, diag.Render(s.err, problems, oneSource{name, src}, diag.Options{Color: color(s.err), Max: diag.DefaultMax})
	}
	changed := !bytes.Equal(src, printed)
	switch {
	case c.Check || c.Diff:
		if !changed {
			return false, nil
		}
		if c.Diff {
			_, err = s.out.Write(diff.Diff(name, src, name+" (formatted)", printed))
		} else {
			_, err = fmt.Fprintln(s.out, name)
		}
		return true, err
	case path == "-":
		_, err = s.out.Write(printed)
		return false, err
	case !changed:
		return false, nil
	}
	if err := replace(path, printed); err != nil {
		return false, err
	}
	_, err = fmt.Fprintln(s.out, name)
	return false, err
}

// oneSource is the text that the problems of one file point into.
type oneSource struct {
	name string
	src  []byte
}

func (o oneSource) Source(file string) ([]byte, bool) { return o.src, file == o.name }

// flowFiles returns the flow files at a path: the file itself, or those below a folder, in the order of their
// names. What a pack leaves out is left out: hidden files, those of office programs, and media.
func flowFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file or folder %q", path)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil || at == path {
			return err
		}
		below, _ := filepath.Rel(path, at)
		skipped := strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$")
		switch {
		case e.IsDir() && (skipped || e.Name() == "media" || strings.Count(below, string(filepath.Separator)) >= deepest):
			return fs.SkipDir
		case e.IsDir() || skipped || !strings.EqualFold(filepath.Ext(at), ".flow"):
			return nil
		}
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			files = append(files, at)
		}
		return nil
	})
	return files, err
}

func readFlow(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFlowFile))
}

// replace puts a new text in the place of a file's in one move, so that neither a crash nor a full disk leaves
// half of it. The mode stays, and a link goes on pointing at the file.
func replace(path string, text []byte) (err error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(real), ".baraza-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(text); err != nil {
		return err
	}
	if err = temp.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), real)
}
