package release_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/release"
)

func word(by string) release.Said { return release.Said{By: by, At: monday, Why: "seen"} }

func approve(hash, by string) func(release.State) (release.State, error) {
	return func(s release.State) (release.State, error) { return s.Approve(strings.Repeat(hash, 64), word(by)) }
}

func override(hash, gate, by string) func(release.State) (release.State, error) {
	return func(s release.State) (release.State, error) {
		return s.Override(strings.Repeat(hash, 64), gate, word(by))
	}
}

func TestAPersonApprovesAReleaseOnceAndNotWhatTheyActivated(t *testing.T) {
	t.Parallel()
	s := did(t, release.State{}, approve("a", "Ben"), activate(served("a", 0), 100), activate(served("b", 1), 10))
	for _, again := range []func(release.State) (release.State, error){approve("a", " ben "), approve("a", "BEN"), approve("a", "Ana"), approve("b", "aná")} {
		if _, err := again(s); !errors.Is(err, release.ErrSamePerson) {
			t.Errorf("got %v, want that a second person has to say it", err)
		}
	}
	s = did(t, s, approve("b", "ben"), approve("a", "cleo"))
	if got := len(s.Approved(strings.Repeat("a", 64))); got != 2 {
		t.Errorf("%d approved the first release, want 2", got)
	}
	if got := s.Approved(strings.Repeat("a", 64), "BEN"); len(got) != 1 || got[0].By != "cleo" {
		t.Errorf("but for Ben it was approved by %v", got)
	}
}

func TestAnOverrideCountsWithItsSecondPerson(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 64)
	s := did(t, release.State{}, override("a", "tests pass", "ana"), override("b", "tests pass", "ben"))
	if o, ok := s.Overridden(hash, "tests pass"); !ok || o.Confirmed != nil {
		t.Errorf("after one person: %+v", o)
	}
	if _, err := override("a", "tests pass", "A-N-A")(s); err != nil {
		t.Errorf("A-N-A is three words, and another name: %v", err)
	}
	if _, err := override("a", "tests pass", "Ána ")(s); !errors.Is(err, release.ErrSamePerson) {
		t.Errorf("the same person: %v", err)
	}
	before := s
	s = did(t, s, override("a", "tests pass", "ben"))
	if o, _ := before.Overridden(hash, "tests pass"); o.Confirmed != nil {
		t.Error("the state before was changed with it")
	}
	if o, _ := s.Overridden(hash, "tests pass"); o.Confirmed == nil || o.Confirmed.By != "ben" {
		t.Errorf("after two people: %+v", o)
	}
	if _, err := override("a", "tests pass", "cleo")(s); err == nil || !strings.Contains(err.Error(), "overridden already, by ana and ben") {
		t.Errorf("a third person: %v", err)
	}
	if _, ok := s.Overridden(hash, "coverage"); ok {
		t.Error("another gate is overridden with it")
	}
}

func TestWhatIsRememberedOfWordsIsBoundedAndForgettingOpensNothing(t *testing.T) {
	t.Parallel()
	s := release.State{}
	for i := range 500 {
		s = did(t, s, approve("a", fmt.Sprint("person ", i)), override("a", fmt.Sprint("gate ", i), "ana"))
	}
	text, err := json.Marshal(s)
	if err != nil || len(text) > 200_000 {
		t.Errorf("500 words take %d bytes (%v)", len(text), err)
	}
	if _, ok := s.Overridden(strings.Repeat("a", 64), "gate 0"); ok {
		t.Error("the first override was not forgotten")
	}
}

func TestWordsLieBesideWhatServesAndAFileWithoutThemIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "serving.json")
	standing, err := release.OpenStanding(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(release.State) (release.State, error){activate(served("a", 0), 100), approve("b", "ben"), override("b", "coverage", "ana")} {
		if err := standing.Change(change, nil); err != nil {
			t.Fatal(err)
		}
		again, err := release.OpenStanding(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(standing.State(), again.State()); diff != "" {
			t.Errorf("(-said +read)\n%s", diff)
		}
	}
}
