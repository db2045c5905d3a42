package lsp

import (
	"fmt"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/dsl/syntax"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// hover says what the word under the pointer is: a name, a word of the language, a function; and what the page of a
// problem there says.
func (s *server) hover(p documentPosition) (*hoverResult, error) {
	at := s.spotOf(p)
	if at == nil {
		return nil, nil
	}
	var parts []string
	var place *textRange
	if u := at.use(); u != nil {
		parts = append(parts, at.folder.describe(u.thing))
		r := s.rangeIn(at.folder, u.at)
		place = &r
	} else if l := at.folder.view(at.file).LineAt(at.offset); l != nil && l.Head != nil && at.offset <= l.Keyword && l.Keyword > l.Start {
		parts = append(parts, describeLine(l.Head))
		r := at.text.span(l.Start, l.Keyword, s.encoding)
		place = &r
	} else if f, from, to := functionAt(at); f != nil {
		parts = append(parts, describeFunction(*f))
		r := at.text.span(from, to, s.encoding)
		place = &r
	}
	for _, problem := range at.folder.result.Problems {
		if problem.Span.File == at.file && problem.Span.Start <= at.offset && at.offset <= problem.Span.End {
			parts = append(parts, describeProblem(problem.Code))
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return &hoverResult{markup{"markdown", strings.Join(parts, "\n\n---\n\n")}, place}, nil
}

// describeLine is a row of the table of lines.
func describeLine(h *syntax.Head) string {
	var b strings.Builder
	shapes := h.Same()
	for i, row := range shapes {
		if i > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "```text\n%s\n```\n%s\n\nFor example:\n```flow\n%s\n```", row.Shape, row.Means, row.Example)
	}
	return b.String()
}

func describeFunction(f expression.Function) string {
	return fmt.Sprintf("```text\n%s → %s\n```\n%s\n\nFor example: `%s`", f.Signature(), f.Result, f.Doc, f.Example)
}

// describeProblem is the page of a problem without its examples.
func describeProblem(code string) string {
	page, ok := diag.Lookup(code)
	if !ok {
		return ""
	}
	return fmt.Sprintf("**%s**\n\n%s", page.Code, strings.TrimSpace(page.Body))
}

// describe says what a name stands for: its kind, the line that declares it, where, and its type.
func (f *folder) describe(t *thing) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s **%s**", t.kind, t.name)
	if typ := f.typeOf(t); typ != "" {
		fmt.Fprintf(&b, ": %s", typ)
	}
	if t.kind == stepName {
		fmt.Fprintf(&b, " of flow %s", t.flow.Full())
	}
	src := f.text(t.at.File)
	if src == nil {
		return b.String()
	}
	n := src.line(t.at.Start)
	start, end := src.bounds(n)
	fmt.Fprintf(&b, "\n```flow\n%s\n```\n%s:%d", strings.TrimSpace(string(src.src[start:end])), t.at.File, n+1)
	if note := comment(src, n); note != "" {
		b.WriteString("\n\n" + note)
	}
	return b.String()
}

// comment is what the writer noted on the lines right above one.
func comment(t *text, line int) string {
	var notes []string
	for line--; line >= 0; line-- {
		start, end := t.bounds(line)
		note, ok := strings.CutPrefix(strings.TrimSpace(string(t.src[start:end])), "#")
		if !ok {
			break
		}
		notes = append([]string{strings.TrimSpace(note)}, notes...)
	}
	return strings.Join(notes, " ")
}

// typeOf is the type of what has one, in the words of the language.
func (f *folder) typeOf(t *thing) string {
	switch t.kind {
	case variableName:
		if v := t.flow.Vars[t.name]; v != nil {
			return typeWords(v.Type)
		}
	case fieldName:
		if field := f.result.Pack.Field(nil, t.name); field != nil {
			return typeWords(field.Type)
		}
	case columnName:
		if h, ok := t.line.Head.(*ast.Column); ok {
			return h.Type.Name
		}
	}
	return ""
}

// typeWords is a type as a writer would write it.
func typeWords(t pack.Type) string {
	switch t.Kind {
	case program.ChoiceKind:
		if len(t.Values) > 0 && len(t.Values) <= 8 {
			return strings.Join(t.Values, ", ")
		}
		return "one of the answers"
	case program.RowKind:
		if t.Table != "" {
			return "a row of " + t.Table
		}
		return "a row"
	case program.ListKind:
		return "a list"
	}
	return kindsInWords[t.Kind]
}

var kindsInWords = map[program.Kind]string{program.TextKind: "text", program.NumberKind: "number", program.YesNo: "yes or no", program.DateKind: "date",
	program.TimeKind: "time", program.PhoneKind: "phone", program.EmailKind: "email", program.LocationKind: "location", program.MediaKind: "something that was sent",
	program.LanguageKind: "language", program.HoursKind: "hours"}

// functionAt is the function whose name is at a spot inside an expression, and where it stands.
func functionAt(at *spot) (f *expression.Function, from, to int) {
	from, to = wordAround(at.text.src, at.offset)
	word := string(at.text.src[from:to])
	if to >= len(at.text.src) || at.text.src[to] != '(' {
		return nil, 0, 0
	}
	for _, f := range expression.Functions() {
		if f.Name == word {
			return &f, from, to
		}
	}
	return nil, 0, 0
}

// wordAround are the ends of the word at an offset, of letters that names of functions have.
func wordAround(src []byte, offset int) (from, to int) {
	in := func(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
	from, to = offset, offset
	for from > 0 && in(src[from-1]) {
		from--
	}
	for to < len(src) && in(src[to]) {
		to++
	}
	return from, to
}

// titleOf is the text of a line as it was written, for an outline.
func titleOf(line *ast.Line) string { return pack.Written(line.Text) }
