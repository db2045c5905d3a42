package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/dsl/lsp"
)

// The server of an editor reads the pack on the disk, and nothing that a link in it leads to.
func TestAnEditorSeesThePackOnTheDisk(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "flows", "ec"), os.DirFS("../../flows/ec")); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(work, "secret.flow")
	if err := os.WriteFile(outside, []byte("flow secret: Secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(work, "flows", "ec", "link.flow")); err != nil {
		t.Skip("this computer makes no links:", err)
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"lsp"}, streams{in, out, io.Discard})
		in.Close()
		out.Close()
	}()
	editor := lsp.Framed(fromServer, toServer, nil)
	send := func(text string) {
		if err := editor.WriteMessage([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file://%s","capabilities":{}}}`, filepath.ToSlash(filepath.Join(work, "flows"))))
	send(`{"jsonrpc":"2.0","id":2,"method":"workspace/symbol","params":{"query":"appointment.visit_day"}}`)
	send(`{"jsonrpc":"2.0","id":3,"method":"workspace/symbol","params":{"query":"secret"}}`)
	send(`{"jsonrpc":"2.0","id":4,"method":"shutdown"}`)
	found := map[int]string{}
	var told strings.Builder
	for len(found) < 4 {
		text, err := editor.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			ID     int
			Result json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		if m.ID == 0 {
			told.Write(text)
			continue
		}
		found[m.ID] = string(m.Result)
	}
	send(`{"jsonrpc":"2.0","method":"exit"}`)
	if got := <-code; got != exitClean {
		t.Errorf("the command ends with %d", got)
	}
	if !strings.Contains(found[2], "appointment.flow") {
		t.Errorf("the flow on the disk is not found: %s", found[2])
	}
	if found[3] != "[]" {
		t.Errorf("a file outside the folder was read: %s", found[3])
	}
	if !strings.Contains(told.String(), "link.flow") {
		t.Error("nothing is said of the link")
	}
}
