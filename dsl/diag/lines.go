package diag

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Sources gives the text of a pack's files back to those who show a problem. A file that is no text, or is too
// large to have been read, is reported as missing.
type Sources interface {
	Source(file string) ([]byte, bool)
}

// A Position is a place as people and programs count it, everything from 1.
type Position struct {
	Line   int
	Column int // in characters as a person sees them (grapheme clusters)
	Byte   int // in bytes of the line
}

// Lines finds lines and columns in one file. It is made for many questions about one text: a line of a million
// characters is walked once. Not safe for concurrent use.
type Lines struct {
	src    []byte
	starts []int          // the offset of each line's first byte
	marks  map[int][]mark // for long lines, by line number
}

// A mark is a known column inside a long line, so that no question walks the line from its start.
type mark struct{ offset, column int }

// markEvery is how many bytes lie between marks, and the length from which a line has any.
const markEvery = 2048

// NewLines indexes a text. Lines end with "\n" or "\r\n"; the text after the last end is a line too.
func NewLines(src []byte) *Lines {
	starts := make([]int, 1, 1+bytes.Count(src, []byte{'\n'}))
	for i := 0; ; {
		n := bytes.IndexByte(src[i:], '\n')
		if n < 0 {
			return &Lines{src: src, starts: starts, marks: make(map[int][]mark)}
		}
		i += n + 1
		starts = append(starts, i)
	}
}

// LineAt returns the number of the line that holds the offset. Offsets outside the text count as its ends.
func (l *Lines) LineAt(offset int) int {
	offset = l.clamp(offset)
	return sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
}

// Bounds returns the offsets of a line's text, without its end. The line must exist.
func (l *Lines) Bounds(line int) (start, end int) {
	start, end = l.starts[line-1], len(l.src)
	if line < len(l.starts) {
		end = l.starts[line] - 1
		if end > start && l.src[end-1] == '\r' {
			end--
		}
	}
	return start, end
}

// Text returns a line without its end. The line must exist.
func (l *Lines) Text(line int) []byte {
	start, end := l.Bounds(line)
	return l.src[start:end]
}

// Position returns where an offset is. An offset inside a character has that character's column.
func (l *Lines) Position(offset int) Position {
	offset = l.clamp(offset)
	line := l.LineAt(offset)
	start, end := l.Bounds(line)
	m := l.before(line, min(offset, end))
	column := m.column
	for at := m.offset; at < end; column++ {
		n := clusterLen(l.src[at:end])
		if at+n > offset {
			break
		}
		at += n
	}
	return Position{Line: line, Column: column, Byte: offset - start + 1}
}

// before returns the last mark at or before the offset.
func (l *Lines) before(line, offset int) mark {
	start, end := l.Bounds(line)
	if end-start < markEvery {
		return mark{start, 1}
	}
	marks, ok := l.marks[line]
	if !ok {
		marks = append(marks, mark{start, 1})
		column := 1
		for at := start; at < end; column++ {
			if at-marks[len(marks)-1].offset >= markEvery {
				marks = append(marks, mark{at, column})
			}
			at += clusterLen(l.src[at:end])
		}
		l.marks[line] = marks
	}
	return marks[sort.Search(len(marks), func(i int) bool { return marks[i].offset > offset })-1]
}

func (l *Lines) clamp(offset int) int { return max(0, min(offset, len(l.src))) }

// maxCluster bounds one character in bytes. The longest emoji in use have 35; thousands of combining marks on
// one letter are no character anyone sees, and walking them again for each question would be slow.
const maxCluster = 128

// clusterLen returns the bytes of the first character of a text that has one.
func clusterLen(b []byte) int {
	if b[0] < utf8.RuneSelf && (len(b) == 1 || b[1] < utf8.RuneSelf) {
		return 1 // by far the commonest; "\r\n" never gets here but at a lone end, where one byte is right too
	}
	window := b[:min(len(b), maxCluster)]
	if len(window) < len(b) {
		for len(window) > maxCluster-utf8.UTFMax && !utf8.RuneStart(b[len(window)]) {
			window = window[:len(window)-1]
		}
	}
	cluster, _, _, _ := uniseg.FirstGraphemeCluster(window, -1)
	return len(cluster)
}

// files remembers the lines of each file during one job.
type files struct {
	src   Sources
	known map[string]*Lines
}

func newFiles(src Sources) *files { return &files{src: src, known: make(map[string]*Lines)} }

// lines returns nil for a file whose text is not there.
func (f *files) lines(file string) *Lines {
	if file == "" || f.src == nil {
		return nil
	}
	if l, ok := f.known[file]; ok {
		return l
	}
	var l *Lines
	if src, ok := f.src.Source(file); ok {
		l = NewLines(src)
	}
	f.known[file] = l
	return l
}
