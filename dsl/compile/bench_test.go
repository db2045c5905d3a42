package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"baraza/dsl/compile"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// BenchmarkProgram compiles a checked pack of so many flows, of about 30 lines each: all in one file, since what
// grows with the file would show there.
func BenchmarkProgram(b *testing.B) {
	for _, flows := range []int{6, 60, 600} {
		var text strings.Builder
		for i := range flows {
			fmt.Fprintf(&text, oneFlow, i)
		}
		src, problems := pack.Load(diag.Example{Files: map[string]string{"case.flow": text.String()}}.FS(), diag.ExampleDir)
		p, more := pack.Build(src, nil)
		if problems = append(problems, more...); problems.Any(diag.Error) {
			b.Fatal(problems)
		}
		b.Run(fmt.Sprintf("%d flows", flows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compile.Program(p)
			}
		})
	}
}

const oneFlow = `flow topic%[1]d: Topic %[1]d

on message topic%[1]d

step menu
  public
  source https://example.org/%[1]d
  ask: What do you want to know about topic %[1]d?
    header: Topic %[1]d
    - [papers] Papers -> papers
    - [days] Opening days -> days
    - [other] Another topic -> person_word
    when not understood: Tap one of the answers, or write its number.
    when not understood 2 times -> person_word

step papers
  ask need: Which paper do you need?
    - [birth] A birth certificate
    - [stay] A paper to stay
    when not understood 2 times -> person_word
  ask people as number from 1 to 20: For how many people?
  if need == "birth" and people > 1
    say: Bring all {people} children. Write *menu* for more.
  else
    say: Come on Monday with {people, plural, one {# person} other {# people}}.
  -> days

step days
  public
  say: We are open from Monday to Friday, for topic %[1]d in the morning.
  end

`
