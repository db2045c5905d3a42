package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/server/desk"
)

func TestAPersonIsFoundByANumberAsPeopleWriteIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		for _, typed := range []string{"593990000001", "+593 99 000 0001", "00593-99-000-0001", "(+593) 990000001"} {
			found, err := w.client.Find(t.Context(), desk.Person{Channel: "whatsapp", Identity: typed})
			if err != nil || found.Key != w.key(ana).String() {
				t.Errorf("%q: got %+v, %v", typed, found, err)
			}
		}
		for want, who := range map[string]desk.Person{
			"404 nobody with this identity":              {Channel: "whatsapp", Identity: bea},
			`there is no channel "pigeon"`:               {Channel: "pigeon", Identity: ana},
			`there is no pack "x"; the packs are sample`: {Channel: "whatsapp", Identity: ana, Pack: "x"},
			"name a contact by its key, or":              {},
			"a key is what find tells":                   {Key: w.key(ana).String()},
			"longer than 256 bytes":                      {Channel: "whatsapp", Identity: strings.Repeat("9", 300)},
		} {
			_, err := w.client.Find(t.Context(), who)
			hasPart(t, problem(err), want)
		}
		for want, who := range map[string]desk.Person{
			"is no key of a contact":    {Key: "abc"},
			"not by both":               {Key: w.key(ana).String(), Channel: "whatsapp", Identity: ana},
			"404 there is no such":      {Key: w.key(bea).String()},
			"422 \"0000000000000000000": {Key: strings.Repeat("0", 32)},
		} {
			_, err := w.client.Contact(t.Context(), who)
			hasPart(t, problem(err), want)
		}
	})
}

func TestAContactIsShownCopiedAndErased(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.opensCase(ana, "the card")
		w.agrees(bea)
		w.hears(bea, "note", "a word", "Loja", "Bea", "a tip")
		who := desk.Person{Channel: "whatsapp", Identity: "+" + bea}
		one, err := w.client.Contact(t.Context(), who)
		w.check(err)
		if one.Key != w.key(bea).String() || len(one.Fields) != 2 || one.Records != 1 || len(one.Consents) != 1 || one.Timers == 0 {
			t.Errorf("shown: %+v", one)
		}
		copied, err := w.client.Export(t.Context(), desk.Person{Key: one.Key})
		w.check(err)
		var all runner.Copy
		w.check(json.Unmarshal(copied.Copy, &all))
		hasPart(t, string(copied.Copy), "Loja")
		gone, err := w.client.Erase(t.Context(), who)
		w.check(err)
		if !gone.Known || gone.Before || gone.Fields != 2 || gone.Records != 1 || gone.Suppressed != 1 {
			t.Errorf("erased: %+v", gone)
		}
		// Again, by name and by key, it is no error and changes nothing.
		for _, again := range []desk.Person{who, {Key: one.Key}} {
			gone, err = w.client.Erase(t.Context(), again)
			w.check(err)
			if gone.Known || !gone.Before {
				t.Errorf("erased again: %+v", gone)
			}
		}
		found, err := w.client.Find(t.Context(), who)
		if err != nil || found.Known || !found.Suppressed {
			t.Errorf("found: %+v, %v", found, err)
		}
		_, err = w.client.Erase(t.Context(), desk.Person{Key: strings.Repeat("ab", 16)})
		hasPart(t, problem(err), "404 there is no contact")
		if list, err := w.client.Cases(t.Context(), desk.CaseQuery{}); err != nil || len(list.Cases) != 1 {
			t.Errorf("the other person's case: %+v, %v", list, err)
		}
	})
}

func TestDeadLettersAreListedSentAgainAndDropped(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.phone.ends(func(text string) runner.Result {
			if strings.HasPrefix(text, "Heard") {
				return runner.Result{Class: runner.RequestBug, Code: 131009}
			}
			return runner.Result{Class: runner.Accepted, ProviderID: "p" + text}
		})
		w.agrees(ana)
		w.hears(ana, "one", "two")
		list, err := w.client.Letters(t.Context(), desk.LetterQuery{})
		w.check(err)
		if len(list.Letters) != 2 || list.Letters[0].State != "dead" || list.Letters[0].Code != 131009 || list.Letters[0].Sender != "sample/whatsapp/200" {
			t.Fatalf("listed: %+v", list)
		}
		reports, err := w.client.Reports(t.Context(), desk.ReportQuery{Code: "dead-letter"})
		w.check(err)
		if len(reports.Reports) != 2 {
			t.Errorf("reported: %+v", reports)
		}
		w.phone.ends(nil)
		w.phone.take()
		first, second := list.Letters[0].ID, list.Letters[1].ID
		done, err := w.client.Retry(t.Context(), desk.LetterIDs{IDs: []uint64{first, 99999}})
		w.check(err)
		if done.Done != 1 || len(done.Gone) != 1 || done.Gone[0] != 99999 {
			t.Errorf("retried: %+v", done)
		}
		w.passes(time.Second)
		if got := w.phone.take(); len(got) != 1 || got[0] != "Heard one." {
			t.Errorf("the phone shows %q", got)
		}
		done, err = w.client.Drop(t.Context(), desk.LetterIDs{All: true, Sender: "sample/whatsapp/200"})
		w.check(err)
		if done.Done != 1 {
			t.Errorf("dropped: %+v", done)
		}
		if _, err := w.store.Message(t.Context(), second); err == nil {
			t.Error("the dropped message is there")
		}
		for want, in := range map[string]desk.LetterIDs{"name the numbers": {}, "a sender goes with all": {IDs: []uint64{1}, Sender: "sample/whatsapp/200"},
			`there is no sender "x"`: {All: true, Sender: "x"}} {
			_, err := w.client.Drop(t.Context(), in)
			hasPart(t, problem(err), want)
		}
	})
}

func TestASenderThatHoldsBackIsResumed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.phone.ends(func(string) runner.Result { return runner.Result{Class: runner.Unauthorized, Code: 190} })
		w.hears(ana, "one")
		list, err := w.client.SenderLines(t.Context())
		w.check(err)
		if len(list.Senders) != 1 || list.Senders[0].Until == nil {
			t.Fatalf("listed: %+v", list)
		}
		w.phone.ends(nil)
		w.phone.take()
		_, err = w.client.Resume(t.Context(), desk.OneSender{Sender: "sample/whatsapp/200"})
		w.check(err)
		w.passes(time.Hour)
		if len(w.phone.take()) == 0 {
			t.Error("nothing was sent after the sender was resumed")
		}
		for _, name := range []string{"", "x"} {
			_, err = w.client.Resume(t.Context(), desk.OneSender{Sender: name})
			hasPart(t, problem(err), "sample/whatsapp/200")
		}
	})
}

func TestReportsHaveCodesAndNobodysWords(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.hears(ana, "lost", "my-secret-word")
		w.check(w.runner.Receive(t.Context(), []runner.Inbound{
			{Kind: runner.AlertRaised, ID: "a1", Pack: "sample", Channel: "whatsapp", Account: "200", At: time.Now(), Code: "account_update/disabled", Text: "words of the provider"},
			{Kind: runner.Unknown, ID: "u1", Pack: "sample", Channel: "whatsapp", Account: "200", At: time.Now(), Code: "new-kind", Raw: []byte(`{"secret":1}`)},
		}))
		list, err := w.client.Reports(t.Context(), desk.ReportQuery{})
		w.check(err)
		var kinds []string
		for _, r := range list.Reports {
			kinds = append(kinds, r.Kind+" "+r.Code)
		}
		got := strings.Join(kinds, "; ")
		for _, want := range []string{"alert alert", "account account_update/disabled", "unknown-event new-kind"} {
			hasPart(t, got, want)
		}
		body, err := json.Marshal(list)
		w.check(err)
		for _, word := range []string{"my-secret-word", "words of the provider", "secret", ana} {
			if strings.Contains(string(body), word) {
				t.Errorf("the list says %q", word)
			}
		}
		w.passes(10 * 24 * time.Hour)
		list, err = w.client.Reports(t.Context(), desk.ReportQuery{Days: 3})
		w.check(err)
		for _, r := range list.Reports {
			if r.At.Before(time.Now().AddDate(0, 0, -3)) {
				t.Errorf("older than asked for: %+v", r)
			}
		}
		_, err = w.client.Reports(t.Context(), desk.ReportQuery{Days: -1})
		hasPart(t, problem(err), "say 1 to 366 days")
	})
}

func TestTheStoreIsCheckedCountedAndCompacted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.opensCase(ana, "this")
		stats, err := w.client.Stats(t.Context())
		w.check(err)
		if stats.Contacts != 1 || stats.Cases != 1 || stats.FileBytes == 0 || len(stats.Countries) != 1 || stats.Countries[0].Contacts != 1 {
			t.Errorf("counted: %+v", stats)
		}
		found, err := w.client.Check(t.Context())
		if err != nil || len(found.Problems) != 0 {
			t.Errorf("checked: %v, %v", found, err)
		}
		done, err := w.client.Compact(t.Context())
		if err != nil || done.After == 0 {
			t.Errorf("compacted: %+v, %v", done, err)
		}
	})
}

// sick is a store with problems.
type sick struct {
	store.File
	problems int
}

func (s sick) Check(_ context.Context, report func(string)) error {
	for n := range s.problems {
		report(fmt.Sprint("problem ", n))
	}
	return nil
}

func TestACheckNamesAThousandProblemsAndCountsTheRest(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		parts := w.desk.Parts
		parts.Store = sick{w.store, 1200}
		found, err := desk.Within(desk.New(parts).Handler()).Check(t.Context())
		if err != nil || len(found.Problems) != 1000 || found.More != 200 || found.Problems[999] != "problem 999" {
			t.Errorf("%d problems and %d more, %v", len(found.Problems), found.More, err)
		}
	})
}

// TestAContactThatCannotBeReadIsErasedByItsNumber holds that the number an operator typed is suppressed, though the
// contact cannot tell its names.
func TestAContactThatCannotBeReadIsErasedByItsNumber(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.check(w.ring.Erase(store.Erasure{Key: w.key(ana), At: time.Now()})) // its key is lost
		gone, err := w.client.Erase(t.Context(), desk.Person{Channel: "whatsapp", Identity: "+593 99 000 0001"})
		if err != nil || !gone.Known || gone.Suppressed != 1 {
			t.Errorf("erased: %+v, %v", gone, err)
		}
		found, err := w.client.Find(t.Context(), desk.Person{Channel: "whatsapp", Identity: ana})
		if err != nil || found.Known || !found.Suppressed {
			t.Errorf("found: %+v, %v", found, err)
		}
	})
}
