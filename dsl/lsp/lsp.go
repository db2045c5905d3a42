// Package lsp is the language server: what an editor asks while somebody writes flows, answered from the same
// stages that check and compile them. It speaks the Language Server Protocol 3.17.
//
// An editor is one session (Serve) over a channel of messages: standard input and output for `baraza lsp`, a
// WebSocket for an editor in a browser. What is open in the editor lies over the files of the folders (overlay), so
// that a pack is checked as it is on the screen.
//
// Messages are read by one goroutine and answered by another, in their order. Checking waits until no message is
// left: many keys at once cost one check, and no clock has a part in it.
package lsp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log"

	"github.com/sourcegraph/jsonrpc2"

	"baraza/dsl"
)

// Options say what a session may see.
type Options struct {
	// Open gives a folder by its whole path, with slashes: "/home/ana/flows", "C:/flows". What the session reads, it
	// reads through it; an error means that the session has no business there.
	Open func(folder string) (fs.FS, error)
	// Today is the day that "review by" is compared with, as 2026-11-22; nothing is compared with "".
	Today func() string
	// Pages is what stands before the code of a problem in the address of its page, such as
	// "https://example.org/errors/". An editor may give its own. Without one, problems have no address.
	Pages string
	// Version is told to the editor.
	Version string
	// Checked, where set, is told each pack's folder with its result after every check: the pack as it is on the
	// screen. Nothing is answered until it returns.
	Checked func(folder string, r *dsl.Result)
}

// errNoShutdown is the end of a session whose editor left without the word that the protocol asks for.
var errNoShutdown = errors.New("the editor ended the session without saying so before")

// Serve answers an editor until it leaves, the messages end or ctx does. It is nil where the editor left in order or
// is simply gone.
func Serve(ctx context.Context, messages Messages, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newServer(o)
	s.stream = &stream{messages: messages, end: func() {
		select {
		case s.queue <- nil:
			<-ctx.Done()
		case <-ctx.Done():
		}
	}}
	conn := jsonrpc2.NewConn(ctx, s.stream, s, jsonrpc2.SetLogger(log.New(io.Discard, "", 0)))
	defer conn.Close()
	s.conn = conn
	close(s.ready)
	return s.run(ctx)
}
