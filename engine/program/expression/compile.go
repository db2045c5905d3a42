package expression

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Expression is a compiled source. It is immutable and safe for concurrent use.
type Expression struct {
	// name is set where the whole source is one name, which needs no machine.
	name    string
	program *vm.Program
}

// Compile makes a source ready to run. It knows no types: a source that Check refused may still compile, and
// what it reads amiss is an error of Eval. The error is a Problem's message, for logs.
func Compile(source string) (*Expression, error) {
	return compileWith(source, parser.ParseWithConfig)
}

func compileWith(source string, with parse) (*Expression, error) {
	t, problem := read(source, with)
	if problem != nil {
		return nil, fmt.Errorf("compile expression %q: %s", cut(source), problem.Message)
	}
	if name, ok := t.name(t.node); ok {
		return &Expression{name: name}, nil
	}
	node, err := t.rewrite(t.node)
	if err != nil {
		return nil, fmt.Errorf("compile expression %q: %w", cut(source), err)
	}
	// Our source is left out: expr would quote it, with what a person wrote beside it, in errors.
	made := &parser.Tree{Node: node, Source: file.NewSource("")}
	program, err := compiler.Compile(made, &conf.Config{Functions: callable, ShortCircuit: true})
	if err != nil {
		return nil, fmt.Errorf("compile expression %q: %w", cut(source), err)
	}
	return &Expression{program: program}, nil
}

// cut keeps hostile sources out of logs.
func cut(source string) string { return source[:min(len(source), 80)] }

var errNotOurs = errors.New("this is not part of the language")

// rewrite makes a new tree in which names, columns and operators are calls of ours: reading what is unset
// gives nil, every number is a float64, and only ours decides what two values do together. The parsed tree
// stays as it is, since expr shares nodes between branches.
func (t *tree) rewrite(n ast.Node) (ast.Node, error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return &ast.ConstantNode{Value: float64(n.Value)}, nil
	case *ast.FloatNode:
		return &ast.ConstantNode{Value: n.Value}, nil
	case *ast.StringNode:
		return &ast.ConstantNode{Value: n.Value}, nil
	case *ast.IdentifierNode:
		name, ok := t.name(n)
		if !ok {
			return &ast.BoolNode{Value: name == "yes"}, nil
		}
		return invoke("=name", environment(), constant(name)), nil
	case *ast.MemberNode:
		row, err := t.rewrite(n.Node)
		return invoke("=column", environment(), row, constant(t.token(n).text)), err
	case *ast.ArrayNode:
		nodes, err := t.rewriteAll(nil, n.Nodes)
		return &ast.ArrayNode{Nodes: nodes}, err
	case *ast.UnaryNode:
		if n.Operator == "not" {
			condition, err := t.condition(n.Node)
			return &ast.UnaryNode{Operator: "not", Node: condition}, err
		}
		value, err := t.rewrite(n.Node)
		return invoke("=reckon", constant("-"), constant(0.0), value), err
	case *ast.BinaryNode:
		return t.rewriteBinary(n)
	case *ast.CallNode:
		return t.rewriteCall(n)
	}
	return nil, errNotOurs
}

func (t *tree) rewriteAll(made, nodes []ast.Node) ([]ast.Node, error) {
	for _, n := range nodes {
		m, err := t.rewrite(n)
		if err != nil {
			return nil, err
		}
		made = append(made, m)
	}
	return made, nil
}

// operators are the calls that stand for operators; "and" and "or" stay expr's own, since they must not read
// their right side too early.
var operators = map[string]string{
	"==": "=equal", "!=": "=equal", "<": "=order", ">": "=order", "<=": "=order", ">=": "=order", "in": "=in",
	"contains": "=text", "startsWith": "=text", "endsWith": "=text",
	"+": "=reckon", "-": "=reckon", "*": "=reckon", "/": "=reckon", "%": "=reckon",
}

func (t *tree) rewriteBinary(n *ast.BinaryNode) (ast.Node, error) {
	if n.Operator == "and" || n.Operator == "or" {
		left, err := t.condition(n.Left)
		if err != nil {
			return nil, err
		}
		right, err := t.condition(n.Right)
		return &ast.BinaryNode{Operator: n.Operator, Left: left, Right: right}, err
	}
	name, ok := operators[n.Operator]
	if !ok {
		return nil, errNotOurs
	}
	sides, err := t.rewriteAll(nil, []ast.Node{n.Left, n.Right})
	if err != nil {
		return nil, err
	}
	if n.Operator == "in" {
		sides[1] = onceMade(sides[1]) // nobody keeps it, so one will do for every run
	}
	return invoke(name, constant(n.Operator), sides[0], sides[1]), nil
}

// onceMade is a list of constants as one constant.
func onceMade(n ast.Node) ast.Node {
	list, ok := n.(*ast.ArrayNode)
	if !ok {
		return n
	}
	values := make([]any, len(list.Nodes))
	for i, m := range list.Nodes {
		c, ok := m.(*ast.ConstantNode)
		if !ok {
			return n
		}
		values[i] = c.Value
	}
	return constant(values)
}

func (t *tree) rewriteCall(n *ast.CallNode) (ast.Node, error) {
	f, arguments, ok := t.call(n)
	if !ok || len(arguments) < len(f.Params) || len(arguments) > len(f.Params) && !f.repeats {
		return nil, errNotOurs
	}
	if len(f.Params) == 1 && f.Params[0].wants == wantHours {
		name, bare := t.name(arguments[0])
		if !bare {
			return nil, errNotOurs
		}
		return invoke(f.Name, environment(), constant(name)), nil
	}
	made, err := t.rewriteAll([]ast.Node{environment()}, arguments)
	return invoke(f.Name, made...), err
}

// condition rewrites a node that must give yes or no; what may give something else goes through "=truth".
func (t *tree) condition(n ast.Node) (ast.Node, error) {
	made, err := t.rewrite(n)
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" {
			return made, nil
		}
	case *ast.BinaryNode:
		if name := operators[n.Operator]; name != "=reckon" {
			return made, nil
		}
	}
	return invoke("=truth", made), nil
}

func invoke(name string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}

func constant(v any) ast.Node { return &ast.ConstantNode{Value: v} }

// environment is the *Env of the run; $env is expr's name for it, which Guard keeps out of sources.
func environment() ast.Node { return &ast.IdentifierNode{Value: "$env"} }
