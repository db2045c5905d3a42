package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/graph"
	"baraza/engine/program"
)

var update = flag.Bool("update", false, "rewrite golden files")

const golden = "testdata/relief.txtar"

// The same flows in each format; of a whole pack only the flows that are asked for.
func TestFlowsAreDrawnLikeThis(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	p := compiled(t, archive)
	for i, f := range archive.Files {
		if !slices.Contains(graph.Formats, f.Name) {
			continue
		}
		got := drawn(t, p, f.Name, "top", "thank")
		if *update {
			archive.Files[i].Data = []byte(got)
			continue
		}
		if diff := cmp.Diff(string(f.Data), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", f.Name, diff)
		}
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compiled(t *testing.T, archive *txtar.Archive) *program.Program {
	t.Helper()
	files := map[string]string{}
	for _, f := range archive.Files {
		if !slices.Contains(graph.Formats, f.Name) {
			files[f.Name] = string(f.Data)
		}
	}
	p, problems := dsl.Compile(diag.Example{Files: files}.FS(), diag.ExampleDir)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

func drawn(t *testing.T, p *program.Program, format string, flows ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := graph.Write(&b, p, format, flows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAFlowThatIsNotThereIsAnsweredWithTheNearest(t *testing.T) {
	t.Parallel()
	p := &program.Program{Flows: []program.Flow{{Name: "offices"}, {Name: "menu"}}}
	for _, c := range []struct{ flow, want string }{
		{"ofices", `the pack has no flow called "ofices"; a flow with a similar name is "offices"`},
		{"zzz", `the pack has no flow called "zzz"`},
	} {
		if err := graph.Write(io.Discard, p, "svg", []string{c.flow}); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	want := `there is no format "png"; the formats are mermaid, dot, svg`
	if err := graph.Write(io.Discard, p, "png", nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// hostile is a pack whose every name and text would break out of its place.
func hostile() *program.Program {
	evil := "\"]; </text><script>alert(1)</script> & `#quot;` \\ |x| \x01\x1b[31m\ufffe -->" + strings.Repeat("長い名前", 40)
	str := func(s string) program.String {
		return program.String{ID: "x", Texts: []program.Text{{{Kind: program.Literal, Literal: s, Expr: program.None}}}}
	}
	none := program.None
	op := func(code program.OpCode) program.Op {
		return program.Op{Code: code, Text: none, Expr: none, To: none, State: none, Ref: none}
	}
	step, say, ask, end := op(program.OpStep), op(program.OpSay), op(program.OpAsk), op(program.OpEnd)
	step.Ref, say.Text, ask.State = 0, 0, 0
	return &program.Program{
		Title:    evil,
		Strings:  []program.String{str(evil)},
		Code:     []program.Op{step, say, ask, end},
		Flows:    []program.Flow{{Name: evil, Title: evil}},
		Steps:    []program.Step{{Name: evil, Public: true, Sensitive: true}},
		Triggers: []program.Trigger{{Name: evil}},
		States: []program.State{{
			Kind: program.AskState, PC: 2, Next: 3,
			Ask: &program.Ask{Text: 0, Skip: none, Options: []program.Option{{ID: "a", Label: 0, PC: 3}}},
		}},
	}
}

func TestNoNameOrTextBreaksOutOfItsPlace(t *testing.T) {
	t.Parallel()
	p := hostile()
	mermaid := drawn(t, p, "mermaid")
	for line := range strings.Lines(mermaid) {
		if n := strings.Count(line, `"`); n%2 != 0 || strings.Contains(line, "<script") {
			t.Errorf("mermaid lets a text out of its quotes: %s", line)
		}
	}
	quoted := regexp.MustCompile(`"(\\.|[^"\\])*"`)
	for line := range strings.Lines(drawn(t, p, "dot")) {
		if rest := quoted.ReplaceAllString(line, ""); strings.ContainsAny(rest, `"<\`) {
			t.Errorf("DOT lets a text out of its quotes: %s", line)
		}
	}
	wellFormed(t, drawn(t, p, "svg"))
}

func TestAnSVGIsWellFormedWithATitleAndItsTextsFit(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	ec, problems := dsl.Compile(os.DirFS("../../flows"), "ec")
	if ec == nil {
		t.Fatal(problems)
	}
	for name, p := range map[string]*program.Program{"the example": compiled(t, archive), "flows/ec": ec, "hostile names": hostile()} {
		svg := wellFormed(t, drawn(t, p, "svg"))
		if !strings.HasSuffix(svg.Title, ": flows, steps, choices, timeouts and hand-overs") {
			t.Errorf("%s: the title is %q", name, svg.Title)
		}
		for _, x := range svg.Texts {
			fits(t, name, svg.Width, x)
		}
		for _, g := range svg.Cards {
			if len(g.Rects) == 0 || len(g.Texts) == 0 {
				t.Fatalf("%s: a card without a box or a text", name)
			}
			for _, x := range g.Texts {
				fits(t, name, box(g.Rects, x), x)
			}
		}
	}
}

// box is where a text of a card has to end: at the right side of the smallest rectangle around its beginning.
func box(rects []rect, x label) float64 {
	right := rects[0].Width
	for _, r := range rects[1:] {
		if x.X >= r.X && x.Y >= r.Y && x.Y <= r.Y+r.Height {
			right = r.X + r.Width
		}
	}
	return right
}

// narrow is what a character of the 12 px font takes at the least where all of them are counted by runes.
const narrow = 6

func fits(t *testing.T, name string, right float64, x label) {
	t.Helper()
	if end := x.X + narrow*float64(utf8.RuneCountInString(x.Text)); end > right {
		t.Errorf("%s: %q ends at %.0f, its box at %.0f", name, x.Text, end, right)
	}
}

type (
	svg struct {
		Width float64 `xml:"width,attr"`
		Title string  `xml:"title"`
		Texts []label `xml:"text"`
		Cards []card  `xml:"g"`
	}
	card struct {
		Rects []rect  `xml:"rect"`
		Texts []label `xml:"text"`
	}
	rect struct {
		X      float64 `xml:"x,attr"`
		Y      float64 `xml:"y,attr"`
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
	}
	label struct {
		X    float64 `xml:"x,attr"`
		Y    float64 `xml:"y,attr"`
		Text string  `xml:",chardata"`
	}
)

// wellFormed reads a picture to its end with a strict reader.
func wellFormed(t *testing.T, text string) svg {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Fatal("a text became an element")
		}
	}
	var out svg
	if err := xml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every program has the same picture each time, and each step is in it once.
func TestEveryStepIsDrawnOnce(t *testing.T) {
	t.Parallel()
	p, problems := dsl.Compile(os.DirFS("../../flows"), "ec")
	if p == nil {
		t.Fatal(problems)
	}
	for _, format := range graph.Formats {
		if a, b := drawn(t, p, format), drawn(t, p, format); a != b {
			t.Errorf("%s differs from one time to the next", format)
		}
	}
	mermaid := drawn(t, p, "mermaid")
	for i, s := range p.Steps {
		if n := strings.Count(mermaid, "\n    s"+strconv.Itoa(i)+"["+`"`+s.Name) + strings.Count(mermaid, "\n    s"+strconv.Itoa(i)+"(["+`"`+s.Name); n != 1 {
			t.Errorf("step %s is drawn %d times", s.Name, n)
		}
	}
}
