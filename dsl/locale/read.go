package locale

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// MaxEntries bounds a catalogue; a pack of a thousand flows has some twenty thousand strings.
	MaxEntries = 50_000
	// MaxText is the longest text in bytes; a message of a channel has 4 KiB.
	MaxText = 16 << 10
	// mostProblems are reported of one file.
	mostProblems = 100
)

// Read reads a catalogue. What can be read is in the result, whatever the problems: an entry with a problem is
// left out.
func Read(name string, src []byte) (*File, []Problem) {
	r := &reader{file: &File{Name: name}, src: src, first: map[string]int{}}
	if at := brokenByte(src); at >= 0 {
		r.problem(Span{at, at + 1}, 1+bytes.Count(src[:at], []byte{'\n'}),
			"this is not UTF-8 text", "Save the file as UTF-8.")
		return r.file, r.problems
	}
	at := 0
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		at = len("\ufeff")
	}
	for at < len(src) && !r.stopped {
		r.line++
		end := len(src)
		next := end
		if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
			end, next = at+n, at+n+1
		}
		if end > at && src[end-1] == '\r' {
			end--
		}
		r.read(at, end)
		at = next
	}
	r.finish()
	return r.file, r.problems
}

// brokenByte is the offset of the first byte that is not UTF-8, -1 where all are.
func brokenByte(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for at := 0; at < len(src); {
		r, n := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
	return -1
}

type reader struct {
	file     *File
	src      []byte
	problems []Problem
	first    map[string]int // the line of each id
	line     int
	stopped  bool

	entry  *Entry // being read; nil between entries
	broken bool   // it has a problem
	into   *string
	span   *Span
	seen   bool // something other than comments of it was read
}

func (r *reader) problem(at Span, line int, message, help string) {
	r.broken = true
	if len(r.problems) < mostProblems {
		r.problems = append(r.problems, Problem{at, line, message, help})
	}
}

// read takes one line.
func (r *reader) read(start, end int) {
	for start < end && (r.src[start] == ' ' || r.src[start] == '\t') {
		start++
	}
	line := string(r.src[start:end])
	line = strings.TrimRight(line, " \t")
	if line == "" {
		r.finish()
		return
	}
	obsolete := false
	if rest, ok := strings.CutPrefix(line, "#~"); ok {
		trimmed := strings.TrimLeft(rest, " ")
		start += len(line) - len(trimmed)
		line, obsolete = trimmed, true
		if line == "" || line[0] == '|' {
			return
		}
	}
	if line[0] == '#' {
		r.comment(line)
		return
	}
	r.keyword(line, start, obsolete)
}

// comment takes a line that begins with #. One after the words of an entry begins the next.
func (r *reader) comment(line string) {
	if r.seen {
		r.finish()
	}
	e := r.open()
	mark, rest := byte(' '), ""
	if len(line) > 1 {
		mark, rest = line[1], strings.TrimPrefix(line[2:], " ")
	}
	switch mark {
	case ':':
		e.References = append(e.References, strings.Fields(rest)...)
	case '.':
		e.Notes = append(e.Notes, rest)
	case '|':
		e.Previous = append(e.Previous, rest)
	case ',':
		for flag := range strings.SplitSeq(rest, ",") {
			switch flag = strings.TrimSpace(flag); flag {
			case "":
			case "fuzzy":
				e.Fuzzy = true
			default:
				e.Flags = append(e.Flags, flag)
			}
		}
	case ' ', '\t':
		e.Comments = append(e.Comments, strings.TrimPrefix(line[1:], " "))
	default:
		e.Comments = append(e.Comments, line[1:])
	}
}

func (r *reader) open() *Entry {
	if r.entry == nil {
		r.entry = &Entry{}
	}
	return r.entry
}

// words of an entry, in the order they stand in one.
const (
	context = "msgctxt"
	id      = "msgid"
	str     = "msgstr"
)

// keyword takes a line such as `msgid "…"`, or a line of quotes that continues the one above.
func (r *reader) keyword(line string, start int, obsolete bool) {
	word, rest, _ := strings.Cut(line, " ")
	if at := strings.IndexByte(word, '"'); at >= 0 {
		word, rest = line[:at], line[at:]
	}
	trimmed := strings.TrimLeft(rest, " \t")
	valueAt := start + len(line) - len(trimmed)
	at := Span{start, start + len(line)}

	if word == "" {
		switch {
		case r.into == nil && !r.broken:
			r.open()
			r.seen = true
			r.problem(at, r.line, "this line of text belongs to no entry", `Write msgctxt, msgid or msgstr before it.`)
		case !r.broken:
			r.value(trimmed, valueAt)
		}
		return
	}
	if r.seen && r.begins(word) {
		r.finish()
	}
	e := r.open()
	if !r.seen {
		e.Line, e.Obsolete = r.line, obsolete
	}
	r.seen = true
	if r.broken {
		return
	}
	r.into = nil
	switch {
	case word == context && !e.idSeen && !e.sourceSeen:
		e.idSeen, r.into, r.span = true, &e.ID, &e.IDSpan
	case word == id && !e.sourceSeen:
		e.sourceSeen, r.into, r.span = true, &e.Source, &e.SourceSpan
	case word == str && e.sourceSeen && !e.textSeen:
		e.textSeen, r.into, r.span = true, &e.Text, &e.TextSpan
	case word == "msgid_plural" || strings.HasPrefix(word, "msgstr["):
		r.problem(at, r.line, "plurals are written inside one text here",
			"Write one msgstr with a text such as:  {n, plural, one {# office} other {# offices}}")
		return
	case word == context || word == id || word == str:
		r.problem(at, r.line, fmt.Sprintf("I did not expect %s here", word),
			"Each entry has a msgctxt, a msgid and a msgstr, in this order.")
		return
	default:
		r.problem(at, r.line, fmt.Sprintf("I do not know the word %q", shorten(word)),
			"A line begins with msgctxt, msgid, msgstr, a quote or #.")
		return
	}
	*r.span = Span{valueAt, valueAt}
	r.value(trimmed, valueAt)
}

// begins says that a word starts the next entry although no empty line stands before it.
func (r *reader) begins(word string) bool {
	e := r.entry
	return word == context && (e.idSeen || e.sourceSeen) || word == id && e.sourceSeen
}

// value takes one quoted piece.
func (r *reader) value(quoted string, at int) {
	span := Span{at, at + len(quoted)}
	if len(quoted) == 0 || quoted[0] != '"' {
		r.problem(span, r.line, "this text does not begin with a quote", `Write the text between two " marks.`)
		return
	}
	text, n, message, help := unquote(quoted)
	if message != "" {
		r.problem(Span{at, at + n}, r.line, message, help)
		return
	}
	if n < len(quoted) {
		r.problem(Span{at + n, at + len(quoted)}, r.line, "something stands after the closing quote",
			`Write \" for a quote inside the text.`)
		return
	}
	if len(*r.into)+len(text) > MaxText {
		r.problem(span, r.line, fmt.Sprintf("this text is longer than %d KiB", MaxText>>10), "Split it.")
		return
	}
	*r.into += text
	r.span.End = at + len(quoted)
}

// escapes of a PO file that texts have a use for.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\'}

// unquote reads from a quote to the next one; n are the bytes read.
func unquote(s string) (text string, n int, message, help string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), i + 1, "", ""
		case '\\':
			if i+1 == len(s) {
				return "", len(s), "this text has no closing quote", `End it with "`
			}
			i++
			plain, ok := escapes[s[i]]
			if !ok {
				_, size := utf8.DecodeRuneInString(s[i:])
				return "", i + size, fmt.Sprintf("I do not know what %q means in this file", s[i-1:i+size]),
					`Write \\ for one backslash.`
			}
			b.WriteByte(plain)
		default:
			b.WriteByte(c)
		}
	}
	return "", len(s), "this text has no closing quote", `End it with a " mark.`
}

// finish closes the entry that is being read.
func (r *reader) finish() {
	e, broken, seen := r.entry, r.broken, r.seen
	r.entry, r.broken, r.seen, r.into, r.span = nil, false, false, nil, nil
	if e == nil || broken {
		return
	}
	if !seen {
		if r.file.Header == "" && len(r.file.Entries) == 0 {
			r.file.HeaderComments = append(r.file.HeaderComments, e.Comments...)
		}
		return // comments alone
	}
	at := Span{e.SourceSpan.Start, max(e.SourceSpan.End, e.TextSpan.End)}
	switch {
	case !e.sourceSeen || !e.textSeen:
		if at.End == 0 {
			at = e.IDSpan
		}
		r.problem(at, e.Line, "this entry is not finished", "Each entry has a msgctxt, a msgid and a msgstr.")
	case e.Source == "" && !e.idSeen:
		r.header(e)
	case e.ID == "":
		r.problem(at, e.Line, "this entry has no msgctxt", "Write the string's id above it:  msgctxt \"offices.town.ask\"")
	case !e.Obsolete && r.first[e.ID] > 0:
		r.problem(e.IDSpan, e.Line, fmt.Sprintf("%q stands in this file twice", shorten(e.ID)),
			fmt.Sprintf("The first is in line %d. Take one of them out.", r.first[e.ID]))
	case len(r.file.Entries) == MaxEntries:
		r.problem(at, e.Line, fmt.Sprintf("this file has more than %d entries", MaxEntries), "Split the pack.")
		r.stopped = true
	default:
		if !e.Obsolete {
			r.first[e.ID] = e.Line
		}
		r.file.Entries = append(r.file.Entries, e)
	}
	r.broken = false
}

// header takes the entry without an id. A character set other than UTF-8 would have been read wrongly.
func (r *reader) header(e *Entry) {
	for line := range strings.Lines(e.Text) {
		key, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(key), "content-type") {
			continue
		}
		_, charset, ok := strings.Cut(strings.ToLower(value), "charset=")
		charset = strings.TrimSpace(charset)
		if ok && charset != "utf-8" && charset != "utf8" && charset != "charset" && charset != "us-ascii" {
			r.problem(e.TextSpan, e.Line, fmt.Sprintf("this file says that it is %q, not UTF-8", shorten(charset)),
				"Save it as UTF-8 in the translation tool.")
			return
		}
	}
	r.file.Header, r.file.HeaderComments = e.Text, append(r.file.HeaderComments, e.Comments...)
}

// shorten keeps a message readable.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// Offsets are the places in the file of each byte of an entry's text and of its end, so that a problem inside a
// translation points at the letter that makes it.
func (e *Entry) Offsets(src []byte) []int {
	out := make([]int, 0, len(e.Text)+1)
	at, end := e.TextSpan.Start, min(e.TextSpan.End, len(src))
	for inside := false; at < end; at++ {
		switch {
		case src[at] == '"':
			inside = !inside
		case inside:
			out = append(out, at)
			if src[at] == '\\' {
				at++
			}
		}
	}
	for len(out) <= len(e.Text) {
		out = append(out, max(end-1, 0))
	}
	return out
}
