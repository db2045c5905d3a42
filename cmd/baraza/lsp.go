package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"baraza/dsl/lsp"
)

// editors answers an editor over standard input and output, which starts it and ends it.
type editors struct {
	Stdio bool   `help:"What the server speaks over; it speaks over nothing else, and editors like to say it."`
	Pages string `help:"What stands before the code of a problem in the address of its page." placeholder:"ADDRESS"`
}

func (c *editors) Run(s streams) error {
	if isTerminal(s.in) {
		return errors.New("this is for editors, which start it by themselves; how is told in docs/guide/editors.md")
	}
	return lsp.Serve(context.Background(), lsp.Framed(s.in, s.out, nil), lsp.Options{
		Open:    readable,
		Today:   func() string { return time.Now().Format(time.DateOnly) },
		Pages:   c.Pages,
		Version: version(),
	})
}

// readable is a folder of this computer for the editor's server. A link in it cannot lead out of it.
func readable(folder string) (fs.FS, error) {
	root, err := os.OpenRoot(filepath.FromSlash(folder))
	if err != nil {
		return nil, err
	}
	return root.FS(), nil
}

// version is that of the binary: a release's, or "(devel)".
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
