package diag

import (
	"encoding/json"
	"io"
	"slices"
)

// The shapes of the JSON document. Spans count bytes from 0, End exclusive; lines and columns count from 1,
// columns in characters as a person sees them. They are left out where the file's text is not there.
type (
	jsonDocument struct {
		Problems []jsonProblem `json:"problems"`
		Errors   int           `json:"errors"`
		Warnings int           `json:"warnings"`
	}
	jsonProblem struct {
		Code     string `json:"code"`
		Severity string `json:"severity"` // "error" or "warning"
		Message  string `json:"message"`
		jsonPlace
		Notes []jsonNote `json:"notes"`
		Help  []string   `json:"help"`
		Fix   *jsonFix   `json:"fix,omitempty"`
	}
	jsonPlace struct {
		File      string   `json:"file"` // "" for the pack as a whole
		Span      jsonSpan `json:"span"`
		Line      int      `json:"line,omitempty"`
		Column    int      `json:"column,omitempty"`
		EndLine   int      `json:"endLine,omitempty"`
		EndColumn int      `json:"endColumn,omitempty"`
	}
	jsonSpan struct {
		Start int `json:"start"`
		End   int `json:"end"`
	}
	jsonNote struct {
		Message string `json:"message"`
		jsonPlace
	}
	jsonFix struct {
		jsonPlace
		Text string `json:"text"`
		Safe bool   `json:"safe"`
	}
)

// JSON writes the list for programs, as one indented document in the order of the source:
//
//	{"problems": [{code, severity, message, file, span: {start, end}, line, column, endLine, endColumn,
//	  notes: [{message, file, span, …}], help: ["…"], fix: {file, span, …, text, safe}}],
//	 "errors": 1, "warnings": 0}
func JSON(w io.Writer, l List, src Sources) error {
	sorted := slices.Clone(l)
	sorted.Sort()
	known := newFiles(src)
	doc := jsonDocument{Problems: make([]jsonProblem, 0, len(l)), Errors: l.Errors(), Warnings: l.Warnings()}
	for _, d := range sorted {
		p := jsonProblem{
			Code: d.Code, Severity: d.Severity.String(), Message: d.Message, jsonPlace: known.place(d.Span),
			Notes: make([]jsonNote, 0, len(d.Notes)), Help: append([]string{}, d.Help...),
		}
		for _, n := range d.Notes {
			p.Notes = append(p.Notes, jsonNote{n.Message, known.place(n.Span)})
		}
		if d.Fix != nil {
			p.Fix = &jsonFix{known.place(d.Fix.Span), d.Fix.Text, d.Fix.Safe}
		}
		doc.Problems = append(doc.Problems, p)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func (f *files) place(s Span) jsonPlace {
	p := jsonPlace{File: s.File, Span: jsonSpan{s.Start, s.End}}
	if lines := f.lines(s.File); lines != nil {
		start, end := lines.Position(s.Start), lines.Position(max(s.Start, s.End))
		p.Line, p.Column, p.EndLine, p.EndColumn = start.Line, start.Column, end.Line, end.Column
	}
	return p
}

// String returns the word that catalog pages and JSON use.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	}
	return "unknown"
}
