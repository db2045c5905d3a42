package lsp

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"baraza/dsl/diag"
	"baraza/dsl/format"
)

// formatting prints a flow file in its one form. A file with an error is not printed, and the person is told.
func (s *server) formatting(p closeParams) ([]textEdit, error) {
	key, _ := keyOf(p.TextDocument.URI)
	d := s.docs[key]
	if d == nil {
		return nil, fmt.Errorf("%s is not open here", clip(path.Base(key)))
	}
	printed, problems := format.Source(path.Base(key), d.text.src)
	if problems.Any(diag.Error) {
		n := d.text.line(problems[0].Span.Start) + 1
		return nil, fmt.Errorf("this file was not formatted, since line %d cannot be read: %s", n, problems[0].Message)
	}
	if 2*bytes.Count(d.text.src, []byte("\r\n")) > bytes.Count(d.text.src, []byte("\n")) { // the ends of lines stay as most are
		printed = bytes.ReplaceAll(printed, []byte("\n"), []byte("\r\n"))
	}
	return s.difference(d.text, printed), nil
}

// difference is the edit that makes a text what it shall be: one, from the first line that differs to the last, so
// that the cursor and marks elsewhere stay.
func (s *server) difference(t *text, want []byte) []textEdit {
	if bytes.Equal(t.src, want) {
		return []textEdit{}
	}
	from := 0
	for i := 0; i < len(t.src) && i < len(want) && t.src[i] == want[i]; i++ {
		if t.src[i] == '\n' {
			from = i + 1
		}
	}
	end, stop := len(t.src), len(want)
	for i, j := end, stop; i > from && j > from && t.src[i-1] == want[j-1]; i, j = i-1, j-1 {
		if i == from+1 || t.src[i-2] == '\n' {
			end, stop = i-1, j-1
		}
	}
	if stop < from || end < from || stop > from && want[stop-1] != '\n' {
		end, stop = len(t.src), len(want)
	}
	return []textEdit{{t.span(from, end, s.encoding), string(want[from:stop])}}
}

// Kinds of code actions.
const (
	kindQuickFix = "quickfix"
	kindFixAll   = "source.fixAll"
)

// codeActions are the changes that problems bring with them.
func (s *server) codeActions(p codeActionParams) ([]codeAction, error) {
	key, _ := keyOf(p.TextDocument.URI)
	f, name := s.packOf(key)
	all := []codeAction{}
	if d := s.docs[key]; f == nil && d != nil && d.alone {
		f, name = lone(d), path.Base(key)
	}
	if f == nil {
		return all, nil
	}
	t := f.text(name)
	if t == nil {
		return all, nil
	}
	from, to := t.offset(p.Range.Start, s.encoding), t.offset(p.Range.End, s.encoding)
	safe := 0
	for _, problem := range f.result.Problems {
		if problem.Fix == nil || problem.Span.File != name {
			continue
		}
		if problem.Fix.Safe {
			safe++
		}
		if problem.Span.End < from || to < problem.Span.Start || !wants(p.Context.Only, kindQuickFix) {
			continue
		}
		all = append(all, codeAction{
			Title: f.fixTitle(problem), Kind: kindQuickFix, Diagnostics: []diagnostic{s.problem(f, problem)}, IsPreferred: problem.Fix.Safe,
			Edit: s.edit(f, []change{{problem.Fix.Span, problem.Fix.Text}}),
		})
	}
	if safe > 0 && wants(p.Context.Only, kindFixAll) && len(p.Context.Only) > 0 {
		all = append(all, codeAction{Title: "Make every change that is surely right", Kind: kindFixAll, Edit: s.edit(f, f.safeFixes(name))})
	}
	return all, nil
}

// wants tells whether the editor asked for actions of a kind. Kinds are within each other: "source" has "source.fixAll".
func wants(only []string, kind string) bool {
	if len(only) == 0 {
		return true
	}
	for _, o := range only {
		if o == kind || strings.HasPrefix(kind, o+".") {
			return true
		}
	}
	return false
}

// fixTitle says what a fix does: the line as it will be, where it stays one line.
func (f *folder) fixTitle(p diag.Diagnostic) string {
	t := f.text(p.Fix.Span.File)
	at := p.Fix.Span
	if t == nil || at.End > len(t.src) {
		return "Change it"
	}
	start, end := t.bounds(t.line(at.Start))
	if strings.ContainsAny(p.Fix.Text, "\r\n") || at.End > end || at.Start < start {
		first := t.line(at.Start) + 1
		last := t.line(max(at.Start, at.End-1)) + 1
		if first == last {
			return fmt.Sprintf("Change line %d", first)
		}
		return fmt.Sprintf("Change lines %d to %d", first, last)
	}
	line := strings.TrimSpace(string(t.src[start:at.Start]) + p.Fix.Text + string(t.src[at.End:end]))
	if line == "" {
		return "Take the line out"
	}
	return "Change the line to: " + clipLine(line)
}

// clipLine keeps the title of a menu short, without cutting a character.
func clipLine(line string) string {
	const most = 80
	n := 0
	for i := range line {
		if n++; n > most {
			return line[:i] + "…"
		}
	}
	return line
}

// safeFixes are the fixes of a file that need no look, none over another.
func (f *folder) safeFixes(name string) []change {
	var all []change
	end := -1
	for _, p := range f.result.Problems { // in the order of the source
		if p.Fix != nil && p.Fix.Safe && p.Fix.Span.File == name && p.Fix.Span.Start >= end {
			all = append(all, change{p.Fix.Span, p.Fix.Text})
			end = p.Fix.Span.End
		}
	}
	return all
}

// change is a replacement of some bytes of a file.
type change struct {
	at   diag.Span
	text string
}

// edit is changes to files of a pack as the editor takes them: with the versions that they are for, where it can.
func (s *server) edit(f *folder, changes []change) *workspaceEdit {
	byURI := map[string][]textEdit{}
	var order []string
	keys := map[string]string{}
	for _, c := range changes {
		key := f.path(c.at.File)
		uri := s.uri(key)
		if byURI[uri] == nil {
			order, keys[uri] = append(order, uri), key
		}
		byURI[uri] = append(byURI[uri], textEdit{s.rangeIn(f, c.at), c.text})
	}
	if !s.editor.Workspace.WorkspaceEdit.DocumentChanges {
		return &workspaceEdit{Changes: byURI}
	}
	e := &workspaceEdit{}
	for _, uri := range order {
		id := versionedID{URI: uri}
		if d := s.docs[keys[uri]]; d != nil {
			id.Version = &d.version
		}
		e.DocumentChanges = append(e.DocumentChanges, documentEdit{id, byURI[uri]})
	}
	return e
}
