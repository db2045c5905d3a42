package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// slip is a sign of another language, or of a word processor, and what to write for it here.
type slip struct {
	written string
	meant   string // "": nothing takes its place
	code    string
	help    string // "": "Write MEANT."
}

// slips are looked at before signs, longer ones first where one begins another.
var slips = []slip{
	{written: "&&", meant: "and"},
	{written: "&", meant: "and"},
	{written: "||", meant: "or"},
	{written: "|", help: "Write or between two conditions. Functions are written with brackets: count(needs)."},
	{written: "!==", meant: "!="},
	{written: "===", meant: "=="},
	{written: "=>", meant: ">="},
	{written: "=<", meant: "<="},
	{written: "<>", meant: "!="},
	{written: "≠", meant: "!="},
	{written: "≤", meant: "<="},
	{written: "≥", meant: ">="},
	{written: "×", meant: "*"},
	{written: "÷", meant: "/"},
	{written: "−", meant: "-"},
	{written: "–", meant: "-"},
	{written: "—", meant: "-"},
	{written: "??", help: "Test it first: if known(name)."},
	{written: "?.", meant: "."},
	{written: "?", help: "Choose with lines of their own: if …, then else."},
	{written: "::", help: "Choose with lines of their own: if …, then else."},
	{written: ":", help: "A column is read with a dot, such as office.town. A part of a list cannot be cut out."},
	{written: "**", help: "Multiply instead: size * size."},
	{written: "^", help: "Multiply instead: size * size."},
	{written: "..", help: "Compare with both ends: age >= 1 and age <= 9."},
	{written: "//", help: "Put a comment on a line of its own, after #."},
	{written: "/*", help: "Put a comment on a line of its own, after #."},
	{written: "#", help: "Put a comment on a line of its own, after #."},
	{written: ";", help: "Write one expression a line."},
	{written: "{", help: "Braces belong in texts: say: Hello {name}"},
	{written: "}", help: "Braces belong in texts: say: Hello {name}"},
	{written: "$", help: "A name has no sign before it: city."},
	{written: "@", help: "A name has no sign before it: city."},
	{written: "`", meant: `"`},
	{written: "´", meant: `"`},
	{written: "“", meant: `"`, code: "curly-quotes"},
	{written: "”", meant: `"`, code: "curly-quotes"},
	{written: "„", meant: `"`, code: "curly-quotes"},
	{written: "«", meant: `"`, code: "curly-quotes"},
	{written: "»", meant: `"`, code: "curly-quotes"},
	{written: "‘", meant: `"`, code: "curly-quotes"},
	{written: "’", meant: `"`, code: "curly-quotes"},
	{written: "＂", meant: `"`, code: "curly-quotes"},
	{written: "（", meant: "(", code: "full-width-punctuation"},
	{written: "）", meant: ")", code: "full-width-punctuation"},
	{written: "，", meant: ",", code: "full-width-punctuation"},
	{written: "、", meant: ",", code: "full-width-punctuation"},
	{written: "،", meant: ",", code: "full-width-punctuation"},
	{written: "＝＝", meant: "==", code: "full-width-punctuation"},
	{written: "＝", meant: "==", code: "full-width-punctuation"},
	{written: "＋", meant: "+", code: "full-width-punctuation"},
	{written: "－", meant: "-", code: "full-width-punctuation"},
	{written: "＜", meant: "<", code: "full-width-punctuation"},
	{written: "＞", meant: ">", code: "full-width-punctuation"},
	{written: "\u00a0", meant: " ", code: "hidden-character"},
}

// lone signs begin others, so they are looked at after signs.
var lone = []slip{
	{written: "=", meant: "=="},
	{written: "!", meant: "not"},
}

func (s slip) problem(source string, at int) *Problem {
	if s.code == "curly-quotes" {
		return curly(source, at, s.written)
	}
	p := &Problem{Code: s.code, Start: at, End: at + len(s.written), Message: `I did not expect "` + s.written + `" here`}
	if p.Code == "" {
		p.Code = "expression-not-allowed"
	}
	if s.code == "hidden-character" {
		p.Message = "there is a hidden character here"
	}
	if s.help != "" {
		p.Help = []string{s.help}
	}
	if s.meant == "" {
		return p
	}
	if s.help == "" && s.meant != " " {
		p.Help = []string{"Write " + s.meant + " instead."}
	}
	p.Fix = &Replace{Start: p.Start, End: p.End, Text: spaced(source, p.Start, p.End, s.meant)}
	return p
}

// spaced keeps a word that replaces a sign apart from the words beside it.
func spaced(source string, start, end int, word string) string {
	if r, _ := utf8.DecodeRuneInString(word); !unicode.IsLetter(r) {
		return word
	}
	if before, _ := utf8.DecodeLastRuneInString(source[:start]); start > 0 && before != ' ' && before != '(' {
		word = " " + word
	}
	if after, _ := utf8.DecodeRuneInString(source[end:]); end < len(source) && after != ' ' {
		word += " "
	}
	return word
}

// curly replaces the quotes of a word processor; where both stand there, both at once.
func curly(source string, at int, written string) *Problem {
	p := &Problem{Code: "curly-quotes", Start: at, End: at + len(written),
		Message: "these quotes are curly",
		Help:    []string{`Write straight quotes: "…"`}}
	p.Fix = &Replace{Start: p.Start, End: p.End, Text: `"`}
	inside := at + len(written)
	if i := strings.IndexAny(source[inside:], "“”„«»‘’\"'"); i >= 0 {
		_, size := utf8.DecodeRuneInString(source[inside+i:])
		p.End = inside + i + size
		p.Fix = &Replace{Start: at, End: p.End, Text: `"` + source[inside:inside+i] + `"`}
	}
	return p
}

// digitValue knows the decimal digits of every script: a block of ten begins at each zero.
func digitValue(r rune) (int, bool) {
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, block := range unicode.Nd.R16 {
		if lo, hi := rune(block.Lo), rune(block.Hi); lo <= r && r <= hi {
			return int(r-lo) % 10, true
		}
	}
	return 0, false
}

// otherDigits replaces digits of another script; people may answer with them, sources are written with 0 to 9.
func otherDigits(source string, at, first int) *Problem {
	plain := []byte{byte('0' + first)}
	_, size := utf8.DecodeRuneInString(source[at:])
	end := at + size
	for end < len(source) {
		r, size := utf8.DecodeRuneInString(source[end:])
		d, ok := digitValue(r)
		if !ok {
			break
		}
		plain = append(plain, byte('0'+d))
		end += size
	}
	return &Problem{Code: "expression-not-allowed", Start: at, End: end,
		Message: `the number "` + source[at:end] + `" is written in another script`,
		Help:    []string{"Write " + string(plain) + ". People may still answer with their own digits."},
		Fix:     &Replace{Start: at, End: end, Text: string(plain)}}
}

// wordSlips are words that stand where an operator belongs.
var wordSlips = map[string]string{
	"is": "==", "equals": "==", "equal": "==", "eq": "==", "isnt": "!=", "isn": "!=", "ne": "!=",
	"gt": ">", "lt": "<", "gte": ">=", "lte": "<=", "above": ">", "below": "<", "over": ">", "under": "<",
	"has": "contains", "includes": "contains", "matches": "contains", "like": "contains", "contain": "contains",
	"startswith": "startsWith", "starts_with": "startsWith", "starts": "startsWith",
	"endswith": "endsWith", "ends_with": "endsWith", "ends": "endsWith",
	"plus": "+", "minus": "-", "times": "*", "mod": "%", "divided": "/",
	"and": "and", "or": "or", "in": "in", "not": "not", "contains": "contains",
	"y": "and", "et": "and", "ou": "or",
}

// valueSlips are words of other languages that stand where a value belongs.
var valueSlips = map[string]struct{ meant, help string }{
	"true":      {"yes", ""},
	"false":     {"no", ""},
	"nil":       {"", "Ask whether a name has a value: known(city)"},
	"null":      {"", "Ask whether a name has a value: known(city)"},
	"none":      {"", "Ask whether a name has a value: known(city)"},
	"undefined": {"", "Ask whether a name has a value: known(city)"},
	"let":       {"", "Keep a value on a line of its own: set total = 2"},
	"if":        {"", "Write if as a line of its own, with the lines it guards below."},
	"else":      {"", "Write else as a line of its own."},
}
