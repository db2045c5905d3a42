package syntax

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// looksLike tells whether a text that begins with the line's keyword goes on as such a line does. It keeps prose
// that begins with "end" or "text" from being taken for a line.
func (s *scan) looksLike(h *Head, text []byte, n int) bool {
	switch {
	case h.row != "":
		return true
	case h.bare != nil && h.Text == NoText:
		return n == len(text)
	case h.Text == Block || h.Text == OneLine:
		return bytes.IndexByte(text[n:], ':') >= 0
	}
	return true
}

// surely is looksLike for a line that could as well be more of the text above it, such as "if you come by bus".
func (s *scan) surely(h *Head, text []byte) bool {
	if h.Text != NoText || h.bare != nil || arrowLen(text) > 0 {
		return true
	}
	if bytes.IndexByte([]byte(".!?,;"), text[len(text)-1]) >= 0 {
		return false
	}
	return bytes.ContainsAny(text, "=<>(") || len(bytes.Fields(text)) <= len(h.words)+1
}

// nothingBelow is a line that is no statement, below one that has nothing below it.
func (s *scan) nothingBelow(l *line, f *frame) {
	f.muted = true
	l.muted = true
	owner := &s.lines[f.owner]
	name := owner.head.Name()
	if s.answersBelowSay(l, owner) {
		return
	}
	if !s.hasText(f.owner) {
		d := diag.New(diag.Error, "wrong-indentation", s.at(l.start, l.end), `nothing can stand below this "%s" line`, name)
		s.report(l.number, d.WithHelp("Start this line further to the left, or remove it.").WithHelp("For example: %s", owner.head.Example))
		return
	}
	at := s.at(l.start, l.end)
	d := diag.New(diag.Error, "text-under-text", at, "this line stands below a text that is already complete")
	if owner.block || owner.colon < 0 {
		s.report(l.number, d.WithHelp("Start it further to the left, or write it on the line above."))
		return
	}
	d = d.WithHelp(`For a text of several lines, write only "%s" and put every line of the text below it.`,
		strings.TrimSpace(string(s.src[owner.start:owner.colon+1]))).
		WithFix(s.at(owner.colon+1, owner.colon+1+int32(spaceLen(s.src[owner.colon+1:owner.end]))), "\n"+strings.Repeat(" ", int(min(l.indent, maxHead))), false)
	s.report(l.number, d)
}

// answersBelowSay recognises a question that is written with say.
func (s *scan) answersBelowSay(l, owner *line) bool {
	h, n := s.table.find(InAsk, s.src[l.start:l.end])
	if owner.head.Keyword != "say" || h == nil || !s.looksLike(h, s.src[l.start:l.end], n) {
		return false
	}
	at := s.at(owner.start, owner.start+int32(len("say")))
	s.report(owner.number, diag.New(diag.Error, "misplaced-line", at, `answers stand below "ask", not below "say"`).WithFix(at, "ask", false))
	return true
}

// lost is a line that has no place here: one of another place, a misspelt one, or none at all.
func (s *scan) lost(l *line, f *frame, text []byte, p Place) {
	before := f.run
	f.run = run{}
	if s.textAtItsSide(l, f) || s.plural(l, text, p) {
		return
	}
	if h, n := s.table.any.keyword(text); h != nil && s.looksLike(h, text, n) && s.surely(h, text) {
		l.head, l.bad, l.guessed = h, true, true
		f.run = run{kind: lostRun, head: h}
		if before.kind != lostRun || before.head != h {
			s.report(l.number, s.misplaced(l, h, n, p))
		}
		return
	}
	s.unknown++
	if s.guess(l, text, p) {
		return
	}
	prose := len(bytes.Fields(text)) >= 3
	if prose {
		f.run = run{kind: lostRun}
	}
	if prose && before.kind == lostRun && before.head == nil {
		return
	}
	s.report(l.number, s.unknownLine(l, text, p))
}

// textAtItsSide recognises the text of a line that ends with its colon, where it begins no further to the right.
func (s *scan) textAtItsSide(l *line, f *frame) bool {
	if f.last < 0 {
		return false
	}
	above := &s.lines[f.last]
	if above.muted && f.texts {
		l.muted = true
		return true
	}
	if !above.block || above.texts > 0 || s.has[above.number] || above.indent != l.indent {
		return false
	}
	s.report(l.number, diag.New(diag.Error, "wrong-indentation", s.at(l.start, l.end), `the text of this "%s" line starts further to the right`, above.head.Name()).
		WithHelp("Use two more spaces in front of it, and of each line of the text below it."))
	s.has[above.number] = true
	l.muted, f.texts = true, true
	return true
}

// plural recognises the singular of a line's keyword, where only that line can stand: "channel whatsapp" below
// pack.
func (s *scan) plural(l *line, text []byte, p Place) bool {
	n := wordLen(text)
	keyword := string(text[:n]) + "s"
	if n == 0 || !s.can(p, keyword) {
		return false
	}
	h, _ := s.table.at[p].keyword([]byte(keyword))
	s.correct(l, n, keyword, h, `I do not know "%s" here; "%s" looks like it`, clip(text[:n]), keyword)
	return true
}

func (s *scan) misplaced(l *line, h *Head, n int, p Place) diag.Diagnostic {
	where := make([]string, 0, len(h.Below))
	for _, b := range placesOf(s.table, h.Keyword) {
		where = append(where, b.String())
	}
	name := `"` + h.Keyword + `"`
	if h.Keyword == "-" {
		name = `an answer with "-"`
	}
	d := diag.New(diag.Error, "misplaced-line", s.at(l.start, l.start+int32(n)), `%s cannot stand %s`, name, p)
	if len(where) > 3 {
		where = []string{`below a step, an option, "if", "else", "when" or "for each"`}
	}
	return d.WithHelp("It stands %s.", strings.Join(where, " or "))
}

// placesOf returns all places of the lines with a keyword.
func placesOf(t *tables, keyword string) []Place {
	var all []Place
	for _, h := range t.all {
		if h.Keyword == keyword && !h.variant {
			all = append(all, h.Below...)
		}
	}
	return all
}

// unknownLine says that nothing is known about a line, and what could stand there.
func (s *scan) unknownLine(l *line, text []byte, p Place) diag.Diagnostic {
	n := wordOrSign(text)
	d := diag.New(diag.Error, "unknown-line", s.at(l.start, l.start+int32(n)), `I do not know a line that begins with "%s"`, clip(text[:n]))
	if text[0] == '"' {
		d = diag.New(diag.Error, "unknown-line", s.at(l.start, l.end), "I do not know a line that begins with a quote")
	}
	keywords := s.keywordsAt(p)
	switch {
	case s.can(p, "say"):
		return d.WithHelp("To send it as a message, write: say: %s", clip(bytes.Trim(text, `"“”`)))
	case p == InAsk:
		return d.WithHelp("To offer it as an answer, write: - %s", clip(text)).
			WithHelp(`A question of several lines goes below a "text:" line.`)
	case p == Margin:
		return d.WithHelp("At the margin stand the lines of a pack and of its flows, such as: flow welcome: Welcome").
			WithHelp("What a flow says and does is indented below a step line by two spaces.")
	case s.table.at[p].row == nil && p != InHours && len(keywords) > 0 && len(keywords) <= 8:
		return d.WithHelp(`%s stand: %s.`, upperFirst(p.String()), strings.Join(keywords, ", "))
	}
	if all := s.table.at[p].all; len(all) > 0 {
		return d.WithHelp("For example: %s", all[0].Example)
	}
	return d
}

func (s *scan) can(p Place, keyword string) bool {
	h, _ := s.table.at[p].keyword([]byte(keyword))
	return h != nil && h.Keyword == keyword
}

func (s *scan) keywordsAt(p Place) []string {
	var words []string
	for _, h := range s.table.at[p].all {
		if h.Keyword != "" {
			words = append(words, h.Keyword)
		}
	}
	return words
}

// close tells whether a word of a keyword's length is near enough to be taken for it: short words differ by one
// letter or two swapped.
func close(word, keyword string) bool {
	a, b := utf8.RuneCountInString(word), utf8.RuneCountInString(keyword)
	return a > 1 && max(a-b, b-a) <= 1+b/6
}

// wordsLen returns how many bytes the first words take, 0 where there are fewer.
func wordsLen(text []byte, words int) int {
	at := 0
	for i := range words {
		if i > 0 {
			at += spaceLen(text[at:])
		}
		n := wordLen(text[at:])
		if n == 0 {
			return 0
		}
		at += n
	}
	return at
}

// wordOrSign returns the length of the first word or sign, for a place to point at.
func wordOrSign(text []byte) int {
	if n := firstWord(text); n > 0 {
		return n
	}
	if len(text) == 0 {
		return 0
	}
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if unicode.IsSpace(r) || n > 0 && (unicode.IsLetter(r) || n >= 40) {
			break
		}
		n += size
	}
	return max(n, 1)
}

// clip shortens a writer's words for a message.
func clip(text []byte) string {
	const most = 60
	s := string(text)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	runes := []rune(s[:min(len(s), 4*most)])
	return string(runes[:min(len(runes), most-1)]) + "…"
}

func spaces(n int32) string {
	if n == 1 {
		return "1 space"
	}
	return fmt.Sprintf("%d spaces", n)
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
