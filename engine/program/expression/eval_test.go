package expression_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program/expression"
)

func eval(t *testing.T, source string, env *expression.Env) (any, error) {
	t.Helper()
	e, err := expression.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return e.Eval(env)
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		want   any
	}{
		{`age`, 20.0}, {`3`, 3.0}, {`"x\n\"y\""`, "x\n\"y\""}, {`yes`, true}, {`not no`, true}, {`nothing`, nil}, {`nothing.at.all`, nil},
		{`count_of_all`, 3.0}, {`count_of_all == 3`, true},
		{`2 + 3 * 4 - 6 / 4`, 12.5}, {`7 % 4`, 3.0}, {`-age`, -20.0}, {`--age`, 20.0}, {`9007199254740 * 10`, 90071992547400.0},
		{`age > 17 and age <= 20`, true}, {`age < 20 or age >= 21`, false}, {`not (age == 20)`, false}, {`age != 20`, false},
		{`city == "nairobi"`, true}, {`city == 'kakuma'`, false}, {`city in ["nairobi", "x"]`, true}, {`city not in ["nairobi"]`, false},
		{`"food" in needs`, true}, {`"shelter" in needs`, false}, {`"x" in nothing`, false}, {`4 in ages`, true}, {`nearest(offices, here) in offices`, true},
		{`place contains "Camp"`, true}, {`lower(trim(place)) startsWith "kak"`, true}, {`place endsWith " "`, true}, {`nothing contains "x"`, false},
		{`visit > today()`, true}, {`visit > "2026-12-01"`, false}, {`at > now()`, true}, {`today()`, "2026-11-24"}, {`now()`, "10:15"},
		{`days_until(visit)`, 6.0}, {`days_until("2026-11-24")`, 0.0}, {`days_until("2026-11-20")`, -4.0},
		{`known(city)`, true}, {`known(nothing)`, false}, {`known(office.until)`, false}, {`known(nothing) and nothing > 3`, false}, {`not known(nothing) or nothing > 3`, true},
		{`nothing == 3`, false}, {`nothing == nothing`, true}, {`ready and known(city)`, true}, {`nothing or ready`, true},
		{`count(needs)`, 2.0}, {`count(offices)`, 2.0}, {`count([])`, 0.0}, {`sum(ages)`, 13.5}, {`sum(1, 2, 3, 4)`, 10.0}, {`sum([])`, 0.0},
		{`max(ages)`, 9.5}, {`max(3, age)`, 20.0}, {`min(ages)`, 4.0}, {`min(3)`, 3.0}, {`max([])`, nil},
		{`[1, "a", yes]`, []any{1.0, "a", true}},
		{`office.town`, "kakuma"}, {`office.lat`, 3.7167}, {`office.nothing`, nil}, {`here.lat`, -1.3}, {`office == row(offices, "kakuma")`, true},
		{`row(offices, city).name`, "Nairobi office"}, {`row(offices, "x")`, nil}, {`nearest(offices, here).id`, "nairobi"}, {`nearest(nothing, here)`, nil},
		{`distance_km(here, office) > 590 and distance_km(here, office) < 610`, true}, {`distance_km(here, here)`, 0.0},
		{`is_open(protection)`, true}, {`is_open(always)`, true}, {`is_open(hotline)`, true}, {`is_open(never)`, false},
		{`opens(protection)`, "now"}, {`opens(never)`, nil}, {`opens(night)`, "today at 22:00"},
		{`format_date(visit)`, "30 November 2026"}, {`format_number(people)`, "1,234.5"}, {`language_name(language)`, "Kiswahili"}, {`format_date(nothing)`, nil},
		{`नाम == "Ana"`, true}, {`नाम contains "An"`, true},
	} {
		got, err := eval(t, c.source, world())
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.source, diff)
		}
	}
}

func TestErrorsAreForWhatACheckCannotSee(t *testing.T) {
	t.Parallel()
	for _, source := range []string{`1 / (age - 20)`, `age % 0`, `nothing + 1`, `-nothing`, `nothing > 3`, `age > "3"`, `city and ready`, `not city`,
		`age contains "x"`, `count(age)`, `max(needs)`, `lower(age)`, `days_until("soon")`, `distance_km(here, nothing)`, `opens(nobody)`,
		strings.Repeat("999999999999999*", 25) + "9"} {
		if got, err := eval(t, source, world()); err == nil || got != nil {
			t.Errorf("%s: got %v, %v; want an error alone", source, got, err)
		}
	}
}

func TestErrorsDoNotQuoteWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	env := world()
	env.Var = func(string) (any, bool) { return "my secret", true }
	_, err := eval(t, `known(x) and x > 3`, env)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the value", err)
	}
}

func TestRowsAreReadInThePersonsLanguage(t *testing.T) {
	t.Parallel()
	env := world()
	env.Lang = 1
	if got, _ := eval(t, `row(offices, "nairobi").name`, env); got != "Ofisi ya Nairobi" {
		t.Errorf("got %v, want the Swahili name", got)
	}
	if got, _ := eval(t, `row(offices, "kakuma").name`, env); got != "Kakuma office" {
		t.Errorf("got %v, want the source where there is no translation", got)
	}
}

func TestABoundRowHidesAVariable(t *testing.T) {
	t.Parallel()
	env := world()
	where, err := expression.Compile(`office.town == city`)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	offices, err := eval(t, `offices`, env)
	if err != nil {
		t.Fatal(err)
	}
	env.Bound = "office"
	for row := range expression.Rows(offices) {
		env.Row = row
		if v, err := where.Eval(env); err == nil && expression.Truth(v) {
			found = append(found, row.ID)
		}
	}
	if diff := cmp.Diff([]string{"nairobi"}, found); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestALibrarysTablesComeFirst(t *testing.T) {
	t.Parallel()
	env := world()
	env.Library = "safety"
	if got, err := eval(t, `count(offices)`, env); got != 0.0 || err != nil {
		t.Errorf("got %v, %v; want the library's empty table", got, err)
	}
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	env := world()
	env.Var = func(name string) (any, bool) {
		if name == "text" {
			return strings.Repeat("x", expression.MaxText+1), true
		}
		return make([]any, expression.MaxList+1), true
	}
	for _, source := range []string{"text", "list", "lower(text)"} {
		if got, err := eval(t, source, env); !errors.Is(err, expression.ErrTooLarge) || got != nil {
			t.Errorf("%s: got an error %v, want ErrTooLarge", source, err)
		}
	}
}

func TestAnIdleMachineKeepsNobodysWords(t *testing.T) {
	t.Parallel()
	env := world()
	if _, err := eval(t, `trim(place) == "x" or city == "y"`, env); err != nil {
		t.Fatal(err)
	}
	if words := expression.Remembered(env); words > 0 {
		t.Errorf("%d values are still in the machine", words)
	}
}

func TestAnExpressionServesManyAtOnce(t *testing.T) {
	t.Parallel()
	e, err := expression.Compile(`office.town == city and "food" in needs and city in ["kakuma", "x"]`)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			env := world()
			for range 100 {
				if got, err := e.Eval(env); got != false || err != nil {
					t.Errorf("got %v, %v; want no", got, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkEval(b *testing.B) {
	for _, c := range []struct{ name, source string }{
		{"condition", `age > 17 and city == "nairobi" and known(nickname)`}, {"where", `office.town == city`}, {"name", `city`}, {"list", `city in ["kakuma", "nairobi"]`},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, err := expression.Compile(c.source)
			if err != nil {
				b.Fatal(err)
			}
			env := world()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheckAndCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := expression.Check(`age > 17 and city == "nairobi"`, names); len(problems) > 0 {
			b.Fatal(problems)
		}
		if _, err := expression.Compile(`age > 17 and city == "nairobi"`); err != nil {
			b.Fatal(err)
		}
	}
}
