package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"baraza/dsl"
	"baraza/engine/program"
)

// One number of a compiled program is another, or a list is shorter: it is refused, or whatever people write to it, no turn
// panics.
func TestADamagedProgramIsRefusedOrItsTurnsDoNotPanic(t *testing.T) {
	t.Parallel()
	country, problems := dsl.Compile(os.DirFS("../flows"), "ec")
	if country == nil {
		t.Fatal(problems)
	}
	for _, c := range []struct {
		name  string
		p     *program.Program
		tries int
	}{{"every construct", everything(t), 400}, {"flows/ec", country, 60}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.p.Check(); err != nil {
				t.Fatalf("a sound program is refused: %v", err)
			}
			text, err := json.Marshal(c.p)
			if err != nil {
				t.Fatal(err)
			}
			refused, ran := 0, 0
			for seed := range uint64(c.tries) {
				random := rand.New(rand.NewPCG(seed, 5))
				damaged, what := damagedProgram(t, text, random)
				if damaged == nil || damaged.Check() != nil {
					refused++
					continue
				}
				ran++
				if problem := talked(damaged, random); problem != nil {
					t.Fatalf("seed %d, %s: %v", seed, what, problem)
				}
			}
			if refused < c.tries/10 || ran < c.tries/10 {
				t.Errorf("%d were refused, %d ran", refused, ran)
			}
		})
	}
}

// A leaf is a place in JSON that can be changed.
type leaf struct {
	name string
	set  func(any)
	was  any
}

func leaves(name string, at any, set func(any), all *[]leaf) {
	switch v := at.(type) {
	case map[string]any:
		for k, x := range v {
			leaves(name+"."+k, x, func(y any) { v[k] = y }, all)
		}
	case []any:
		*all = append(*all, leaf{name, set, v})
		for i, x := range v {
			leaves(fmt.Sprintf("%s[%d]", name, i), x, func(y any) { v[i] = y }, all)
		}
	case json.Number:
		*all = append(*all, leaf{name, set, v})
	}
}

// damagedProgram changes one place; nil where it can no longer be decoded.
func damagedProgram(t *testing.T, text []byte, random *rand.Rand) (*program.Program, string) {
	t.Helper()
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var all []leaf
	leaves("", tree, nil, &all)
	byName(all)
	one := all[random.IntN(len(all))]
	var next any
	switch was := one.was.(type) {
	case json.Number:
		n, _ := was.Int64()
		next = []int64{-1, -2, 0, 1, n - 1, n + 1, 2, 1 << 40, random.Int64N(200)}[random.IntN(9)]
	case []any:
		next = [][]any{nil, {}, was[:len(was)/2], was[:max(len(was)-1, 0)]}[random.IntN(4)]
	}
	if one.set == nil {
		return nil, ""
	}
	one.set(next)
	changed, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var p program.Program
	if json.Unmarshal(changed, &p) != nil {
		return nil, ""
	}
	return &p, fmt.Sprintf("%s from %.40v to %.40v", one.name, one.was, next)
}

func byName(all []leaf) {
	slices.SortFunc(all, func(a, b leaf) int { return strings.Compare(a.name, b.name) })
}

// talked runs a few conversations.
func talked(p *program.Program, random *rand.Rand) (problem error) {
	defer func() {
		if said := recover(); said != nil {
			problem = errors.Join(fmt.Errorf("%v", said), errors.New(string(debug.Stack())))
		}
	}()
	words := []string{"hello", "camps", "1", "2", "flood", "deep", "later", "status", "rumour", "children", "calls", "note", "yes", "no", "person", "stop", "menu", "back", "5", "1, 2", "office", "my data"}
	for range 3 {
		s, at, token := New(), monday, ""
		for range 12 {
			at = at.Add(time.Duration(random.IntN(7200)) * time.Second)
			ev := Event{Kind: Message, At: at, Channel: []string{"whatsapp", "web", "sms"}[random.IntN(3)], Text: words[random.IntN(len(words))]}
			switch random.IntN(6) {
			case 0:
				ev.Text, ev.Token = "", token
			case 1:
				ev.Kind = EventKind(random.IntN(12))
				ev.Timer, ev.Case, ev.Fetch = uint32(random.IntN(4)), uint32(random.IntN(3)), uint32(random.IntN(3))
			}
			s.Where(p)
			s.Fate(p, p)
			s.Variables(p)
			var effects []Effect
			s, effects = Step(p, s, ev)
			for _, e := range effects {
				if e.Kind == Send && len(e.Send.Options) > 0 {
					token = e.Send.Options[random.IntN(len(e.Send.Options))].Token
				}
			}
		}
	}
	return nil
}
