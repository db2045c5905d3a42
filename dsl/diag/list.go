package diag

import (
	"cmp"
	"slices"
)

// Sort puts the list in the order of the source: by file, then place, then errors before warnings. It is
// stable: of two equal ones the first found stays first.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Span.File, b.Span.File),
			cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Severity, b.Severity),
		)
	})
}

// Errors counts the problems that stop a release.
func (l List) Errors() int { return l.count(Error) }

// Warnings counts the problems that do not.
func (l List) Warnings() int { return l.count(Warning) }

// Any tells whether a problem of this severity is in the list.
func (l List) Any(s Severity) bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == s })
}

func (l List) count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Thin returns the problems a writer should see, in the order given: one mistake, one message.
//
// Of problems with one code at one place the first stays. On a line that could not be read, which is one with
// an error of the group syntax, only the first such error stays: whatever else was found there was found in
// words that the writer did not mean.
func Thin(l List, src Sources) List {
	if len(l) < 2 {
		return l
	}
	type place struct {
		code string
		span Span
	}
	type row struct {
		file string
		line int
	}
	files := newFiles(src)
	line := func(d Diagnostic) (row, bool) {
		f := files.lines(d.Span.File)
		if f == nil {
			return row{}, false
		}
		return row{d.Span.File, f.LineAt(d.Span.Start)}, true
	}

	unreadable := make(map[row]int) // the problem that stays on a line
	for i, d := range l {
		if d.Severity != Error || !ofSyntax(d.Code) {
			continue
		}
		if r, ok := line(d); ok {
			if _, taken := unreadable[r]; !taken {
				unreadable[r] = i
			}
		}
	}

	seen := make(map[place]bool, len(l))
	kept := make(List, 0, len(l))
	for i, d := range l {
		p := place{d.Code, d.Span}
		if seen[p] {
			continue
		}
		seen[p] = true
		if r, ok := line(d); ok {
			if first, cut := unreadable[r]; cut && first != i {
				continue
			}
		}
		kept = append(kept, d)
	}
	return kept
}

func ofSyntax(code string) bool {
	p, ok := Lookup(code)
	return ok && p.Group == "syntax"
}
