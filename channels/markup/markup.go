// Package markup reads the canonical markup of outgoing texts: *bold*, _italic_ and ~struck~ at word edges, and
// a backslash before a character that is only itself. Every channel turns the spans into what it knows; a
// channel that knows nothing shows the words.
package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a run of text of one look.
type Span struct {
	Text                 string
	Bold, Italic, Strike bool
}

// Spans reads a text. A mark that is never closed on its line is the character itself.
func Spans(text string) []Span {
	r := reader{text: text}
	for r.at < len(text) {
		r.next()
	}
	r.flush()
	return r.out
}

// Plain is the text without marks and escapes: what a person reads.
func Plain(text string) string {
	if !strings.ContainsAny(text, `*_~\`) {
		return text
	}
	var b strings.Builder
	for _, s := range Spans(text) {
		b.WriteString(s.Text)
	}
	return b.String()
}

type reader struct {
	text string
	at   int
	run  []byte
	out  []Span

	bold, italic, strike bool
}

func (r *reader) flush() {
	if len(r.run) > 0 {
		r.out = append(r.out, Span{string(r.run), r.bold, r.italic, r.strike})
		r.run = r.run[:0]
	}
}

func (r *reader) next() {
	c := r.text[r.at]
	switch {
	case c == '\\' && r.at+1 < len(r.text) && strings.IndexByte(`*_~\`, r.text[r.at+1]) >= 0:
		r.run = append(r.run, r.text[r.at+1])
		r.at += 2
		return
	case c == '*' || c == '_' || c == '~':
		if on := r.look(c); (*on && r.closes(r.at)) || (!*on && r.opens(r.at, c)) {
			r.flush()
			*on = !*on
			r.at++
			return
		}
	}
	r.run = append(r.run, c)
	r.at++
}

func (r *reader) look(c byte) *bool {
	switch c {
	case '*':
		return &r.bold
	case '_':
		return &r.italic
	}
	return &r.strike
}

// opens: at a word's beginning, with a closing mark later on the same line.
func (r *reader) opens(at int, c byte) bool {
	before, _ := utf8.DecodeLastRuneInString(r.text[:at])
	after, _ := utf8.DecodeRuneInString(r.text[at+1:])
	if (at > 0 && word(before)) || at+1 >= len(r.text) || unicode.IsSpace(after) {
		return false
	}
	for i := at + 1; i < len(r.text) && r.text[i] != '\n'; i++ {
		switch {
		case r.text[i] == '\\':
			i++
		case r.text[i] == c && i > at+1 && r.closes(i):
			return true
		}
	}
	return false
}

// closes: at a word's end.
func (r *reader) closes(at int) bool {
	before, _ := utf8.DecodeLastRuneInString(r.text[:at])
	after, size := utf8.DecodeRuneInString(r.text[at+1:])
	return at > 0 && !unicode.IsSpace(before) && (size == 0 || !word(after))
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var escape = strings.NewReplacer(`*`, `\*`, `_`, `\_`, `~`, `\~`, `\`, `\\`)

// Escape is a text without marks as canonical markup.
func Escape(s string) string { return escape.Replace(s) }
