package release

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestANoteStaysWithItsReleaseAndTheFirstCounts(t *testing.T) {
	t.Parallel()
	dir, bundle := t.TempDir(), built(t, packOf(t, packFiles()))
	shelf, err := OpenShelf(dir, "help", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer shelf.Close()
	at := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	want := Note{At: at, SignedBy: "ed25519:a", Signature: "baraza signature 1\n"}
	k, err := shelf.KeepSigned(bytes.NewReader(bundle), want)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shelf.KeepSigned(bytes.NewReader(bundle), Note{At: at.Add(time.Hour), SignedBy: "ed25519:b"}); err != nil {
		t.Fatal(err)
	}
	got, err := shelf.Note(k.Hash)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := shelf.Note("../" + k.Hash[:61]); !errors.Is(err, ErrNotKept) {
		t.Errorf("it says %v", err)
	}
}

// A process that dies while a release is taken away leaves the whole release or none.
func TestAReleaseIsTakenAwayWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	bundle := built(t, packOf(t, packFiles()))
	for n, died := 0, true; died; n++ {
		dir, steps := t.TempDir(), 0
		f := opened(t, dir)
		k, err := f.Install(bytes.NewReader(bundle))
		if err != nil {
			t.Fatal(err)
		}
		f.before = func(string) error {
			if steps++; steps > n {
				return errDied
			}
			return nil
		}
		err = f.Remove(k.Hash)
		died = errors.Is(err, errDied)
		if err != nil && !died {
			t.Fatal(err)
		}
		next := opened(t, dir)
		all, err := next.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, hash := range all {
			if err := next.Check(hash); err != nil {
				t.Errorf("after %d steps half of it is there: %v", n, err)
			}
		}
		if !died && len(all) > 0 {
			t.Error("it is still there")
		}
	}
}
