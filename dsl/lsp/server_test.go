package lsp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/lsp"

	"github.com/google/go-cmp/cmp"
)

func TestASessionBeginsAndEndsInOrder(t *testing.T) {
	t.Parallel()
	e := connect(t, samplePack())
	if m := e.ask("textDocument/hover", `{}`); m.Error == nil || m.Error.Code != -32002 {
		t.Errorf("a question before the beginning is answered with %+v", m)
	}
	e.tell("textDocument/didOpen", `{"textDocument":{"uri":"file:///w/ke/pack.flow","text":"x"}}`) // counts for nothing
	if m := e.ask("initialize", `{"rootUri":null,"capabilities":{}}`); m.Error != nil {
		t.Fatal(m.Error)
	}
	if m := e.ask("initialize", `{}`); m.Error == nil {
		t.Error("a session began twice")
	}
	if m := e.ask("textDocument/somethingElse", `{}`); m.Error == nil || m.Error.Code != -32601 {
		t.Errorf("an unknown question is answered with %+v", m)
	}
	if m := e.ask("textDocument/hover", `[1]`); m.Error == nil || m.Error.Code != -32602 {
		t.Errorf("a question that cannot be read is answered with %+v", m)
	}
	e.tell("$/setTrace", `{"value":"off"}`)
	if m := e.ask("shutdown", `null`); m.Error != nil || string(m.Result) != "null" {
		t.Errorf("shutdown is answered with %+v", m)
	}
	if m := e.ask("textDocument/hover", `{}`); m.Error == nil {
		t.Error("a question behind the end was answered")
	}
	e.tell("exit", `null`)
	if err := <-e.end; err != nil {
		t.Error(err)
	}
}

func TestAnEditorThatLeavesWithoutAWordIsNoticed(t *testing.T) {
	t.Parallel()
	e := begin(t, samplePack(), `{}`)
	go func() { // what it still says of the pack is read, and nobody looks at it
		for {
			if _, err := e.messages.ReadMessage(); err != nil {
				return
			}
		}
	}()
	e.tell("exit", `null`)
	if err := <-e.end; err == nil {
		t.Error("the session ended as if in order")
	}
}

// said is a channel on which everything is said at once.
type said struct {
	messages []string
	answers  []string
}

func say(messages ...string) *said { return &said{messages: messages} }

func (s *said) ReadMessage() ([]byte, error) {
	if len(s.messages) == 0 {
		return nil, io.EOF
	}
	m := s.messages[0]
	s.messages = s.messages[1:]
	return []byte(m), nil
}

func (s *said) WriteMessage(m []byte) error {
	s.answers = append(s.answers, string(m))
	return nil
}

func (s *said) Close() error { return nil }

func options(disk fs.FS) lsp.Options {
	return lsp.Options{Open: func(folder string) (fs.FS, error) { return fs.Sub(disk, strings.TrimPrefix(folder, "/")) }}
}

// An editor in a browser has messages without lines before them.
func TestMessagesNeedNoFramingAndAllAreAnswered(t *testing.T) {
	t.Parallel()
	s := say(
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file:///w","capabilities":{}}}`,
		`{"jsonrpc":"2.0","id":"two","method":"workspace/symbol","params":{"query":"town"}}`,
	)
	if err := lsp.Serve(t.Context(), s, options(samplePack())); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.answers, func(a string) bool { return strings.Contains(a, `"id":"two"`) && strings.Contains(a, "offices.town") }) {
		t.Errorf("the answers are %q", s.answers)
	}
}

func TestARequestThatIsTakenBackIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	e := begin(t, samplePack(), `{}`)
	e.ask("workspace/symbol", `{"query":""}`)
	slow := make(chan struct{})
	e.slow.Store(&slow)
	e.open("ke/welcome.flow") // the server waits for the disk
	place := e.at("ke/welcome.flow", "-> off|ices")
	for id := 101; id <= 103; id++ {
		e.send(map[string]any{"jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": json.RawMessage(place)})
	}
	e.tell("$/cancelRequest", `{"id":102}`)
	e.tell("$/cancelRequest", `{"id":{"no":"id"}}`)
	e.tell("$/cancelRequest", `{"id":999999}`)
	e.tell("$/long", quote(strings.Repeat("x", 10_000))) // once its end is read, all before it was taken
	e.slow.Store(nil)
	close(slow)
	for id := 101; id <= 103; id++ {
		m := e.answer(id)
		if id == 102 && (m.Error == nil || m.Error.Code != -32800) {
			t.Errorf("what was taken back is answered with %+v", m)
		}
		if id != 102 && (m.Error != nil || string(m.Result) == "null") {
			t.Errorf("request %d is answered with %+v", id, m)
		}
	}
}

func TestWhatIsNoMessageIsAnsweredAndTheNextIsRead(t *testing.T) {
	t.Parallel()
	e := begin(t, samplePack(), `{}`)
	for _, bad := range []string{`{`, `[]`, `nonsense`, strings.Repeat("[", 100_000), `{"jsonrpc":"2.0","id":7,"method":"x","params":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 101)} {
		if err := e.messages.WriteMessage([]byte(bad)); err != nil {
			t.Fatal(err)
		}
		m := e.receive()
		for m.Method != "" { // what it says of the pack meanwhile
			m = e.receive()
		}
		if m.Error == nil || m.Error.Code != -32700 {
			t.Errorf("%.20s is answered with %+v", bad, m)
		}
	}
	if m := e.ask("textDocument/hover", e.at("ke/welcome.flow", "-> off|ices")); m.Error != nil || string(m.Result) == "null" {
		t.Errorf("afterwards a question is answered with %+v", m)
	}
}

func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{
		"too long":               "Content-Length: 99999999999\r\n\r\n{}",
		"just too long":          "Content-Length: 33554433\r\n\r\n{}",
		"negative":               "Content-Length: -1\r\n\r\n{}",
		"no number":              "Content-Length: many\r\n\r\n{}",
		"without length":         "Content-Type: x\r\n\r\n{}",
		"without lines":          "{}\r\n\r\n",
		"endless line":           strings.Repeat("a", 1<<20),
		"endless lines":          strings.Repeat("A: b\r\n", 1<<16),
		"shorter than announced": "Content-Length: 100\r\n\r\n{}",
		"cut in the lines":       "Content-Len",
	} {
		m := lsp.Framed(strings.NewReader(bytes), io.Discard, nil)
		if text, err := m.ReadMessage(); err == nil || err == io.EOF {
			t.Errorf("%s: read %q, %v", name, text, err)
		}
	}
	m := lsp.Framed(strings.NewReader("content-length:2\n\n{}Content-Length: 4\r\nContent-Type: x\r\n\r\nnull"), io.Discard, nil)
	for _, want := range []string{"{}", "null"} {
		if got, err := m.ReadMessage(); string(got) != want || err != nil {
			t.Errorf("read %q, %v; want %q", got, err, want)
		}
	}
	if _, err := m.ReadMessage(); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
}

// A text that is typed key by key comes to the same as one that was opened whole.
func TestEditsAddUpToTheText(t *testing.T) {
	t.Parallel()
	disk := samplePack()
	e := begin(t, disk, `{"general":{"positionEncodings":["utf-16"]}}`)
	e.open("ke/welcome.flow")
	e.change("ke/welcome.flow", "What do you need?", "مرحبا 👩‍👩‍👧 é")
	e.change("ke/welcome.flow", "👩‍👩‍👧 é", "👩‍👩‍👧!")
	e.change("ke/welcome.flow", "An office", "")
	e.change("ke/welcome.flow", "[office] ", "[office] Büro\r\n")
	e.change("ke/welcome.flow", "Büro\r\n", "Büro")
	typed := e.problems()
	want := e.texts["ke/welcome.flow"]

	other := samplePack()
	other["w/ke/welcome.flow"] = &fstest.MapFile{Data: []byte(want)}
	o := begin(t, other, `{}`)
	o.open("ke/welcome.flow")
	if diff := cmp.Diff(o.problems(), typed); diff != "" {
		t.Errorf("typed and opened differ (-opened +typed):\n%s", diff)
	}
	var edits []struct{ NewText string }
	e.must(e.ask("textDocument/formatting", document("ke/welcome.flow")), &edits)
	if len(edits) != 0 {
		t.Errorf("the server has another text: it would change %v", edits)
	}
}

// Positions outside a text, and such that no editor should send, are taken as the nearest place.
func TestPlacesOutsideTheTextDoNoHarm(t *testing.T) {
	t.Parallel()
	e := begin(t, samplePack(), `{}`)
	e.open("ke/welcome.flow")
	for _, p := range []string{`{"line":-1,"character":-1}`, `{"line":99999,"character":0}`, `{"line":0,"character":99999}`, `{"line":9007199254740991,"character":-5}`} {
		for _, method := range []string{"hover", "completion", "definition", "documentHighlight"} {
			if m := e.ask("textDocument/"+method, fmt.Sprintf(`{"textDocument":{"uri":"file:///w/ke/welcome.flow"},"position":%s}`, p)); m.Error != nil {
				t.Errorf("%s at %s: %s", method, p, m.Error.Message)
			}
		}
		e.tell("textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":"file:///w/ke/welcome.flow","version":2},"contentChanges":[{"range":{"start":%s,"end":{"line":0,"character":0}},"text":""}]}`, p))
	}
	for _, uri := range []string{"", "x", "file:", "http://example.org/a.flow", "file:///%00", "file:///w/../../..", "untitled:Untitled-1"} {
		params := fmt.Sprintf(`{"textDocument":{"uri":%q,"text":"flow a: A\n"},"position":{"line":0,"character":3}}`, uri)
		e.tell("textDocument/didOpen", params)
		for _, method := range []string{"hover", "completion", "definition", "documentSymbol", "formatting", "semanticTokens/full", "foldingRange"} {
			e.ask("textDocument/"+method, params)
		}
		e.tell("textDocument/didClose", params)
	}
	if m := e.ask("workspace/symbol", `{"query":""}`); m.Error != nil {
		t.Error(m.Error.Message)
	}
}

// Every line of the packs that the project ships is asked about: nothing is refused, and what a name stands for is
// found again from where it is declared.
func TestEveryPlaceOfTheSamplePacksCanBeAskedAbout(t *testing.T) {
	t.Parallel()
	disk := fstest.MapFS{}
	copyInto(t, disk, "../../flows/ec", "w/ec/")
	copyInto(t, disk, "../../flows/jo", "w/jo/")
	e := begin(t, disk, `{"textDocument":{"completion":{"completionItem":{"snippetSupport":true}}}}`)
	for name := range disk {
		file := strings.TrimPrefix(name, "w/")
		if !strings.HasSuffix(file, ".flow") || strings.Contains(file, "tests/") {
			continue
		}
		text := e.text(file)
		for i := 0; i < len(text); i += 31 {
			for i < len(text) && text[i]&0xc0 == 0x80 {
				i++
			}
			at := fmt.Sprintf(`{"textDocument":{"uri":%q},"position":%s}`, uri(file), e.position(text, i))
			var found *struct {
				URI   string
				Range json.RawMessage
			}
			e.must(e.ask("textDocument/definition", at), &found)
			e.must(e.ask("textDocument/completion", at), new(any))
			if found == nil {
				continue
			}
			var again *struct {
				Range struct{ Start json.RawMessage }
			}
			start := struct{ Start json.RawMessage }{}
			if err := json.Unmarshal(found.Range, &start); err != nil {
				t.Fatal(err)
			}
			e.must(e.ask("textDocument/definition", fmt.Sprintf(`{"textDocument":{"uri":%q},"position":%s}`, found.URI, start.Start)), &again)
			if again == nil || string(again.Range.Start) != string(start.Start) {
				t.Errorf("%s:%d leads to %s, which is not declared there", file, i, found.Range)
			}
		}
	}
}

func copyInto(t testing.TB, disk fstest.MapFS, folder, prefix string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(folder + "/" + name)
		disk[prefix+name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzMessages holds that no sequence of messages ends the server in another way than an editor's leaving.
func FuzzMessages(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///w/ke/welcome.flow","version":1,"text":"flow a: A\n\nstep b\n  ask \n"}}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///w/ke/offices.flow","version":2},"contentChanges":[{"range":{"start":{"line":3,"character":2},"end":{"line":4,"character":1}},"text":"{ü"}]}}`,
		`{"jsonrpc":"2.0","id":5,"method":"textDocument/completion","params":{"textDocument":{"uri":"file:///w/ke/offices.flow"},"position":{"line":4,"character":7}}}`,
		`{"jsonrpc":"2.0","id":6,"method":"textDocument/rename","params":{"textDocument":{"uri":"file:///w/ke/offices.flow"},"position":{"line":4,"character":7},"newName":"x"}}`,
		`{"jsonrpc":"2.0","id":7,"method":"textDocument/codeAction","params":{"textDocument":{"uri":"file:///w/ke/offices.flow"},"range":{"start":{"line":0,"character":0},"end":{"line":9,"character":0}}}}`,
		`{"jsonrpc":"2.0","method":"workspace/didChangeWatchedFiles","params":{"changes":[{"uri":"file:///w/ke/pack.flow","type":3}]}}`,
		`{"jsonrpc":"2.0","id":8,"method":"textDocument/semanticTokens/full","params":{"textDocument":{"uri":"file:///w/ke/welcome.flow"}}}` + "\n" + `{`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		said := []string{`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"rootUri":"file:///w","capabilities":{}}}`}
		s := say(slices.AppendSeq(said, strings.SplitSeq(lines, "\n"))...)
		_ = lsp.Serve(context.Background(), s, options(samplePack())) // an exit without a shutdown is an error
		for _, a := range s.answers {
			if strings.Contains(a, "this is a mistake of baraza") || strings.Contains(a, "baraza cannot answer") {
				t.Errorf("this was not survived: %s", a)
			}
		}
	})
}

// FuzzFrames holds that what comes before messages is bounded and never waits for more than there is.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("Content-Length: 2\r\n\r\n{}"))
	f.Add([]byte("Content-Length: 2\r\nContent-Type: a\r\n\r\n{}Content-Length: 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := lsp.Framed(bytes.NewReader(b), io.Discard, nil)
		for range len(b) + 1 {
			text, err := m.ReadMessage()
			if err != nil {
				return
			}
			if len(text) > len(b) {
				t.Fatalf("a message of %d bytes out of %d", len(text), len(b))
			}
		}
		t.Fatal("more messages than bytes")
	})
}
