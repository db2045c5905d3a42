package rounds_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"baraza/simulator/rounds"
)

func TestAPlaceIsUsedUpByBeginningAndByNothingBefore(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r, token := invited(t, f, nil)
	for range 3 { // what previews of links do
		if _, err := f.Enter(token, ""); err != nil {
			t.Fatal(err)
		}
	}
	begun(t, f, token)
	if _, _, err := f.Begin(token, "", true, "v", monday); !errors.Is(err, rounds.ErrUsed) {
		t.Errorf("a second one began: %v", err)
	}
	if _, err := f.Enter(token, ""); !errors.Is(err, rounds.ErrUsed) {
		t.Errorf("a second one may enter: %v", err)
	}
	if r, err := f.Round(r.ID); err != nil || r.Used != 1 || r.Participants != 1 {
		t.Errorf("the round counts %+v (%v)", r, err)
	}
}

func TestNobodyBeginsAfterTheEndOfAnInvitation(t *testing.T) {
	t.Parallel()
	f, c := opened(t)
	r, token := invited(t, f, nil)
	c.now = r.Expires.Add(-time.Second)
	if _, err := f.Enter(token, ""); err != nil {
		t.Errorf("a second before: %v", err)
	}
	c.now = r.Expires
	if _, _, err := f.Begin(token, "", true, "v", monday); !errors.Is(err, rounds.ErrExpired) {
		t.Errorf("at the end: %v", err)
	}
	c.now = monday
	if err := f.Revoke(r.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Begin(token, "", true, "v", monday); !errors.Is(err, rounds.ErrRevoked) {
		t.Errorf("after it was taken back: %v", err)
	}
	for _, wrong := range []string{"", "x", strings.Repeat("A", 22), strings.Repeat("A", 1<<20)} {
		if _, err := f.Enter(wrong, ""); !errors.Is(err, rounds.ErrNoRound) {
			t.Errorf("a token that is none: %v", err)
		}
	}
}

func TestAPassphraseIsAskedForAndCannotBeTriedForLong(t *testing.T) {
	t.Parallel()
	f, c := opened(t)
	r, token, err := f.CreateRound(rounds.Round{Pack: "ec", Title: "Documents", Uses: 9}, "Blue kettle")
	if err != nil || !r.HasPassphrase {
		t.Fatal(r, err)
	}
	if _, err := f.Enter(token, " blue KETTLE "); err != nil {
		t.Errorf("as a phone types it: %v", err)
	}
	for i := range 21 {
		_, err := f.Enter(token, "red kettle")
		if want := map[bool]error{false: rounds.ErrPassphrase, true: rounds.ErrTooMany}[i == 20]; !errors.Is(err, want) {
			t.Errorf("wrong for the %d. time: %v", i+1, err)
		}
	}
	if _, _, err := f.Begin(token, "Blue kettle", true, "v", monday); !errors.Is(err, rounds.ErrTooMany) {
		t.Errorf("the right one after too many: %v", err)
	}
	c.now = c.now.Add(time.Hour)
	if _, _, err := f.Begin(token, "Blue kettle", true, "v", monday); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestWhoIsNotRecordedTriesAllTheSameAndOnlyCounts(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r, token := invited(t, f, nil)
	s, secret, err := f.Begin(token, "", false, "v", monday)
	if err != nil || s.Recorded || secret != "" || s.Tester != 0 {
		t.Fatal(s, secret, err)
	}
	talk, err := f.Talk(s, sample(t, "tutorial/2-choices").program())
	if err != nil {
		t.Fatal(err)
	}
	turns, err := talk.Write("hello")
	if err != nil || len(turns) < 2 {
		t.Errorf("the flow said %v (%v)", turns, err)
	}
	if all, err := f.Sessions(""); err != nil || len(all) != 0 {
		t.Errorf("kept were %v (%v)", all, err)
	}
	if r, err = f.Round(r.ID); err != nil || r.Used != 1 || r.Unrecorded != 1 || r.Participants != 0 {
		t.Errorf("the round counts %+v (%v)", r, err)
	}
}

func TestARoundThatCannotBeIsRefusedInASentence(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	task := rounds.Task{ID: "a", Text: map[string]string{"en": "Find it."}}
	for name, change := range map[string]func(*rounds.Round){
		"no pack":           func(r *rounds.Round) { r.Pack = "" },
		"no title":          func(r *rounds.Round) { r.Title = "" },
		"a long title":      func(r *rounds.Round) { r.Title = strings.Repeat("x", 201) },
		"for nobody":        func(r *rounds.Round) { r.Uses = 0 },
		"for all the world": func(r *rounds.Round) { r.Uses = rounds.MaxUses + 1 },
		"over already":      func(r *rounds.Round) { r.Expires = monday },
		"kept too short":    func(r *rounds.Round) { r.Keep = monday.Add(time.Hour) },
		"kept for ever":     func(r *rounds.Round) { r.Keep = monday.AddDate(2, 0, 0) },
		"the same task":     func(r *rounds.Round) { r.Tasks = []rounds.Task{task, task} },
		"a task in nothing": func(r *rounds.Round) { r.Tasks = []rounds.Task{{ID: "a"}} },
		"a huge field":      func(r *rounds.Round) { r.Persona.Fields = map[string]string{"city": strings.Repeat("x", 5000)} },
	} {
		r := rounds.Round{Pack: "ec", Title: "Documents", Uses: 1}
		change(&r)
		if _, _, err := f.CreateRound(r, ""); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
}
