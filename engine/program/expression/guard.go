package expression

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// binary are the words and signs between two values.
var binary = map[string]bool{
	"and": true, "or": true, "in": true, "contains": true, "startsWith": true, "endsWith": true,
	"==": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true,
	"+": true, "-": true, "*": true, "/": true, "%": true,
}

// reserved words cannot be names, because expr reads them as its own.
var reserved = map[string]bool{
	"and": true, "or": true, "in": true, "not": true, "contains": true, "startsWith": true, "endsWith": true, "matches": true,
}

// Guard says what keeps a source from being an expression of the language, nil when nothing does. It reads
// the source once, in time and memory that grow with MaxBytes and not with the source, and calls no parser.
// What passes has the shape of an expression; its names and types are Check's business.
func Guard(source string) *Problem {
	_, problem := guard(source)
	return problem
}

func guard(source string) ([]token, *Problem) {
	if len(source) > MaxBytes {
		return nil, tooLong(0, len(source))
	}
	if !utf8.ValidString(source) {
		return nil, notText(source)
	}
	tokens, problem := scan(source)
	if problem != nil {
		if len(tokens) > 0 && tokens[0].kind == nameToken {
			if slip := valueSlip(tokens[0]); slip != nil {
				return nil, slip // of a statement of another language, the first word says most
			}
		}
		return nil, problem
	}
	if len(tokens) == 0 {
		return nil, &Problem{Code: "unfinished-line", Start: 0, End: len(source), Message: "there is no expression here",
			Help: []string{`For example: city == "nairobi"`}}
	}
	s := shape{source: source, tokens: tokens}
	if problem := s.read(); problem != nil {
		return nil, problem
	}
	return tokens, nil
}

func notText(source string) *Problem {
	at := 0
	for at < len(source) {
		r, size := utf8.DecodeRuneInString(source[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return &Problem{Code: "not-utf8", Start: at, End: at + 1, Message: "this character cannot be read",
		Help: []string{"Save the file as UTF-8."}}
}

// bracketKind says what an open bracket holds.
type bracketKind uint8

const (
	group bracketKind = iota
	call
	list
)

type bracket struct {
	at   int // index of its token
	kind bracketKind
}

// shape reads tokens as values with operators between them: a parser of two states and a stack, so that
// expr's own never meets a source it would have to explain.
type shape struct {
	source string
	tokens []token
	open   []bracket
	unary  int // of "not" and "-" in a row
}

func (s *shape) read() *Problem {
	value := true // a value is awaited, not an operator
	for i := 0; i < len(s.tokens); i++ {
		var problem *Problem
		if value {
			i, value, problem = s.value(i)
		} else {
			i, value, problem = s.operator(i)
		}
		if problem != nil {
			return problem
		}
	}
	if value {
		last := s.tokens[len(s.tokens)-1]
		return &Problem{Code: "unfinished-line", Start: last.start, End: last.end,
			Message: `there is nothing after "` + last.text + `"`,
			Help:    []string{`For example: city == "nairobi"`}}
	}
	if len(s.open) > 0 {
		b := s.tokens[s.open[len(s.open)-1].at]
		return &Problem{Code: "unfinished-line", Start: b.start, End: b.end,
			Message: `the bracket "` + b.text + `" is not closed`,
			Help:    []string{"Put " + closing(b.text) + " where it ends."}}
	}
	return nil
}

// value reads the token where a value is awaited; it returns the last index it used.
func (s *shape) value(i int) (last int, value bool, problem *Problem) {
	t := s.tokens[i]
	if t.text == "not" || t.text == "-" {
		if s.unary++; s.unary > MaxUnary {
			return i, false, tooDeep(t, `At most `+strconv.Itoa(MaxUnary)+` of "not" and "-" may follow each other.`)
		}
		return i, true, nil
	}
	s.unary = 0
	switch {
	case t.kind == nameToken:
		return s.name(i)
	case t.kind == numberToken || t.kind == quoteToken:
		return i, false, nil
	case t.text == "(":
		return i, true, s.push(i, group)
	case t.text == "[":
		return i, true, s.push(i, list)
	case t.text == ")" || t.text == "]":
		// Nothing between them: a function without values, an empty list.
		if n := len(s.open); n > 0 && s.open[n-1].at == i-1 && s.open[n-1].kind != group {
			return i, false, s.pop(i)
		}
	}
	return i, false, s.unexpected(i)
}

func (s *shape) name(i int) (last int, value bool, problem *Problem) {
	t := s.tokens[i]
	if problem := valueSlip(t); problem != nil {
		return i, false, problem
	}
	if t.text == "NOT" {
		return i, false, slip{written: "NOT", meant: "not"}.problem(s.source, t.start)
	}
	if reserved[t.text] {
		return i, false, s.unexpected(i)
	}
	if i+1 < len(s.tokens) && s.tokens[i+1].text == "(" {
		if _, ok := function(t.text); !ok {
			return i, false, unknownFunction(t)
		}
		return i + 1, true, s.push(i+1, call)
	}
	return i, false, nil
}

// valueSlip explains a word of another language that stands where a value belongs.
func valueSlip(t token) *Problem {
	v, ok := valueSlips[strings.ToLower(t.text)]
	if !ok {
		return nil
	}
	p := &Problem{Code: "expression-not-allowed", Start: t.start, End: t.end, Message: `"` + t.text + `" is not a value here`, Help: []string{v.help}}
	if v.meant != "" {
		p.Help = []string{"Write " + v.meant + " instead."}
		p.Fix = &Replace{Start: t.start, End: t.end, Text: v.meant}
	}
	return p
}

// operator reads the token after a value.
func (s *shape) operator(i int) (last int, value bool, problem *Problem) {
	t := s.tokens[i]
	next := func(j int) string {
		if i+j < len(s.tokens) {
			return s.tokens[i+j].text
		}
		return ""
	}
	switch {
	case t.kind == quoteToken || t.kind == numberToken:
		return i, false, s.unexpected(i)
	case binary[t.text]:
		return i, true, nil
	case t.text == "not" && (next(1) == "in" || next(1) == "contains" || next(1) == "startsWith" || next(1) == "endsWith"):
		return i + 1, true, nil
	case t.text == ".":
		return s.column(i)
	case t.text == ",":
		if n := len(s.open); n > 0 && s.open[n-1].kind != group {
			return i, true, nil
		}
	case t.text == ")" || t.text == "]":
		return i, false, s.pop(i)
	case t.text == "[":
		return i, false, notAllowed(t, "a list is not read by position",
			"A column of a row is read with a dot: office.town", `A value is looked for with in: "food" in needs`)
	case t.kind == nameToken:
		return i, false, s.word(i)
	}
	return i, false, s.unexpected(i)
}

// column reads ".name" after a value.
func (s *shape) column(i int) (last int, value bool, problem *Problem) {
	if s.tokens[i-1].kind == numberToken || s.tokens[i-1].kind == quoteToken {
		return i, false, s.unexpected(i)
	}
	if i+1 == len(s.tokens) {
		return i, false, &Problem{Code: "unfinished-line", Start: s.tokens[i].start, End: s.tokens[i].end,
			Message: "the name of a column is missing after the dot", Help: []string{"For example: office.town"}}
	}
	if s.tokens[i+1].kind != nameToken {
		return i, false, s.unexpected(i + 1)
	}
	if i+2 < len(s.tokens) && s.tokens[i+2].text == "(" {
		t := s.tokens[i+1]
		t.start = s.tokens[i].start
		return i, false, notAllowed(t, "a function stands before its value, not after a dot", "For example: count(needs)")
	}
	return i + 1, false, nil
}

// word explains a name that stands where an operator belongs.
func (s *shape) word(i int) *Problem {
	t := s.tokens[i]
	meant, ok := wordSlips[strings.ToLower(t.text)]
	if !ok || meant == t.text {
		return s.unexpected(i)
	}
	end := t.end
	if meant == "==" && i+1 < len(s.tokens) {
		switch s.tokens[i+1].text {
		case "not":
			meant, end = "!=", s.tokens[i+1].end
		case "==", "in":
			meant, end = s.tokens[i+1].text, s.tokens[i+1].end
		}
	}
	return slip{written: s.source[t.start:end], meant: meant}.problem(s.source, t.start)
}

func (s *shape) push(i int, kind bracketKind) *Problem {
	if len(s.open) == MaxDepth {
		return tooDeep(s.tokens[i], "At most "+strconv.Itoa(MaxDepth)+" brackets may be open at once.")
	}
	s.open = append(s.open, bracket{i, kind})
	s.unary = 0
	return nil
}

func (s *shape) pop(i int) *Problem {
	t := s.tokens[i]
	n := len(s.open)
	if n == 0 {
		return &Problem{Code: "unexpected-words", Start: t.start, End: t.end,
			Message: `no bracket is open where "` + t.text + `" stands`,
			Help:    []string{"Delete it, or open the bracket before."}}
	}
	open := s.open[n-1].at
	if closing(s.tokens[open].text) != t.text {
		return &Problem{Code: "unexpected-words", Start: t.start, End: t.end,
			Message: `"` + t.text + `" does not close "` + s.tokens[open].text + `"`,
			Help:    []string{"Write " + closing(s.tokens[open].text) + " instead."},
			Fix:     &Replace{Start: t.start, End: t.end, Text: closing(s.tokens[open].text)}}
	}
	s.tokens[open].pair, s.tokens[i].pair = i, open
	s.open = s.open[:n-1]
	return nil
}

func (s *shape) unexpected(i int) *Problem {
	t := s.tokens[i]
	p := &Problem{Code: "unexpected-words", Start: t.start, End: t.end, Message: "I did not expect " + quoted(t.text) + " here"}
	switch {
	case t.kind == nameToken && i > 1 && s.tokens[i-1].kind == nameToken && (s.tokens[i-2].text == "==" || s.tokens[i-2].text == "!="):
		p.Help = []string{`Put a text of several words in quotes: ` + s.tokens[i-2].text + ` "` + s.tokens[i-1].text + " " + t.text + `"`}
	case t.text == ")" || t.text == "]" || t.text == ",":
		p.Help = []string{"A value is missing before it."}
	case i == 0 || s.tokens[i-1].kind == signToken || reserved[s.tokens[i-1].text]:
		p.Help = []string{"A name, a number or a quoted text belongs here."}
	default:
		p.Help = []string{`Something like ==, and or + belongs between two values.`}
	}
	return p
}

func closing(open string) string {
	if open == "[" {
		return "]"
	}
	return ")"
}

func notAllowed(t token, message string, help ...string) *Problem {
	return &Problem{Code: "expression-not-allowed", Start: t.start, End: t.end, Message: message, Help: help}
}

func tooDeep(t token, help string) *Problem {
	return &Problem{Code: "expression-too-deep", Start: t.start, End: t.end, Message: "this expression is nested too deeply",
		Help: []string{help, "Keep a part of it first, on a line of its own: set part = …"}}
}

// quoted puts quotes around what has none.
func quoted(s string) string {
	if strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "'") {
		return s
	}
	return `"` + s + `"`
}
