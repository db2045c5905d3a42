package lsp_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"unicode/utf16"
	"unicode/utf8"

	"baraza/dsl/lsp"
)

// editor is the other end of a real server, over pipes, with the files of a disk in memory.
type editor struct {
	t        testing.TB
	disk     fstest.MapFS // from the root, such as "w/ec/pack.flow"
	messages lsp.Messages
	id       int
	encoding string
	legend   []string // names of token types
	texts    map[string]string
	versions map[string]int
	notes    []message // that came and were not looked at
	end      chan error
	slow     atomic.Pointer[chan struct{}] // while there is one, the disk answers when it is closed
}

type message struct {
	ID     *int            `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// connect starts a server over pipes.
func connect(t testing.TB, disk fstest.MapFS) *editor {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	e := &editor{t: t, disk: disk, encoding: "utf-16", texts: map[string]string{}, versions: map[string]int{}, end: make(chan error, 1)}
	e.messages = lsp.Framed(fromServer, toServer, nil)
	server := lsp.Framed(in, out, func() error { out.Close(); return in.Close() })
	go func() {
		e.end <- lsp.Serve(context.Background(), server, lsp.Options{
			Open: func(folder string) (fs.FS, error) {
				if slow := e.slow.Load(); slow != nil {
					<-*slow
				}
				return fs.Sub(disk, cmp.Or(strings.TrimPrefix(folder, "/"), "."))
			},
			Today: func() string { return "2026-11-28" }, Version: "1.2.3",
		})
		in.Close()
		out.Close()
	}()
	t.Cleanup(func() { toServer.Close(); fromServer.Close() })
	return e
}

// begin agrees with the server and opens the folder /w.
func begin(t testing.TB, disk fstest.MapFS, capabilities string) *editor {
	t.Helper()
	e := connect(t, disk)
	var result struct {
		Capabilities struct {
			PositionEncoding       string
			SemanticTokensProvider struct {
				Legend struct{ TokenTypes []string }
			}
		}
	}
	e.must(e.ask("initialize", fmt.Sprintf(`{"rootUri":"file:///w","capabilities":%s,"initializationOptions":{"pages":"pages/"}}`, capabilities)), &result)
	e.encoding, e.legend = result.Capabilities.PositionEncoding, result.Capabilities.SemanticTokensProvider.Legend.TokenTypes
	e.tell("initialized", `{}`)
	return e
}

func (e *editor) send(v any) {
	e.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := e.messages.WriteMessage(text); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) tell(method, params string) {
	e.t.Helper()
	e.send(map[string]any{"jsonrpc": "2.0", "method": method, "params": json.RawMessage(params)})
}

// ask waits for the answer; what the server tells in between is kept.
func (e *editor) ask(method, params string) message {
	e.t.Helper()
	e.id++
	e.send(map[string]any{"jsonrpc": "2.0", "id": e.id, "method": method, "params": json.RawMessage(params)})
	return e.answer(e.id)
}

func (e *editor) answer(id int) message {
	e.t.Helper()
	for {
		m := e.receive()
		if m.Method == "" && m.ID != nil && *m.ID == id {
			return m
		}
		e.notes = append(e.notes, m)
	}
}

func (e *editor) receive() message {
	e.t.Helper()
	text, err := e.messages.ReadMessage()
	if err != nil {
		e.t.Fatalf("the server said no more: %v", err)
	}
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		e.t.Fatalf("%v in %s", err, text)
	}
	return m
}

func (e *editor) must(m message, into any) {
	e.t.Helper()
	if m.Error != nil {
		e.t.Fatalf("the server answers: %s", m.Error.Message)
	}
	if err := json.Unmarshal(m.Result, into); err != nil {
		e.t.Fatal(err)
	}
}

func uri(file string) string { return "file:///w/" + file }

func (e *editor) open(file string) {
	e.t.Helper()
	f := e.disk["w/"+file]
	if f == nil {
		e.t.Fatalf("there is no file %s", file)
	}
	e.openWith(file, string(f.Data))
}

func (e *editor) openWith(file, text string) {
	e.t.Helper()
	e.texts[file], e.versions[file] = text, 1
	e.tell("textDocument/didOpen", fmt.Sprintf(`{"textDocument":{"uri":%q,"languageId":"flow","version":1,"text":%s}}`, uri(file), quote(text)))
}

// change replaces the first such words of an open file, as typing does.
func (e *editor) change(file, from, to string) {
	e.t.Helper()
	text := e.text(file)
	at := strings.Index(text, from)
	if at < 0 {
		e.t.Fatalf("%s has no %q", file, from)
	}
	e.versions[file]++
	e.tell("textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":%q,"version":%d},"contentChanges":[{"range":{"start":%s,"end":%s},"text":%s}]}`,
		uri(file), e.versions[file], e.position(text, at), e.position(text, at+len(from)), quote(to)))
	e.texts[file] = text[:at] + to + text[at+len(from):]
}

func (e *editor) text(file string) string {
	if text, ok := e.texts[file]; ok {
		return text
	}
	if f := e.disk["w/"+file]; f != nil {
		return string(f.Data)
	}
	return ""
}

// position is an offset in the encoding that was agreed on, reckoned in another way than the server does.
func (e *editor) position(text string, offset int) string {
	before := strings.ReplaceAll(text[:offset], "\r\n", "\n")
	line := before[strings.LastIndexByte(before, '\n')+1:]
	n := len(line)
	switch e.encoding {
	case "utf-16":
		n = len(utf16.Encode([]rune(line)))
	case "utf-32":
		n = utf8.RuneCountInString(line)
	}
	return fmt.Sprintf(`{"line":%d,"character":%d}`, strings.Count(before, "\n"), n)
}

// at is a place, given by words of the file with a | where it is.
func (e *editor) at(file, words string) string {
	e.t.Helper()
	before, after, ok := strings.Cut(words, "|")
	text := e.text(file)
	i := strings.Index(text, before+after)
	if !ok || i < 0 {
		e.t.Fatalf("%s has no %q", file, before+after)
	}
	return fmt.Sprintf(`{"textDocument":{"uri":%q},"position":%s}`, uri(file), e.position(text, i+len(before)))
}

func document(file string) string { return fmt.Sprintf(`{"textDocument":{"uri":%q}}`, uri(file)) }

// problems are what the server told about files since it was asked last, each "FILE LINE:CHARACTER code: message".
// It has checked everything when it answers a search.
func (e *editor) problems() []string {
	e.t.Helper()
	e.ask("workspace/symbol", `{"query":"nothing has this name"}`)
	told := map[string][]string{}
	for _, m := range e.notes {
		if m.Method != "textDocument/publishDiagnostics" {
			continue
		}
		var p struct {
			URI         string
			Diagnostics []struct {
				Range    struct{ Start, End struct{ Line, Character int } }
				Severity int
				Code     string
				Message  string
			}
		}
		if err := json.Unmarshal(m.Params, &p); err != nil {
			e.t.Fatal(err)
		}
		file := strings.TrimPrefix(p.URI, "file:///w/")
		told[file] = []string{file + " has no problem"}
		for i, d := range p.Diagnostics {
			if i == 0 {
				told[file] = nil
			}
			first, _, _ := strings.Cut(d.Message, "\n")
			told[file] = append(told[file], fmt.Sprintf("%s %d:%d-%d:%d %s %s", file, d.Range.Start.Line, d.Range.Start.Character, d.Range.End.Line, d.Range.End.Character, d.Code, first))
		}
	}
	e.notes = nil
	var all []string
	for _, file := range slices.Sorted(maps.Keys(told)) {
		all = append(all, told[file]...)
	}
	return all
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// samplePack is a small pack at /w/ke without a problem.
func samplePack() fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"pack.flow": `pack ke: Example Help Desk
  country KE
  timezone Africa/Nairobi
  languages en, sw
  start welcome
  fallback welcome

team protection: Protection unit

field city: text, kept 1 year
  why: To show the offices near you.
`,
		"welcome.flow": `flow welcome: Welcome

# The first thing that people see.
step hello
  public
  ask need: What do you need?
    - [office] An office -> offices
    - [person] A person -> person
    when not understood 2 times -> person
  end

step person
  public
  hand over to protection: A person needs help
  end
`,
		"offices.flow": `flow offices: Find an office

step town
  public
  ask city as text: In which town are you?
    when not understood 2 times -> welcome.person
  say: You are in {city}.
  end
`,
		"windows.flow": "flow windows: Written on Windows\r\n\r\non message windows\r\n\r\nstep one\r\n  public\r\n  end\r\n",
		"locale/sw.po": `msgctxt "offices.town.say"
msgid "You are in {city}."
msgstr "Uko {city}."
`,
	} {
		files["w/ke/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// one puts each entry of a list on a line of its own, so that a difference is one line.
func oneByOne(result json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(result, &list) != nil || len(list) == 0 {
		return string(result)
	}
	var b bytes.Buffer
	for i, entry := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.Write(entry)
	}
	return b.String()
}
