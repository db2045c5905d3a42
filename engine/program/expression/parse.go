package expression

import (
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// parse is expr's parser. It is an argument everywhere below the doors, so that a test can tell that it was
// not called.
type parse func(source string, config *conf.Config) (*parser.Tree, error)

// tree is a parsed source.
type tree struct {
	source string
	tokens []token
	node   ast.Node
	at     []int // the token that begins at a rune of the source; -1 elsewhere
}

// read guards and parses a source.
func read(source string, with parse) (*tree, *Problem) {
	tokens, problem := guard(source)
	if problem != nil {
		return nil, problem
	}
	parsed, err := with(plainNames(source), &conf.Config{Functions: callable, DisableIfOperator: true, MaxNodes: 4 * MaxTokens})
	if err != nil {
		// Guard knows the shape, so this is a difference between the two; the line is refused either way.
		return nil, &Problem{Code: "unexpected-words", Start: 0, End: len(source), Message: "I do not understand this expression",
			Help: []string{`For example: city == "nairobi"`}}
	}
	t := &tree{source: source, tokens: tokens, node: parsed.Node}
	next := 0
	for i := range source {
		if next < len(tokens) && tokens[next].start == i {
			t.at = append(t.at, next)
			next++
			continue
		}
		t.at = append(t.at, -1)
	}
	return t, nil
}

// plainNames replaces every mark in a name by a letter, since expr knows names of letters and digits alone.
// A rune stays a rune, so places are the same; names are read from the tokens (see tree.name).
func plainNames(source string) string {
	for _, r := range source {
		if unicode.IsMark(r) {
			return maskMarks(source)
		}
	}
	return source
}

func maskMarks(source string) string {
	var quote rune
	escaped := false
	return strings.Map(func(r rune) rune {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && unicode.IsMark(r):
			return 'ₓ'
		case quote != 0 && escaped:
			escaped = false
		case quote != 0 && r == '\\':
			escaped = true
		case r == quote:
			quote = 0
		}
		return r
	}, source)
}

// callable is our functions as expr's parser and compiler know them: a name of ours is never one of theirs.
// The names that begin with "=" cannot be written; compile puts them in place of names, columns and operators.
var callable = func() conf.FunctionsTable {
	table := conf.FunctionsTable{}
	for name, f := range runs {
		table[name] = &builtin.Function{Name: name, Func: f}
	}
	return table
}()

// token is the token that a node was made of: its name, its operator, its first bracket.
func (t *tree) token(n ast.Node) token { return t.tokens[t.index(n)] }

func (t *tree) index(n ast.Node) int {
	if from := n.Location().From; from < len(t.at) && t.at[from] >= 0 {
		return t.at[from]
	}
	return 0
}

// span is the bytes of a node with all that belongs to it, and the brackets around it.
func (t *tree) span(n ast.Node) (start, end int) {
	first, last := t.extent(n)
	for first > 0 && last+1 < len(t.tokens) && t.tokens[first-1].text == "(" && t.tokens[first-1].pair == last+1 &&
		(first < 2 || t.tokens[first-2].kind != nameToken || binary[t.tokens[first-2].text] || t.tokens[first-2].text == "not") {
		first, last = first-1, last+1
	}
	return t.tokens[first].start, t.tokens[last].end
}

// extent is the first and last token of a node, without brackets around it.
func (t *tree) extent(n ast.Node) (first, last int) {
	i := t.index(n)
	first, last = i, i
	widen := func(m ast.Node) {
		f, l := t.extent(m)
		first, last = min(first, f), max(last, l)
		for f > 0 && l+1 < len(t.tokens) && t.tokens[f-1].pair == l+1 {
			f, l = f-1, l+1
			first, last = min(first, f), max(last, l)
		}
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		widen(n.Node)
	case *ast.BinaryNode:
		widen(n.Left)
		widen(n.Right)
	case *ast.MemberNode:
		widen(n.Node)
	case *ast.CallNode, *ast.ArrayNode:
		open := i
		if _, ok := n.(*ast.CallNode); ok {
			open++
		}
		if open < len(t.tokens) && t.tokens[open].pair > open {
			last = t.tokens[open].pair
		}
	}
	return first, last
}

// bracketed reports whether brackets of its own are around a node.
func (t *tree) bracketed(n ast.Node) bool {
	first, _ := t.extent(n)
	start, _ := t.span(n)
	return start < t.tokens[first].start
}

// text is a node as the writer wrote it.
func (t *tree) text(n ast.Node) string {
	start, end := t.span(n)
	return t.source[start:end]
}

// name is the bare name that a node is; false for any other node, yes and no among them.
func (t *tree) name(n ast.Node) (string, bool) {
	if _, ok := n.(*ast.IdentifierNode); !ok {
		return "", false
	}
	name := t.token(n).text
	return name, name != "yes" && name != "no"
}

// path is how facts call a name or a column: "office" or "office.town"; "" for any other node.
func (t *tree) path(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		name, _ := t.name(n)
		return name
	case *ast.MemberNode:
		if row := t.path(n.Node); row != "" {
			return row + "." + t.token(n).text
		}
	}
	return ""
}

// call is the function that a node calls, with its arguments.
func (t *tree) call(n ast.Node) (Function, []ast.Node, bool) {
	c, ok := n.(*ast.CallNode)
	if !ok {
		return Function{}, nil, false
	}
	f, ok := function(t.token(n).text)
	return f, c.Arguments, ok
}
