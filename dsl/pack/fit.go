package pack

import (
	"fmt"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/engine/program"
)

// merge is a type that takes the values of both, where there is one.
func merge(a, b Type, value *ast.Expr) (Type, bool) {
	switch {
	case a.Kind == program.Any:
		return b, true
	case b.Kind == program.Any:
		return a, true
	case a.Kind == program.ChoiceKind && b.Kind == program.ChoiceKind:
		return withValues(a, b.Values...), true
	case a.Kind == program.ChoiceKind && b.Kind == program.TextKind:
		if text, ok := literal(value); ok {
			return withValues(a, text), true
		}
		return b, true
	case a.Kind == program.TextKind && isWritten(b.Kind):
		return a, true
	case isWritten(a.Kind) && b.Kind == program.TextKind:
		return b, true
	case a.Kind == program.ListKind && b.Kind == program.ListKind && a.Elem != nil && b.Elem != nil:
		elem, ok := merge(*a.Elem, *b.Elem, nil)
		a.Elem = &elem
		return a, ok
	case a.Kind == program.RowKind && b.Kind == program.RowKind:
		return mergeRows(a, b)
	}
	return a, a.Kind == b.Kind
}

// mergeRows takes rows of the same columns; one that only one of them has may be unset.
func mergeRows(a, b Type) (Type, bool) {
	if len(a.Columns) != len(b.Columns) {
		return a, false
	}
	columns := slices.Clone(a.Columns)
	for i, c := range b.Columns {
		if columns[i].Name != c.Name || columns[i].Type.Kind != c.Type.Kind {
			return a, false
		}
		columns[i].Type.Optional = columns[i].Type.Optional || c.Type.Optional
	}
	a.Columns = columns
	if a.Table != b.Table {
		a.Table = ""
	}
	return a, true
}

// maxValues is how many values of a choice are followed; one with more may be anything.
const maxValues = 200

func withValues(t Type, more ...string) Type {
	if len(t.Values) == 0 || len(t.Values)+len(more) > maxValues {
		t.Values = nil
		return t
	}
	t.Values = slices.Clone(t.Values)
	for _, v := range more {
		if !slices.Contains(t.Values, v) {
			t.Values = append(t.Values, v)
		}
	}
	return t
}

// literal is the text of a quoted value.
func literal(e *ast.Expr) (string, bool) {
	if e == nil {
		return "", false
	}
	s := strings.TrimSpace(e.Source)
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] || strings.ContainsAny(s[1:len(s)-1], `"'\`) {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// isWritten says that values of a kind are texts when they are kept.
func isWritten(k program.Kind) bool {
	switch k {
	case program.TextKind, program.ChoiceKind, program.PhoneKind, program.EmailKind, program.LanguageKind,
		program.DateKind, program.TimeKind:
		return true
	}
	return false
}

// fits says that a value may go where a type is wanted. source is the value's expression: a quoted text fits a
// choice that has it, and a date or time that it spells.
func fits(want, got Type, source string) bool {
	text, quoted := literal(&ast.Expr{Source: source})
	switch {
	case want.Kind == program.Any || got.Kind == program.Any:
		return true
	case want.Kind == program.ChoiceKind && quoted:
		return len(want.Values) == 0 || slices.Contains(want.Values, text)
	case want.Kind == program.ChoiceKind && got.Kind == program.ChoiceKind:
		return len(want.Values) == 0 || len(want.Values) > maxValues || len(got.Values) > maxValues || !slices.ContainsFunc(got.Values, func(v string) bool { return !slices.Contains(want.Values, v) })
	case want.Kind == program.TextKind:
		return isWritten(got.Kind)
	case quoted && cellForms[want.Kind].read != nil && isWritten(want.Kind):
		_, ok := cellForms[want.Kind].read(text)
		return ok
	case want.Kind == program.LanguageKind && (got.Kind == program.ChoiceKind || got.Kind == program.TextKind):
		return true
	case want.Kind == program.ListKind && got.Kind == program.ListKind && want.Elem != nil && got.Elem != nil:
		return fits(*want.Elem, *got.Elem, "")
	}
	return want.Kind == got.Kind
}

// kindNames are the kinds in a message.
var kindNames = map[program.Kind]string{
	program.Any: "some value", program.TextKind: "a text", program.NumberKind: "a number", program.YesNo: "a yes or no",
	program.DateKind: "a date", program.TimeKind: "a time", program.PhoneKind: "a phone number",
	program.EmailKind: "an e-mail address", program.LocationKind: "a location", program.MediaKind: "a file",
	program.LanguageKind: "a language", program.ChoiceKind: "a choice", program.ListKind: "a list", program.RowKind: "a row",
	program.HoursKind: "opening hours",
}

func aKind(t Type) string {
	if t.Kind == program.ChoiceKind && len(t.Values) > 0 && len(t.Values) <= 4 {
		return "one of " + strings.Join(t.Values, ", ")
	}
	return kindNames[t.Kind]
}

// appendType writes a type so that two are equal when their texts are.
func appendType(dst []byte, t Type) []byte {
	dst = fmt.Appendf(dst, "%d%q%q%v(", t.Kind, t.Values, t.Table, t.Optional)
	if t.Elem != nil {
		dst = appendType(dst, *t.Elem)
	}
	for _, c := range t.Columns {
		dst = fmt.Appendf(dst, ",%q", c.Name)
		dst = appendType(dst, c.Type)
	}
	return append(dst, ')')
}
