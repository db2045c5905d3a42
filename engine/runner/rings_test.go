package runner

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// An erasure is replayed without its pack: a country that never had the contact does not learn of it.
func TestAnErasureIsReplayedIntoTheCountryOfTheContactAlone(t *testing.T) {
	t.Parallel()
	r := Rings{Packs: map[string]*keys.Ring{}, Clock: quickClock{}}
	for n, country := range []string{"EC", "KE"} {
		ring, err := keys.Open(filepath.Join(t.TempDir(), "keys"), country, []keys.CountryKey{{byte(n + 1)}}, keys.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer ring.Close()
		r.Packs[country] = ring
	}
	contact := r.Contact("KE", r.Hash("KE", keys.ForIdentity, "whatsapp", "wa_phone", "1"), 0)
	sealed, err := r.Seal("KE", contact, keys.Session, []byte("words"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // at this start and the next one
		if err := r.Erase("", store.Erasure{Key: contact, At: quickClock{}.Now().Add(time.Second)}); err != nil {
			t.Fatal(err)
		}
		if ec, ke := len(r.Packs["EC"].Erased()), len(r.Packs["KE"].Erased()); ec != 0 || ke != 1 {
			t.Errorf("erasures of EC and KE: %d and %d, want 0 and 1", ec, ke)
		}
	}
	if _, err := r.Open("KE", contact, keys.Session, sealed); !errors.Is(err, ErrUnreadable) {
		t.Errorf("what was erased: %v, want ErrUnreadable", err)
	}
	// Whose nobody knows, as where its keys were lost, is kept by all.
	if err := r.Erase("", store.Erasure{Key: store.Key{9}, At: quickClock{}.Now()}); err != nil {
		t.Fatal(err)
	}
	if ec, ke := len(r.Packs["EC"].Erased()), len(r.Packs["KE"].Erased()); ec != 1 || ke != 2 {
		t.Errorf("erasures of EC and KE with one of nobody: %d and %d, want 1 and 2", ec, ke)
	}
}

func TestRingsForgetWhatWasErasedAndKeepWhatCameAfter(t *testing.T) {
	t.Parallel()
	country := keys.CountryKey{1, 2, 3}
	ring, err := keys.Open(filepath.Join(t.TempDir(), "keys"), "KE", []keys.CountryKey{country}, keys.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer ring.Close()
	r := Rings{Packs: map[string]*keys.Ring{"sample": ring}, Clock: quickClock{}}
	contact := r.Contact("sample", r.Hash("sample", keys.ForIdentity, "whatsapp", "wa_phone", "1"), 0)
	seal := func() []byte {
		t.Helper()
		b, err := r.Seal("sample", contact, keys.Session, []byte("words"))
		if err != nil {
			t.Fatalf("seal: %v", err)
		}
		return b
	}
	before := seal()
	at := quickClock{}.Now().Add(time.Second)
	if err := r.Begin("sample", contact, at.Add(afterErasure)); err != nil {
		t.Fatalf("begin: %v", err)
	}
	after := seal()
	for range 2 { // the tombstone replays it
		if err := r.Erase("", store.Erasure{Key: contact, At: at}); err != nil {
			t.Fatalf("erase: %v", err)
		}
	}
	if _, err := r.Open("sample", contact, keys.Session, before); !errors.Is(err, ErrUnreadable) {
		t.Errorf("what was erased: %v, want ErrUnreadable", err)
	}
	if got, err := r.Open("sample", contact, keys.Session, after); err != nil || string(got) != "words" {
		t.Errorf("what came after: %q, %v", got, err)
	}
	if _, err := r.Open("sample", contact, keys.Field, after); !errors.Is(err, ErrUnreadable) {
		t.Errorf("in another place: %v, want ErrUnreadable", err)
	}
	if _, err := r.Seal("other", contact, keys.Session, nil); !errors.Is(err, ErrNoPack) {
		t.Errorf("a pack without a ring: %v, want ErrNoPack", err)
	}
	if err := r.Sync(); err != nil {
		t.Errorf("sync: %v", err)
	}
}
