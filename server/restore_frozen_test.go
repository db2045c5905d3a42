package server_test

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"baraza/channels/whatsapp/fake"
	"baraza/engine/keys"
	"baraza/server/desk"
	"baraza/server/freeze"
)

func (w *frozenWorld) place() desk.Place {
	w.t.Helper()
	p := desk.Place{Store: w.config.Store(), Audit: w.config.Audit(), Frozen: w.config.Freezes(), Countries: map[string]desk.PlaceOfKeys{}}
	for country, pack := range map[string]string{"ke": "help", "ec": "mesa"} {
		key, err := w.config.Countries[country].Key.Key()
		if err != nil {
			w.t.Fatal(err)
		}
		p.Countries[country] = desk.PlaceOfKeys{Keys: w.config.Keys(country), Weeks: w.config.Weeks(country), Wraps: []keys.CountryKey{key}, Packs: []string{pack}}
	}
	return p
}

// moves has the configuration name a new data folder, to which only the keys of the weeks were brought.
func (w *frozenWorld) moves() {
	w.t.Helper()
	from := w.place()
	w.config.Data = filepath.Join(w.t.TempDir(), "new")
	if err := os.MkdirAll(filepath.Join(w.config.Data, "keys"), 0o700); err != nil {
		w.t.Fatal(err)
	}
	for country, p := range from.Countries {
		weeks, err := os.ReadFile(p.Weeks)
		if err == nil {
			err = os.WriteFile(w.config.Weeks(country), weeks, 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *frozenWorld) backup() (folder string) {
	w.t.Helper()
	folder = filepath.Join(w.t.TempDir(), "backup")
	if _, err := w.desk.Backup(w.t.Context(), folder); err != nil {
		w.t.Fatal(err)
	}
	return folder
}

// restores puts a backup in place, and tells what became of the country's freeze.
func (w *frozenWorld) restores(folder string) desk.RestoredFreeze {
	w.t.Helper()
	r, err := desk.ReadBackup(w.t.Context(), folder, w.place(), nil)
	if err == nil {
		err = r.Restore(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if len(r.Freezes) != 2 || r.Freezes[0].Country != "ec" || r.Freezes[1].Fate != freeze.Nothing {
		w.t.Fatalf("the freezes: %+v", r.Freezes)
	}
	return r.Freezes[0]
}

// heldWorld is a country that was frozen while rosa was at a question and sam owed an answer that says something wrong. A
// word of each was taken since, and a backup made.
type heldWorld struct {
	*frozenWorld
	rosa, sam *fake.Phone
	folder    string
	shown     map[*fake.Phone]int // messages that their phones have
}

const question = "¿Cuál es la palabra?"

func newHeldWorld(t *testing.T) *heldWorld {
	w := &heldWorld{frozenWorld: newFrozenWorld(t)}
	w.rosa, w.sam = w.calls("+593990000001"), w.calls("+593990000003")
	for _, p := range []*fake.Phone{w.rosa, w.sam} {
		p.Write("hola")
		w.hears(p, 1)
		p.Write("Español")
		w.hears(p, 2)
	}
	w.sam.Write("lento") // his answer waits ten seconds
	w.sees("his message was taken", func() bool { return strings.Contains(w.figure("baraza_messages_total"), " 5") })
	w.freezes()
	for _, p := range []*fake.Phone{w.rosa, w.sam} {
		p.Write("uno")
		w.hears(p, 3) // the notice
	}
	w.stands("all is held", func(is desk.Incident) bool { return is.HeldMessages == 2 && is.HeldReplies == 2 })
	w.folder = w.backup()
	w.shown = map[*fake.Phone]int{w.rosa: 3, w.sam: 3}
	return w
}

// says waits for what a phone shows next, and for nothing more.
func (w *heldWorld) says(who string, p *fake.Phone, want ...string) {
	w.t.Helper()
	got := w.hears(p, w.shown[p]+len(want))[w.shown[p]:]
	if !slices.Equal(got, want) {
		w.t.Errorf("%s's phone shows %q, want %q", who, got, want)
	}
	w.shown[p] += len(want)
}

func (w *heldWorld) served() {
	w.t.Helper()
	w.stands("it is served", func(is desk.Incident) bool { return is.Stage == "served" && is.HeldMessages+is.HeldReplies == 0 })
}

func (w *heldWorld) unfreezes(replies string) {
	w.t.Helper()
	if _, err := w.desk.Unfreeze(w.t.Context(), desk.Unfreeze{Country: "ec", By: "ben", Replies: replies}); err != nil {
		w.t.Fatal(err)
	}
}

var (
	answered = []string{"Usted escribió uno.", question}
	askedNew = []string{"Ya estamos de vuelta. Sigamos desde aquí:", question}
	wrong    = []string{"La oficina está en la luna.", question}
)

// The machine is lost while the country is frozen. On the new one nothing is said that was stopped, whatever the operator
// remembers, and what was held is answered when it ends.
func TestANewMachineIsAsFrozenAsTheBackup(t *testing.T) {
	t.Parallel()
	w := newHeldWorld(t)
	w.halt()
	w.moves()
	if one := w.restores(w.folder); one.Fate != freeze.Returns || one.Messages != 2 || one.Replies != 2 {
		t.Errorf("restored: %+v", one)
	}
	w.start()
	w.asks()
	w.stands("it is frozen with all that was held", func(is desk.Incident) bool {
		return is.Stage == "frozen" && is.By == "ana" && is.Why == "a wrong address" && maps.Equal(is.Notice, mesaNotice) && is.HeldMessages == 2 && is.HeldReplies == 2
	})
	w.sees("operators were told", func() bool { return strings.Contains(w.figure("baraza_alerts_total"), `code="frozen"`) })
	w.rosa.Write("dos")
	w.stands("her word is held too", func(is desk.Incident) bool { return is.HeldMessages == 3 })
	w.unfreezes("drop")
	w.served()
	w.says("rosa", w.rosa, append(answered, "Usted escribió dos.", question)...)
	w.says("sam", w.sam, askedNew...)
}

// What an operator ended after the backup does not come back. What the backup holds is answered once, before anything new,
// and a reply that was sent meanwhile is not sent again.
func TestAFreezeThatWasEndedSinceTheBackupStaysEnded(t *testing.T) {
	t.Parallel()
	w := newHeldWorld(t)
	w.unfreezes("send")
	w.served()
	w.says("rosa", w.rosa, answered...)
	w.says("sam", w.sam, append(wrong, askedNew...)...)
	w.halt()
	if one := w.restores(w.folder); one.Fate != freeze.Ended || one.Messages != 2 || one.Replies != 2 {
		t.Errorf("restored: %+v", one)
	}
	w.rosa.Write("dos") // nobody serves; the provider delivers it at the start
	w.start()
	w.asks()
	w.served()
	w.says("rosa", w.rosa, append(answered, "Usted escribió dos.", question)...)
	w.says("sam", w.sam, askedNew...)
	if strings.Contains(w.figure("baraza_alerts_total"), `code="frozen"`) {
		t.Error("operators were told of a freeze")
	}
	// Whoever starts it again finds nothing left.
	w.halt()
	w.start()
	w.asks()
	w.sam.Write("tres")
	w.says("sam", w.sam, "Usted escribió tres.", question)
	w.served()
}

// While the end of a freeze is under way, the replies that were to be sent may have gone out.
func TestARestoreAmidTheEndOfAFreezeSendsNoReplyTwice(t *testing.T) {
	t.Parallel()
	w := newHeldWorld(t)
	w.halt()
	w.idle(func(c *desk.Client) error {
		_, err := c.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ben", Replies: "send"})
		return err
	})
	if one := w.restores(w.folder); one.Fate != freeze.Ended || one.Next.Sends {
		t.Errorf("restored: %+v", one)
	}
	w.start()
	w.asks()
	w.served()
	w.says("rosa", w.rosa, answered...)
	w.says("sam", w.sam, askedNew...)
}

func TestABackupFromBeforeTheFreezeEndsNoFreeze(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	rosa := w.calls("+593990000001")
	rosa.Write("hola")
	w.hears(rosa, 1)
	folder := w.backup()
	w.freezes()
	rosa.Write("Español")
	w.hears(rosa, 2)
	w.halt()
	if one := w.restores(folder); one.Fate != freeze.Stays || one.Messages+one.Replies != 0 {
		t.Errorf("restored: %+v", one)
	}
	w.start()
	w.asks()
	w.stands("it is frozen still", func(is desk.Incident) bool {
		return is.Stage == "frozen" && is.By == "ana" && maps.Equal(is.Notice, mesaNotice)
	})
	rosa.Write("Español")
	w.stands("her word is held", func(is desk.Incident) bool { return is.HeldMessages == 1 })
	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ben"}); err != nil {
		t.Fatal(err)
	}
	w.until("she is answered", func() bool { return len(rosa.Received()) >= 4 })
	if got := w.hears(rosa, 4); got[3] != question {
		t.Errorf("her phone shows %q", got)
	}
}

// An operator freezes the country while the backup is being written: it is in the backup.
func TestAFreezeAmidABackupIsInIt(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	folder := filepath.Join(t.TempDir(), "backup")
	_, err := desk.Within(afterPart(w.server.Desk().Handler(), "store.db", func() { w.freezes() })).Backup(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	w.halt()
	w.moves()
	if one := w.restores(folder); one.Fate != freeze.Returns {
		t.Errorf("restored: %+v", one)
	}
	if is := freeze.Open(w.config.Freezes(), []string{"ec"}).Of("ec"); is.Stage != freeze.Frozen || time.Since(is.Since) > time.Minute {
		t.Errorf("it is %+v", is)
	}
}

// afterPart answers as the handler does, and does something once a part of a backup has begun.
func afterPart(h http.Handler, part string, do func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var once sync.Once
		h.ServeHTTP(&watched{w, func(b []byte) {
			if bytes.Contains(b, []byte(part)) {
				once.Do(do)
			}
		}}, r)
	})
}

type watched struct {
	http.ResponseWriter
	see func([]byte)
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.see(b)
	return n, err
}
