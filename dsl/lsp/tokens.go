package lsp

import (
	"slices"
	"strings"

	"baraza/dsl/syntax"
	"baraza/engine/program/expression"
)

// legend are the kinds of words that are coloured, in the protocol's names.
var legend = map[string]any{"tokenTypes": tokenNames, "tokenModifiers": []string{}}

var tokenNames = []string{"keyword", "comment", "string", "number", "operator", "variable", "function", "namespace", "class", "property", "enumMember", "method"}

const (
	keywordToken = iota
	commentToken
	stringToken
	numberToken
	operatorToken
	variableToken
	functionToken
	namespaceToken
	classToken
	propertyToken
	memberToken
	methodToken
)

// tokensOf are the token types of the kinds of names.
var tokensOf = map[kind]int{flowName: namespaceToken, libraryName: namespaceToken, stepName: methodToken, variableName: variableToken, rowName: variableToken,
	fieldName: propertyToken, columnName: propertyToken, optionName: memberToken}

// colored is a word with its token type.
type colored struct{ start, end, token int }

// semantic is the colouring of a flow file. Names have the colour of what they stand for, so a name that stands for
// nothing is seen to.
func (s *server) semantic(p closeParams) (*semanticTokens, error) {
	key, _ := keyOf(p.TextDocument.URI)
	out := &semanticTokens{Data: []uint32{}}
	var v *fileView
	var t *text
	var uses []use
	if f, name := s.packOf(key); f != nil {
		v, t, uses = f.view(name), f.text(name), f.namesOf().usesIn(name)
	} else if d := s.docs[key]; d != nil && d.alone {
		v, t = syntax.Look(d.text.src), d.text
	}
	if t == nil {
		return out, nil
	}
	line, character := 0, 0
	for _, c := range colors(t, v, uses) {
		from, to := t.position(c.start, s.encoding), t.position(c.end, s.encoding)
		if from.Line != to.Line || from == to {
			continue
		}
		if from.Line != line {
			character = 0
		}
		out.Data = append(out.Data, uint32(from.Line-line), uint32(from.Character-character), uint32(to.Character-from.Character), uint32(c.token), 0)
		line, character = from.Line, from.Character
	}
	return out, nil
}

// colors are the coloured words of a file in their order, none over another.
func colors(t *text, v *fileView, uses []use) []colored {
	named := map[int]use{}
	for _, u := range uses {
		named[u.at.Start] = u
	}
	c := &colorer{src: t.src, named: named}
	line := 0
	for _, p := range v.Pieces {
		for line+1 < len(v.Lines) && v.Lines[line+1].Start <= p.Start {
			line++
		}
		var head *syntax.ViewLine
		if line < len(v.Lines) && v.Lines[line].Start <= p.Start && p.End <= v.Lines[line].End {
			head = &v.Lines[line]
		}
		c.piece(p, head)
	}
	slices.SortStableFunc(c.all, func(a, b colored) int { return a.start - b.start })
	end := 0
	return slices.DeleteFunc(c.all, func(w colored) bool {
		if w.start < end {
			return true
		}
		end = w.end
		return false
	})
}

type colorer struct {
	src   []byte
	named map[int]use
	all   []colored
}

func (c *colorer) add(start, end, token int) { c.all = append(c.all, colored{start, end, token}) }

// name colours a word by what it stands for; it is false where it stands for nothing.
func (c *colorer) name(start int) bool {
	u, ok := c.named[start]
	if ok {
		token, known := tokensOf[u.thing.kind]
		if !known {
			token = classToken
		}
		c.add(u.at.Start, u.at.End, token)
	}
	return ok
}

func (c *colorer) piece(p syntax.Piece, line *syntax.ViewLine) {
	switch p.Kind {
	case syntax.CommentPiece:
		c.add(p.Start, p.End, commentToken)
	case syntax.NumberPiece:
		c.add(p.Start, p.End, numberToken)
	case syntax.PathPiece:
		c.add(p.Start, p.End, stringToken)
	case syntax.SignPiece:
		c.add(p.Start, p.End, operatorToken)
	case syntax.TextPiece:
		c.text(p)
	case syntax.ExprPiece:
		c.expr(p.Start, p.End)
	case syntax.WordPiece:
		if line != nil && line.Head != nil && p.End <= line.Keyword {
			c.add(p.Start, p.End, keywordToken)
		} else if !c.name(p.Start) && line != nil && line.Head != nil && literal(line.Head, string(c.src[p.Start:p.End])) {
			c.add(p.Start, p.End, keywordToken)
		}
	}
}

// text colours a line of text around the names in its holes, which stay names.
func (c *colorer) text(p syntax.Piece) {
	at := p.Start
	for at < p.End {
		open := strings.IndexByte(string(c.src[at:p.End]), '{')
		if open < 0 || open > 0 && c.src[at+open-1] == '\\' {
			break
		}
		end := strings.IndexByte(string(c.src[at+open:p.End]), '}')
		if end < 0 {
			break
		}
		if open > 0 {
			c.add(at, at+open, stringToken)
		}
		c.expr(at+open+1, at+open+end)
		at += open + end + 1
	}
	if at < p.End {
		c.add(at, p.End, stringToken)
	}
}

func (c *colorer) expr(start, end int) {
	pieces := expression.Pieces(string(c.src[start:end]))
	for i, p := range pieces {
		from, to := start+p.Start, start+p.End
		switch p.Kind {
		case expression.NumberPiece:
			c.add(from, to, numberToken)
		case expression.QuotePiece:
			if !c.name(from + 1) {
				c.add(from, to, stringToken)
			}
		case expression.SignPiece:
			c.add(from, to, operatorToken)
		case expression.NamePiece:
			switch {
			case c.name(from):
			case i+1 < len(pieces) && pieces[i+1].Text == "(":
				c.add(from, to, functionToken)
			case syntax.NameProblem(p.Text) != "":
				c.add(from, to, keywordToken)
			}
		}
	}
}

// literal tells whether a word is one of the language in a kind of line, such as "as" in "ask NAME as TYPE".
func literal(h *syntax.Head, word string) bool {
	for _, row := range h.Same() {
		for _, w := range shapeOf(row) {
			if w == word {
				return true
			}
		}
	}
	return slices.Contains(syntax.Targets(), word) || slices.Contains(syntax.Types(), word)
}
