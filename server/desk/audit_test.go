package desk_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"baraza/engine/runner"
	"baraza/server/audit"
	"baraza/server/desk"
)

// records are those of the log, and the file as it is.
func (w *world) records() (all []audit.Record, file string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "audit.log")
	r, err := audit.Verify(path, "", func(r audit.Record) { all = append(all, r) })
	w.check(err)
	if len(r.Problems) > 0 {
		w.t.Errorf("the log is not as it was written: %+v", r.Problems)
	}
	body, err := os.ReadFile(path)
	w.check(err)
	return all, string(body)
}

// askedBy is a bare request in somebody's name.
func askedBy(h http.Handler, who, path, kind, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if who != "" {
		r.Header.Set(desk.OperatorHeader, who)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// A new route that changes something is in here by itself.
func TestWhatChangesSomethingOrTakesDataAwayLeavesARecordAndNothingElseDoes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.desk.Handler()
		changes := 0
		var reads []string
		for _, route := range desk.Routes() {
			before, _ := w.records()
			status, said := askedBy(h, "ana+%26+ben", route.Path, cmp.Or(route.Takes, "application/json"), "{}")
			after, _ := w.records()
			got := after[len(before):]
			if route.Records {
				reads = append(reads, route.Path)
			}
			if !route.LeavesRecord() {
				if len(got) > 0 {
					t.Errorf("%s changes nothing and takes nothing away, and there is a record: %+v", route.Path, got)
				}
				continue
			}
			changes++
			want := audit.Record{Who: "ana & ben", Account: "ana & ben", What: strings.ReplaceAll(route.Path[1:], "/", " "), Outcome: audit.Done}
			if status != http.StatusOK {
				want.Outcome, want.Status = audit.Refused, status
			}
			if len(got) != 1 {
				t.Errorf("%s changes something (%d %s), and leaves %d records", route.Path, status, said, len(got))
				continue
			}
			want.Number, want.At, want.Previous, want.Hash = got[0].Number, got[0].At, got[0].Previous, got[0].Hash
			if diff := gocmp.Diff(want, got[0]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", route.Path, diff)
			}
			// What cannot be read, or what nobody with a name asked in vain, did nothing.
			before = after
			askedBy(h, "ana", route.Path, "text/plain", "{}")
			if route.Takes == "" {
				askedBy(h, "ana", route.Path, "application/json", "{")
			}
			if status != http.StatusOK { // else something was done
				askedBy(h, "", route.Path, cmp.Or(route.Takes, "application/json"), "{}")
			}
			if after, _ = w.records(); len(after) != len(before) {
				t.Errorf("%s: what could not be read has a record: %+v", route.Path, after[len(before):])
			}
		}
		if changes < 10 {
			t.Errorf("%d routes change something", changes)
		}
		if diff := gocmp.Diff([]string{"/case/file", "/contact/export", "/store/backup", "/audit/export"}, reads); diff != "" {
			t.Errorf("reads that leave a record, all of which docs/operations.md names (-want +got):\n%s", diff)
		}
	})
}

func TestARecordSaysWhoDidWhatToWhomAndNothingThatAPersonWrote(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		word := w.opensCase(ana, "a lost card")
		key := w.key(ana).String()
		ctx := t.Context()
		_, err := w.client.Reply(ctx, desk.CaseReply{Case: word, Text: "We have your card."})
		w.check(err)
		_, err = w.client.Done(ctx, desk.CaseDone{Case: word})
		w.check(err)
		_, err = w.client.Reply(ctx, desk.CaseReply{Case: word, Text: "And your hat."})
		hasPart(t, problem(err), "409 ")
		w.phone.ends(func(string) runner.Result { return runner.Result{Class: runner.Unreachable} })
		w.hears(ana, "hello")
		_, err = w.client.Retry(ctx, desk.LetterIDs{All: true, Sender: "sample/whatsapp/200"})
		w.check(err)
		_, err = w.client.Drop(ctx, desk.LetterIDs{IDs: []uint64{4711, 4712}})
		w.check(err)
		_, err = w.client.Resume(ctx, desk.OneSender{Sender: "sample/whatsapp/200"})
		w.check(err)
		_, err = w.client.Export(ctx, desk.Person{Channel: "whatsapp", Identity: "+593 99 000 0001"})
		w.check(err)
		_, err = w.client.Erase(ctx, desk.Person{Channel: "whatsapp", Identity: "+593 99 000 0001"})
		w.check(err)
		_, err = w.client.Erase(ctx, desk.Person{Key: "+593 99 000 0001"})
		hasPart(t, problem(err), "422 ")
		_, err = w.client.RotateKey(ctx, desk.OneCountry{Country: "ke"})
		w.check(err)
		me := desk.Account()
		if me == "" {
			t.Fatal("nobody runs this")
		}
		want := []audit.Record{
			{What: "case reply", Country: "ke", Pack: "sample", About: key + "-1", Outcome: audit.Done},
			{What: "case done", Country: "ke", Pack: "sample", About: key + "-1", Outcome: audit.Done},
			{What: "case reply", Country: "ke", Pack: "sample", About: key + "-1", Outcome: audit.Refused, Status: 409},
			{What: "outbox retry", Country: "ke", Pack: "sample", About: "all dead letters of sample/whatsapp/200", Outcome: audit.Done},
			{What: "outbox drop", About: "dead letters 4711 4712", Outcome: audit.Done},
			{What: "sender resume", Country: "ke", Pack: "sample", About: "sample/whatsapp/200", Outcome: audit.Done},
			{What: "contact export", Country: "ke", Pack: "sample", About: key, Outcome: audit.Done},
			{What: "contact erase", Country: "ke", Pack: "sample", About: key, Outcome: audit.Done},
			{What: "contact erase", Outcome: audit.Refused, Status: 422},
			{What: "key rotate", Country: "ke", Outcome: audit.Done},
		}
		got, file := w.records()
		for i := range got {
			if i < len(want) {
				want[i].Who, want[i].Account = me, me
				want[i].Number, want[i].At, want[i].Previous, want[i].Hash = got[i].Number, got[i].At, got[i].Previous, got[i].Hash
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, never := range []string{"lost card", "your card", "your hat", "593990000001", "99 000 0001"} {
			if strings.Contains(file, never) {
				t.Errorf("the file holds %q", never)
			}
		}
	})
}

func TestNothingIsChangedWhileTheLogCannotBeWritten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		word := w.opensCase(ana, "a lost card")
		path := filepath.Join(w.dir, "audit.log")
		w.check(os.Remove(path))
		w.check(os.Mkdir(path, 0o700))
		_, err := w.client.Done(t.Context(), desk.CaseDone{Case: word})
		hasPart(t, problem(err), "507 nothing was changed, for the log of who did what cannot be written")
		_, err = w.client.Export(t.Context(), desk.Person{Key: w.key(ana).String()})
		hasPart(t, problem(err), "507 nothing was given out, for the log of who did what cannot be written")
		_, err = w.client.Backup(t.Context(), filepath.Join(w.dir, "copy"))
		hasPart(t, problem(err), "507 nothing was given out")
		list, err := w.client.Cases(t.Context(), desk.CaseQuery{State: "open"})
		if err != nil || len(list.Cases) != 1 {
			t.Errorf("the case is done: %+v, %v", list, err)
		}
		// A country is stopped all the same.
		_, err = w.client.Freeze(t.Context(), desk.Freeze{Country: "ke", Notice: map[string]string{"en": "We pause."}})
		hasPart(t, problem(err), "507 it was done, but the log of who did what could not be written; note it down yourself")
		if got, err := w.client.Incidents(t.Context(), desk.IncidentQuery{}); err != nil || got.Countries[0].Stage != "frozen" {
			t.Errorf("the country is %+v, %v", got, err)
		}
		// It comes right by itself.
		w.check(os.Remove(path))
		_, err = w.client.Done(t.Context(), desk.CaseDone{Case: word})
		w.check(err)
		if got, _ := w.records(); len(got) != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

// The record of what is streamed is on the disk before the first byte of it goes out.
func TestABackupIsRecordedBeforeItBegins(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := httptest.NewRequest(http.MethodPost, "/store/backup", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		first := &watched{ResponseRecorder: httptest.NewRecorder(), at: func() int { all, _ := w.records(); return len(all) }}
		w.desk.Handler().ServeHTTP(first, r.WithContext(desk.WithOperator(t.Context(), "ana")))
		all, _ := w.records()
		if first.had != 1 || len(all) != 1 || all[0].Who != "ana" || all[0].Account != "" || all[0].What != "store backup" || all[0].Outcome != audit.Done {
			t.Errorf("at the first byte there were %d records; then %+v", first.had, all)
		}
	})
}

// watched notes what was so when the first byte went out.
type watched struct {
	*httptest.ResponseRecorder
	at  func() int
	had int
}

func (w *watched) Write(b []byte) (int, error) {
	if w.Body.Len() == 0 {
		w.had = w.at()
	}
	return w.ResponseRecorder.Write(b)
}

func TestWhoSignedInIsWhoDidItWhateverTheRequestSays(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		word := w.opensCase(ana, "a lost card")
		ctx := desk.WithToken(desk.WithOperator(t.Context(), "zoe"), "night")
		_, err := w.client.Done(ctx, desk.CaseDone{Case: word}) // the client names the account of this machine
		w.check(err)
		_, err = w.client.Activate(ctx, desk.Change{Country: "ke", Pack: "sample", By: "somebody else", Why: "words"})
		hasPart(t, problem(err), "422 ")
		all, _ := w.records()
		for _, r := range all {
			if r.Who != "zoe" || r.Account != "token night" {
				t.Errorf("got %+v", r)
			}
		}
		if len(all) != 2 {
			t.Errorf("got %+v", all)
		}
	})
}
