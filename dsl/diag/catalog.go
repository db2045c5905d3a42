package diag

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The catalog has one Markdown file a code. The file's name is the code; it begins with what is short:
//
//	---
//	severity: error
//	message: there is no step called "…"
//	group: structure
//	since: 0.1
//	---
//
// then says, for someone who never programmed, what the problem means, why it matters and how to fix it, and
// ends with examples, of which at least one is bad and one is good:
//
//	```flow bad
//	…
//	```
//
// A "flow" example is one file; it is put as flows.flow into the pack of catalog/default-pack.txtar, whose
// start is the flow welcome: so an example's first flow is called welcome. A "pack" example is an archive of
// files, each below a line `-- name --`; they are put into the same pack and replace its files of the same
// name, and `-- without name --` takes one away. A bad example has problems of exactly its own code, a good one
// has none at all; a test of dsl compiles every one.
//
// What cannot stand in a page is written in signs: ⟨U+202E⟩ is that character, ⟨0xFF⟩ that byte, and
// ⟨×5000 (⟩ five thousand brackets; a file called more⟨×5000⟩.flow is five thousand files.
//
//go:embed catalog
var catalogFiles embed.FS

//go:generate go run ./gendocs

// A Page is what the catalog says about one code.
type Page struct {
	Code     string
	Severity Severity
	Message  string // the usual message; "…" stands for what is the writer's
	Group    string // a name of Groups
	Since    string // the first version that reports it
	Body     string // Markdown without examples
	Examples []Example
}

// An Example is a mistake or its correction.
type Example struct {
	Bad   bool
	Files map[string]string // by path in the pack, signs as written; without the files of the default pack
}

// exampleFile is where an example of one file stands.
const exampleFile = "flows.flow"

// groups of problems with their titles, in the order of the documentation.
var groups = []struct{ name, title string }{
	{"syntax", "Lines that cannot be read"},
	{"structure", "Steps, names and moves"},
	{"types", "Values that do not fit"},
	{"channels", "What a channel can show"},
	{"safety", "People who could be stuck"},
	{"content", "What the texts say"},
	{"cost", "Expressions that are too much"},
	{"tables", "Tables"},
	{"translations", "Translations"},
	{"pack", "The pack as a whole"},
	{"tests", "Tests"},
}

// Groups goes through the groups of problems and their titles, in the order of the documentation.
func Groups(yield func(name, title string) bool) {
	for _, g := range groups {
		if !yield(g.name, g.title) {
			return
		}
	}
}

// catalog is read once, when the first page is asked for.
var catalog = sync.OnceValue(func() []Page {
	names, err := fs.Glob(catalogFiles, "catalog/*.md")
	if err != nil {
		panic(err) // unreachable: the pattern is a constant
	}
	pages := make([]Page, 0, len(names))
	for _, name := range names {
		text, err := catalogFiles.ReadFile(name)
		if err != nil {
			panic(err) // unreachable: Glob has just found it in the binary
		}
		p, err := parsePage(strings.TrimSuffix(path.Base(name), ".md"), string(text))
		if err != nil {
			panic(fmt.Errorf("catalog page %s: %w", name, err)) // unreachable: a test reads every page
		}
		pages = append(pages, p)
	}
	return pages
})

// Pages returns every page, by code. The slice is the caller's, what its pages point at is not.
func Pages() []Page { return slices.Clone(catalog()) }

// Lookup returns the page of a code.
func Lookup(code string) (Page, bool) {
	i, ok := slices.BinarySearchFunc(catalog(), code, func(p Page, code string) int {
		return strings.Compare(p.Code, code)
	})
	if !ok {
		return Page{}, false
	}
	return catalog()[i], true
}

// ExampleDir is the folder of an example's pack in its FS. Libraries lie beside it.
const ExampleDir = "sample"

// FS returns the example as a whole pack in the folder ExampleDir: its files over those of the default pack. A
// library's files, which an example names `../shared/pack.flow`, lie beside that folder.
func (e Example) FS() fs.FS {
	pack := e.pack()
	files := make(memory, len(pack))
	for name, text := range pack {
		files[path.Join(ExampleDir, name)] = text
	}
	return files
}

func (e Example) pack() map[string]string {
	text, err := catalogFiles.ReadFile("catalog/default-pack.txtar")
	if err != nil {
		panic(err) // unreachable: embedded, and read by a test
	}
	files := archive(string(text))
	for name, text := range e.Files {
		if gone, ok := strings.CutPrefix(name, "without "); ok {
			delete(files, gone)
			continue
		}
		head, tail, many := strings.Cut(name, "⟨×")
		if !many {
			files[name] = unsigned(text)
			continue
		}
		times, tail, _ := strings.Cut(tail, "⟩")
		count, err := strconv.Atoi(times)
		if err != nil {
			panic(err) // unreachable: a test makes every example
		}
		for i := range count {
			files[head+strconv.Itoa(i+1)+tail] = unsigned(text)
		}
	}
	return files
}

var sign = regexp.MustCompile(`⟨(?:U\+([0-9A-F]{4,6})|0x([0-9A-F]{2})|×([0-9]{1,8}) ([^⟩]+))⟩`)

// unsigned puts the characters in the place of their signs.
func unsigned(text string) string {
	return sign.ReplaceAllStringFunc(text, func(s string) string {
		part := sign.FindStringSubmatch(s)
		switch {
		case part[1] != "":
			r, _ := strconv.ParseUint(part[1], 16, 32)
			return string(rune(r))
		case part[2] != "":
			b, _ := strconv.ParseUint(part[2], 16, 8)
			return string([]byte{byte(b)})
		}
		count, _ := strconv.Atoi(part[3])
		return strings.Repeat(part[4], count)
	})
}

func parsePage(code, text string) (Page, error) {
	p := Page{Code: code}
	front, rest, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !ok || !strings.HasPrefix(text, "---\n") {
		return p, fmt.Errorf("no lines between --- and --- at the start")
	}
	for line := range strings.Lines(front + "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if err := p.set(key, value); err != nil {
			return p, err
		}
	}
	var body strings.Builder
	for rest != "" {
		var line string
		line, rest = cutLine(rest)
		kind, verdict, _ := strings.Cut(strings.TrimPrefix(line, "```"), " ")
		if !strings.HasPrefix(line, "```") || kind != "flow" && kind != "pack" {
			body.WriteString(line + "\n")
			continue
		}
		content, after, ok := strings.Cut(rest, "\n```\n")
		if strings.HasPrefix(rest, "```\n") { // an example of an empty file
			content, after, ok = "", strings.TrimPrefix(rest, "```\n"), true
		} else {
			content += "\n"
		}
		if !ok || verdict != "bad" && verdict != "good" {
			return p, fmt.Errorf("the example after %q has no end, or is neither bad nor good", line)
		}
		rest = after
		p.Examples = append(p.Examples, example(kind, verdict == "bad", content))
	}
	p.Body = strings.TrimSpace(body.String()) + "\n"
	return p, nil
}

func (p *Page) set(key, value string) error {
	switch key {
	case "severity":
		switch value {
		case "error":
			p.Severity = Error
		case "warning":
			p.Severity = Warning
		default:
			return fmt.Errorf("there is no severity %q", value)
		}
	case "message":
		p.Message = value
	case "group":
		p.Group = value
	case "since":
		p.Since = value
	default:
		return fmt.Errorf("there is no key %q", key)
	}
	return nil
}

func example(kind string, bad bool, content string) Example {
	if kind == "flow" {
		return Example{Bad: bad, Files: map[string]string{exampleFile: content}}
	}
	return Example{Bad: bad, Files: archive(content)}
}

// archive splits a text into files, each below a line `-- name --`; what stands before the first is a comment.
func archive(text string) map[string]string {
	files := make(map[string]string)
	name := ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "-- "); ok {
			if n, ok := strings.CutSuffix(strings.TrimSpace(rest), " --"); ok {
				name = strings.TrimSpace(n)
				files[name] = ""
				continue
			}
		}
		if name != "" {
			files[name] += line
		}
	}
	return files
}

func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return line, rest
}
