package editor_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"baraza/channels/socket"
	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/lsp"
	"baraza/engine/program"
	"baraza/simulator"
	"baraza/simulator/editor"
)

func pack(t *testing.T) (*editor.Files, string) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "pack.flow"), "pack one: One\n", 0o640)
	f, err := editor.OpenFiles(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, folder
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestASaveReplacesWhatWasReadAndKeepsTheMode(t *testing.T) {
	t.Parallel()
	f, folder := pack(t)
	read, err := f.Read("pack.flow")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := f.Save("pack.flow", read.Hash, "pack one: Two\n")
	if err != nil {
		t.Fatal(err)
	}
	now, err := f.Read("pack.flow")
	if want := (editor.Text{Name: "pack.flow", Text: "pack one: Two\n", Hash: hash}); err != nil || now != want {
		t.Errorf("got %+v, %v; want %+v", now, err, want)
	}
	if info, err := os.Stat(filepath.Join(folder, "pack.flow")); err != nil || info.Mode() != 0o640 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	if all, err := os.ReadDir(folder); err != nil || len(all) != 1 {
		t.Errorf("the folder holds %v, %v", all, err)
	}
}

func TestASaveOverWhatSomebodyElseWroteIsRefusedWithTheirs(t *testing.T) {
	t.Parallel()
	f, folder := pack(t)
	read, err := f.Read("pack.flow")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "pack.flow"), "pack one: Theirs\n", 0o640)
	_, err = f.Save("pack.flow", read.Hash, "pack one: Mine\n")
	var conflict *editor.Conflict
	if !errors.As(err, &conflict) || conflict.Theirs.Text != "pack one: Theirs\n" {
		t.Fatalf("got %v", err)
	}
	// Who has seen theirs may keep their own.
	if _, err := f.Save("pack.flow", conflict.Theirs.Hash, "pack one: Mine\n"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(folder, "pack.flow")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Save("pack.flow", read.Hash, "x"); !errors.As(err, &conflict) || conflict.Theirs.Hash != "" {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestOfManySavesAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	f, _ := pack(t)
	read, err := f.Read("pack.flow")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	saved := make(chan string, 20)
	for n := range 20 {
		all.Go(func() {
			if hash, err := f.Save("pack.flow", read.Hash, strings.Repeat("#\n", n+1)); err == nil {
				saved <- hash
			}
		})
	}
	all.Wait()
	now, err := f.Read("pack.flow")
	if err != nil || len(saved) != 1 || now.Hash != <-saved {
		t.Errorf("%d saves counted, %v", len(saved), err)
	}
}

func TestASaveStaysWithinThePack(t *testing.T) {
	t.Parallel()
	f, folder := pack(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "other.flow"), "theirs", 0o644)
	for link, to := range map[string]string{"link.flow": filepath.Join(outside, "other.flow"), "away": outside} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"../other.flow", "/etc/other.flow", "a/../../other.flow", "link.flow", "away/other.flow", "away/new.flow",
		"", ".", ".flow", ".hidden.flow", "x.sh", "media/x.png", "a\\b.flow", "a\x00.flow", "none/new.flow"} {
		if _, err := f.Save(name, "", "mine"); err == nil {
			t.Errorf("%q was saved", name)
		}
		if _, err := f.Read(name); err == nil {
			t.Errorf("%q was read", name)
		}
	}
	if b, err := os.ReadFile(filepath.Join(outside, "other.flow")); err != nil || string(b) != "theirs" {
		t.Errorf("outside the pack stands %q, %v", b, err)
	}
	if all, err := f.List(); err != nil || !cmp.Equal(all, []string{"pack.flow"}) {
		t.Errorf("listed are %q, %v", all, err)
	}
}

func TestWhatIsTooLargeOrNoTextIsNotSaved(t *testing.T) {
	t.Parallel()
	f, folder := pack(t)
	for _, text := range []string{strings.Repeat("x", editor.MaxFile+1), "\xff"} {
		if _, err := f.Save("new.flow", "", text); err == nil {
			t.Errorf("%d bytes were saved", len(text))
		}
	}
	if _, err := f.Save("new.flow", "", strings.Repeat("x", editor.MaxFile)); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(folder, "latin.csv"), "id,name\nq,Qu\xe9\n", 0o644)
	if _, err := f.Read("latin.csv"); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("a file in another encoding is read: %v", err)
	}
	write(t, filepath.Join(folder, "large.csv"), strings.Repeat("x", editor.MaxFile+1), 0o644)
	if _, err := f.Read("large.csv"); err == nil {
		t.Error("a file was read that is too large")
	}
}

func compiled(t *testing.T, flow string) *program.Program {
	t.Helper()
	p, problems := dsl.Compile(diag.Example{Files: map[string]string{"flows.flow": flow}}.FS(), diag.ExampleDir)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

const asking = `flow welcome: Welcome

step hello
  ask: First?
    - [a] Apple
    - [b] Pear
  say: Thank you.
  end
`

func TestWhatWasSaidIsSaidAgainAndTheFirstDifferenceShows(t *testing.T) {
	t.Parallel()
	words := editor.Talk{Words: []editor.Word{{Text: "hello"}, {Text: "Apple", Tap: true}}}
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	before := editor.Replay(compiled(t, asking), start, words)
	if d := editor.Differs(before, editor.Replay(compiled(t, asking), start, words)); d != nil {
		t.Errorf("the same pack differs: %+v", d)
	}
	after := editor.Replay(compiled(t, strings.Replace(asking, "Thank you.", "Thanks!", 1)), start, words)
	d := editor.Differs(before, after)
	if d == nil || d.Before != "Thank you." || d.After != "Thanks!" {
		t.Errorf("got %+v", d)
	}
	// What can be tapped no longer is written instead.
	gone := editor.Replay(compiled(t, strings.Replace(asking, "Apple", "Plum", 1)), start, words)
	if !slices.ContainsFunc(gone.Lines, func(l simulator.Line) bool { return l.Who == simulator.Person && l.Text == "Apple" }) {
		t.Errorf("what was tapped is lost: %+v", gone.Lines)
	}
}

func TestThePhoneKeepsTheOldConversationWhileThereAreErrors(t *testing.T) {
	t.Parallel()
	var seen editor.View
	times := 0
	phone := editor.NewPhone(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), func(v editor.View) { seen, times = v, times+1 })
	phone.Changed(nil)
	if !seen.Errors || seen.Program != nil || len(seen.Lines) != 0 {
		t.Errorf("before anything can run: %+v", seen)
	}
	phone.Changed(compiled(t, asking))
	phone.Say(editor.Talk{Words: []editor.Word{{Text: "hello"}, {Text: "Apple", Tap: true}}})
	whole := len(seen.Lines)
	if seen.Errors || seen.Differs != nil || whole < 4 {
		t.Fatalf("the conversation is %+v", seen)
	}
	phone.Changed(nil)
	if !seen.Errors || len(seen.Lines) != whole {
		t.Errorf("with errors it is %+v", seen)
	}
	// While somebody types on, the mark stays at what is other than when the person last did something.
	for _, thanks := range []string{"Thank", "Thanks", "Thanks!"} {
		phone.Changed(compiled(t, strings.Replace(asking, "Thank you.", thanks, 1)))
		if seen.Errors || seen.Differs == nil || seen.Differs.Before != "Thank you." || seen.Differs.After != thanks ||
			seen.Lines[seen.Differs.Line].Said(seen.Program) != thanks {
			t.Errorf("with %q it differs in %+v", thanks, seen.Differs)
		}
	}
	before := times
	phone.Changed(compiled(t, strings.Replace(asking, "Thank you.", "Thanks!", 1)))
	if times != before {
		t.Error("nothing changed, and it was shown again")
	}
	phone.Say(editor.Talk{})
	if len(seen.Lines) != 0 || seen.Differs != nil {
		t.Errorf("begun anew it is %+v", seen)
	}
}

// dialled is an editor's page without a browser.
func dialled(t *testing.T) (page *websocket.Conn, end chan error) {
	t.Helper()
	end = make(chan error, 1)
	files := fstest.MapFS{"pack.flow": {Data: []byte("pack one: One\nlanguages: en\n")}}
	open := func(folder string) (fs.FS, error) {
		if folder != "/w" {
			return nil, fs.ErrPermission
		}
		return files, nil
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := socket.New(editor.Limits, time.Now)
		if err := c.Open(w, r); err != nil {
			end <- err
			return
		}
		end <- editor.Serve(context.Background(), c, lsp.Options{Open: open, Today: func() string { return "" }}, nil)
	}))
	t.Cleanup(s.Close)
	page, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { page.Close() })
	page.SetReadDeadline(time.Now().Add(2 * time.Minute))
	return page, end
}

func tell(t *testing.T, page *websocket.Conn, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := page.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheLanguageServerAnswersOverASocket(t *testing.T) {
	t.Parallel()
	page, end := dialled(t)
	large := strings.Repeat("# a line of a large file\\n", 4000) // more than 64 KiB
	tell(t, page, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file:///w","capabilities":{}}}`,
		`{"jsonrpc":"2.0","method":"initialized","params":{}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///w/a.flow","languageId":"flow","version":1,"text":"`+large+`flwo x: X\n"}}}`)
	for {
		var m struct {
			Method string
			Params struct {
				URI         string
				Diagnostics []json.RawMessage
			}
		}
		if err := page.ReadJSON(&m); err != nil {
			t.Fatal(err)
		}
		if m.Method == "textDocument/publishDiagnostics" && m.Params.URI == "file:///w/a.flow" && len(m.Params.Diagnostics) > 0 {
			break
		}
	}
	page.Close()
	if err := <-end; err != nil {
		t.Errorf("an editor that is gone ends the session with %v", err)
	}
}

func TestAMessageThatIsTooLargeEndsTheEditorsConnection(t *testing.T) {
	t.Parallel()
	page, end := dialled(t)
	_ = page.WriteMessage(websocket.TextMessage, []byte(strings.Repeat(" ", editor.MaxMessage+1)))
	<-end
	if _, _, err := page.ReadMessage(); err == nil {
		t.Error("the connection goes on")
	}
}
