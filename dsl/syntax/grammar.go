package syntax

import (
	"sync"

	"baraza/dsl/ast"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// reader reads the head of one kind of line with the grammar in the tags of its struct.
type reader struct {
	parse func(*lexer.PeekingLexer) (ast.Head, error)
	ebnf  func() string
}

// grammar builds the reader of a head when it is first used. Lookahead 0 makes it a predictive parser: it blames
// the first token that does not fit.
func grammar[T any, P interface {
	*T
	ast.Head
}]() *reader {
	build := sync.OnceValue(func() *participle.Parser[T] {
		return participle.MustBuild[T](
			participle.Lexer(definition{}),
			participle.UseLookahead(0),
			participle.Elide("Space"),
		)
	})
	return &reader{
		parse: func(lex *lexer.PeekingLexer) (ast.Head, error) {
			head, err := build().ParseFromLexer(lex)
			return P(head), err
		},
		ebnf: func() string { return build().String() },
	}
}

// bare makes the head of a line that has nothing behind its keyword.
func bare[T any, P interface {
	*T
	ast.Head
}]() ast.Head {
	return P(new(T))
}
