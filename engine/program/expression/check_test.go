package expression_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// What the language has, with the type of each result.
var accepted = []struct {
	source string
	kind   program.Kind
}{
	{`3`, program.NumberKind}, {`2.5`, program.NumberKind}, {`yes`, program.YesNo}, {`"nairobi"`, program.TextKind},
	{`age`, program.NumberKind}, {`office.town`, program.TextKind}, {`here.lat`, program.NumberKind},
	{`age + 2 * 3 - 4 / 2 % 5`, program.NumberKind}, {`-age`, program.NumberKind}, {`-(age - 1)`, program.NumberKind},
	{`age > 17 and age <= 99`, program.YesNo}, {`not ready or not (age == 3)`, program.YesNo}, {`(age > 3) == ready`, program.YesNo},
	{`city == "nairobi"`, program.YesNo}, {`city != "kakuma"`, program.YesNo}, {`'nairobi' == city`, program.YesNo},
	{`office.town == city`, program.YesNo}, {`place == city`, program.YesNo}, {`language == "sw"`, program.YesNo},
	{`answer == "yes"`, program.YesNo}, {`ready == yes`, program.YesNo}, {`ready != no`, program.YesNo},
	{`"food" in needs`, program.YesNo}, {`city in ["nairobi", "kakuma"]`, program.YesNo}, {`city not in ["nairobi"]`, program.YesNo},
	{`age in [1, 2, 3]`, program.YesNo}, {`visit in ["2026-11-30"]`, program.YesNo}, {`9 in ages`, program.YesNo}, {`place in needs`, program.YesNo},
	{`place contains "camp"`, program.YesNo}, {`place not startsWith "x"`, program.YesNo}, {`callback_number startsWith "+254"`, program.YesNo},
	{`visit == "2026-11-30"`, program.YesNo}, {`visit >= today()`, program.YesNo}, {`at > "12:00"`, program.YesNo}, {`now() < "17:30"`, program.YesNo},
	{`[]`, program.ListKind}, {`["a", "b"]`, program.ListKind}, {`needs`, program.ListKind}, {`offices`, program.ListKind},
	{`known(nickname)`, program.YesNo}, {`known(nickname) and nickname == "Ana"`, program.YesNo}, {`not known(nickname) or nickname == "Ana"`, program.YesNo},
	{`known(children) and (age > 3 and children > 1)`, program.YesNo}, {`not (not known(children)) and children > 1`, program.YesNo},
	{`(known(children) and known(nickname)) and (children > 1 or nickname == "x")`, program.YesNo},
	{`known(office.until) and office.until > today()`, program.YesNo}, {`known(photo)`, program.YesNo}, {`known(row(offices, city))`, program.YesNo},
	{`row(offices, "nairobi")`, program.RowKind}, {`known(office) and office == nearest(offices, here)`, program.YesNo},
	{`nearest(offices, here).town`, program.TextKind}, {`is_open(protection) and opens(protection) contains "at"`, program.YesNo},
	{`नाम == "Ana"`, program.YesNo}, {`anything + 1 > anything.x`, program.YesNo}, {`anything`, program.Any},
}

func TestTheLanguageIsAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range accepted {
		got, problems := expression.Check(c.source, names)
		if len(problems) > 0 {
			t.Errorf("%s: %s (%s)", c.source, problems[0].Message, problems[0].Code)
			continue
		}
		if got.Kind != c.kind {
			t.Errorf("%s: got kind %d, want %d", c.source, got.Kind, c.kind)
		}
		if _, err := expression.Compile(c.source); err != nil {
			t.Errorf("%s is checked and does not compile: %v", c.source, err)
		}
	}
}

func TestTypesKeepWhatTheyKnow(t *testing.T) {
	t.Parallel()
	row, _ := expression.Check(`nearest(offices, here)`, names)
	if row.Table != "offices" || len(row.Columns) != len(officeType.Columns) || row.Optional {
		t.Errorf("nearest gives %+v, want a row of offices that is set", row)
	}
	found, _ := expression.Check(`row(offices, city)`, names)
	if !found.Optional {
		t.Errorf("row gives %+v, want a row that may be unset", found)
	}
	chosen, _ := expression.Check(`city`, names)
	if diff := cmp.Diff([]string{"nairobi", "kakuma", "other"}, chosen.Values); diff != "" {
		t.Errorf("values of a choice (-want +got):\n%s", diff)
	}
}

func TestPlacesAreBytes(t *testing.T) {
	t.Parallel()
	for _, source := range []string{`नाम == "é" and ctiy == "x"`, `"é🏥" == नाम and ctiy`, "नाम\u0300 == ctiy"} {
		problems := expression.CheckCondition(source, append(slices.Clone(names), expression.Column{Name: "नाम\u0300", Type: kind(program.NumberKind)}))
		if len(problems) != 1 || source[problems[0].Start:problems[0].End] != "ctiy" {
			t.Errorf("%s: got %+v, want one problem at ctiy", source, problems)
		}
	}
}

func TestKnows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source              string
		whenTrue, whenFalse []string
	}{
		{`known(a)`, []string{"a"}, nil},
		{`not known(a)`, nil, []string{"a"}},
		{`known(a) and known(b)`, []string{"a", "b"}, nil},
		{`known(a) or known(b)`, nil, nil},
		{`not known(a) or not known(b)`, nil, []string{"a", "b"}},
		{`known(a) and b == 3`, []string{"a"}, nil},
		{`not known(a) or b == 3`, nil, []string{"a"}},
		{`known(a) or (not known(a) and known(b))`, nil, nil},
		{`(known(a) and known(b)) or (known(a) and c)`, []string{"a"}, nil},
		{`known(row.col)`, []string{"row.col"}, nil},
		{`known(`, nil, nil},
		{`3`, nil, nil},
	} {
		whenTrue, whenFalse := expression.Knows(c.source)
		if diff := cmp.Diff([][]string{c.whenTrue, c.whenFalse}, [][]string{whenTrue, whenFalse}); diff != "" {
			t.Errorf("Knows(%s) (-want +got):\n%s", c.source, diff)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		want   []string
	}{
		{`city == "nairobi" and not known(age) or age > 3`, []string{"city", "age"}},
		{`nearest(offices, here).town startsWith office.name`, []string{"offices", "here", "office"}},
		{`yes`, nil},
		{`is_open(protection)`, []string{"protection"}},
		{`city ==`, nil},
	} {
		if diff := cmp.Diff(c.want, expression.Names(c.source)); diff != "" {
			t.Errorf("Names(%s) (-want +got):\n%s", c.source, diff)
		}
	}
}

// Every function has a documentation, and an example that this world runs.
func TestEveryFunctionHasAnExampleThatRuns(t *testing.T) {
	t.Parallel()
	more := append(slices.Clone(names), expression.Column{Name: "adults", Type: kind(program.NumberKind)})
	for i := range more {
		more[i].Type.Optional = false
	}
	for _, f := range expression.Functions() {
		if f.Doc == "" || f.Result == "" {
			t.Errorf("%s has no documentation", f.Signature())
		}
		if _, problems := expression.Check(f.Example, more); len(problems) > 0 {
			t.Errorf("%s: its example %s: %s", f.Name, f.Example, problems[0].Message)
			continue
		}
		compiled, err := expression.Compile(f.Example)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		env := world()
		before := env.Var
		env.Var = func(name string) (any, bool) {
			switch name {
			case "adults", "children":
				return 2.0, true
			case "nickname":
				return " Ana ", true
			}
			return before(name)
		}
		if got, err := compiled.Eval(env); err != nil || got == nil {
			t.Errorf("%s: its example %s gives %v, %v", f.Name, f.Example, got, err)
		}
	}
}
