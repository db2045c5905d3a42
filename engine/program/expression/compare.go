package expression

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/expr-lang/expr/ast"

	"baraza/engine/program"
)

// words are the kinds as a writer is told them, with their article.
var kindWords = map[program.Kind]string{
	program.Any: "a value", program.TextKind: "a text", program.NumberKind: "a number", program.YesNo: "yes or no",
	program.DateKind: "a date", program.TimeKind: "a time", program.PhoneKind: "a phone number", program.EmailKind: "an email address",
	program.LocationKind: "a location", program.MediaKind: "a file", program.LanguageKind: "a language", program.ChoiceKind: "a choice",
	program.ListKind: "a list", program.RowKind: "a row", program.HoursKind: "opening hours",
}

func a(t Type) string {
	if t.Kind == program.ListKind {
		return several(t)
	}
	return kindWords[t.Kind]
}

func several(t Type) string {
	if t.Table != "" || t.Elem != nil && t.Elem.Table != "" {
		return "a table"
	}
	return "a list"
}

// written reports whether values of a kind are letters that may be compared with a quoted text.
func written(k program.Kind) bool {
	switch k {
	case program.TextKind, program.PhoneKind, program.EmailKind, program.LanguageKind, program.ChoiceKind:
		return true
	}
	return false
}

// comparable reports whether == makes sense between two types.
func comparable(a, b Type) bool {
	return a.Kind == program.Any || b.Kind == program.Any || a.Kind == b.Kind || written(a.Kind) && written(b.Kind)
}

// equal checks == and !=.
func (c *checker) equal(n *ast.BinaryNode, known []string) {
	if left, ok := n.Left.(*ast.BinaryNode); ok && operators[left.Operator] != "=reckon" && !c.bracketed(left) {
		c.twoInARow(n)
		return
	}
	if c.bareText(n.Left, n.Right, known) || c.bareText(n.Right, n.Left, known) {
		return
	}
	left, right := c.value(n.Left, known), c.value(n.Right, known)
	for _, t := range []struct {
		n ast.Node
		t Type
	}{{n.Left, left}, {n.Right, right}} {
		switch t.t.Kind {
		case program.ListKind:
			c.report(t.n, Problem{Code: "type-mismatch", Message: quoted(c.text(t.n)) + " is " + several(t.t) + " and is not compared as a whole",
				Help: []string{`Look for a value in it: "…" in ` + c.text(t.n), "Or count it: count(" + c.text(t.n) + ")"}})
			return
		case program.LocationKind, program.MediaKind:
			c.report(t.n, Problem{Code: "type-mismatch", Message: quoted(c.text(t.n)) + " is " + a(t.t) + " and cannot be compared",
				Help: []string{"Ask whether it has a value: known(" + c.text(t.n) + ")"}})
			return
		}
	}
	if c.itself(n) {
		return
	}
	if c.literalOf(n.Left, n.Right, right) || c.literalOf(n.Right, n.Left, left) {
		return
	}
	if !comparable(left, right) {
		c.mismatch(n, left, right)
	}
}

// itself finds a value that is compared with itself: where town == town lacks the name of the row.
func (c *checker) itself(n *ast.BinaryNode) bool {
	text := c.text(n.Left)
	if text != c.text(n.Right) {
		return false
	}
	p := Problem{Code: "compared-with-itself", Message: quoted(text) + " is compared with itself"}
	name, ok := c.name(n.Left)
	for _, row := range c.scope.Names() {
		if t, _ := c.scope.Type(row); ok && t.Kind == program.RowKind && slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == name }) {
			p.Help = []string{"A column is written with the row before it: " + row + "." + name}
			start, end := c.span(n.Left)
			p.Fix = &Replace{Start: start, End: end, Text: row + "." + name}
			break
		}
	}
	if p.Help == nil {
		p.Help = []string{"Write on one side what it is to be compared with."}
	}
	c.report(n, p)
	return true
}

// bareText finds a name that is none beside a choice or a text: city == nairobi lacks its quotes.
func (c *checker) bareText(side, bare ast.Node, known []string) bool {
	name, ok := c.name(bare)
	if !ok {
		if _, isName := bare.(*ast.IdentifierNode); !isName {
			return false
		}
		return c.bareYesNo(side, bare)
	}
	if _, ok := c.scope.Type(name); ok {
		return false
	}
	if _, ok := c.name(side); !ok {
		if _, ok := side.(*ast.MemberNode); !ok {
			return false
		}
	}
	quiet := checker{tree: c.tree, scope: c.scope}
	t := quiet.typeOf(side, known)
	if t.Kind != program.TextKind && t.Kind != program.ChoiceKind && t.Kind != program.LanguageKind {
		return false
	}
	if !slices.Contains(t.Values, name) && len(nearest(name, c.scope.Names())) > 0 && len(nearest(name, t.Values)) == 0 {
		return false
	}
	c.value(side, known)
	if near := nearest(name, t.Values); !slices.Contains(t.Values, name) && len(near) > 0 {
		name = near[0]
	}
	c.missingQuotes(bare, name)
	return true
}

// bareYesNo finds yes and no beside a choice that has options of these ids.
func (c *checker) bareYesNo(side, bare ast.Node) bool {
	name := c.token(bare).text
	quiet := checker{tree: c.tree, scope: c.scope}
	t := quiet.typeOf(side, nil)
	if t.Kind != program.ChoiceKind || !slices.Contains(t.Values, name) {
		return false
	}
	c.missingQuotes(bare, name)
	return true
}

// missingQuotes says that a bare name is meant as a text.
func (c *checker) missingQuotes(n ast.Node, name string) {
	start, end := c.span(n)
	c.keep(Problem{Code: "missing-quotes", Start: start, End: end, Message: quoted(c.text(n)) + ` is a text and needs quotes`,
		Help: []string{`Write it in quotes: "` + name + `"`}, Fix: &Replace{Start: start, End: end, Text: `"` + name + `"`}})
}

// literalOf checks a quoted text against the type on its other side; true when all is said.
func (c *checker) literalOf(literal, side ast.Node, t Type) bool {
	s, ok := literal.(*ast.StringNode)
	return ok && c.fits(s, side, t)
}

// fits checks that a quoted text is a value that a type can have; true when all is said.
func (c *checker) fits(s *ast.StringNode, side ast.Node, t Type) bool {
	switch t.Kind {
	case program.ChoiceKind, program.LanguageKind:
		if len(t.Values) == 0 || slices.Contains(t.Values, s.Value) {
			return true
		}
		start, end := c.span(s)
		p := Problem{Code: "unknown-option-value", Start: start, End: end, Message: quoted(c.text(side)) + ` is never "` + s.Value + `"`,
			Help: suggest("value", s.Value, t.Values)}
		if len(t.Values) > 1 && len(nearest(s.Value, t.Values)) > 0 && len(t.Values) <= mostShown {
			p.Help = append(p.Help, "There are: "+strings.Join(t.Values, ", ")+".")
		}
		if fix := replaceBy(s.Value, t.Values, start, end); fix != nil {
			p.Fix = fix
			p.Fix.Text = `"` + fix.Text + `"`
		}
		c.keep(p)
		return true
	case program.DateKind, program.TimeKind:
		if c.literalIs(s, t.Kind) {
			return true
		}
		example := `Write a date as year, month and day: "2027-03-31"`
		if t.Kind == program.TimeKind {
			example = `Write a time with hours and minutes: "08:30"`
		}
		c.report(s, Problem{Code: "type-mismatch", Message: quoted(c.text(side)) + " is " + a(t) + ", so it cannot be compared with " + c.text(s),
			Help: []string{example}})
		return true
	}
	return false
}

// literalIs reports whether a node is a quoted date or time.
func (c *checker) literalIs(n ast.Node, kind program.Kind) bool {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return false
	}
	layout := time.DateOnly
	if kind == program.TimeKind {
		layout = "15:04"
	}
	at, err := time.Parse(layout, s.Value)
	return err == nil && at.Format(layout) == s.Value
}

func (c *checker) mismatch(n *ast.BinaryNode, left, right Type) {
	p := Problem{Code: "type-mismatch", Message: quoted(c.text(n.Left)) + " is " + a(left) + ", so it cannot be compared with " + c.named(n.Right)}
	if _, literal := n.Left.(*ast.StringNode); literal {
		p.Message = quoted(c.text(n.Right)) + " is " + a(right) + ", so it cannot be compared with " + c.named(n.Left)
		left, right = right, left
	}
	switch {
	case left.Kind == program.NumberKind && written(right.Kind):
		p.Help = []string{"Write numbers without quotes: age > 17"}
	case left.Kind == program.YesNo:
		p.Help = []string{"Compare it with yes or no, or write it alone."}
	case right.Kind == program.YesNo && left.Kind == program.ChoiceKind && len(left.Values) > 0:
		p.Help = []string{`Compare it with one of its values: "` + strings.Join(left.Values, `", "`) + `"`}
	case written(left.Kind) && right.Kind == program.NumberKind:
		p.Help = []string{`Write a text in quotes: "12"`, "To compare numbers, ask for a number: ask age as number: …"}
	default:
		p.Help = []string{quoted(c.text(n.Right)) + " is " + a(right) + "."}
	}
	c.report(n, p)
}

// named is a node in a message; a number needs no quotes, and those of a text are enough.
func (c *checker) named(n ast.Node) string {
	if c.token(n).kind == numberToken {
		return c.text(n)
	}
	return quoted(c.text(n))
}

// order checks < > <= >=.
func (c *checker) order(n *ast.BinaryNode, known []string) {
	left, right := c.value(n.Left, known), c.value(n.Right, known)
	if c.orderedLiteral(n.Left, n.Right, right) || c.orderedLiteral(n.Right, n.Left, left) {
		return
	}
	if left.Kind != program.Any && right.Kind != program.Any && !comparable(left, right) {
		c.mismatch(n, left, right)
		return
	}
	for _, side := range []struct {
		n ast.Node
		t Type
	}{{n.Left, left}, {n.Right, right}} {
		switch side.t.Kind {
		case program.Any, program.NumberKind, program.DateKind, program.TimeKind:
		default:
			c.report(side.n, Problem{Code: "type-mismatch", Message: quoted(c.text(side.n)) + " is " + a(side.t) + " and has no order",
				Help: []string{"Only numbers, dates and times can be smaller or greater."}})
			return
		}
	}
}

// orderedLiteral takes a quoted date or time beside a date or a time.
func (c *checker) orderedLiteral(literal, side ast.Node, t Type) bool {
	s, ok := literal.(*ast.StringNode)
	if !ok || t.Kind != program.DateKind && t.Kind != program.TimeKind {
		return false
	}
	return c.fits(s, side, t)
}

// within checks in.
func (c *checker) within(n *ast.BinaryNode, known []string) {
	if list, ok := n.Right.(*ast.ArrayNode); ok {
		for _, m := range list.Nodes {
			if c.bareText(n.Left, m, known) {
				return
			}
		}
	}
	right := c.value(n.Right, known)
	if right.Kind == program.ListKind && right.Elem != nil {
		if name, ok := c.name(n.Left); ok {
			if _, ok := c.scope.Type(name); !ok && slices.Contains(right.Elem.Values, name) {
				c.missingQuotes(n.Left, name)
				return
			}
		}
	}
	left := c.value(n.Left, known)
	switch {
	case right.Kind == program.Any || left.Kind == program.Any:
		return
	case right.Kind != program.ListKind:
		p := Problem{Code: "type-mismatch", Message: quoted(c.text(n.Right)) + " is " + a(right) + ", not a list"}
		if written(right.Kind) {
			p.Help = []string{"To look inside a text: " + c.text(n.Right) + " contains " + c.text(n.Left)}
		} else {
			p.Help = []string{`Write the values in brackets: city in ["nairobi", "kakuma"]`}
		}
		c.report(n.Right, p)
		return
	}
	if list, ok := n.Right.(*ast.ArrayNode); ok {
		for _, m := range list.Nodes {
			if s, ok := m.(*ast.StringNode); ok && c.fits(s, n.Left, left) && c.problem != nil {
				return
			}
		}
		if (left.Kind == program.DateKind || left.Kind == program.TimeKind) && right.Elem != nil && right.Elem.Kind == program.TextKind {
			return
		}
	}
	if right.Elem == nil || right.Elem.Kind == program.Any {
		return
	}
	if s, ok := n.Left.(*ast.StringNode); ok && c.fits(s, n.Right, *right.Elem) {
		return
	}
	if left.Kind == program.ListKind || right.Elem.Kind == program.ListKind || !comparable(left, *right.Elem) {
		holder := quoted(c.text(n.Right))
		if _, ok := n.Right.(*ast.ArrayNode); ok {
			holder = "the list"
		}
		c.report(n.Left, Problem{Code: "type-mismatch", Message: quoted(c.text(n.Left)) + " is " + a(left) + ", but " + holder + " holds " + plural(*right.Elem)})
	}
}

// plural is a kind in the plural.
func plural(t Type) string {
	if t.Kind == program.YesNo {
		return "yes or no"
	}
	_, word, _ := strings.Cut(a(t), " ")
	return strings.TrimSuffix(word, "s") + "s"
}

// textTest checks contains, startsWith and endsWith.
func (c *checker) textTest(n *ast.BinaryNode, known []string) {
	for i, m := range []ast.Node{n.Left, n.Right} {
		t := c.value(m, known)
		if t.Kind == program.Any || written(t.Kind) {
			continue
		}
		p := Problem{Code: "type-mismatch", Message: quoted(c.text(m)) + " is " + a(t) + ", not a text"}
		if t.Kind == program.ListKind && i == 0 {
			p.Help = []string{"To look for a value in a list: " + c.text(n.Right) + " in " + c.text(n.Left)}
		}
		c.report(m, p)
	}
}

// arithmetic checks + - * / %.
func (c *checker) arithmetic(n *ast.BinaryNode, known []string) {
	left, right := c.value(n.Left, known), c.value(n.Right, known)
	if n.Operator == "+" && (written(left.Kind) || written(right.Kind)) {
		tok := c.token(n)
		c.keep(Problem{Code: "expression-not-allowed", Start: tok.start, End: tok.end, Message: "texts are not joined with +",
			Help: []string{"Write both in one text, with their names in braces: say: {first} {second}"}})
		return
	}
	c.number(n.Left, left, "counted with")
	c.number(n.Right, right, "counted with")
}

// number refuses what is no number where it is reckoned with.
func (c *checker) number(n ast.Node, t Type, done string) {
	if t.Kind == program.NumberKind || t.Kind == program.Any {
		return
	}
	p := Problem{Code: "type-mismatch", Message: quoted(c.text(n)) + " is " + a(t) + ", so it cannot be " + done}
	switch {
	case t.Kind == program.DateKind:
		p.Help = []string{"For the days until a date: days_until(" + c.text(n) + ")"}
	case t.Kind == program.ListKind:
		p.Help = []string{"For how many there are: count(" + c.text(n) + ")"}
	case written(t.Kind):
		p.Help = []string{"Ask for it as a number: ask age as number: …"}
	}
	c.report(n, p)
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) }
