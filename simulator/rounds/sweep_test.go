package rounds_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"baraza/simulator/rounds"
)

// everything is what lies in a folder, byte after byte.
func everything(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// What was sealed cannot be opened any more after a deletion, also by who kept a copy of the data from before and
// has the keys of now.
func TestADeletedSessionIsGoneFromEveryCopyOfTheData(t *testing.T) {
	t.Parallel()
	dir, old := t.TempDir(), t.TempDir()
	c := &clock{monday}
	f, err := rounds.Open(dir, rounds.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, token := invited(t, f, func(r *rounds.Round) { r.Uses = 2 })
	gone, secret := begun(t, f, token)
	stays, _ := begun(t, f, token)
	said := []string{"the marigold word", "the marigold remark", "the marigold voice"}
	for _, s := range []rounds.Session{gone, stays} {
		m, err := f.AddMedia(s.ID, "audio/ogg", []byte(said[2]))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Append(s.ID, rounds.Turn{N: 1, Who: rounds.Bot, Text: said[0]}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.AddRemark(s.ID, rounds.Remark{Turn: 1, Kind: rounds.Unclear, Text: said[1], Voice: m.ID}); err != nil {
			t.Fatal(err)
		}
	}
	copyOf, err := os.ReadFile(filepath.Join(dir, "simulator.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(gone.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Resume(secret); !errors.Is(err, rounds.ErrNoSession) {
		t.Errorf("the page goes on: %v", err)
	}
	if err := f.Delete(gone.ID); !errors.Is(err, rounds.ErrNoSession) {
		t.Errorf("deleted again: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if all := everything(t, dir); bytes.Contains(all, []byte("marigold")) {
		t.Error("what was said lies in the files as it is")
	}
	for _, name := range []string{"simulator.keys", "simulator.key"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(old, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(old, "simulator.db"), copyOf, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err = rounds.Open(old, rounds.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Session(gone.ID); !errors.Is(err, rounds.ErrNoSession) {
		t.Errorf("the copy of the data still has it: %v", err)
	}
	s, err := f.Session(stays.ID)
	if err != nil || len(s.Turns) != 1 || len(s.Remarks) != 1 || len(s.Media) != 1 {
		t.Errorf("the other one is %+v (%v)", s, err)
	}
}

func TestRecordingsGoAfterThirtyDaysAndARoundAtItsOwnDate(t *testing.T) {
	t.Parallel()
	f, c := opened(t)
	r, token := invited(t, f, func(r *rounds.Round) { r.Keep = monday.AddDate(0, 0, 60) })
	s, _ := begun(t, f, token)
	voice, err := f.AddMedia(s.ID, "audio/ogg", []byte("voice"))
	if err != nil {
		t.Fatal(err)
	}
	if m, data, err := f.ReadMedia(s.ID, voice.ID); err != nil || string(data) != "voice" || m != voice {
		t.Errorf("the voice note is %q, %+v (%v)", data, m, err)
	}
	for _, step := range []struct {
		at   time.Time
		want rounds.Swept
	}{
		{monday.AddDate(0, 0, 30).Add(-time.Second), rounds.Swept{}},
		{monday.AddDate(0, 0, 30), rounds.Swept{Media: 1}},
		{monday.AddDate(0, 0, 60).Add(-time.Second), rounds.Swept{}},
		{monday.AddDate(0, 0, 60), rounds.Swept{Rounds: 1, Sessions: 1}},
	} {
		c.now = step.at
		if got, err := f.Sweep(step.at); err != nil || got != step.want {
			t.Errorf("at %s: %+v, want %+v (%v)", step.at, got, step.want, err)
		}
		if _, _, err := f.ReadMedia(s.ID, voice.ID); step.want.Media == 1 && !errors.Is(err, rounds.ErrNoMedia) {
			t.Errorf("the voice note is still there: %v", err)
		}
	}
	if _, err := f.Round(r.ID); !errors.Is(err, rounds.ErrNoRound) {
		t.Errorf("the round is still there: %v", err)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	_, token := invited(t, f, nil)
	s, _ := begun(t, f, token)
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was kept", what)
		}
	}
	_, err := f.AddMedia(s.ID, "audio/ogg", make([]byte, rounds.MaxVoice+1))
	refused("a long voice note", err)
	_, err = f.AddMedia(s.ID, "image/jpeg", make([]byte, rounds.MaxPhoto+1))
	refused("a large photo", err)
	_, err = f.AddMedia(s.ID, "text/html", []byte("<p>"))
	refused("a page", err)
	for range rounds.MaxMedia {
		if _, err := f.AddMedia(s.ID, "image/png", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	_, err = f.AddMedia(s.ID, "image/jpeg", []byte("x"))
	refused("one photo more", err)
	refused("a turn out of order", f.Append(s.ID, rounds.Turn{N: 2}))
	refused("too much at once", f.Append(s.ID, rounds.Turn{N: 1, Text: string(make([]byte, rounds.MaxBytes))}))
	refused("too many turns", f.Append(s.ID, func() (all []rounds.Turn) {
		for n := range rounds.MaxTurns + 1 {
			all = append(all, rounds.Turn{N: n + 1})
		}
		return all
	}()...))
	_, err = f.AddRemark(s.ID, rounds.Remark{Turn: 7, Kind: rounds.Wrong})
	refused("a remark about nothing", err)
	_, err = f.AddRemark(s.ID, rounds.Remark{Kind: "rude"})
	refused("a remark of no kind", err)
	_, err = f.AddRemark(s.ID, rounds.Remark{Kind: rounds.Wrong, Voice: s.ID})
	refused("a remark with no voice", err)
	refused("a rating of 9", f.Rate(s.ID, 9))
	refused("a task that the round has not", f.BeginTask(s.ID, "none"))
	for _, none := range []string{"", "zz", "00112233445566778899aabbccddeeff"} {
		if err := f.Append(none, rounds.Turn{N: 1}); !errors.Is(err, rounds.ErrNoSession) {
			t.Errorf("a session %q: %v", none, err)
		}
	}
}
