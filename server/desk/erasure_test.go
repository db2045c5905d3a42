package desk_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/server/desk"
)

// life is one person who leaves markers wherever words of a person go.
type life struct {
	w       *world
	phone   string
	markers []string
	tip     string // the one in the anonymous record
}

// mark makes a marker.
func (l *life) mark(path string) string {
	m := fmt.Sprintf("mk%sx%03d%sx", l.phone[len(l.phone)-2:], len(l.markers), path)
	l.markers = append(l.markers, m)
	return m
}

func (l *life) tells(in runner.Inbound) {
	l.w.t.Helper()
	l.w.number++
	in.ID, in.At = fmt.Sprintf("wamid.%s.%d%s", l.phone, l.w.number, l.mark("id")), time.Now()
	in.Pack, in.Channel, in.Account = "sample", "whatsapp", "200"
	if in.Message == "" {
		in.Message = in.ID
	}
	in.From = []runner.Identity{{Channel: "whatsapp", Kind: "wa_phone", Value: l.phone}}
	l.w.check(l.w.runner.Receive(l.w.t.Context(), []runner.Inbound{in}))
	l.w.passes(2 * time.Second)
}

func (l *life) writes(texts ...string) {
	l.w.t.Helper()
	for _, text := range texts {
		l.tells(runner.Inbound{Kind: runner.MessageReceived, Event: engine.Event{Text: text}})
	}
}

// begins is up to the first backup.
func (l *life) begins() {
	w := l.w
	// Before the notice is accepted, then in a free answer, in fields and records, in a fetch and its answer.
	l.writes("hello "+l.mark("first"), l.mark("noanswer"), "I agree")
	for range 20 {
		l.writes(l.mark("word"))
	}
	l.tip = l.mark("tip")
	l.writes("note", l.mark("heard"), l.mark("city"), l.mark("nickname"), l.tip)
	l.writes("status", l.mark("number"), l.mark("after"))
	l.writes("lost", l.mark("alert"))
	// A message of a kind that nobody knows, one that cannot be answered, one that cannot be sent.
	l.tells(runner.Inbound{Kind: runner.Unknown, Code: "new-kind", Raw: []byte(l.mark("raw"))})
	l.writes("hello again", "poison "+l.mark("poison"), l.mark("dead")+" unsendable")
	// A place and files.
	l.tells(runner.Inbound{Kind: runner.MessageReceived, Event: engine.Event{Text: l.mark("caption"), Media: engine.Media{Kind: "image", ID: l.mark("media")}}})
	l.tells(runner.Inbound{Kind: runner.Edited, Message: "wamid." + l.mark("about"), Event: engine.Event{Text: l.mark("edit")}})
	l.tells(runner.Inbound{Kind: runner.Reaction, Event: engine.Event{Text: l.mark("reaction")}})
	// The reminder, by its template.
	w.passes(50 * time.Hour)
}

// goesOn is between the backups: a case with both sides' words, and a reply that waits.
func (l *life) goesOn() {
	w := l.w
	l.writes("person", l.mark("summary"))
	list, err := w.client.Cases(w.t.Context(), desk.CaseQuery{})
	w.check(err)
	word := ""
	for _, c := range list.Cases {
		if c.Contact == w.key(l.phone).String() {
			word = c.Case
		}
	}
	for range 3 {
		_, err = w.client.Reply(w.t.Context(), desk.CaseReply{Case: word, Text: l.mark("staff"), ID: "r" + l.mark("request")})
		w.check(err)
		l.writes(l.mark("casetext"))
	}
	w.passes(30 * time.Hour)
	_, err = w.client.Reply(w.t.Context(), desk.CaseReply{Case: word, Text: l.mark("parked")})
	w.check(err)
	w.passes(time.Second)
	_, err = w.client.Export(w.t.Context(), desk.Person{Key: w.key(l.phone).String()})
	w.check(err)
	_, err = w.client.Case(w.t.Context(), desk.Which{Case: word})
	w.check(err)
}

// inLife is two people's lives with backups in two weeks.
func inLife(t *testing.T, test func(t *testing.T, w *world, r *recorder, gone, stays *life, first, second string)) {
	inWorld(t, func(t *testing.T, w *world) {
		w.halt()
		r := &recorder{}
		w.around = func(k runner.Keys) runner.Keys {
			r.Keys = k
			return r
		}
		gone, stays := &life{w: w, phone: "593987654301"}, &life{w: w, phone: "593987654302"}
		w.fetch = func(args map[string]any) map[string]any {
			number, _ := args["number"].(string)
			return map[string]any{"status": "fetched" + number}
		}
		w.phone.ends(func(text string) runner.Result {
			if strings.Contains(text, "unsendable") {
				return runner.Result{Class: runner.RequestBug, Code: 131009}
			}
			w.phone.sent++
			return runner.Result{Class: runner.Accepted, ProviderID: fmt.Sprintf("wamid.%s.%d", gone.phone, w.phone.sent)}
		})
		w.start()
		gone.begins()
		stays.begins()
		first := w.backup("first")
		w.passes(8 * 24 * time.Hour)
		gone.goesOn()
		stays.goesOn()
		second := w.backup("second")
		test(t, w, r, gone, stays, first, second)
	})
}

// reached says through which kinds of values the markers went, and that each went through one at least.
func reached(t *testing.T, values []sealedValue, l *life) {
	t.Helper()
	kinds := map[keys.Kind]bool{}
	for _, v := range values {
		kinds[v.kind] = true
	}
	for _, kind := range []keys.Kind{keys.Session, keys.Identity, keys.Message, keys.ProviderID, keys.Case, keys.Record, keys.Consent, "field.city",
		"field.nickname", keys.Entry + ".b", keys.Entry + ".c", keys.Entry + ".d", keys.Entry + ".e", keys.Entry + ".f", keys.Entry + ".g",
		keys.Entry + ".i", keys.Entry + ".k", keys.Entry + ".l"} {
		if !kinds[kind] {
			t.Errorf("nothing was sealed as %s", kind)
		}
	}
	notKept := regexp.MustCompile(`\d(first|noanswer|id|request)x$`) // before the notice; only as hashes
	for _, m := range l.markers {
		raw := base64.StdEncoding.EncodeToString([]byte(m)) // as JSON has bytes
		if !slices.ContainsFunc(values, func(v sealedValue) bool { return strings.Contains(v.plain, m) || strings.Contains(v.plain, raw) }) &&
			!notKept.MatchString(m) {
			t.Errorf("the marker %s was never kept: its path leads nowhere", m)
		}
	}
	if len(l.markers) < 50 {
		t.Errorf("%d markers, want 50", len(l.markers))
	}
}

// TestAnErasedPersonIsInNoFile writes markers through every path that a person's words take, and then looks at all
// files as somebody who holds the country's key.
func TestAnErasedPersonIsInNoFile(t *testing.T) {
	inLife(t, func(t *testing.T, w *world, r *recorder, gone, stays *life, first, second string) {
		a := newAttacker(t, "ke", w.country[0])
		values := r.of(w.key(gone.phone))
		reached(t, values, gone)
		nothing := func(where string, files map[string][]byte) {
			t.Helper()
			if open := a.opened(a.keysIn(files), values); len(open) > 0 {
				t.Errorf("%s: %d of %d values open, such as a %s", where, len(open), len(values), open[0].kind)
			}
			inTheClear(t, where, files, gone)
		}
		// The attack works while there is something to find, and nothing is ever in the clear.
		files := filesIn(t, w.dir)
		inTheClear(t, "before the erasure", files, gone)
		if open := a.opened(a.keysIn(files), values); len(open) != len(values) {
			t.Fatalf("before the erasure %d of %d values open", len(open), len(values))
		}

		erased, err := w.client.Erase(t.Context(), desk.Person{Channel: "whatsapp", Identity: "+" + gone.phone})
		w.check(err)
		if !erased.Known || erased.Suppressed == 0 {
			t.Errorf("erased: %+v", erased)
		}
		w.passes(time.Second)
		files = filesIn(t, w.dir)
		nothing("live files", files)
		left := 0
		for _, v := range values {
			for _, file := range files {
				if bytes.Contains(file, v.sealed) {
					left++
				}
			}
		}
		if left == 0 {
			t.Error("no sealed value is left on free pages: this test no longer shows that the destroyed key is what counts")
		}
		for name, file := range files {
			if strings.Contains(name, "keys") && a.bare(file, values[0]) {
				t.Errorf("the bare key is in %s", name)
			}
		}
		// The other person is untouched, and so is what nothing links to anyone.
		others := r.of(w.key(stays.phone))
		if open := a.opened(a.keysIn(files), others); len(open) != len(others) {
			t.Errorf("the other person: %d of %d values open", len(open), len(others))
		}
		tip := slices.DeleteFunc(r.of(keys.Country), func(v sealedValue) bool { return !strings.Contains(v.plain, gone.tip) })
		if open := a.opened(a.keysIn(files), tip); len(open) != 1 || strings.Contains(open[0].plain, gone.phone) {
			t.Errorf("the anonymous record: %d of %d open", len(open), len(tip))
		}

		// Compacted, not even what nobody can read is there.
		_, err = w.client.Compact(t.Context())
		w.check(err)
		for name, file := range filesIn(t, w.dir) {
			for _, v := range values {
				if bytes.Contains(file, v.sealed) {
					t.Fatalf("a %s is in %s after it was compacted", v.kind, name)
				}
			}
		}

		// Backups of data say nothing by themselves or with the live keys; those of keys open while their week lasts.
		nothing("backups of data", filesIn(t, filepath.Join(first, "store.db"), filepath.Join(second, "store.db"), filepath.Join(w.dir, "keys", "ke.keys")))
		all := []string{w.dir, first, second}
		if open := a.opened(a.keysIn(filesIn(t, all...)), values); len(open) != len(values) {
			t.Errorf("with both weeks' keys %d of %d values open", len(open), len(values))
		}
		inTheClear(t, "backups", filesIn(t, all...), gone)
		beganFirst := time.Now().Add(-11 * 24 * time.Hour).Truncate(7 * 24 * time.Hour)
		n, err := w.weeks.Destroy(beganFirst.Add(keys.WeekKept))
		if err != nil || n != 1 {
			t.Errorf("destroyed %d weeks, %v, want the first", n, err)
		}
		if open := a.opened(a.keysIn(filesIn(t, w.dir, first)), values); len(open) > 0 {
			t.Errorf("the first backup, whose week is gone: %d values open", len(open))
		}
		if n, err = w.weeks.Destroy(time.Now().Add(keys.WeekKept)); err != nil || n == 0 {
			t.Errorf("destroyed %d weeks, %v", n, err)
		}
		nothing("all files after 35 days", filesIn(t, all...))
		for name, file := range filesIn(t, filepath.Join(w.dir, "keys")) {
			if a.bare(file, values[0]) {
				t.Errorf("the bare key is in %s", name)
			}
		}
	})
}

// inTheClear holds that no marker and no number is in a file as it is.
func inTheClear(t *testing.T, where string, files map[string][]byte, l *life) {
	t.Helper()
	for name, file := range files {
		if bytes.Contains(file, []byte("mk"+l.phone[len(l.phone)-2:]+"x")) {
			t.Errorf("%s: a marker is in %s", where, name)
		}
		if bytes.Contains(file, []byte(l.phone[3:])) {
			t.Errorf("%s: the number is in %s", where, name)
		}
	}
}

// TestAnErasureWithoutTheKeysWouldBeSeen holds that the test above can fail: here the rows are deleted as ever, and
// only the keys are left.
func TestAnErasureWithoutTheKeysWouldBeSeen(t *testing.T) {
	inLife(t, func(t *testing.T, w *world, r *recorder, gone, _ *life, _, _ string) {
		r.lazy = true
		values := r.of(w.key(gone.phone))
		_, err := w.client.Erase(t.Context(), desk.Person{Key: w.key(gone.phone).String()})
		w.check(err)
		if c, err := w.store.Load(t.Context(), w.key(gone.phone)); err != nil || c.Revision != 0 {
			t.Errorf("the rows: %v, %v", c, err)
		}
		var there []sealedValue
		files := filesIn(t, w.dir)
		for _, v := range values {
			if slices.ContainsFunc(mapValues(files), func(f []byte) bool { return bytes.Contains(f, v.sealed) }) {
				there = append(there, v)
			}
		}
		a := newAttacker(t, "ke", w.country[0])
		open := a.opened(a.keysIn(files), there)
		found := map[string]bool{}
		for _, v := range open {
			for _, m := range gone.markers {
				if strings.Contains(v.plain, m) {
					found[m] = true
				}
			}
		}
		if len(found) == 0 {
			t.Error("nothing was found on free pages with the keys at hand")
		}
		r.lazy = false
	})
}

func mapValues(files map[string][]byte) (all [][]byte) {
	for _, f := range files {
		all = append(all, f)
	}
	return all
}

// TestARestoredPersonIsErasedAgainInEveryFile holds that a backup does not bring back what was erased since.
func TestARestoredPersonIsErasedAgainInEveryFile(t *testing.T) {
	inLife(t, func(t *testing.T, w *world, r *recorder, gone, stays *life, first, _ string) {
		values := r.of(w.key(gone.phone))
		_, err := w.client.Erase(t.Context(), desk.Person{Key: w.key(gone.phone).String()})
		w.check(err)
		w.halt()
		_, err = w.restore(first)
		w.check(err)
		files := filesIn(t, w.dir)
		a := newAttacker(t, "ke", w.country[0])
		if open := a.opened(a.keysIn(files), values); len(open) > 0 {
			t.Errorf("%d of %d values open after the restore", len(open), len(values))
		}
		for _, v := range values {
			for name, file := range files {
				if bytes.Contains(file, v.sealed) {
					t.Fatalf("a %s is in %s after the restore", v.kind, name)
				}
			}
		}
		if entries, err := os.ReadDir(w.dir); err != nil || len(entries) != 4 { // store, keys, and the log of who did what with its last record
			t.Errorf("left behind: %v, %v", entries, err)
		}
		w.start()
		if c, err := w.store.Load(t.Context(), w.key(stays.phone)); err != nil || c.Revision == 0 {
			t.Errorf("the other person: %v, %v", c, err)
		}
		var zero store.Contact
		if c, err := w.store.Load(t.Context(), w.key(gone.phone)); err != nil || c.Revision != zero.Revision {
			t.Errorf("the erased person: %v, %v", c, err)
		}
	})
}

// TestAPersonWhoDeletesTheirDataIsInNoFile holds the same of the flow's own erasure: what was kept before it cannot be
// opened, and of what comes after it nothing is about before.
func TestAPersonWhoDeletesTheirDataIsInNoFile(t *testing.T) {
	inLife(t, func(t *testing.T, w *world, r *recorder, gone, _ *life, first, second string) {
		before := r.of(w.key(gone.phone))
		gone.writes("delete")
		a := newAttacker(t, "ke", w.country[0])
		files := filesIn(t, w.dir)
		if open := a.opened(a.keysIn(files), before); len(open) > 0 {
			t.Errorf("%d of %d values open, such as a %s", len(open), len(before), open[0].kind)
		}
		inTheClear(t, "live files", files, gone)
		for _, v := range r.of(w.key(gone.phone))[len(before):] {
			if m := slices.IndexFunc(gone.markers[:len(gone.markers)-1], func(m string) bool { return strings.Contains(v.plain, m) }); m >= 0 &&
				len(a.opened(a.keysIn(files), []sealedValue{v})) > 0 {
				t.Errorf("a %s that was sealed since still has %s", v.kind, gone.markers[m])
			}
		}
		_, err := w.weeks.Destroy(time.Now().Add(keys.WeekKept))
		w.check(err)
		if open := a.opened(a.keysIn(filesIn(t, w.dir, first, second)), before); len(open) > 0 {
			t.Errorf("with the backups after 35 days %d of %d values open", len(open), len(before))
		}
	})
}
