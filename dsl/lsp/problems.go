package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/dsl/syntax"
)

// shownFile is what the editor was told last about a file.
type shownFile []byte

// publish tells the editor about files whose problems may have changed by a check of the pack.
func (s *server) publish(f *folder, paths []string) {
	slices.Sort(paths)
	for _, key := range slices.Compact(paths) {
		uri := uriOf(key)
		if d := s.docs[key]; d != nil {
			uri = d.uri
		}
		s.show(key, uri, s.problemsOf(key))
	}
}

// show sends what is wrong with a file, unless the editor knows it.
func (s *server) show(key, uri string, list []diagnostic) {
	p := publishParams{URI: uri, Diagnostics: append([]diagnostic{}, list...)}
	text, err := json.Marshal(p)
	if err != nil || bytes.Equal(s.shown[key], text) || len(list) == 0 && s.shown[key] == nil {
		return
	}
	s.shown[key] = text
	if len(list) == 0 {
		delete(s.shown, key)
	}
	if d := s.docs[key]; d != nil {
		p.Version = &d.version
	}
	_ = s.conn.Notify(context.Background(), "textDocument/publishDiagnostics", p)
}

// problemsOf are what all packs that have a file say about it, each thing once. A library is judged by the packs
// that use it, since it may leave names to them; what it says of itself counts for its tests, or while nobody uses it.
func (s *server) problemsOf(key string) []diagnostic {
	var all []diagnostic
	used := slices.ContainsFunc(s.packs, func(f *folder) bool { return strings.HasPrefix(f.files[key], "../") })
	seen := map[string]bool{}
	for _, f := range s.packs {
		if f.result == nil {
			continue
		}
		own := !strings.HasPrefix(f.files[key], "../")
		for _, p := range f.result.Problems {
			if f.path(p.Span.File) != key || used && own && !inTest(f.result.Pack, p.Span) {
				continue
			}
			said := fmt.Sprint(p.Code, p.Span.Start, p.Span.End, p.Message)
			if !seen[said] {
				seen[said] = true
				all = append(all, s.problem(f, p))
			}
		}
	}
	return all
}

func inTest(p *pack.Pack, at diag.Span) bool {
	return slices.ContainsFunc(p.Tests, func(t *pack.Test) bool {
		return t.File.Name == at.File && t.Line.Span.Start <= at.Start && at.Start < t.Line.End
	})
}

// unneeded are the codes of lines and names that nothing needs; editors show them pale.
var unneeded = map[string]bool{"unreachable-lines": true, "unreachable-step": true, "unused-variable": true}

// problem is a diagnostic as the editor shows it: the message, and below it what to do.
func (s *server) problem(f *folder, p diag.Diagnostic) diagnostic {
	d := diagnostic{Severity: severityError, Code: p.Code, Source: "baraza", Message: strings.Join(append([]string{p.Message}, p.Help...), "\n")}
	if p.Severity == diag.Warning {
		d.Severity = severityWarning
	}
	if unneeded[p.Code] {
		d.Tags = []int{tagUnnecessary}
	}
	if s.pages != "" && p.Code != "" {
		d.CodeDescription = &codeDescription{s.pages + p.Code}
	}
	d.Range = s.rangeIn(f, p.Span)
	for _, n := range p.Notes {
		d.Related = append(d.Related, related{s.locationIn(f, n.Span), n.Message})
	}
	return d
}

// rangeIn is a place of the pack in the editor's counting; the file's start where its text is not there.
func (s *server) rangeIn(f *folder, at diag.Span) textRange {
	name := at.File
	if name == "" {
		return textRange{}
	}
	if t := f.text(name); t != nil {
		return t.span(at.Start, at.End, s.encoding)
	}
	return textRange{}
}

func (s *server) locationIn(f *folder, at diag.Span) location {
	return location{s.uri(f.path(at.File)), s.rangeIn(f, at)}
}

// uri is the address of a path, as the editor writes it where it is open there.
func (s *server) uri(key string) string {
	if d := s.docs[key]; d != nil {
		return d.uri
	}
	return uriOf(key)
}

// checkAlone says what is wrong with the lines of a flow file that belongs to no pack.
func (s *server) checkAlone(d *document) {
	d.stale = false
	if !strings.EqualFold(path.Ext(d.key), ".flow") && d.isFile {
		return
	}
	f := lone(d)
	list := []diagnostic{{Severity: severityInformation, Source: "baraza", Message: "This file belongs to no pack: no folder above it has a file pack.flow.\nSo its lines are checked, and its names are not."}}
	for _, p := range f.result.Problems {
		list = append(list, s.problem(f, p))
	}
	s.show(d.key, d.uri, list)
}

// explain is the catalog page of a problem, as Markdown.
func (s *server) explain(p explainParams) (string, error) {
	page, ok := diag.Lookup(p.Code)
	if !ok {
		return "", fmt.Errorf("there is no problem called %q", clip(p.Code))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s: %s\n\n%s", page.Code, page.Severity, page.Message, page.Body)
	for _, e := range page.Examples {
		title := "Good"
		if e.Bad {
			title = "Not like this"
		}
		for _, name := range sortedKeys(e.Files) {
			fmt.Fprintf(&b, "\n%s, in %s:\n\n```flow\n%s```\n", title, name, e.Files[name])
		}
	}
	return b.String(), nil
}

// parseAlone reads a flow file without its pack.
func parseAlone(name string, src []byte) diag.List {
	_, problems := syntax.ParseFile(name, src)
	return problems
}

// lone is a flow file without a pack, so that it is shown as the files of packs are.
func lone(d *document) *folder {
	name := path.Base(d.key)
	dir := path.Dir(d.key)
	if !d.isFile {
		dir, name = "", d.key
	}
	return &folder{
		dir: dir, result: &dsl.Result{Problems: parseAlone(name, d.text.src)},
		files: map[string]string{d.key: name}, texts: map[string]*text{name: d.text}, views: map[string]*fileView{},
	}
}
