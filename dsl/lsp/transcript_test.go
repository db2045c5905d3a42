package lsp_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestAnEditorAsks plays the transcripts of testdata: a line that begins with > is what the editor does, the lines
// below it are the server's answer. Each is played against a real server and the files below it, or the sample pack
// where there are none. Words in "…" with a | are a place in a file.
//
//	> open FILE                         > change FILE "FROM" "TO"          > close FILE
//	> problems                          what the server told since it was asked last
//	> hover FILE "PLA|CE"               and so definition, highlight, prepare
//	> references FILE "PLA|CE"          > rename FILE "PLA|CE" NEW
//	> complete FILE "PLA|CE"            the labels; with LABEL, that item
//	> format FILE                       and so symbols, folding, tokens, actions
//	> search QUERY
//	> write FILE TEXT, > remove FILE    on the disk, and the editor tells it
func TestAnEditorAsks(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(text)
			disk := samplePack()
			if len(archive.Files) > 0 {
				disk = fstest.MapFS{}
			}
			for _, f := range archive.Files {
				disk["w/"+f.Name] = &fstest.MapFile{Data: f.Data}
			}
			want := string(archive.Comment)
			got := play(t, disk, want)
			if *update {
				archive.Comment = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the transcript differs (-want +got):\n%s", diff)
			}
		})
	}
}

// play does what the lines with > say and gives them back with the answers.
func play(t *testing.T, disk fstest.MapFS, script string) string {
	var out strings.Builder
	e := (*editor)(nil)
	capabilities := `{}`
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" && e == nil {
			out.WriteString(line + "\n")
			continue
		}
		step, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "> %s\n", step)
		if rest, ok := strings.CutPrefix(step, "editor "); ok {
			capabilities = rest
			continue
		}
		if e == nil {
			e = begin(t, disk, capabilities)
		}
		if answer := e.step(step); answer != "" {
			out.WriteString(answer + "\n")
		}
	}
	return out.String()
}

// words splits a step; what stands in quotes is one word, with \n for a line's end.
func words(step string) []string {
	var all []string
	for step = strings.TrimSpace(step); step != ""; step = strings.TrimSpace(step) {
		if step[0] == '"' {
			end := 1
			for end < len(step) && step[end] != '"' {
				if step[end] == '\\' {
					end++
				}
				end++
			}
			var word string
			if json.Unmarshal([]byte(step[:end+1]), &word) == nil {
				all = append(all, word)
			}
			step = step[end+1:]
			continue
		}
		word, rest, _ := strings.Cut(step, " ")
		all, step = append(all, word), rest
	}
	return all
}

var methods = map[string]string{"hover": "hover", "definition": "definition", "highlight": "documentHighlight", "prepare": "prepareRename",
	"format": "formatting", "symbols": "documentSymbol", "folding": "foldingRange"}

func (e *editor) step(step string) string {
	e.t.Helper()
	w := append(words(step), "", "", "")
	file, place := w[1], w[2]
	switch w[0] {
	case "open":
		e.open(file)
	case "change":
		e.change(file, place, w[3])
	case "close":
		e.tell("textDocument/didClose", document(file))
		delete(e.texts, file)
	case "write", "remove":
		kind := 2
		if w[0] == "remove" {
			kind = 3
			delete(e.disk, "w/"+file)
		} else {
			e.disk["w/"+file] = &fstest.MapFile{Data: []byte(place)}
		}
		e.tell("workspace/didChangeWatchedFiles", fmt.Sprintf(`{"changes":[{"uri":%q,"type":%d}]}`, uri(file), kind))
	case "problems":
		return strings.Join(e.problems(), "\n")
	case "told":
		var all []string
		for _, m := range e.notes {
			all = append(all, m.Method+" "+string(m.Params))
		}
		e.notes = nil
		return strings.Join(all, "\n")
	case "search":
		return shown(e.ask("workspace/symbol", fmt.Sprintf(`{"query":%q}`, file)))
	case "explain":
		return shown(e.ask("baraza/explain", fmt.Sprintf(`{"code":%q}`, file)))
	case "references":
		return shown(e.ask("textDocument/references", strings.TrimSuffix(e.at(file, place), "}")+`,"context":{"includeDeclaration":true}}`))
	case "rename":
		return shown(e.ask("textDocument/rename", strings.TrimSuffix(e.at(file, place), "}")+fmt.Sprintf(`,"newName":%q}`, w[3])))
	case "actions":
		whole := `,"range":{"start":{"line":0,"character":0},"end":{"line":9999,"character":0}},"context":{"diagnostics":[]`
		if place != "" {
			whole += fmt.Sprintf(`,"only":[%q]`, place)
		}
		return shown(e.ask("textDocument/codeAction", strings.TrimSuffix(document(file), "}")+whole+`}}`))
	case "tokens":
		return e.tokens(file)
	case "complete":
		return e.complete(file, place, w[3])
	default:
		method := "textDocument/" + methods[w[0]]
		if methods[w[0]] == "" {
			e.t.Fatalf("the editor cannot %q", w[0])
		}
		if place != "" {
			return shown(e.ask(method, e.at(file, place)))
		}
		return shown(e.ask(method, document(file)))
	}
	return ""
}

func shown(m message) string {
	if m.Error != nil {
		return fmt.Sprintf("refused (%d): %s", m.Error.Code, m.Error.Message)
	}
	return oneByOne(m.Result)
}

// tokens prints the coloured words of a file, a line each, with their types.
func (e *editor) tokens(file string) string {
	e.t.Helper()
	var result struct{ Data []int }
	e.must(e.ask("textDocument/semanticTokens/full", document(file)), &result)
	lines := strings.Split(e.text(file), "\n")
	var out []string
	line, character := 0, 0
	for d := result.Data; len(d) >= 5; d = d[5:] {
		if d[0] > 0 {
			out, line, character = append(out, ""), line+d[0], 0
		}
		if len(out) == 0 {
			out = append(out, "")
		}
		character += d[1]
		units := utf16.Encode([]rune(lines[line]))
		word := string(utf16.Decode(units[character : character+d[2]]))
		out[len(out)-1] += fmt.Sprintf(" %s(%s)", word, e.legend[d[3]])
	}
	return strings.Join(out, "\n")
}

// complete prints the labels of what is offered, or one item as it is.
func (e *editor) complete(file, place, label string) string {
	e.t.Helper()
	var list struct{ Items []json.RawMessage }
	e.must(e.ask("textDocument/completion", e.at(file, place)), &list)
	var labels []string
	for _, text := range list.Items {
		var item struct{ Label string }
		if err := json.Unmarshal(text, &item); err != nil {
			e.t.Fatal(err)
		}
		if item.Label == label {
			return string(text)
		}
		labels = append(labels, item.Label)
	}
	if label != "" {
		return "not offered"
	}
	return nothing(strings.Join(labels, ", "))
}

func nothing(list string) string {
	if list == "" {
		return "nothing"
	}
	return list
}
