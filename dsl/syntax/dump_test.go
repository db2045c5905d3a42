package syntax

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"baraza/dsl/ast"
)

// dump writes an outline in a compact form: one line for each head, with the fields that are set, and its text.
func dump(f *ast.File) string {
	var b strings.Builder
	for _, l := range f.Lines {
		dumpLine(&b, l, 0)
	}
	return b.String()
}

func dumpLine(b *strings.Builder, l *ast.Line, depth int) {
	fmt.Fprintf(b, "%s%s", strings.Repeat("  ", depth), reflect.TypeOf(l.Head).Elem().Name())
	b.WriteString(dumpValue(reflect.ValueOf(l.Head).Elem()))
	if l.Text != nil {
		fmt.Fprintf(b, " | %s", dumpParts(l.Text.Parts))
	}
	b.WriteByte('\n')
	for _, c := range l.Children {
		dumpLine(b, c, depth+1)
	}
}

// dumpValue writes " field=value" for each field that is set.
func dumpValue(v reflect.Value) string {
	var b strings.Builder
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if f.IsZero() || name == "Pos" || name == "EndPos" {
			continue
		}
		fmt.Fprintf(&b, " %s=%s", strings.ToLower(name), dumpField(f))
	}
	return b.String()
}

func dumpField(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case ast.Name:
		return x.Text
	case ast.Expr:
		return "`" + x.Source + "`"
	case ast.Target:
		return strings.Join(x.Parts, ".")
	case ast.Duration:
		return strconv.Itoa(x.N) + x.Unit
	case ast.Date:
		return fmt.Sprintf("%d-%02d-%02d", x.Year, x.Month, x.Day)
	case ast.Times:
		return fmt.Sprintf("%d-%d", x.From, x.To)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return dumpField(v.Elem())
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, dumpField(v.Index(i)))
		}
		return "[" + strings.Join(all, "; ") + "]"
	case reflect.Struct:
		return "(" + strings.TrimSpace(dumpValue(v)) + ")"
	}
	return fmt.Sprint(v.Interface())
}

func dumpParts(parts []ast.Part) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.Hole != nil:
			fmt.Fprintf(&b, "{%s}", p.Hole.Source)
		case p.Plural != nil:
			dumpCases(&b, "plural", p.Plural)
		case p.Select != nil:
			dumpCases(&b, "select", p.Select)
		case p.Count:
			b.WriteString("{#}")
		default:
			fmt.Fprintf(&b, "%q", p.Literal)
		}
	}
	return b.String()
}

func dumpCases(b *strings.Builder, kind string, c *ast.Cases) {
	fmt.Fprintf(b, "{%s %s:", kind, c.Value.Source)
	for _, k := range c.Cases {
		fmt.Fprintf(b, " %s(%s)", k.Key, dumpParts(k.Text))
	}
	b.WriteByte('}')
}
