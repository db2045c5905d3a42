package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Knows says which names are surely known when a condition is true, and when it is false: after
// "if known(city) and age > 17" the name city may be read. A column counts as "row.column". Sources that are
// no expressions say nothing.
func Knows(source string) (whenTrue, whenFalse []string) {
	t, problem := read(source, parser.ParseWithConfig)
	if problem != nil {
		return nil, nil
	}
	return t.facts(t.node)
}

// Names are the bare names that a source reads, each once, in order: variables, fields, tables, hours. Names of
// functions, and yes and no, are none. Sources that are no expressions have none.
func Names(source string) []string {
	tokens, problem := guard(source)
	if problem != nil {
		return nil
	}
	var names []string
	for i, t := range tokens {
		switch {
		case t.kind != nameToken || binary[t.text] || t.text == "not" || t.text == "yes" || t.text == "no":
		case i > 0 && tokens[i-1].text == ".":
		case i+1 < len(tokens) && tokens[i+1].text == "(":
		case !slices.Contains(names, t.text):
			names = append(names, t.text)
		}
	}
	return names
}

// Rename writes to for the variable from, wherever a source reads it; words in quotes and columns stay.
func Rename(source, from, to string) string {
	tokens, _ := guard(source)
	var out []byte
	done := 0
	for i, t := range tokens {
		if t.kind != nameToken || t.text != from || (i > 0 && tokens[i-1].text == ".") {
			continue
		}
		out = append(append(out, source[done:t.start]...), to...)
		done = t.end
	}
	return string(append(out, source[done:]...))
}

func (t *tree) facts(n ast.Node) (whenTrue, whenFalse []string) {
	switch n := n.(type) {
	case *ast.CallNode:
		if f, arguments, _ := t.call(n); f.Name == "known" && len(arguments) == 1 {
			if path := t.path(arguments[0]); path != "" {
				return []string{path}, nil
			}
		}
	case *ast.UnaryNode:
		if n.Operator == "not" {
			whenTrue, whenFalse = t.facts(n.Node)
			return whenFalse, whenTrue
		}
	case *ast.BinaryNode:
		leftTrue, leftFalse := t.facts(n.Left)
		rightTrue, rightFalse := t.facts(n.Right)
		switch n.Operator {
		case "and": // false: the left one is, or it is true and the right one is false
			return either(leftTrue, rightTrue), both(leftFalse, either(leftTrue, rightFalse))
		case "or":
			return both(leftTrue, either(leftFalse, rightTrue)), either(leftFalse, rightFalse)
		}
	}
	return nil, nil
}

// either joins two lists of names, each once.
func either(a, b []string) []string {
	joined := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(joined, name) {
			joined = append(joined, name)
		}
	}
	return joined
}

// both is the names in both lists.
func both(a, b []string) []string {
	var common []string
	for _, name := range a {
		if slices.Contains(b, name) {
			common = append(common, name)
		}
	}
	return common
}
