package pack_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/pack"
)

// large makes a pack of so many flows of thirty lines, each in a file of its own.
func large(flows int) fstest.MapFS {
	out := fstest.MapFS{"ec/pack.flow": {Data: []byte(largeHead)}, "ec/tables/offices.csv": {Data: []byte("id,town,name,lat,lon\n1,quito,Main,-0.18,-78.46\n")}}
	for i := range flows {
		out[fmt.Sprintf("ec/flow_%04d.flow", i)] = &fstest.MapFile{Data: []byte(largeFlow(i, flows, ""))}
	}
	return out
}

const largeHead = `pack ec: Large
  country EC
  timezone America/Guayaquil
  languages es, en
  start flow_0
  fallback flow_0.menu
  silent for 24 hours -> end
team staff: Staff
field city: text
table offices from tables/offices.csv
  id: text
  town: text
  name: text
  lat: number
  lon: number
record report, kept 1 year
  heard: text
`

func largeFlow(i, of int, more string) string {
	return strings.NewReplacer("N+1", fmt.Sprint((i+1)%of), "N", fmt.Sprint(i)).Replace(`flow flow_N: Flow N

on message topic N

step menu
  public
  ask: What would you like to do in part N?
    - [offices] Find an office -> offices
        about: Addresses and hours
    - [report] Report something -> report
    - [next] Go on -> flow_N+1
    when not understood: Please tap an answer.
    when not understood 2 times -> talk

step offices
  ask city: In which city are you?
    - [quito] Quito
    - [other] Another place
        say: We have no office there.
  for each office in offices where office.town == city, up to 3
    say: *{office.name}* in {city}
  -> menu

step report
  ask age as number from 1 to 120: How old are you?
  ask what as text up to 200: What did you hear?
  if age > 17 and known(city) and city == "quito"
    save report as saved
      heard = what
    say: Thank you. Your number is {saved.reference}, and you are {age, plural, one {# year} other {# years}} old.
  -> talk

step talk
`) + more + "  alert staff: Someone writes.\n  end\n"
}

func load(t testing.TB, fsys fstest.MapFS) *pack.Sources {
	t.Helper()
	src, problems := pack.Load(fsys, "ec")
	if len(problems) > 0 {
		t.Fatal(messages(problems))
	}
	return src
}

func BenchmarkBuild(b *testing.B) {
	for _, flows := range []int{100, 1000} {
		fsys := large(flows)
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := pack.Build(load(b, fsys), nil); len(problems) > 0 {
					b.Fatal(messages(problems[:1]))
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	fsys := large(1000)
	b.ReportAllocs()
	for b.Loop() {
		load(b, fsys)
	}
}

// BenchmarkBuildAfterAnEdit is the rebuild of a pack of 1,000 flows of which one changed.
func BenchmarkBuildAfterAnEdit(b *testing.B) {
	fsys := large(1000)
	cache := pack.NewCache()
	pack.Build(load(b, fsys), cache)
	edits := 0
	b.ReportAllocs()
	for b.Loop() {
		edits++
		fsys["ec/flow_0500.flow"] = &fstest.MapFile{Data: []byte(largeFlow(500, 1000, fmt.Sprintf("  say: Edit %d\n", edits)))}
		b.StopTimer()
		src := load(b, fsys)
		b.StartTimer()
		if _, problems := pack.Build(src, cache); len(problems) > 0 {
			b.Fatal(messages(problems[:1]))
		}
	}
}
