package rounds_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/simulator/rounds"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// clock is a wall clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func opened(t *testing.T) (*rounds.File, *clock) {
	t.Helper()
	c := &clock{monday}
	f, err := rounds.Open(t.TempDir(), rounds.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, c
}

// invited is a round for one, with the token of its link.
func invited(t *testing.T, f *rounds.File, change func(*rounds.Round)) (rounds.Round, string) {
	t.Helper()
	r := rounds.Round{Pack: "ec", Title: "Documents", Uses: 1}
	if change != nil {
		change(&r)
	}
	made, token, err := f.CreateRound(r, "")
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

func begun(t *testing.T, f *rounds.File, token string) (rounds.Session, string) {
	t.Helper()
	s, secret, err := f.Begin(token, "", true, "0011223344556677", monday)
	if err != nil {
		t.Fatal(err)
	}
	return s, secret
}

func TestASessionIsKeptFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	f, c := opened(t)
	_, token := invited(t, f, nil)
	s, secret := begun(t, f, token)
	turns := []rounds.Turn{
		{N: 1, At: monday, Who: rounds.Person, Does: rounds.Write, Text: "hola"},
		{N: 2, At: monday, Who: rounds.Bot, Text: "¡Hola!", String: "welcome.hello.say", Language: "es"},
		{N: 3, At: monday.Add(time.Hour), Who: rounds.Clock, Does: rounds.Advance, For: time.Hour},
	}
	if err := errors.Join(f.Append(s.ID, turns[:2]...), f.Append(s.ID, turns[2])); err != nil {
		t.Fatal(err)
	}
	c.now = monday.Add(5 * time.Minute)
	if _, err := f.Finish(s.ID); err != nil {
		t.Fatal(err)
	}
	got, err := f.Session(s.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := s
	want.Turns, want.Count, want.Language = turns, 3, "es"
	want.Ended, want.Clock, want.Bytes = c.now, turns[2].At, got.Bytes
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again, err := f.Resume(secret); err != nil || again.ID != s.ID {
		t.Errorf("the page's secret leads to %q (%v)", again.ID, err)
	}
	if err := f.Append(s.ID, rounds.Turn{N: 4}); !errors.Is(err, rounds.ErrEnded) {
		t.Errorf("a turn after the end: %v", err)
	}
	for n, want := range [][]rounds.Turn{turns, turns[1:], turns[2:], nil} {
		if got, err := f.Since(s.ID, n); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("since %d (%v): %s", n, err, cmp.Diff(want, got))
		}
	}
}
