package whatsapp

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/markup"
)

// WhatsApp reads *bold*, _italic_, ~struck~ and `code` from the text itself and knows no escape. It sees a pair of
// marks only where both touch what they enclose, so a character that is meant as itself is kept apart from its word by
// a hair space: whitespace for every definition of it, too thin to see. This is done only where the character would
// else pair up on its line: *131# to dial, snake_case and addresses stay as they are, to be tapped and copied.
const hairSpace = "\u200a"

const marks = "*_~`"

// written turns canonical spans into what WhatsApp reads. Its marks touch words, never the blanks around them.
func written(spans []markup.Span) string {
	var text, open []byte
	var literal []int // places of characters that are not marks
	closeTo := func(keep string) {
		words := bytes.TrimRightFunc(text, unicode.IsSpace)
		blanks := string(text[len(words):])
		for len(open) > 0 && !strings.HasPrefix(keep, string(open)) {
			words = append(words, open[len(open)-1])
			open = open[:len(open)-1]
		}
		text = append(words, blanks...)
	}
	for _, s := range spans {
		look := lookOf(s)
		closeTo(look)
		rest := strings.TrimLeftFunc(s.Text, unicode.IsSpace)
		text = append(text, s.Text[:len(s.Text)-len(rest)]...)
		if rest == "" {
			continue
		}
		text = append(text, look[len(open):]...)
		open = append(open, look[len(open):]...)
		for i := range len(rest) {
			if strings.IndexByte(marks, rest[i]) >= 0 {
				literal = append(literal, len(text)+i)
			}
		}
		text = append(text, rest...)
	}
	closeTo("")
	return apart(string(text), literal)
}

// lookOf is the marks around a span. A span that holds the character itself goes without that mark: WhatsApp would end
// the look there.
func lookOf(s markup.Span) string {
	look := ""
	for _, l := range []struct {
		on   bool
		mark string
	}{{s.Bold, "*"}, {s.Italic, "_"}, {s.Strike, "~"}} {
		if l.on && !strings.Contains(s.Text, l.mark) {
			look += l.mark
		}
	}
	return look
}

// apart sets the literal characters of text off from their words where WhatsApp would take them for marks.
func apart(text string, literal []int) string {
	if len(literal) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, at := range literal {
		opens, closes := opens(text, at), closes(text, at)
		if !pairs(text, at, opens, closes) || inAddress(text, at) {
			continue
		}
		if closes {
			b.WriteString(text[from:at])
			b.WriteString(hairSpace)
			from = at
		}
		if opens {
			b.WriteString(text[from : at+1])
			b.WriteString(hairSpace)
			from = at + 1
		}
	}
	b.WriteString(text[from:])
	return b.String()
}

// opens: nothing of a word before it, something of a word, or another mark, behind it.
func opens(text string, at int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:at])
	after, m := utf8.DecodeRuneInString(text[at+1:])
	return (n == 0 || !wordy(before)) && m > 0 && !unicode.IsSpace(after)
}

func closes(text string, at int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:at])
	after, m := utf8.DecodeRuneInString(text[at+1:])
	return n > 0 && !unicode.IsSpace(before) && (m == 0 || !wordy(after))
}

// pairs tells whether the same character stands on the line where it would make a pair of this one.
func pairs(text string, at int, opening, closing bool) bool {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	end := len(text)
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		end = at + i
	}
	for i := at + 1; opening && i < end; i++ {
		if text[i] == text[at] && closes(text, i) {
			return true
		}
	}
	for i := at - 1; closing && i >= start; i-- {
		if text[i] == text[at] && opens(text, i) {
			return true
		}
	}
	return false
}

// inAddress tells whether the character belongs to a link or an e-mail address.
func inAddress(text string, at int) bool {
	start := strings.LastIndexFunc(text[:at], unicode.IsSpace) + 1
	end := len(text)
	if i := strings.IndexFunc(text[at:], unicode.IsSpace); i >= 0 {
		end = at + i
	}
	word := text[start:end]
	return strings.Contains(word, "://") || strings.Contains(word, "@")
}

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// bodies are a canonical text as WhatsApp reads it, in parts of at most so many units. A part never ends within a
// pair of marks: it is closed there and opened again in the next. Blank parts are left out, since WhatsApp takes none.
func bodies(text string, limit int) []string {
	spans := markup.Spans(text)
	if whole := written(spans); capability.UTF16.Len(whole) <= limit {
		if blank(whole) {
			return nil
		}
		return []string{whole}
	}
	var out []string
	for _, own := range channels.SplitSpans(spans, limit) {
		out = append(out, fitting(own, limit)...)
	}
	return out
}

// fitting writes one part. The marks may make it too long: then it becomes several.
func fitting(spans []markup.Span, limit int) []string {
	text := written(spans)
	if blank(text) {
		return nil
	}
	over := capability.UTF16.Len(text) - limit
	if over <= 0 {
		return []string{text}
	}
	n := 0
	for _, s := range spans {
		n += capability.UTF16.Len(s.Text)
	}
	if n <= 2 { // two characters: the marks are what is too long
		var plain strings.Builder
		for _, s := range spans {
			plain.WriteString(s.Text)
		}
		return []string{plain.String()}
	}
	var out []string
	for _, own := range channels.SplitSpans(spans, max(n-over, n/2)) {
		out = append(out, fitting(own, limit)...)
	}
	return out
}

func blank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) == ""
}
