package freeze_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/server/freeze"
)

// at is so many hours after noon.
func at(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

func TestAFreezeIsNeverLostInARestoreAndOneThatWasEndedSinceStaysEnded(t *testing.T) {
	t.Parallel()
	frozen := func(since int) freeze.State {
		return freeze.State{Country: "ec", Stage: freeze.Frozen, Since: at(since), Noticed: at(since), By: "ana", Why: "a wrong address", Notice: notice}
	}
	resuming := func(since, ended int) freeze.State {
		s := frozen(since)
		s.Stage, s.Resumed, s.ResumedBy, s.Sends, s.Released = freeze.Resuming, at(ended), "ben", true, true
		return s
	}
	served := func(ended int) freeze.State {
		return freeze.State{Country: "ec", Stage: freeze.Served, Resumed: at(ended), ResumedBy: "ben"}
	}
	never := freeze.State{Country: "ec", Stage: freeze.Served}
	unread := freeze.State{Country: "ec", Stage: freeze.Frozen, Problem: "the file is damaged"}
	// Every backup is made five hours after noon, and restored twenty hours after.
	for name, c := range map[string]struct {
		here, there freeze.State
		holds       bool
		fate        freeze.Fate
		stage       string
	}{
		"frozen here, and not there":                        {frozen(7), never, false, freeze.Stays, freeze.Frozen},
		"frozen here and there":                             {frozen(7), frozen(1), true, freeze.Stays, freeze.Frozen},
		"nobody can read how it stands here":                {unread, frozen(1), true, freeze.Stays, freeze.Frozen},
		"a new machine":                                     {never, frozen(1), true, freeze.Returns, freeze.Frozen},
		"a new machine, nothing held yet":                   {never, frozen(1), false, freeze.Returns, freeze.Frozen},
		"ended here since":                                  {served(6), frozen(1), true, freeze.Ended, freeze.Resuming},
		"being ended here":                                  {resuming(1, 6), frozen(1), true, freeze.Ended, freeze.Resuming},
		"ended here before the backup of another machine":   {served(3), frozen(4), true, freeze.Returns, freeze.Frozen},
		"being ended here before that backup":               {resuming(1, 3), frozen(4), true, freeze.Returns, freeze.Frozen},
		"ended by a clock that was wrong":                   {served(900), frozen(1), true, freeze.Returns, freeze.Frozen},
		"being ended there":                                 {never, resuming(1, 4), true, freeze.Settles, freeze.Resuming},
		"being ended there, nothing held any more":          {never, resuming(1, 4), false, freeze.Settles, freeze.Resuming},
		"being ended here, before it began there":           {resuming(7, 8), never, false, freeze.Settles, freeze.Resuming},
		"ended there":                                       {never, served(4), false, freeze.Nothing, freeze.Served},
		"ended while the backup was made":                   {never, served(5), true, freeze.Settles, freeze.Resuming},
		"never frozen":                                      {never, never, false, freeze.Nothing, freeze.Served},
		"of an earlier version, nothing held":               {never, freeze.State{}, false, freeze.Nothing, freeze.Served},
		"of an earlier version, something held":             {never, freeze.State{}, true, freeze.Doubted, freeze.Frozen},
		"of an earlier version, something held, and frozen": {frozen(7), freeze.State{}, true, freeze.Stays, freeze.Frozen},
		"of an earlier version, ended here since":           {served(6), freeze.State{}, true, freeze.Settles, freeze.Resuming},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, fate := freeze.Restored(c.here, freeze.Backup{State: c.there, Made: at(5), Holds: c.holds}, at(20))
			if fate != c.fate || next.Stage != c.stage || next.Country != "ec" {
				t.Errorf("fate %d, %+v; want fate %d, %s", fate, next, c.fate, c.stage)
			}
			switch next.Stage {
			case freeze.Frozen:
				want := c.here
				if fate == freeze.Returns {
					want = c.there
				}
				if diff := cmp.Diff(want, next); diff != "" && fate != freeze.Doubted {
					t.Errorf("it is another freeze (-want +got):\n%s", diff)
				}
				if next.Noticed.IsZero() && next.Problem == "" {
					t.Error("operators are not told of it")
				}
			case freeze.Resuming:
				if next.Sends || next.Released {
					t.Error("replies are sent that may have gone out since")
				}
				if next.Resumed.IsZero() || next.Resumed.After(at(20)) {
					t.Errorf("ended at %v", next.Resumed)
				}
			}
		})
	}
}

// An end outlives a restart, so that no backup from before brings the freeze back, and a freeze begins anew over it.
func TestWhenAFreezeEndedIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "frozen")
	open := func() *freeze.Book { return freeze.Open(dir, []string{"ec"}) }
	b := open()
	ends := func(hour int) {
		t.Helper()
		if _, err := b.Freeze("ec", "ana", "a wrong address", notice, at(hour)); err != nil {
			t.Fatal(err)
		}
		is, err := b.Unfreeze("ec", "ben", true, at(hour+1))
		if err == nil {
			err = b.Done("ec", is.Resumed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if text, err := b.Copy("ec"); text != nil || err != nil {
		t.Errorf("of a country that was never frozen a backup has %q, %v", text, err)
	}
	ends(0)
	ends(4)
	want := freeze.State{Country: "ec", Stage: freeze.Served, Resumed: at(5), ResumedBy: "ben"}
	for _, b := range []*freeze.Book{b, open()} {
		text, err := b.Copy("ec")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]freeze.State{want, want}, []freeze.State{b.Of("ec"), freeze.ReadCopy(text, "ec")}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	// What nobody can read of an end freezes no country.
	if err := os.WriteFile(filepath.Join(dir, "ec.ended.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if is := open().Of("ec"); is.Stage != freeze.Served || is.Problem != "" || !is.Resumed.IsZero() {
		t.Errorf("it is %+v", is)
	}
}

func TestWhatABackupHasOfAFreezeIsReadOrStandsForOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "frozen")
	b := freeze.Open(dir, []string{"ec"})
	is, err := b.Freeze("ec", "ana", "a wrong address", notice, noon)
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.Copy("ec")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(is, freeze.ReadCopy(text, "ec")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for what, s := range map[string]freeze.State{"cut off": freeze.ReadCopy(text[:40], "ec"), "of another country": freeze.ReadCopy(text, "jo")} {
		if s.Stage != freeze.Frozen || s.Why == "" {
			t.Errorf("%s: %+v", what, s)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ec.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err = freeze.Open(dir, []string{"ec"}).Copy("ec"); err != nil {
		t.Fatal(err)
	}
	if s := freeze.ReadCopy(text, "ec"); s.Stage != freeze.Frozen || s.Problem != "" || s.Why != "nobody could read how the country stands" {
		t.Errorf("of one that cannot be read: %+v", s)
	}
	// On another machine it is the freeze that it was.
	place := filepath.Join(t.TempDir(), "frozen")
	if err := freeze.Open(place, []string{"ec"}).Restore(is); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(is, freeze.Open(place, []string{"ec"}).Of("ec")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
