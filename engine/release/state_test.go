package release_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/release"
)

func served(hash string, minute int) release.Served {
	return release.Served{Release: strings.Repeat(hash, 64), Program: strings.Repeat(hash, 16), Since: monday.Add(time.Duration(minute) * time.Minute), By: "ana"}
}

// did applies changes to a state, one after the other, and fails where one is refused.
func did(t *testing.T, s release.State, changes ...func(release.State) (release.State, error)) release.State {
	t.Helper()
	for i, change := range changes {
		var err error
		if s, err = change(s); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	return s
}

func activate(next release.Served, percent int) func(release.State) (release.State, error) {
	return func(s release.State) (release.State, error) { return s.Activate(s.Serves(), next, percent, nil) }
}

func serves(s release.State) string {
	out := "none"
	if s.Current != nil {
		out = s.Current.Release[:1]
	}
	if s.Candidate != nil {
		out += " trying " + s.Candidate.Release[:1]
	}
	for _, e := range s.Earlier {
		out += " before " + e.Release[:1]
	}
	return out
}

func TestReleasesTakeEachOthersPlaceAndComeBack(t *testing.T) {
	t.Parallel()
	a, b, c := served("a", 0), served("b", 1), served("c", 2)
	rollback := func(to release.Served) func(release.State) (release.State, error) {
		return func(s release.State) (release.State, error) { return s.Rollback(s.Serves(), to) }
	}
	promote := func(s release.State) (release.State, error) {
		return s.Promote(s.Candidate.Release, monday.Add(time.Hour), "ben", "it works")
	}
	for _, test := range []struct {
		name    string
		changes []func(release.State) (release.State, error)
		want    string
	}{
		{"the first serves all", []func(release.State) (release.State, error){activate(a, 100)}, "a"},
		{"another takes its place", []func(release.State) (release.State, error){activate(a, 100), activate(b, 100)}, "b before a"},
		{"some have it first", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10)}, "a trying b"},
		{"more have it", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10), activate(b, 50)}, "a trying b"},
		{"another is tried in its place", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10), activate(c, 10)}, "a trying c before b"},
		{"then all", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10), promote}, "b before a"},
		{"what is tried is taken back", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10), rollback(release.Served{})}, "a before b"},
		{"the one before serves again", []func(release.State) (release.State, error){activate(a, 100), activate(b, 100), rollback(a)}, "a before b"},
		{"one of long ago", []func(release.State) (release.State, error){activate(a, 100), activate(b, 100), activate(c, 100), rollback(a)}, "a before c before b"},
		{"another takes the place of both", []func(release.State) (release.State, error){activate(a, 100), activate(b, 10), activate(c, 100)}, "c before a before b"},
	} {
		if got := serves(did(t, release.State{}, test.changes...)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestTheFirstReleaseIsForAllAndNobodyGetsItBySurprise(t *testing.T) {
	t.Parallel()
	for _, percent := range []int{0, 10, 99} {
		s, err := release.State{}.Activate("", served("a", 0), percent, []string{strings.Repeat("0", 32)})
		if err == nil || !strings.Contains(err.Error(), "nothing serves yet") || s.Current != nil {
			t.Errorf("%d %%: %v, %s", percent, err, serves(s))
		}
	}
}

func TestARollbackThatNamesNoReleaseComesToNoneThatWasTakenBackOrOnlyTried(t *testing.T) {
	t.Parallel()
	a, b, c, d := served("a", 0), served("b", 1), served("c", 2), served("d", 3)
	back := func(s release.State) (release.State, error) { // as a command that names none does it
		var to release.Served
		if before, ok := s.Before(); ok && s.Candidate == nil {
			to = before
		}
		return s.Rollback(s.Serves(), to)
	}
	promote := func(s release.State) (release.State, error) {
		return s.Promote(s.Candidate.Release, monday.Add(time.Hour), "ben", "it works")
	}
	type changes []func(release.State) (release.State, error)
	for _, test := range []struct {
		name    string
		changes changes
		want    string // "" where none is left
	}{
		{"the one before it", changes{activate(a, 100), activate(b, 100)}, "a"},
		{"a second time, one further", changes{activate(a, 100), activate(b, 100), activate(c, 100), back}, "a"},
		{"a second time, where there is none further", changes{activate(a, 100), activate(b, 100), back}, ""},
		{"behind what was tried and taken back", changes{activate(a, 100), activate(b, 100), activate(c, 10), back}, "a"},
		{"behind what another trial took the place of", changes{activate(a, 100), activate(b, 10), activate(c, 10), back}, ""},
		{"behind what was tried before the one that all got", changes{activate(a, 100), activate(b, 10), activate(c, 10), promote, back}, ""},
		{"behind all that a named one was further back than", changes{activate(a, 100), activate(b, 100), activate(c, 100), activate(d, 100),
			func(s release.State) (release.State, error) { return s.Rollback(s.Serves(), b) }}, "a"},
		{"again what was taken back, once it was activated anew", changes{activate(a, 100), activate(b, 100), back, activate(b, 100), activate(c, 100)}, "b"},
	} {
		before, ok := did(t, release.State{}, test.changes...).Before()
		if ok != (test.want != "") || ok && before.Release[:1] != test.want {
			t.Errorf("%s: %q %v, want %q", test.name, before.Release, ok, test.want)
		}
	}
}

func TestAChangeThatWasPlannedAgainstSomethingElseIsRefusedWithBothHashes(t *testing.T) {
	t.Parallel()
	a, b, c := served("a", 0), served("b", 1), served("c", 2)
	s := did(t, release.State{}, activate(a, 100), activate(b, 100))
	var moved *release.Moved
	if _, err := s.Activate(a.Release, c, 100, nil); !errors.As(err, &moved) || moved.Planned != a.Release || moved.Serves != b.Release {
		t.Errorf("activate: %v", err)
	}
	if _, err := s.Rollback(a.Release, a); !errors.As(err, &moved) {
		t.Errorf("rollback: %v", err)
	}
	if _, err := s.Promote(b.Release, monday, "ana", ""); !errors.Is(err, release.ErrNothingTried) {
		t.Errorf("promote: %v", err)
	}
	if _, err := s.Activate(b.Release, b, 100, nil); err == nil {
		t.Error("what serves is activated again")
	}
	if _, err := s.Activate(b.Release, c, 0, []string{"254700000001"}); err == nil || !strings.Contains(err.Error(), "is no key of a contact") {
		t.Errorf("a tester who is no contact: %v", err)
	}
}

func TestOfManyWhoActivateAtOnceOneWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "serving.json")
	s, err := release.OpenStanding(path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	won := make(chan string, 20)
	for _, hash := range strings.Split("abcdefghij", "") {
		all.Go(func() {
			next := served(hash, 0)
			err := s.Change(func(now release.State) (release.State, error) { return now.Activate("", next, 100, nil) }, nil)
			var moved *release.Moved
			switch {
			case err == nil:
				won <- next.Release
			case !errors.As(err, &moved):
				t.Error(err)
			}
		})
	}
	all.Wait()
	again, err := release.OpenStanding(path)
	if err != nil || len(won) != 1 {
		t.Fatalf("%d won, %v", len(won), err)
	}
	if diff := cmp.Diff(again.State(), s.State()); diff != "" || again.State().Serves() != <-won {
		t.Errorf("what is on the disk (-) and in memory (+)\n%s", diff)
	}
}

func TestAStateThatCannotBeWrittenOrReadChangesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "serving.json")
	s, err := release.OpenStanding(path)
	if err != nil {
		t.Fatal(err)
	}
	called := false
	if err := os.Mkdir(path, 0o700); err != nil { // nothing can be renamed to it
		t.Fatal(err)
	}
	err = s.Change(func(now release.State) (release.State, error) { return now.Activate("", served("a", 0), 100, nil) }, func(release.State) { called = true })
	if err == nil || called || s.State().Serves() != "" {
		t.Errorf("%v, called: %v, serves %q", err, called, s.State().Serves())
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.new*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for _, text := range []string{"", "{", `{"format": 2}`, `{"format": 1, "other": 1}`} {
		other := filepath.Join(folder, "other.json")
		if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := release.OpenStanding(other); err == nil {
			t.Errorf("%q is taken for a state", text)
		}
	}
}
