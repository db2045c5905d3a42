package pack_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/pack"
)

// hostile makes packs of one file that grows with n and means mischief in one way each.
var hostile = map[string]func(n int) string{
	"flows":               repeat("", "flow f%d: F\nstep a\n  -> f%d\n"),
	"steps backwards":     backwards,
	"variables":           repeat("flow f: F\nstep a\n", "  set v%d = 1\n"),
	"variables read":      repeat("flow f: F\nstep a\n", "  set v%d = v%d\n"),
	"unset and set":       repeat("flow f: F\nstep a\n", "  ask v%d as text: V?\n    skip: No\n  say: {v%d}\n"),
	"unknown targets":     repeat("flow f: F\nstep a\n", "  if 1 > 2\n    -> nowhere%d\n"),
	"unknown names":       repeat("flow f: F\nstep a\n", "  say: {name_%d}\n"),
	"unknown teams":       repeat("", "team team_%d: T\nflow f%d: F\nstep a\n  alert tem_%d: x\n"),
	"fields":              repeat("", "field f%d: text\n"),
	"teams that escalate": repeat("", "team t%d: T\n  escalate after 1 hour to t%d\n"),
	"duplicate flows":     repeat("", "flow f: F\nstep a\n  end\n#%d\n"),
	"columns":             repeat("record r, kept 1 year\n", "  c%d: text\n"),
	"options":             repeat("flow f: F\nstep a\n  ask x: X?\n", "    - [o%d] Option %d\n"),
	"options of one name": repeat("flow f: F\nstep a\n", "  ask x: X?\n    - [o%d] Option\n"),
	"takes and calls":     repeat("flow f: F\n", "takes t%d: text\nflow g%d: G\nstep a\n  call f with t%d = \"x\" as y\n"),
	"calls in a row":      repeat("", "flow f%d: F\nstep a\n  call g%d as x\n  return x\n"),
	"saves":               repeat("record r, kept 1 year\n  a: text\nflow f: F\nstep a\n", "  save r as s%d\n    b%d = \"x\"\n"),
	"conditions":          repeat("flow f: F\nstep a\n", "  if known(r.c%d)\n    set r = 1\n"),
	"tests":               repeat("flow f: F\nstep a\n  set v = 1\ntest T\n", "  expect v%d == 1\n"),
	"texts of many holes": repeat("flow f: F\nstep a\n  ask n as number: N?\n", "  say: {n} {n, plural, one {a {n}} other {%d}}\n"),
}

// repeat is a head and then n times a part in which every %d is the number of the part.
func repeat(head, part string) func(n int) string {
	return func(n int) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			b.WriteString(strings.ReplaceAll(part, "%d", fmt.Sprint(i)))
		}
		return b.String()
	}
}

func backwards(n int) string {
	var b strings.Builder
	b.WriteString("flow f: F\nstep first\n  -> s" + fmt.Sprint(n-1) + "\n")
	for i := range n {
		fmt.Fprintf(&b, "step s%d\n  set v%d = 1\n  -> s%d\n", i, i%400, max(0, i-1))
	}
	return b.String()
}

// A file four times as large may cost four times as much, and somewhat more for tables that grow; sixteen times
// would be a square. The cost is what is allocated, which no busy machine changes; BenchmarkHostile times it.
func TestTheWorkGrowsWithTheFile(t *testing.T) {
	// Not parallel: it reads the allocations of the whole process.
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			small, large := allocated(t, text(1000)), allocated(t, text(4000))
			t.Logf("%d bytes, then %d", small, large)
			if large > 7*small {
				t.Errorf("allocated %d bytes, and %d for four times as much", small, large)
			}
		})
	}
}

func hostilePack(t testing.TB, text string) *pack.Sources {
	t.Helper()
	src, problems := pack.Load(fstest.MapFS{"ec/pack.flow": {Data: []byte("pack ec: E\n" + text)}}, "ec")
	if len(problems) > 0 {
		t.Fatal(messages(problems))
	}
	return src
}

func allocated(t *testing.T, text string) uint64 {
	src := hostilePack(t, text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pack.Build(src, nil)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkHostile builds each pack at one size and at four times that; the times of the two tell how it grows.
func BenchmarkHostile(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		for _, n := range []int{1000, 4000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				src := hostilePack(b, hostile[name](n))
				b.ReportAllocs()
				for b.Loop() {
					pack.Build(src, nil)
				}
			})
		}
	}
}
