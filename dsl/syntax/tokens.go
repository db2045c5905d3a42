package syntax

import (
	"io"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// kind is a kind of token. It starts at 1 because the grammar library takes -1 for the end and 0 for nothing.
type kind uint8

const (
	wordToken    kind = iota + 1 // a word of the language, a name, a code
	numberToken                  // 30, 1.5, -2
	dateToken                    // 2026-12-25
	timeToken                    // 08:30
	phraseToken                  // several words that are one thing
	pathToken                    // a path or an address
	exprToken                    // a whole expression
	commaToken                   // , ، ， 、
	opToken                      // any other sign
	spaceToken                   // white space, a byte-order mark, what cannot be seen
	commentToken                 // from # to the line's end
	colonToken                   // the colon that starts a text
	textToken                    // one line of a text
	mutedToken                   // a line that is not read
	newlineToken
	indentToken // no bytes
	dedentToken // no bytes

	// The next are no kinds of tokens but of lexRule.
	restToken  // one phrase up to the end
	plainToken // words again
)

// token is a piece of the source. The tokens of a file, joined, are the file.
type token struct {
	kind       kind
	start, end int32
	line       int32
}

// symbols are the tokens that a grammar may name.
var symbols = map[string]lexer.TokenType{
	"EOF": lexer.EOF, "Word": lexer.TokenType(wordToken), "Number": lexer.TokenType(numberToken),
	"Date": lexer.TokenType(dateToken), "Time": lexer.TokenType(timeToken), "Phrase": lexer.TokenType(phraseToken),
	"Path": lexer.TokenType(pathToken), "Expr": lexer.TokenType(exprToken), "Comma": lexer.TokenType(commaToken),
	"Op": lexer.TokenType(opToken), "Space": lexer.TokenType(spaceToken),
}

// definition tells the grammar library about the tokens; it never scans by itself.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType { return symbols }

func (definition) Lex(string, io.Reader) (lexer.Lexer, error) {
	panic("unreachable: lines are scanned by this package, never by the grammar library")
}

// headTokens gives the tokens of one line's head to the grammar library.
type headTokens struct {
	scan   *scan
	tokens []token
	line   int32
	start  int32   // of the line
	end    int32   // where the head ends
	date   []token // what is left of a date
}

// Next implements lexer.Lexer. It never fails.
func (h *headTokens) Next() (lexer.Token, error) {
	for len(h.date) > 0 || len(h.tokens) > 0 {
		if len(h.date) > 0 {
			t := h.date[0]
			h.date = h.date[1:]
			return lexer.Token{Type: lexer.TokenType(dateToken), Value: digitsOf(string(h.scan.src[t.start:t.end])), Pos: h.position(t.start)}, nil
		}
		t := h.tokens[0]
		h.tokens = h.tokens[1:]
		switch t.kind {
		case colonToken, textToken, newlineToken, commentToken, indentToken, dedentToken, mutedToken:
			continue
		case dateToken:
			h.date = h.scan.dateParts(t)
			continue
		}
		return lexer.Token{Type: lexer.TokenType(t.kind), Value: h.scan.value(t), Pos: h.position(t.start)}, nil
	}
	return lexer.EOFToken(h.position(h.end)), nil
}

func (h *headTokens) position(offset int32) lexer.Position {
	return lexer.Position{Filename: h.scan.name, Offset: int(offset), Line: int(h.line), Column: int(offset-h.start) + 1}
}

// value is what the grammar sees of a token: its text, but any arrow as "->", any comma as ",", full-width signs
// as plain ones, and a time as its minute of the day.
func (s *scan) value(t token) string {
	text := string(s.src[t.start:t.end])
	switch t.kind {
	case commaToken:
		return ","
	case numberToken:
		return digitsOf(text)
	case timeToken:
		minute, _ := minuteOf(text)
		return strconv.Itoa(minute)
	case opToken:
		if isArrow(text) {
			return "->"
		}
		return strings.Map(narrow, text)
	}
	return text
}

// dateParts cuts a date at its hyphens.
func (s *scan) dateParts(t token) []token {
	var parts []token
	start := t.start
	for i := t.start; i <= t.end; i++ {
		if i == t.end || s.src[i] == '-' {
			parts = append(parts, token{dateToken, start, i, t.line})
			start = i + 1
		}
	}
	return parts
}

// digitsOf drops zeros in front, which the grammar library would take for an octal number.
func digitsOf(text string) string {
	for len(text) > 1 && text[0] == '0' && text[1] != '.' {
		text = text[1:]
	}
	return text
}

// minuteOf returns the minute of the day of HH:MM; ok is false where there is no such time. Times up to 48:00
// are past midnight.
func minuteOf(text string) (minute int, ok bool) {
	h, m, _ := strings.Cut(text, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	minute = hours*60 + minutes
	return minute, err1 == nil && err2 == nil && len(m) == 2 && minutes < 60 && minute <= 48*60
}

// narrow returns the plain sign of a full-width one, and other runes as they are.
func narrow(r rune) rune {
	switch {
	case '！' <= r && r <= '～':
		return r - '！' + '!'
	case r == '。':
		return '.'
	case r == '　':
		return ' '
	}
	return r
}

// arrows are what writers put for ->, longest first. In a text from right to left those to the left point forward.
var arrows = []string{"-->", "==>", "=>", "->", "–>", "—>", "→", "⇒", "➔", "➜", "➝", "➞", "➡\ufe0f", "➡", "⟶", "⟹", "⇨", "←", "⇐", "⟵", "⬅\ufe0f", "⬅"}

func isArrow(text string) bool {
	for _, a := range arrows {
		if a == text {
			return true
		}
	}
	return false
}

// arrowLen returns the length of the arrow that the text begins with, 0 for none.
func arrowLen(text []byte) int {
	if len(text) == 0 || text[0] < 0x80 && text[0] != '-' && text[0] != '=' {
		return 0
	}
	for _, a := range arrows {
		if len(text) >= len(a) && string(text[:len(a)]) == a {
			return len(a)
		}
	}
	return 0
}
