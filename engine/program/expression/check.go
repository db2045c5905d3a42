package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"baraza/engine/program"
)

// Check types a source. The type is Any where it cannot be known. At most one problem is returned, the first
// by position: what follows it in the same expression is mostly its echo.
func Check(source string, scope Scope) (Type, []Problem) {
	return check(source, scope, false, parser.ParseWithConfig)
}

// CheckCondition checks a source that must give yes or no.
func CheckCondition(source string, scope Scope) []Problem {
	_, problems := check(source, scope, true, parser.ParseWithConfig)
	return problems
}

func check(source string, scope Scope, condition bool, with parse) (Type, []Problem) {
	t, problem := read(source, with)
	if problem != nil {
		return Type{}, []Problem{*problem}
	}
	c := checker{tree: t, scope: scope}
	got := c.typeOf(t.node, nil)
	switch {
	case condition:
		c.condition(t.node, got)
	case got.Kind == program.HoursKind:
		c.hoursAlone(t.node)
	}
	if c.problem != nil {
		return got, []Problem{*c.problem}
	}
	return got, nil
}

// checker types one expression. A type that could not be told is Any, and nothing is said about it again.
type checker struct {
	*tree
	scope   Scope
	problem *Problem
}

// report keeps a problem of a whole node.
func (c *checker) report(n ast.Node, p Problem) {
	p.Start, p.End = c.span(n)
	c.keep(p)
}

// keep takes a problem that ends before the one there is. What is found around or behind it is its echo.
func (c *checker) keep(p Problem) {
	if c.problem == nil || p.End <= c.problem.Start {
		c.problem = &p
	}
}

// typeOf types a node; known are the names surely known where it is read.
func (c *checker) typeOf(n ast.Node, known []string) Type {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return Type{Kind: program.NumberKind}
	case *ast.StringNode:
		c.sentence(n)
		return Type{Kind: program.TextKind}
	case *ast.IdentifierNode:
		return c.identifier(n, known)
	case *ast.MemberNode:
		return c.column(n, known)
	case *ast.ArrayNode:
		return c.list(n, known)
	case *ast.CallNode:
		return c.call(n, known)
	case *ast.UnaryNode:
		return c.unary(n, known)
	case *ast.BinaryNode:
		return c.binary(n, known)
	}
	// Guard lets nothing else through; the list above is what the language has.
	c.report(n, Problem{Code: "expression-not-allowed", Message: "this is not part of the language"})
	return Type{}
}

func (c *checker) identifier(n *ast.IdentifierNode, known []string) Type {
	name, ok := c.name(n)
	if !ok {
		return Type{Kind: program.YesNo}
	}
	t, ok := c.scope.Type(name)
	if !ok {
		c.unknownName(n, name)
		return Type{}
	}
	return c.read(n, t, known)
}

// read is the type of a name or column once it is known to be set.
func (c *checker) read(n ast.Node, t Type, known []string) Type {
	if !t.Optional {
		return t
	}
	t.Optional = false
	path := c.path(n)
	if path != "" && slices.Contains(known, path) {
		return t
	}
	p := Problem{Code: "may-be-unset", Message: quoted(c.text(n)) + " may be unset here"}
	switch {
	case path == "":
		p.Help = []string{"Keep it first, on a line of its own: set found = " + c.text(n), "Then test it: if known(found)"}
	case strings.Contains(path, "."):
		p.Help = []string{"Test it first: known(" + path + ") and …"}
	default:
		p.Help = []string{"Ask for it on every way to this line, or test it first: known(" + path + ") and …"}
	}
	c.report(n, p)
	return t
}

func (c *checker) unknownName(n ast.Node, name string) {
	p := Problem{Code: "unknown-name", Message: `there is nothing called "` + name + `" here`}
	p.Start, p.End = c.span(n)
	if f, ok := function(name); ok {
		p.Help = []string{"There is a function of this name: " + f.Signature() + "."}
		if len(f.Params) == 0 {
			p.Fix = &Replace{Start: p.Start, End: p.End, Text: name + "()"}
		}
		c.keep(p)
		return
	}
	names := c.scope.Names()
	if len(names) > 0 {
		p.Help = suggest("name", name, append(slices.Clone(names), "yes", "no"))
	}
	if p.Help == nil {
		p.Help = []string{`Put a text in quotes: "` + name + `"`}
	}
	p.Fix = replaceBy(name, names, p.Start, p.End)
	c.keep(p)
}

func (c *checker) column(n *ast.MemberNode, known []string) Type {
	name := c.token(n).text
	t := c.typeOf(n.Node, known)
	if t.Optional { // of a call: a name would have been reported
		t = c.read(n.Node, t, known)
	}
	columns := t.Columns
	switch t.Kind {
	case program.Any:
		return Type{}
	case program.LocationKind:
		columns = []Column{{"lat", Type{Kind: program.NumberKind}}, {"lon", Type{Kind: program.NumberKind}}}
	case program.RowKind:
	case program.ListKind:
		c.report(n, Problem{Code: "type-mismatch", Message: quoted(c.text(n.Node)) + " is " + several(t) + ", not one row",
			Help: []string{"Take its rows one by one: for each office in " + c.text(n.Node)}})
		return Type{}
	default:
		c.report(n, Problem{Code: "type-mismatch", Message: quoted(c.text(n.Node)) + " is " + a(t) + " and has no columns"})
		return Type{}
	}
	var names []string
	for _, column := range columns {
		if column.Name == name {
			return c.read(n, column.Type, known)
		}
		names = append(names, column.Name)
	}
	tok := c.token(n)
	p := Problem{Code: "unknown-column", Start: tok.start, End: tok.end, Message: quoted(c.text(n.Node)) + ` has no column called "` + name + `"`,
		Help: suggest("column", name, names), Fix: replaceBy(name, names, tok.start, tok.end)}
	if t.Table != "" {
		p.Message = `table "` + t.Table + `" has no column called "` + name + `"`
	}
	c.keep(p)
	return Type{}
}

func (c *checker) list(n *ast.ArrayNode, known []string) Type {
	var elem Type
	for i, m := range n.Nodes {
		t := c.value(m, known)
		if i == 0 || elem.Kind == program.Any {
			elem = t
			continue
		}
		if !comparable(elem, t) {
			c.report(m, Problem{Code: "type-mismatch", Message: quoted(c.text(m)) + " is " + a(t) + ", the entry before is " + a(elem),
				Help: []string{"All entries of a list are of one kind."}})
		}
	}
	return Type{Kind: program.ListKind, Elem: &elem}
}

// value types a node that must have a value: neither hours nor what a call leaves unset.
func (c *checker) value(n ast.Node, known []string) Type {
	t := c.typeOf(n, known)
	if t.Kind == program.HoursKind {
		c.hoursAlone(n)
		return Type{}
	}
	return c.read(n, t, known)
}

func (c *checker) hoursAlone(n ast.Node) {
	name := c.text(n)
	c.report(n, Problem{Code: "type-mismatch", Message: quoted(name) + " stands for hours and has no value of its own",
		Help: []string{"Ask whether they are open: is_open(" + name + ")", "Or say when they open: opens(" + name + ")"}})
}

func (c *checker) unary(n *ast.UnaryNode, known []string) Type {
	t := c.value(n.Node, known)
	if n.Operator == "not" {
		// "x not in y" is an inner node of the same operator: its own word is no condition's.
		if b, ok := n.Node.(*ast.BinaryNode); !ok || b.Location() != n.Location() {
			c.condition(n.Node, t)
		}
		return Type{Kind: program.YesNo}
	}
	c.number(n.Node, t, "made negative")
	return Type{Kind: program.NumberKind}
}

func (c *checker) binary(n *ast.BinaryNode, known []string) Type {
	yesNo := Type{Kind: program.YesNo}
	switch n.Operator {
	case "and", "or":
		c.condition(n.Left, c.value(n.Left, known))
		whenTrue, whenFalse := c.facts(n.Left)
		if n.Operator == "or" {
			whenTrue = whenFalse
		}
		c.condition(n.Right, c.value(n.Right, either(known, whenTrue)))
		return yesNo
	case "==", "!=":
		c.equal(n, known)
		return yesNo
	case "<", ">", "<=", ">=":
		c.order(n, known)
		return yesNo
	case "in":
		c.within(n, known)
		return yesNo
	case "contains", "startsWith", "endsWith":
		c.textTest(n, known)
		return yesNo
	case "+", "-", "*", "/", "%":
		c.arithmetic(n, known)
		return Type{Kind: program.NumberKind}
	case "&&": // the parser's own, for 1 < x < 9
		c.twoInARow(n)
		return yesNo
	}
	c.report(n, Problem{Code: "expression-not-allowed", Message: `"` + n.Operator + `" is not part of the language`})
	return Type{}
}

func (c *checker) twoInARow(n ast.Node) {
	tok := c.token(n)
	c.keep(Problem{Code: "expression-not-allowed", Start: tok.start, End: tok.end, Message: "two comparisons stand in a row",
		Help: []string{"Join them with and: 1 <= age and age <= 9"}})
}

func (c *checker) call(n *ast.CallNode, known []string) Type {
	f, arguments, ok := c.tree.call(n)
	if !ok {
		c.report(n, Problem{Code: "expression-not-allowed", Message: "this is not part of the language"})
		return Type{}
	}
	if len(arguments) < len(f.Params) || len(arguments) > len(f.Params) && !f.repeats {
		c.wrong(n, f, fmt.Sprintf("%s takes %s, not %d", f.Name, values(len(f.Params)), len(arguments)))
		return f.gives(make([]Type, max(len(arguments), len(f.Params))))
	}
	types := make([]Type, len(arguments))
	for i, argument := range arguments {
		p := f.Params[min(i, len(f.Params)-1)]
		types[i] = c.argument(f, p, argument, len(arguments), known)
	}
	return f.gives(types)
}

func values(n int) string {
	switch n {
	case 0:
		return "no value"
	case 1:
		return "1 value"
	}
	return fmt.Sprint(n, " values")
}

func (c *checker) wrong(n ast.Node, f Function, message string) {
	c.report(n, Problem{Code: "wrong-arguments", Message: message, Help: []string{"For example: " + f.Example}})
}

// argument types one value given to a function.
func (c *checker) argument(f Function, p Param, n ast.Node, count int, known []string) Type {
	if p.wants == wantName {
		return c.knownArgument(f, n, known)
	}
	t := c.typeOf(n, known)
	if p.wants == wantHours {
		if _, bare := c.name(n); !bare || t.Kind != program.HoursKind && t.Kind != program.Any {
			c.wrong(n, f, f.Name+" needs "+wanted[p.wants])
		}
		return t
	}
	if t.Kind == program.HoursKind {
		c.hoursAlone(n)
		return Type{}
	}
	t = c.read(n, t, known)
	if t.Kind != program.Any && !c.takes(p.wants, n, t, count) {
		c.wrong(n, f, f.Name+" needs "+wanted[p.wants]+", but "+quoted(c.text(n))+" is "+a(t))
	}
	return t
}

// knownArgument is the one place where a name may be unset.
func (c *checker) knownArgument(f Function, n ast.Node, known []string) Type {
	path := c.path(n)
	if _, ok := n.(*ast.CallNode); ok {
		if t := c.typeOf(n, known); t.Optional || t.Kind == program.Any {
			return t
		}
	}
	if path == "" {
		c.wrong(n, f, "known needs a name, such as known(city)")
		return Type{}
	}
	known = append(slices.Clone(known), path)
	return c.value(n, known)
}

// takes reports whether a parameter takes a value of a type.
func (c *checker) takes(w want, n ast.Node, t Type, count int) bool {
	switch w {
	case wantMany:
		return t.Kind == program.ListKind
	case wantRows:
		return t.Kind == program.ListKind && (t.Elem == nil || t.Elem.Kind == program.RowKind || t.Elem.Kind == program.Any)
	case wantNumbers:
		if t.Kind == program.ListKind {
			return count == 1 && (t.Elem == nil || t.Elem.Kind == program.NumberKind || t.Elem.Kind == program.Any)
		}
		return t.Kind == program.NumberKind
	case wantNumber:
		return t.Kind == program.NumberKind
	case wantText:
		return written(t.Kind)
	case wantDate:
		return t.Kind == program.DateKind || c.literalIs(n, program.DateKind)
	case wantPlace:
		if t.Kind == program.RowKind {
			return hasColumn(t, "lat") && hasColumn(t, "lon")
		}
		return t.Kind == program.LocationKind
	case wantLanguage:
		return t.Kind == program.LanguageKind || t.Kind == program.TextKind || t.Kind == program.ChoiceKind
	}
	return false
}

func hasColumn(t Type, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool {
		return c.Name == name && (c.Type.Kind == program.NumberKind || c.Type.Kind == program.Any)
	})
}

// condition says what is wrong with a type where yes or no is wanted.
func (c *checker) condition(n ast.Node, t Type) {
	if t.Kind == program.YesNo || t.Kind == program.Any {
		return
	}
	text := c.text(n)
	p := Problem{Code: "not-a-condition", Message: quoted(text) + " is " + a(t) + ", not yes or no"}
	switch {
	case c.negated(n):
		p.Help = []string{`"not" belongs to the next word alone. Put brackets around what it denies: not (…)`}
	case c.token(n).kind == quoteToken || c.token(n).kind == numberToken:
		p.Help = []string{"Compare a name with it, for example: age > 17 or city == \"nairobi\""}
	case t.Kind == program.NumberKind:
		p.Help = []string{"Compare it, for example: " + text + " > 0"}
	case t.Kind == program.ChoiceKind && len(t.Values) > 0:
		p.Help = []string{"Compare it, for example: " + text + ` == "` + t.Values[0] + `"`}
	case t.Kind == program.ListKind:
		p.Help = []string{"Look for a value in it, or count it: count(" + text + ") > 0"}
	case t.Kind == program.HoursKind:
		c.hoursAlone(n)
		return
	case written(t.Kind):
		p.Help = []string{"Compare it, for example: " + text + ` == "…"`}
	default:
		p.Help = []string{"Ask whether it has a value: known(" + text + ")"}
	}
	c.report(n, p)
}

// negated reports whether "not" stands before a node and a comparison after it: not city == "nairobi".
func (c *checker) negated(n ast.Node) bool {
	first, last := c.extent(n)
	if first == 0 || c.tokens[first-1].text != "not" || last+1 >= len(c.tokens) {
		return false
	}
	next := c.tokens[last+1].text
	return binary[next] && next != "and" && next != "or" || next == "not"
}

// sentence refuses texts that people would read: they would escape translation.
func (c *checker) sentence(n *ast.StringNode) {
	s := strings.TrimSpace(n.Value)
	last, _ := utf8.DecodeLastRuneInString(s)
	if len(strings.Fields(s)) <= 3 && !(strings.ContainsRune(".!?…؟۔।。！？", last) && strings.ContainsFunc(s, isWordRune)) {
		return
	}
	c.report(n, Problem{Code: "quoted-sentence", Message: "a sentence in quotes would not be translated",
		Help: []string{"Write what people read in a text line: say: …", "In an expression, compare with an option's id: city == \"nairobi\""}})
}
