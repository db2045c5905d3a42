package syntax

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

const byteOrderMark = "\ufeff"

// foreign are files that are no text of a flow, by their first bytes, with what to say they are.
var foreign = []struct{ begins, is string }{
	{"PK\x03\x04", "a Word document or another packed file"},
	{"\xd0\xcf\x11\xe0", "an old Word or Excel document"},
	{"%PDF", "a PDF document"},
	{`{\rtf`, "a rich text document"},
	{"<!doctype", "a web page"},
	{"<html", "a web page"},
	{"<?xml", "an XML document"},
	{"\x89PNG", "a picture"},
	{"\xff\xd8\xff", "a picture"},
	{"GIF8", "a picture"},
	{"OggS", "a sound file"},
	{"ID3", "a sound file"},
	{"\x1f\x8b", "a packed file"},
}

// check refuses what is not read at all, and reports what cannot be seen.
func (s *scan) check() {
	whole := s.at(0, int32(min(len(s.src), 1)))
	if len(s.src) > maxFile {
		s.refuse(1, diag.New(diag.Error, "too-large", s.at(0, 0), "this file is larger than 1 MB").
			WithHelp("Split the flows into several files of the same folder."))
		return
	}
	begin := bytes.ToLower(s.src[:min(len(s.src), 16)])
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, []byte(byteOrderMark)), " \r\n\t")
	for _, f := range foreign {
		if bytes.HasPrefix(begin, bytes.ToLower([]byte(f.begins))) || bytes.HasPrefix(s.src, []byte(f.begins)) {
			s.refuse(1, diag.New(diag.Error, "word-document", whole, "this is %s, not a flow", f.is).
				WithHelp("A flow is plain text. Copy the text out of it into a file that ends with .flow."))
			return
		}
	}
	if bytes.HasPrefix(s.src, []byte("\xff\xfe")) || bytes.HasPrefix(s.src, []byte("\xfe\xff")) ||
		bytes.Count(s.src[:min(len(s.src), 256)], []byte{0}) > 16 {
		s.refuse(1, diag.New(diag.Error, "not-utf8", whole, "this file is saved as UTF-16").
			WithHelp("Save it again with the encoding UTF-8."))
		return
	}
	s.checkCharacters(0, len(s.src))
}

// checkCharacters refuses what is not UTF-8 and reports characters that cannot be seen, one a line.
func (s *scan) checkCharacters(from, to int) {
	number := int32(bytes.Count(s.src[:from], []byte{'\n'}) + 1)
	lineHas := false
	for i := from; i < to; {
		c := s.src[i]
		switch {
		case c == '\n':
			number++
			lineHas = false
			i++
			continue
		case ' ' <= c && c < 0x7f || c == '\t' || c == '\r' && i+1 < len(s.src) && s.src[i+1] == '\n':
			i++
			continue
		}
		r, n := utf8.DecodeRune(s.src[i:])
		at := s.at(int32(i), int32(i+n))
		if r == utf8.RuneError && n <= 1 {
			s.refuse(number, diag.New(diag.Error, "not-utf8", at, "this file is not saved as UTF-8").
				WithHelp("In your editor, choose Save as, and the encoding UTF-8."))
			return
		}
		if !lineHas && (r < 0x80 || r > 0xa0) && hiddenRune(r) && !(i == 0 && string(s.src[:n]) == byteOrderMark) && !s.joins(i, r, n) {
			s.report(number, hiddenCharacter(at, r))
			lineHas = true
		}
		i += n
	}
}

func hiddenCharacter(at diag.Span, r rune) diag.Diagnostic {
	name := "a character that cannot be seen"
	switch {
	case r == 0:
		name = "an empty character"
	case r == '\r':
		return diag.New(diag.Error, "hidden-character", at, "there is half of a line end here").
			WithHelp("The file was saved with the line ends of very old computers. Save it again with those of Windows or Unix.").
			WithFix(at, "\n", false)
	case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x61c:
		name = "a hidden character that turns the reading direction"
	case r == 0x200b, r == 0x200c, r == 0x200d, r == 0xfeff, r == 0x2060:
		name = "a hidden character without width"
	}
	return diag.New(diag.Error, "hidden-character", at, "there is %s here (U+%04X)", name, r).
		WithHelp("Often it comes with text copied from elsewhere. Remove it, or write the line again.").
		WithFix(at, "", false)
}

// hiddenRune tells whether a character has no look of its own. The joiners and tags that writing needs are told
// apart by joins.
func hiddenRune(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n'
	case r < 0x7f:
		return false
	case r == 0x34f, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x2800:
		return true
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// hiddenLen returns the length of the hidden character that a text begins with, 0 for none.
func hiddenLen(text []byte) int {
	if text[0] < utf8.RuneSelf {
		if hiddenRune(rune(text[0])) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRune(text)
	if hiddenRune(r) {
		return n
	}
	return 0
}

// wideSpaceLen returns the length of the space, other than the plain one, that a text begins with.
func wideSpaceLen(text []byte) int {
	if len(text) == 0 || text[0] < utf8.RuneSelf {
		return 0
	}
	r, n := utf8.DecodeRune(text)
	if unicode.Is(unicode.Zs, r) {
		return n
	}
	return 0
}

// joins tells whether a character without look does its work at this place: a joiner between letters of a script
// that needs it or within an emoji, a tag of a flag.
func (s *scan) joins(i int, r rune, n int) bool {
	before, _ := utf8.DecodeLastRune(s.src[:i])
	after, _ := utf8.DecodeRune(s.src[i+n:])
	switch {
	case r == 0x200c || r == 0x200d:
		return joined(before) && joined(after)
	case 0xe0020 <= r && r <= 0xe007f:
		return before == 0x1f3f4 || 0xe0020 <= before && before <= 0xe007e
	}
	return false
}

// joined tells whether a joiner may stand beside a character: letters from Arabic on, emoji and their variations.
func joined(r rune) bool {
	switch {
	case r < 0x600:
		return false
	case r == 0xfe0f || 0x2190 <= r && r <= 0x2bff || 0x1f000 <= r && r <= 0x1faff:
		return true
	}
	return unicode.IsLetter(r) || unicode.IsMark(r)
}

// oddSpace reports a space in the indentation that is not the plain one.
func (s *scan) oddSpace(r sourceRow) {
	for at := r.start; at < r.first; at++ {
		if n := int32(wideSpaceLen(s.src[at:r.first])); n > 0 {
			s.reportSpace(r.number, at, n)
			return
		}
	}
}

// tabRun is the lines that are indented with tabs: one message with the fix for all.
type tabRun struct {
	first, last sourceRow
	count       int
	silent      bool // the first line has another problem
}

// tabbed notes a line with a tab in its indentation.
func (s *scan) tabbed(r sourceRow) {
	t := &s.tabs
	if t.count == 0 {
		t.first = r
		t.silent = s.has[r.number]
		s.has[r.number] = true
	}
	t.last = r
	t.count++
}

func (t *tabRun) report(s *scan) {
	if t.count == 0 || t.silent || s.refused {
		return
	}
	d := diag.New(diag.Error, "tab-in-indentation", s.at(t.first.start, t.first.first), "this line is indented with a tab").
		WithHelp("Use spaces to indent, two for each level.")
	if t.count > 1 {
		d = d.WithHelp("%d more lines of this file have tabs in front; the editor can replace all of them.", t.count-1)
	}
	if end := t.last.first; end-t.first.start < maxHead {
		d = d.WithFix(s.at(t.first.start, end), string(untab(s.src[t.first.start:end])), true)
	}
	s.list = append(s.list, d)
}

// untab replaces the tabs at the start of each line by two spaces.
func untab(text []byte) []byte {
	var out []byte
	margin := true
	for _, c := range text {
		switch {
		case c == '\t' && margin:
			out = append(out, "  "...)
			continue
		case c == '\n':
			margin = true
		case c != ' ':
			margin = false
		}
		out = append(out, c)
	}
	return out
}

func tooManyRows(at ast.Span) diag.Diagnostic {
	return diag.New(diag.Error, "too-large", diag.Span(at), "this file has more than %d lines", maxRows).
		WithHelp("Split the flows into several files of the same folder.")
}

func lineTooLong(at ast.Span) diag.Diagnostic {
	return diag.New(diag.Error, "too-large", diag.Span{File: at.File, Start: at.Start, End: at.Start + 1}, "this line is longer than %d characters", maxHead).
		WithHelp("Only a text may be that long. Split the line.")
}

func tooDeep(at diag.Span) diag.Diagnostic {
	return diag.New(diag.Error, "too-deep", at, "this line is indented by more than %d levels", maxDepth).
		WithHelp("Move a part of it into a step of its own.")
}

func tooManyBrackets(at diag.Span) diag.Diagnostic {
	return diag.New(diag.Error, "too-deep", at, "this line has more than %d brackets in each other", maxBrackets).
		WithHelp("Give a part of it a name first: set name = …")
}
