package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a source may have at most. They hold before any parser sees it, because neither expr's parser nor its
// machine survives hostile nesting by itself.
const (
	// MaxBytes is the longest source.
	MaxBytes = 512
	// MaxDepth is how many brackets may be open at once.
	MaxDepth = 32
	// MaxUnary is how many "not" and "-" may follow each other.
	MaxUnary = 8
	// MaxTokens is how many words, values and signs a source has.
	MaxTokens = 256
	// maxDigits keeps every number exact.
	maxDigits = 15
)

// tokenKind says what a token is.
type tokenKind uint8

const (
	nameToken tokenKind = iota + 1
	numberToken
	quoteToken
	signToken
)

// token is a word, value or sign of a source. Start and end are bytes.
type token struct {
	kind       tokenKind
	text       string
	start, end int
	pair       int // of a bracket: the index of its other half; else -1
}

// signs are what an expression is made of besides names, numbers and quotes.
var signs = []string{"==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "."}

// scan cuts a source of at most MaxBytes valid bytes into tokens, and stops at the first thing that has no
// place in an expression; the tokens before it are returned as well.
func scan(source string) ([]token, *Problem) {
	var tokens []token
	for at := 0; at < len(source); {
		r, size := utf8.DecodeRuneInString(source[at:])
		if r == ' ' || r == '\t' {
			at += size
			continue
		}
		if len(tokens) == MaxTokens {
			return tokens, tooLong(at, len(source))
		}
		t := token{start: at, pair: -1}
		var problem *Problem
		switch {
		case r == '_' || unicode.IsLetter(r):
			t.kind, t.end = nameToken, at+nameLength(source[at:])
		case '0' <= r && r <= '9':
			t.kind = numberToken
			t.end, problem = scanNumber(source, at)
		case r == '"' || r == '\'':
			t.kind = quoteToken
			t.end, problem = scanQuote(source, at, byte(r))
		default:
			t.kind = signToken
			t.end, problem = scanSign(source, at)
		}
		if problem != nil {
			return tokens, problem
		}
		t.text = source[t.start:t.end]
		tokens = append(tokens, t)
		at = t.end
	}
	return tokens, nil
}

// nameLength is how many bytes of s belong to the name it begins with. Marks count: in many scripts vowels are marks.
func nameLength(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !(i > 0 && unicode.IsMark(r)) {
			return i
		}
	}
	return len(s)
}

func scanNumber(source string, at int) (int, *Problem) {
	digits := func(from int) int {
		for from < len(source) && '0' <= source[from] && source[from] <= '9' {
			from++
		}
		return from
	}
	end := digits(at)
	count := end - at
	if end+1 < len(source) && source[end] == '.' && '0' <= source[end+1] && source[end+1] <= '9' {
		fraction := digits(end + 1)
		count += fraction - end - 1
		end = fraction
	}
	if count > maxDigits {
		return end, &Problem{Code: "expression-not-allowed", Start: at, End: end,
			Message: "this number has more than 15 digits",
			Help:    []string{"Put long numbers, such as phone numbers, in quotes: they are texts."}}
	}
	r, _ := utf8.DecodeRuneInString(source[end:])
	if r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)) {
		word := end + nameLength(source[end:])
		return end, &Problem{Code: "expression-not-allowed", Start: at, End: word,
			Message: `"` + source[at:word] + `" is neither a number nor a name`,
			Help:    []string{"Write a number with digits alone, such as 12 or 2.5, and begin a name with a letter."}}
	}
	return end, nil
}

// scanQuote finds the end of a quoted text. Few escapes are known, all of them to expr as well.
func scanQuote(source string, at int, quote byte) (int, *Problem) {
	for i := at + 1; i < len(source); i++ {
		switch c := source[i]; {
		case c == quote:
			return i + 1, nil
		case c == '\\':
			i++
			if i < len(source) && source[i] != quote && strings.IndexByte(`\nt`, source[i]) < 0 {
				_, size := utf8.DecodeRuneInString(source[i:])
				return 0, &Problem{Code: "expression-not-allowed", Start: i - 1, End: i + size,
					Message: `"` + source[i-1:i+size] + `" has no meaning in a quoted text`,
					Help:    []string{`Write \\ for a backslash itself.`}}
			}
		case c < ' ':
			return 0, openQuote(source, at)
		case strings.HasPrefix(source[i:], "”") && quote == '"':
			return 0, curly(source, i, "”")
		}
	}
	return 0, openQuote(source, at)
}

func openQuote(source string, at int) *Problem {
	return &Problem{Code: "open-quote", Start: at, End: len(source),
		Message: "this quote is not closed",
		Help:    []string{"Put " + source[at:at+1] + " at the end of the text."}}
}

// scanSign finds the end of a sign, or says what the writer meant.
func scanSign(source string, at int) (int, *Problem) {
	rest := source[at:]
	for _, s := range slips {
		if strings.HasPrefix(rest, s.written) {
			return 0, s.problem(source, at)
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			return at + len(s), nil
		}
	}
	for _, s := range lone {
		if strings.HasPrefix(rest, s.written) {
			return 0, s.problem(source, at)
		}
	}
	r, size := utf8.DecodeRuneInString(rest)
	if d, ok := digitValue(r); ok {
		return 0, otherDigits(source, at, d)
	}
	if !unicode.IsPrint(r) {
		return 0, &Problem{Code: "hidden-character", Start: at, End: at + size,
			Message: "there is a hidden character here",
			Help:    []string{"Delete it and write a plain space instead."},
			Fix:     &Replace{Start: at, End: at + size, Text: " "}}
	}
	return 0, &Problem{Code: "expression-not-allowed", Start: at, End: at + size,
		Message: `"` + rest[:size] + `" has no meaning in an expression`}
}

func tooLong(start, end int) *Problem {
	return &Problem{Code: "expression-too-long", Start: start, End: end,
		Message: "this expression is too long",
		Help: []string{
			"An expression has at most 512 bytes and 256 words and signs.",
			"Keep a part of it first, on a line of its own: set part = …",
		}}
}
