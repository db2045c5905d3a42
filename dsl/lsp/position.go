package lsp

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// encoding is how an editor counts the characters of a line.
type encoding string

const (
	utf8Units  encoding = "utf-8"
	utf16Units encoding = "utf-16" // what every editor knows, and the default
	utf32Units encoding = "utf-32"
)

// text is a file's bytes with the starts of its lines. It is immutable.
type text struct {
	src    []byte
	starts []int
}

// newText indexes a text. As the protocol has it, lines end with "\n", "\r\n" or "\r".
func newText(src []byte) *text {
	starts := append(make([]int, 0, 64), 0)
	for i, c := range src {
		if c == '\n' || c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return &text{src, starts}
}

// line is the number, from 0, of the line that holds an offset.
func (t *text) line(offset int) int {
	n, found := slices.BinarySearch(t.starts, offset)
	if !found {
		n--
	}
	return n
}

// bounds are a line's first byte and the one after its last, without its end.
func (t *text) bounds(line int) (start, end int) {
	start, end = t.starts[line], len(t.src)
	if line+1 < len(t.starts) {
		end = t.starts[line+1]
		for end > start && (t.src[end-1] == '\n' || t.src[end-1] == '\r') {
			end--
		}
	}
	return start, end
}

// position is where an offset is, as the editor counts. An offset inside a character is at its start, one outside
// the text at the nearest end.
func (t *text) position(offset int, e encoding) position {
	offset = max(0, min(offset, len(t.src)))
	line := t.line(offset)
	start, end := t.bounds(line)
	offset = min(offset, end)
	for offset > start && offset < len(t.src) && !utf8.RuneStart(t.src[offset]) {
		offset--
	}
	return position{Line: line, Character: units(t.src[start:offset], e)}
}

// offset is the byte at a position. A position behind a line's end is that end, as the protocol has it; one in the
// middle of a character is its start.
func (t *text) offset(p position, e encoding) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(t.starts):
		return len(t.src)
	}
	start, end := t.bounds(p.Line)
	left := p.Character
	for at := start; at < end; {
		r, n := utf8.DecodeRune(t.src[at:end])
		left -= width(r, n, e)
		if left < 0 {
			return at
		}
		at += n
	}
	return end
}

func (t *text) span(start, end int, e encoding) textRange {
	return textRange{t.position(start, e), t.position(max(start, end), e)}
}

func units(b []byte, e encoding) int {
	if e == utf8Units {
		return len(b)
	}
	n := 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n += width(r, size, e)
		b = b[size:]
	}
	return n
}

// width is what one character of so many bytes counts. A byte that is no character counts as the sign that an
// editor shows for it.
func width(r rune, bytes int, e encoding) int {
	switch {
	case e == utf8Units:
		return bytes
	case e == utf16Units && r > 0xffff:
		return 2
	}
	return 1
}

// pathOf is the path that a file's address names, with slashes; ok is false for another address.
func pathOf(uri string) (name string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" || strings.ContainsRune(u.Path, 0) {
		return "", false
	}
	name = u.Path
	if len(name) > 2 && name[0] == '/' && name[2] == ':' { // /c:/flows of Windows
		name = strings.ToUpper(name[1:2]) + name[2:]
	}
	if u.Host != "" { // a folder that another computer shares
		name = "//" + u.Host + name
		return "//" + path.Clean(name)[1:], true
	}
	return path.Clean(name), true
}

// uriOf is the address of a file.
func uriOf(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}
