package channels

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"baraza/channels/capability"
	"baraza/channels/markup"
)

// Borders of a text, the worst place to cut at first.
const (
	afterGrapheme = iota
	afterWord     // where a line may break
	afterSentence
	afterLine
	afterParagraph
	borders
)

// Split cuts a text into parts of at most limit UTF-16 units, at least 2, whose concatenation is the text: behind a
// paragraph, else a line, a sentence, a word, and else behind a character as people see it. The better border is
// taken unless it would leave the part less than a third full. Only a single character longer than the limit is cut
// within.
func Split(text string, limit int) []string {
	limit = max(limit, 2)
	var parts []string
	for {
		at := cut(text, limit)
		if at == len(text) {
			if text != "" || parts == nil {
				parts = append(parts, text)
			}
			return parts
		}
		parts = append(parts, text[:at])
		text = text[at:]
	}
}

// cut is the length in bytes of the first part.
func cut(text string, limit int) int {
	if len(text) <= limit { // a byte is at least a unit
		return len(text)
	}
	var best [borders]int
	used, at, state := 0, 0, -1
	for rest := text; rest != ""; {
		cluster, next, boundaries, newState := uniseg.StepString(rest, state)
		n := capability.UTF16.Len(cluster)
		if used+n > limit {
			if used == 0 {
				return cutRunes(cluster, limit)
			}
			break
		}
		used, at, rest, state = used+n, at+len(cluster), next, newState
		if rest == "" {
			return len(text)
		}
		border := borderOf(text[:at], cluster, rest, boundaries)
		if border == afterGrapheme || 3*used >= limit {
			best[border] = at
		}
	}
	for border := afterParagraph; border > afterGrapheme; border-- {
		if best[border] > 0 {
			return best[border]
		}
	}
	return at
}

func borderOf(before, cluster, rest string, boundaries int) int {
	switch {
	case cluster == "\n" || cluster == "\r\n":
		if rest[0] == '\n' || rest[0] == '\r' {
			return afterGrapheme
		}
		if strings.HasSuffix(strings.TrimSuffix(before, cluster), "\n") {
			return afterParagraph
		}
		return afterLine
	case boundaries&uniseg.MaskSentence != 0:
		return afterSentence
	case boundaries&uniseg.MaskLine != uniseg.LineDontBreak:
		return afterWord
	}
	return afterGrapheme
}

// cutRunes cuts within a single character that is longer than a whole part.
func cutRunes(cluster string, limit int) int {
	used := 0
	for i := 0; i < len(cluster); {
		_, size := utf8.DecodeRuneInString(cluster[i:])
		n := capability.UTF16.Len(cluster[i : i+size])
		if used+n > limit {
			return i
		}
		used += n
		i += size
	}
	return len(cluster)
}

// SplitSpans is Split for a text whose looks are known: each part has its own spans, and the limit counts what is
// read, without marks.
func SplitSpans(spans []markup.Span, limit int) [][]markup.Span {
	var text strings.Builder
	for _, s := range spans {
		text.WriteString(s.Text)
	}
	var parts [][]markup.Span
	for _, part := range Split(text.String(), limit) {
		var own []markup.Span
		for n := len(part); n > 0; {
			s := spans[0]
			if len(s.Text) > n {
				s.Text = s.Text[:n]
				spans = append([]markup.Span{spans[0]}, spans[1:]...)
				spans[0].Text = spans[0].Text[n:]
			} else {
				spans = spans[1:]
			}
			n -= len(s.Text)
			own = append(own, s)
		}
		parts = append(parts, own)
	}
	return parts
}
