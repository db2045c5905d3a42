package release_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/store"
)

// talk is a flow with what a release may change: a menu, questions whose answers are read later, a called flow, a loop and
// people.
const talk = `table things from tables/things.csv
  id: text
  name: text

flow welcome: Welcome

step hello
  ask: What do you need?
    - [food] Food
      -> need.people
    - [office] Office
      call towns as where
      say: We have an office in {where}.
      end
    - [desk] Helper
      -> desk
    - [list] List
      -> rows

step desk
  hand over to staff: Somebody wants to talk
    when waiting: Somebody will write to you.
  say: The talk has ended.
  end

step rows
  for each n in things, up to 3
    ask right as yes or no: Is {n.name} right?
  say: Thank you.
  end

flow need: Food

step people
  ask people as number from 1 to 20: How many are you?
  ask baby as yes or no: Is there a baby?
  say: Food for {people}.
  end

flow towns: Towns

step town
  ask town as text up to 40: Which town?
  return town
`

// edits are what a release may change.
var edits = []struct{ name, old, new string }{
	{"a word", "How many are you?", "How many people are you?"},
	{"another option", "    - [list] List\n", "    - [water] Water\n      say: There is water.\n      end\n    - [list] List\n"},
	{"another type", "ask town as text up to 40", "ask town as number from 1 to 40"},
	{"a name", "step people\n", "step persons\n"},
	{"a name that says where it was", "step people\n", "step persons\n  moved from people\n"},
	{"a variable less", "  say: Food for {people}.\n", "  say: Food for all of you.\n"},
	{"a question more", "  ask baby as", "  ask days as number from 1 to 9: For how many days?\n  ask baby as"},
	{"a loop of other rows", "for each n in things,", `for each n in things where n.id != "3",`},
	{"no hand-over", "  hand over to staff: Somebody wants to talk\n    when waiting: Somebody will write to you.\n", "  ask as text: What is your question?\n"},
}

func compiled(t testing.TB, flow string) *program.Program {
	t.Helper()
	p, problems := dsl.Compile(diag.Example{Files: map[string]string{
		"flows.flow": flow, "tables/things.csv": "id,name\n1,one\n2,two\n3,three\n"}}.FS(), diag.ExampleDir)
	if p == nil {
		t.Fatalf("%v\n%s", problems, flow)
	}
	return p
}

func edited(t testing.TB, names ...string) *program.Program {
	t.Helper()
	flow := talk
	for _, name := range names {
		found := false
		for _, e := range edits {
			if e.name == name {
				flow, found = strings.Replace(flow, e.old, e.new, 1), true
				if name == "a name" || name == "a name that says where it was" {
					flow = strings.Replace(flow, "-> need.people", "-> need.persons", 1)
				}
			}
		}
		if !found {
			t.Fatalf("there is no edit %q", name)
		}
	}
	return compiled(t, flow)
}

var monday = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// said steps a person's words, one after the other, and gives what came back for the last.
func said(p *program.Program, s engine.Session, displaced bool, words ...string) (engine.Session, string) {
	var texts []string
	for _, w := range words {
		var effects []engine.Effect
		s, effects = engine.Step(p, s, engine.Event{Kind: engine.Message, At: monday, Channel: "whatsapp", Text: w, Displaced: displaced})
		texts = nil
		for _, e := range effects {
			if e.Kind == engine.Send {
				texts = append(texts, e.Send.Text)
			}
		}
	}
	return s, strings.Join(texts, " | ")
}

func TestAConversationGoesOverWhereItIsUnderstood(t *testing.T) {
	t.Parallel()
	old := edited(t)
	for _, c := range []struct {
		at    string // what was said before
		edit  string
		fate  engine.Fate
		then  string // what is said next, on the new release or the old one
		reply string
	}{
		{"hi food", "a word", engine.Moves, "3", "Is there a baby?"},
		{"hi food", "another option", engine.Moves, "3", "Is there a baby?"},
		{"hi", "another option", engine.Stays, "food", "How many are you?"},
		{"hi food", "a name", engine.Stays, "3", "Is there a baby?"},
		{"hi food", "a name that says where it was", engine.Led, "3", "How many are you?"},
		{"hi food 3", "a variable less", engine.Stays, "yes", "Food for 3."},
		{"hi food", "a question more", engine.Moves, "3", "For how many days?"},
		{"hi office", "another type", engine.Stays, "Quito", "We have an office in Quito."},
		{"hi list", "a loop of other rows", engine.Stays, "yes", "Is two right?"},
		{"hi helper", "no hand-over", engine.Stays, "hello?", ""},
		{"", "a name", engine.Free, "hi", "What do you need?"},
	} {
		s := engine.New()
		s.Contact.Language = "en"
		s, _ = said(old, s, false, strings.Fields(c.at)...)
		next := edited(t, c.edit)
		if got := s.Fate(old, next); got != c.fate {
			t.Errorf("%q, then %s: %v, want %v", c.at, c.edit, got, c.fate)
			continue
		}
		serving := &release.Serving{Current: next, Earlier: func(hash string) (*program.Program, time.Time) {
			return map[string]*program.Program{old.Hash: old}[hash], monday.Add(time.Hour)
		}}
		p, displaced := serving.Choose(store.Key{1}, monday, s, true)
		if _, reply := said(p, s, displaced, c.then); !strings.Contains(reply, c.reply) || c.reply == "" && reply != "" {
			t.Errorf("%q, then %s, then %q: %q, want %q", c.at, c.edit, c.then, reply, c.reply)
		}
	}
}

func TestAReleaseThatIsKeptNoLongerLetsPeopleGoWithAWord(t *testing.T) {
	t.Parallel()
	old, next := edited(t), edited(t, "a question more", "a variable less", "another type")
	s := engine.New()
	s.Contact.Language = "en"
	s, _ = said(old, s, false, "hi", "office")
	until := monday.Add(-time.Minute)
	serving := &release.Serving{Current: next, Earlier: func(string) (*program.Program, time.Time) { return old, until }}
	if p, displaced := serving.Choose(store.Key{1}, monday, s, false); p != old || displaced {
		t.Error("a timer of the old release is not answered by it")
	}
	p, displaced := serving.Choose(store.Key{1}, monday, s, true)
	if p != next || !displaced {
		t.Fatalf("the conversation stays on what is kept no longer")
	}
	again, reply := said(p, s, displaced, "Quito")
	if !strings.Contains(reply, "We have improved this service") || !strings.Contains(reply, "Which town?") {
		t.Errorf("the person is told %q", reply)
	}
	if _, reply := said(p, again, false, "7"); reply != "We have an office in 7." {
		t.Errorf("the flow that asked goes on with %q", reply)
	}
	// Nobody is taken out of a talk with people.
	s, _ = said(old, engine.New(), false, "hi", "helper")
	serving.Current = edited(t, "no hand-over")
	if p, displaced := serving.Choose(store.Key{1}, monday, s, true); p != old || displaced {
		t.Error("a talk with people is interrupted")
	}
}

func TestMorePercentOnlyAddPeople(t *testing.T) {
	t.Parallel()
	old, next := edited(t), edited(t, "a word")
	r := rand.New(rand.NewPCG(1, 2))
	var before [1000]bool
	for percent := 0; percent <= 100; percent += 10 {
		with := 0
		for i := range before {
			key := store.Key{8: byte(i), 9: byte(i >> 8), 15: 7}
			p, _ := (&release.Serving{Current: old, Candidate: next, Percent: percent}).Choose(key, monday, engine.New(), true)
			if before[i] && p != next {
				t.Fatalf("at %d %% somebody falls back", percent)
			}
			if before[i] = p == next; before[i] {
				with++
			}
		}
		if with < percent*10-60 || with > percent*10+60 {
			t.Errorf("at %d %% %d of 1,000 have it", percent, with)
		}
	}
	tester := store.Key{3: byte(r.Uint32())}
	if p, _ := (&release.Serving{Current: old, Candidate: next, Testers: map[store.Key]bool{tester: true}}).Choose(tester, monday, engine.New(), true); p != next {
		t.Error("a tester does not have the candidate")
	}
}

// TestWhateverIsReleasedNobodyIsLost has people talk while releases of all kinds take over from each other and are taken
// back, and looks after each of their words whether they are at a place that exists, whether they were answered, and
// whether who stays is answered as if nothing had happened.
func TestWhateverIsReleasedNobodyIsLost(t *testing.T) {
	t.Parallel()
	people := 3000
	if testing.Short() {
		people = 300
	}
	versions := []*program.Program{edited(t)}
	for i := range edits {
		versions = append(versions, edited(t, edits[i].name))
	}
	versions = append(versions, edited(t, "a word", "another option", "a question more"), edited(t, "another type", "a loop of other rows", "no hand-over"))
	kept := map[string]*program.Program{}
	for _, p := range versions {
		kept[p.Hash] = p
	}
	words := []string{"hi", "food", "office", "helper", "person", "list", "3", "7", "yes", "no", "Quito", "???", "1", "2", "menu"}
	for seed := range people {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		pick := func() *program.Program { return versions[r.IntN(len(versions))] }
		serving := &release.Serving{Current: pick(), Earlier: func(hash string) (*program.Program, time.Time) {
			return kept[hash], monday.Add(time.Duration(1-2*r.IntN(2)) * time.Hour)
		}}
		s := engine.New()
		s.Contact.Language = "en"
		var history []string
		for range 12 {
			switch r.IntN(4) {
			case 0:
				serving.Current = pick()
			case 1:
				serving.Candidate, serving.Percent = pick(), r.IntN(101)
			}
			word := words[r.IntN(len(words))]
			was := s.Release()
			p, displaced := serving.Choose(store.Key{byte(seed), byte(seed >> 8)}, monday, s, true)
			history = append(history, fmt.Sprintf("%s on %s (from %s, displaced %v)", word, p.Hash[:4], was, displaced))
			after, reply := said(p, s, displaced, word)
			history = append(history, fmt.Sprintf("  %q at %+v", reply, after.Where(p)))
			if was == p.Hash && displaced {
				t.Fatalf("seed %d: displaced from a release to itself\n%s", seed, strings.Join(history, "\n"))
			}
			if owned := s.Where(p).Kind == program.HandOverState; reply == "" && !owned {
				t.Fatalf("seed %d: no answer\n%s", seed, strings.Join(history, "\n"))
			}
			if after.IsOpen() && after.Where(p).Identity == "" {
				t.Fatalf("seed %d: at a place that %s does not have\n%s", seed, p.Hash, strings.Join(history, "\n"))
			}
			if after.Release() != p.Hash {
				t.Fatalf("seed %d: the session is of %s", seed, after.Release())
			}
			s = after
		}
	}
}
