package expression

import (
	"runtime"
	"strings"
	"testing"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"

	"baraza/engine/program"
)

// What has stopped expr, or machines that run it, before. None of it may reach expr.
var hostile = []struct{ name, source, code string }{
	{"parentheses 200k", strings.Repeat("(", 200_000) + "1" + strings.Repeat(")", 200_000), "expression-too-long"},
	{"parentheses 60", strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60), "expression-too-deep"},
	{"lists", strings.Repeat("[", 60) + strings.Repeat("]", 60), "expression-too-deep"},
	{"calls", strings.Repeat("max(", 40) + "1" + strings.Repeat(")", 40), "expression-too-deep"},
	{"unary chain 1M", strings.Repeat("-", 1_000_000) + "1", "expression-too-long"},
	{"unary chain", strings.Repeat("-", 100) + "1", "expression-too-deep"},
	{"not chain", strings.Repeat("not ", 100) + "yes", "expression-too-deep"},
	{"bang chain", strings.Repeat("!", 500) + "yes", "expression-not-allowed"},
	{"nested predicates", "any(ages, any(ages, any(ages, # > 3)))", "expression-not-allowed"},
	{"nested predicates of ours", "count(ages, count(ages, .x))", "unexpected-words"},
	{"predicate in braces", "none(offices, {.town == city})", "expression-not-allowed"},
	{"range", "1..1000000000", "expression-not-allowed"},
	{"sum of a range", "sum(1..1000000000)", "expression-not-allowed"},
	{"repeat", `repeat("a", 1000000000)`, "unknown-function"},
	{"string doubling", `let a = "xxxx"; let b = a + a; b + b`, "expression-not-allowed"},
	{"replace", `replace(replace(place, "a", place), "b", place)`, "unknown-function"},
	{"split and join", `join(split(place, ""), place)`, "unknown-function"},
	{"regex", `place matches "(a+)+$"`, "expression-not-allowed"},
	{"counted regex", `place matches "(((a{10}){10}){10}){10}"`, "expression-not-allowed"},
	{"pipe", `ages | map(# * 2) | sum()`, "expression-not-allowed"},
	{"environment", `$env["city"]`, "expression-not-allowed"},
	{"method", `offices.Rows()`, "expression-not-allowed"},
	{"global builtin", `::len(ages)`, "expression-not-allowed"},
	{"raw text", "`a`", "expression-not-allowed"},
	{"bytes", `b"abc"`, "unexpected-words"},
	{"map", `{"a": 1}`, "expression-not-allowed"},
	{"slice", `ages[1:2]`, "expression-not-allowed"},
	{"power", `9 ** 9 ** 9`, "expression-not-allowed"},
	{"comment", `1 /* x */`, "expression-not-allowed"},
	{"conditional", `if yes { 1 } else { 2 }`, "expression-not-allowed"},
	{"tokens", strings.Repeat("1+", 255) + "1", "expression-too-long"},
	{"2 MB of text", `"` + strings.Repeat("a", 2<<20) + `"`, "expression-too-long"},
	{"2 MB of spaces", strings.Repeat(" ", 2<<20), "expression-too-long"},
	{"2 MB that is not UTF-8", strings.Repeat("\xff", 2<<20), "expression-too-long"},
	{"not UTF-8", "city == \"\xc3\"", "not-utf8"},
	{"lone surrogate", "\xed\xa0\x80 == 1", "not-utf8"},
	{"zero byte", "city\x00", "hidden-character"},
	{"right to left override", "city == \u202e1", "hidden-character"},
	{"zero width", "ci\u200bty", "hidden-character"},
	{"new line", "city\n== 1", "hidden-character"},
	{"open text", `"` + strings.Repeat(`\"`, 200), "open-quote"},
	{"open escape", `"\`, "open-quote"},
	{"a mark alone", "\u0301", "expression-not-allowed"},
}

// counting is expr's parser with a count of its calls.
func counting(calls *int) parse {
	return func(source string, config *conf.Config) (*parser.Tree, error) {
		*calls++
		return parser.ParseWithConfig(source, config)
	}
}

type noNames struct{}

func (noNames) Type(string) (Type, bool) { return Type{Kind: program.Any}, true }
func (noNames) Names() []string          { return nil }

func TestHostileSourcesNeverReachTheParser(t *testing.T) {
	t.Parallel()
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, problems := check(c.source, noNames{}, true, counting(&calls))
			if len(problems) != 1 || problems[0].Code != c.code {
				t.Errorf("got %+v, want %s", problems, c.code)
			}
			if _, err := compileWith(c.source, counting(&calls)); err == nil {
				t.Error("it compiles")
			} else if len(err.Error()) > 600 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if calls > 0 {
				t.Errorf("the parser was called %d times", calls)
			}
		})
	}
}

// The count itself can fail: a plain source is parsed.
func TestPlainSourcesReachTheParser(t *testing.T) {
	t.Parallel()
	calls := 0
	check("age > 3", noNames{}, true, counting(&calls))
	if calls != 1 {
		t.Errorf("the parser was called %d times, want once", calls)
	}
}

// The largest sources that Guard lets through, so that its limits are seen to be enough for what runs after it.
var largest = []string{
	strings.Repeat("1+", 127) + "1",
	strings.Repeat("not ", MaxUnary) + "yes",
	strings.Repeat("(", MaxDepth) + "1" + strings.Repeat(")", MaxDepth),
	strings.Repeat("max(", MaxDepth) + "1" + strings.Repeat(")", MaxDepth),
	strings.Repeat(strings.Repeat("-", MaxUnary)+"(", 12) + "1" + strings.Repeat(")", 12),
	"[" + strings.Repeat("1,", 126) + "1]",
	strings.Repeat("yes and ", 60) + "yes",
	`"` + strings.Repeat("a", MaxBytes-2) + `"`,
	"a" + strings.Repeat(".a", 120),
	strings.Repeat("known(a) and ", 39) + "yes",
}

func TestTheLargestSourcesRun(t *testing.T) {
	t.Parallel()
	for _, source := range largest {
		if _, problems := check(source, noNames{}, false, parser.ParseWithConfig); len(problems) > 0 {
			t.Errorf("%.40s…: %s", source, problems[0].Message)
			continue
		}
		e, err := Compile(source)
		if err != nil {
			t.Errorf("%.40s…: %v", source, err)
			continue
		}
		if _, err := e.Eval(&Env{}); err != nil {
			t.Errorf("%.40s…: %v", source, err)
		}
	}
}

// BenchmarkHostile records what a refusal costs: at most 200 ms and 64 MB are allowed for a whole file.
func BenchmarkHostile(b *testing.B) {
	for _, c := range hostile {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.source)))
			for b.Loop() {
				if Guard(c.source) == nil {
					b.Fatal("it is let through")
				}
			}
		})
	}
}

// BenchmarkLargest records what the largest allowed sources cost to check, compile and run.
func BenchmarkLargest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, source := range largest {
			Check(source, noNames{})
			if e, err := Compile(source); err == nil {
				_, _ = e.Eval(&Env{})
			}
		}
	}
}

func TestARefusalIsCheap(t *testing.T) {
	// Not parallel: it reads the allocations of the whole process.
	for _, c := range hostile {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Guard(c.source)
		runtime.ReadMemStats(&after)
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
			t.Errorf("%s: %d bytes, want at most 1 MiB", c.name, bytes)
		}
	}
}
