package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// packFolder splits a path into the folder above a pack and the pack's name in it, so that "use ../shared" of the
// pack can be read, and nothing outside it: a link in a pack cannot lead out of that folder. A flow file stands
// for the pack it lies in.
func packFolder(path string) (fsys fs.FS, dir string, err error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	info, err := os.Stat(full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", missing(path, full)
	}
	if err != nil {
		return nil, "", err
	}
	if !info.IsDir() {
		full = packOf(full)
	}
	if full, err = filepath.EvalSymlinks(full); err != nil {
		return nil, "", err
	}
	above, err := os.OpenRoot(filepath.Dir(full))
	if err != nil {
		return nil, "", err
	}
	return above.FS(), filepath.Base(full), nil
}

// packOf is the nearest folder above a file that has a pack.flow, else the file's own.
func packOf(file string) string {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "pack.flow")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return filepath.Dir(file)
		}
	}
}

// missing says that a folder is not there, and which one nearby is.
func missing(path, full string) error {
	var names []string
	if entries, err := os.ReadDir(filepath.Dir(full)); err == nil {
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	text := fmt.Sprintf("there is no folder %q", path)
	if near := diag.Nearest(filepath.Base(full), names); len(near) > 0 {
		text += fmt.Sprintf("; a folder with a similar name is %q", filepath.Join(filepath.Dir(path), near[0]))
	}
	return errors.New(text)
}

// opened is a pack that was read and checked.
type opened struct {
	pack     *pack.Pack
	program  *program.Program // nil where there are errors
	problems diag.List
	sources  diag.Sources
	files    fs.FS // the pack's own
}

func open(path string, set func(*dsl.Checker)) (*opened, error) {
	fsys, dir, err := packFolder(path)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, err
	}
	checker := dsl.Open(fsys, dir)
	set(checker)
	r := checker.Check()
	return &opened{r.Pack, r.Program(), r.Problems, r.Sources, files}, nil
}

// ready is a pack that can run. Otherwise its problems have been printed.
func ready(path string, s streams) (*opened, error) {
	o, err := open(path, func(*dsl.Checker) {})
	if err != nil {
		return nil, err
	}
	if o.program != nil {
		return o, nil
	}
	if err := diag.Render(s.err, o.problems, o.sources, diag.Options{Color: color(s.err), Max: diag.DefaultMax}); err != nil {
		return nil, err
	}
	fmt.Fprintln(s.err, "Nothing was begun: a pack with errors cannot run.")
	return nil, errFound
}
