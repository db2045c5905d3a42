package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/server/audit"
	"baraza/server/desk"
)

func TestAChangedLogOfWhoDidWhatKeepsNobodyFromBeingServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	compact := func() {
		t.Helper()
		client := desk.Within(w.server.Desk().Handler())
		if _, err := client.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	compact()
	path := filepath.Join(w.config.Data, "audit.log")
	for code, spoil := range map[string]func() error{
		"audit-changed": func() error {
			body, err := os.ReadFile(path)
			body[20] ^= 1
			if err == nil {
				err = os.WriteFile(path, body, 0o600)
			}
			return err
		},
		"audit-not-written": func() error {
			if err := os.Rename(path, path+".away"); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		},
	} {
		w.halt()
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.until("people are answered and an alert comes", func() bool {
			phone.Write("mombasa") // each answer is a change to look again at
			_, figures := w.get("/metrics")
			return strings.Contains(figures, `code="`+code+`"`)
		})
		if code == "audit-changed" {
			compact()
			if r, err := audit.Verify(path, "", nil); err != nil || len(r.Problems) != 1 || r.Problems[0].Number != 1 || r.Number < 2 {
				t.Errorf("got %+v, %v", r, err)
			}
			continue
		}
		client := desk.Within(w.server.Desk().Handler())
		if _, err := client.Compact(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was changed, for the log of who did what cannot be written") {
			t.Errorf("got %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
}
