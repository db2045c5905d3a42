package runner

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
)

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
