package expression_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Any source: nothing panics, every place is in the source, what Check accepts compiles, and a run is bounded.
func FuzzExpression(f *testing.F) {
	for _, c := range accepted {
		f.Add(c.source)
	}
	for _, source := range []string{
		`nothing.x.y == -(-3) % 0`, `max([], 3, "x")`, `not not yes and no or 1 < 2`, `"\"\\\n" contains '\''`, "a\u0301.b == ا\u064b", `opens(x) == known(known)`,
		`city == nairobi`, `age = 3`, `"“`, `ready ? 1 : 2`, `[[1, [2]], "a"] == [x]`, `row(row(a, 1), "b").c`, `1 not in [not 1]`, `(a).b.c(`, `1 < 2 < 3`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		holds(t, source)
	})
}

// fatal is what fuzz tests and properties have in common.
type fatal interface {
	Helper()
	Fatalf(format string, values ...any)
}

func holds(t fatal, source string) {
	t.Helper()
	refused := expression.Guard(source)
	typ, problems := expression.Check(source, names)
	if len(problems) > 1 {
		t.Fatalf("%q: %d problems, want at most one", source, len(problems))
	}
	for _, p := range append(problems, expression.CheckCondition(source, names)...) {
		if p.Start < 0 || p.Start > p.End || p.End > len(source) || p.Code == "" || p.Message == "" {
			t.Fatalf("%q: problem %+v", source, p)
		}
		if utf8.ValidString(source) && !(utf8.ValidString(source[p.Start:p.End]) && utf8.ValidString(p.Message)) {
			t.Fatalf("%q: problem %+v cuts a character", source, p)
		}
		if p.Fix != nil && (p.Fix.Start < p.Start || p.Fix.End > p.End || p.Fix.Start > p.Fix.End) {
			t.Fatalf("%q: fix %+v of %+v", source, p.Fix, p)
		}
	}
	if refused != nil && len(problems) == 0 {
		t.Fatalf("%q: Check accepts what Guard refuses", source)
	}
	expression.Knows(source)
	for _, name := range expression.Names(source) {
		if !strings.Contains(source, name) {
			t.Fatalf("%q reads %q, which is not in it", source, name)
		}
	}
	compiled, err := expression.Compile(source)
	if len(problems) == 0 && err != nil {
		t.Fatalf("%q: Check accepts it, Compile does not: %v", source, err)
	}
	if err != nil {
		return
	}
	if refused != nil {
		t.Fatalf("%q: Compile accepts what Guard refuses", source)
	}
	env := world()
	got, err := compiled.Eval(env)
	again, err2 := compiled.Eval(env)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%q: first %v, then %v", source, err, err2)
	}
	if err != nil {
		return
	}
	if a, b := expression.Format(got, typ.Kind, "es", pack), expression.Format(again, typ.Kind, "es", pack); a != b {
		t.Fatalf("%q: first %q, then %q", source, a, b)
	}
	small(t, source, got)
	if len(problems) == 0 {
		fits(t, source, got, typ.Kind)
	}
}

// small checks that a result is within its bounds.
func small(t fatal, source string, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil, bool, float64, program.Location, *program.Row, *program.Table:
	case string:
		if len(v) > expression.MaxText {
			t.Fatalf("%q: a text of %d bytes", source, len(v))
		}
	case []any:
		if len(v) > expression.MaxList {
			t.Fatalf("%q: a list of %d", source, len(v))
		}
		for _, entry := range v {
			small(t, source, entry)
		}
	default:
		t.Fatalf("%q: a result of type %T", source, v)
	}
}

// fits checks that a result is of the kind that Check promised.
func fits(t fatal, source string, v any, kind program.Kind) {
	t.Helper()
	ok := true
	switch kind {
	case program.NumberKind:
		_, ok = v.(float64)
	case program.YesNo:
		_, ok = v.(bool)
	case program.TextKind, program.ChoiceKind, program.DateKind, program.TimeKind:
		_, ok = v.(string)
	}
	if !ok && v != nil {
		t.Fatalf("%q: Check promised kind %d, the result is %T", source, kind, v)
	}
}

// Sources made of the language's own words reach deeper than random bytes do.
func TestWhatIsCheckedCompilesAndRuns(t *testing.T) {
	t.Parallel()
	values := []string{"age", "people", "city", "answer", "needs", "ages", "place", "ready", "visit", "at", "here", "nickname", "children", "offices", "office",
		"office.town", "office.lat", "protection", "नाम", "anything", "yes", "no", "3", "2.5", "0", `"nairobi"`, `"food"`, `"2026-11-30"`, "[]", `["nairobi", "kakuma"]`, "[1, 2]", "today()", "now()"}
	operators := []string{"==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "and", "or", "in", "not in", "contains", "startsWith", "not endsWith"}
	var calls []expression.Function
	calls = append(calls, expression.Functions()...)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		var source func(depth int) string
		source = func(depth int) string {
			if depth == 0 {
				return rapid.SampledFrom(values).Draw(t, "value")
			}
			switch rapid.IntRange(0, 9).Draw(t, "shape") {
			case 0:
				return "not " + source(depth-1)
			case 1:
				return "-" + source(depth-1)
			case 2:
				return "(" + source(depth-1) + ")"
			case 3, 4:
				f := rapid.SampledFrom(calls).Draw(t, "function")
				arguments := make([]string, len(f.Params))
				for i := range arguments {
					arguments[i] = source(depth - 1)
				}
				return f.Name + "(" + strings.Join(arguments, ", ") + ")"
			}
			return source(depth-1) + " " + rapid.SampledFrom(operators).Draw(t, "operator") + " " + source(depth-1)
		}
		made := source(rapid.IntRange(0, 4).Draw(t, "depth"))
		if _, problems := expression.Check(made, names); len(problems) == 0 {
			accepted++
		}
		holds(t, made)
	})
	if accepted == 0 {
		t.Error("no source was accepted, so nothing was tried")
	}
}
