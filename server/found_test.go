package server_test

import (
	"strings"
	"testing"
	"time"

	"baraza/engine/release"
	"baraza/server"
	"baraza/server/audit"
	"baraza/server/desk"
)

// records are those of the log, in their order.
func (w *world) records() (all []audit.Record) {
	w.t.Helper()
	r, err := audit.Verify(w.config.Audit(), "", func(r audit.Record) { all = append(all, r) })
	if err != nil || len(r.Problems) > 0 {
		w.t.Fatalf("the log: %+v, %v", r, err)
	}
	return all
}

func TestWhatCameToServeWithoutARecordHasOneBeforeItServes(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	r.keep("second", strings.Replace(helpTalk, "You wrote", "I read", 1))
	r.halt()
	before := r.records()
	shelf, err := release.OpenShelf(r.config.Released("help"), "help", 0)
	if err != nil {
		t.Fatal(err)
	}
	k, err := shelf.Find(r.hashes["second"])
	if err == nil {
		err = shelf.Change(func(now release.State) (release.State, error) {
			return now.Activate(now.Serves(), release.Served{Release: k.Hash, Program: k.Program.Hash, Since: time.Now(), By: "cleo"}, 100, nil)
		})
	}
	if err == nil {
		err = shelf.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start finds nothing more
		r.again()
		r.halt()
	}
	after := r.records()
	if len(after) != len(before)+1 {
		t.Fatalf("%d records, then %d", len(before), len(after))
	}
	one := after[len(after)-1]
	if one.What != server.Found || one.Before != r.hashes["first"] || one.After != r.hashes["second"] || one.Country != "ke" || one.Pack != "help" ||
		!strings.Contains(one.Why, `The file names "cleo".`) {
		t.Errorf("the record is %+v", one)
	}
	r.again()
	shows, err := r.desk.ReleaseShow(t.Context(), desk.OneRelease{Country: "ke", Release: r.hashes["second"]})
	if err != nil || len(shows.History) != 2 || shows.History[1].What != server.Found {
		t.Errorf("its history is %+v, %v", shows.History, err)
	}
}
