package desk_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store/boltstore"
	"baraza/server/desk"
)

func (w *world) backup(name string) string {
	w.t.Helper()
	folder := filepath.Join(w.t.TempDir(), name)
	_, err := w.client.Backup(w.t.Context(), folder)
	w.check(err)
	return folder
}

// restore puts a backup in place of what is there; nothing may be open.
func (w *world) restore(folder string, newer ...string) (*desk.Restoring, error) {
	r, err := desk.ReadBackup(w.t.Context(), folder, w.place(), newer)
	if err != nil {
		return nil, err
	}
	return r, r.Restore(w.t.Context())
}

func TestABackupIsMadeWhileItRunsAndBringsEveryoneBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.hears(ana, "note", "a word", "Loja", "Ana", "a tip")
		folder := w.backup("first")
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v, %v", info.Mode(), err)
		}
		entries, err := os.ReadDir(folder)
		w.check(err)
		var names []string
		for _, e := range entries {
			info, err := e.Info()
			w.check(err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", e.Name(), info.Mode())
			}
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != "audit.log erased.json ke.keys manifest.json store.db" {
			t.Errorf("the backup has %s", got)
		}
		if _, err := w.client.Backup(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("a second time: %v", err)
		}
		if _, err := w.client.Backup(t.Context(), filepath.Join(folder, "no", "where")); err == nil || !strings.Contains(err.Error(), "there is no folder") {
			t.Errorf("nowhere: %v", err)
		}
		w.hears(bea, "hello")
		if _, err := w.restore(folder); err == nil || !strings.Contains(err.Error(), "end the process that serves") {
			t.Errorf("while it is open: %v", err)
		}
		w.halt()
		r, err := w.restore(folder)
		w.check(err)
		if len(r.Replaces) != 2 {
			t.Errorf("it replaced %q", r.Replaces)
		}
		w.start()
		one, err := w.client.Contact(t.Context(), desk.Person{Key: w.key(ana).String()})
		if err != nil || len(one.Fields) != 2 || one.Unreadable != 0 {
			t.Errorf("ana: %+v, %v", one, err)
		}
		_, err = w.client.Contact(t.Context(), desk.Person{Key: w.key(bea).String()})
		hasPart(t, problem(err), "404") // came after the backup
		left, err := filepath.Glob(filepath.Join(w.dir, "*", "*re*"))
		if err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

func TestARestoreErasesAgainWhoWasErasedSince(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.agrees(bea)
		before := w.backup("before")
		_, err := w.client.Erase(t.Context(), desk.Person{Key: w.key(ana).String()})
		w.check(err)
		after := w.backup("after")
		w.halt()
		r, err := w.restore(before)
		w.check(err)
		if r.Erased != 1 {
			t.Errorf("%d erasures, want 1", r.Erased)
		}
		gone := func() {
			t.Helper()
			w.start()
			_, err := w.client.Contact(t.Context(), desk.Person{Key: w.key(ana).String()})
			hasPart(t, problem(err), "404")
			found, err := w.client.Find(t.Context(), desk.Person{Channel: "whatsapp", Identity: ana})
			if err != nil || !found.Suppressed {
				t.Errorf("found: %+v, %v", found, err)
			}
			if one, err := w.client.Contact(t.Context(), desk.Person{Key: w.key(bea).String()}); err != nil || one.Unreadable > 0 {
				t.Errorf("bea: %+v, %v", one, err)
			}
			w.halt()
		}
		gone()
		// The disk is lost but for the keys of the weeks: only a newer backup remembers.
		place := w.place()
		w.check(os.Remove(place.Store))
		w.check(os.Remove(place.Countries["ke"].Keys))
		_, err = w.restore(before, filepath.Join(after, "erased.json"))
		w.check(err)
		gone()
	})
}

func TestWaitingMessagesOfABackupAreForAnOperatorToDecide(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		word := w.opensCase(ana, "this")
		w.passes(30 * time.Hour) // the window closes
		_, err := w.client.Reply(t.Context(), desk.CaseReply{Case: word, Text: "It is found."})
		w.check(err)
		w.passes(time.Second)
		waits, err := w.client.Letters(t.Context(), desk.LetterQuery{})
		w.check(err)
		if len(waits.Letters) != 1 || waits.Letters[0].State != "waiting" || !strings.Contains(waits.Letters[0].Why, "next message") {
			t.Fatalf("waits: %+v", waits)
		}
		folder := w.backup("one")
		w.halt()
		_, err = w.restore(folder)
		w.check(err)
		w.phone.take()
		w.start()
		w.passes(time.Minute)
		if got := w.phone.take(); len(got) != 0 {
			t.Errorf("sent by itself: %q", got)
		}
		dead, err := w.client.Letters(t.Context(), desk.LetterQuery{})
		w.check(err)
		if len(dead.Letters) != 1 || dead.Letters[0].State != "dead" || dead.Letters[0].Code != boltstore.Restored || !strings.Contains(dead.Letters[0].Why, "restored backup") {
			t.Errorf("after the restore: %+v", dead)
		}
	})
}

func TestABackupThatIsNotWholeOrTooOldReplacesNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		folder := w.backup("one")
		w.halt()
		place := w.place()
		refused := func(want string) {
			t.Helper()
			before, err := os.ReadFile(place.Store)
			w.check(err)
			if _, err := w.restore(folder); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if after, err := os.ReadFile(place.Store); err != nil || string(after) != string(before) {
				t.Errorf("%s: the store was changed (%v)", want, err)
			}
		}
		change := func(name string, to func([]byte) []byte) (back func()) {
			path := filepath.Join(folder, name)
			body, err := os.ReadFile(path)
			w.check(err)
			if changed := to(body); changed == nil {
				w.check(os.Remove(path))
			} else {
				w.check(os.WriteFile(path, changed, 0o600))
			}
			return func() { w.check(os.WriteFile(path, body, 0o600)) }
		}
		cut := func(b []byte) []byte { return b[:len(b)-1] }
		for name, want := range map[string]string{"store.db": "is not as it was written", "ke.keys": "is not as it was written", "manifest.json": "its manifest cannot be read"} {
			back := change(name, func(b []byte) []byte {
				if name == "manifest.json" {
					return []byte("{")
				}
				return cut(b)
			})
			refused(want)
			back()
		}
		back := change("manifest.json", func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "ke.keys", "../ke.keys")) })
		refused("which is none of a backup")
		back()
		back = change("manifest.json", func(b []byte) []byte { return []byte(strings.Replace(string(b), `"format":3`, `"format":4`, 1)) })
		refused("it has format 4, this program knows those up to 3")
		back()
		back = change("manifest.json", func([]byte) []byte { return nil })
		refused("it has no manifest.json")
		back()

		_, err := desk.ReadBackup(t.Context(), folder, place, []string{filepath.Join(folder, "manifest.json")})
		hasPart(t, problem(err), "is no list of erasures")

		kept := w.country
		w.country = []keys.CountryKey{{8}}
		refused("wrapped with a country key that is not among")
		w.country = kept

		weeks, err := keys.OpenWeeks(place.Countries["ke"].Weeks, "ke", w.country, keys.Options{})
		w.check(err)
		_, err = weeks.Destroy(time.Now().Add(keys.WeekKept))
		w.check(err)
		w.check(weeks.Close())
		refused("as it is after 35 days")
		w.check(os.Remove(place.Countries["ke"].Weeks))
		refused("put the copy there that you keep apart")
	})
}

func TestABackupThatIsCutOffLeavesNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		whole := w.desk.Handler()
		for _, at := range []int64{0, 100, 5000, 20000} {
			cut := desk.Within(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				whole.ServeHTTP(&cutting{ResponseWriter: rw, left: at}, r)
			}))
			dir := t.TempDir()
			if _, err := cut.Backup(t.Context(), filepath.Join(dir, "one")); err == nil || !strings.Contains(err.Error(), "cut off") {
				t.Errorf("cut at %d: %v", at, err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("cut at %d: left %v, %v", at, entries, err)
			}
		}
	})
}

// cutting is a line that breaks.
type cutting struct {
	http.ResponseWriter
	left int64
}

func (c *cutting) Write(b []byte) (int, error) {
	if c.left -= int64(len(b)); c.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return c.ResponseWriter.Write(b)
}

func TestARotatedCountryKeyMayLeaveTheConfiguration(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.halt()
		w.country = []keys.CountryKey{{8}, {7}} // the new one first
		w.start()
		done, err := w.client.RotateKey(t.Context(), desk.OneCountry{Country: "ke"})
		if err != nil || done.Contacts != 1 {
			t.Errorf("rotated: %+v, %v", done, err)
		}
		folder := w.backup("after")
		_, err = w.client.RotateKey(t.Context(), desk.OneCountry{Country: "xx"})
		hasPart(t, problem(err), `404 there is no country "xx"; the countries are ke`)
		w.halt()
		w.country = []keys.CountryKey{{8}}
		_, err = w.restore(folder)
		w.check(err)
		w.start()
		if one, err := w.client.Contact(t.Context(), desk.Person{Key: w.key(ana).String()}); err != nil || one.Unreadable > 0 {
			t.Errorf("ana: %+v, %v", one, err)
		}
		if n, err := w.weeks.Destroy(time.Now().Add(keys.WeekKept)); n != 1 || err != nil {
			t.Errorf("destroyed %d, %v", n, err)
		}
	})
}

// dated is an answer that notes until when each part of it has to be taken.
type dated struct {
	*httptest.ResponseRecorder
	until []time.Time
}

func (d *dated) SetWriteDeadline(t time.Time) error {
	d.until = append(d.until, t)
	return nil
}

func TestWhoStopsTakingABackupIsGivenUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := httptest.NewRequest("POST", "/store/backup", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		answer := &dated{ResponseRecorder: httptest.NewRecorder()}
		w.desk.Handler().ServeHTTP(answer, r)
		if len(answer.until) < 4 {
			t.Fatalf("%d deadlines", len(answer.until))
		}
		for _, until := range answer.until {
			if left := time.Until(until); left <= 0 || left > time.Minute {
				t.Errorf("a part has to be taken within %v", left)
			}
		}
	})
}

// taking is an answer that does something when the first of the data comes, behind the head of its part.
type taking struct {
	http.ResponseWriter
	writes int
	do     func()
}

func (k *taking) Write(b []byte) (int, error) {
	if k.writes++; k.writes == 2 {
		k.do()
	}
	return k.ResponseWriter.Write(b)
}

// during makes a backup and does something while the data is copied.
func (w *world) during(do func()) (folder string) {
	w.t.Helper()
	folder = filepath.Join(w.t.TempDir(), "backup")
	whole := w.desk.Handler()
	slow := desk.Within(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		whole.ServeHTTP(&taking{ResponseWriter: rw, do: do}, r)
	}))
	_, err := slow.Backup(w.t.Context(), folder)
	w.check(err)
	return folder
}

// A compacted file takes the place of the old one once nobody reads that any more, and until then everybody waits.
func TestNobodyWaitsForABackup(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.phone.take()
		w.during(func() {
			_, err := w.client.Compact(t.Context())
			hasPart(t, problem(err), "409 a backup or another compaction is under way")
			w.hears(ana, "hello")
			if got := w.phone.take(); len(got) == 0 {
				t.Error("ana waits")
			}
		})
		_, err := w.client.Compact(t.Context())
		w.check(err)
	})
}

// Who is erased while a backup is being made is in its list: that is read last.
func TestWhoIsErasedAmidABackupIsErasedByIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.agrees(bea)
		folder := w.during(func() {
			_, err := w.client.Erase(t.Context(), desk.Person{Key: w.key(ana).String()})
			w.check(err)
		})
		w.halt()
		place := w.place() // of the old disk only the keys of the weeks are left
		w.check(os.Remove(place.Store))
		w.check(os.Remove(place.Countries["ke"].Keys))
		_, err := w.restore(folder)
		w.check(err)
		w.start()
		if w.has(ana) || !w.has(bea) {
			t.Errorf("ana is there: %v, bea: %v", w.has(ana), w.has(bea))
		}
	})
}

// Two are made into one folder at the same time: one of them is there, and the other is told.
func TestOfTwoBackupsIntoOneFolderOneIsKept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		folder := filepath.Join(t.TempDir(), "backup")
		whole := w.desk.Handler()
		slow := desk.Within(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			whole.ServeHTTP(&taking{ResponseWriter: rw, do: func() {
				if others := desk.Unfinished(folder); len(others) != 1 {
					t.Errorf("being made: %q", others)
				}
				_, err := w.client.Backup(t.Context(), folder)
				w.check(err)
			}}, r)
		}))
		if _, err := slow.Backup(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("the second: %v", err)
		}
		if left := desk.Unfinished(folder); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		w.halt()
		_, err := w.restore(folder)
		w.check(err)
	})
}
