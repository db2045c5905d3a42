package lsp_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/fstest"
)

// packOf is a pack of so many flows, of some twenty lines each.
func packOf(flows int) fstest.MapFS {
	disk := samplePack()
	for i := range flows {
		disk[fmt.Sprintf("w/ke/topic%03d.flow", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `flow topic%[1]d: Topic %[1]d

on message topic%[1]d, number %[1]d

step menu
  public
  ask: What do you want to know about topic %[1]d?
    - [papers] Papers -> papers
    - [days] Opening days -> days
    - [other] Another topic -> topic%[2]d
    when not understood: Tap one of the answers, or write its number.
    when not understood 2 times -> welcome.person

step papers
  public
  ask paper%[1]d: Which paper do you need?
    - [birth] A birth certificate
    - [stay] A paper to stay
    when not understood 2 times -> welcome.person
  if paper%[1]d == "birth"
    say: Bring the child.
  -> days

step days
  public
  say: We are open from Monday to Friday.
  end
`, i, (i+1)%flows)}
	}
	return disk
}

// BenchmarkDiagnosticsAfterAnEdit is what a key costs until the editor knows what is wrong: the edit is read, the
// pack checked, and the problems of the file told.
func BenchmarkDiagnosticsAfterAnEdit(b *testing.B) {
	for _, flows := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("%d flows", flows), func(b *testing.B) {
			e := begin(b, packOf(flows), `{}`)
			e.open("ke/topic005.flow")
			e.problems()
			forms := []string{"-> papers", "-> paper"}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e.change("ke/topic005.flow", "Papers "+forms[i%2]+"\n", "Papers "+forms[1-i%2]+"\n")
				for !bytes.Contains(e.receive().Params, []byte("topic005")) {
				}
			}
		})
	}
}

// BenchmarkCompletion is what a key costs until the editor knows what can be written next, the check of the pack
// included.
func BenchmarkCompletion(b *testing.B) {
	e := begin(b, packOf(100), `{}`)
	e.open("ke/topic005.flow")
	e.problems()
	forms := []string{"-> days\n", "-> day\n"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.change("ke/topic005.flow", forms[i%2], forms[1-i%2])
		e.ask("textDocument/completion", e.at("ke/topic005.flow", "  -> |d"))
		e.notes = nil
	}
}
