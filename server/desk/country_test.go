package desk_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/runner"
	"baraza/server/desk"
)

// otherCountry is ug beside ke: the pack other, which comes as releases, as that of ke then does too.
type otherCountry struct {
	ring    *keys.Ring
	shelves map[string]*release.Shelf // by pack
	bundles map[string][]byte
	signed  map[string][]byte
	hashes  map[string]string
	closes  []interface{ Close() error }
}

// inTwoCountries runs the test in a bubble with ke and ug.
func inTwoCountries(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	p := compiled(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: dir, program: p, phone: &phone{}, country: []keys.CountryKey{{7}}, other: &otherCountry{}}
		w.start()
		defer func() { w.halt() }()
		test(t, w)
	})
}

func (o *otherCountry) joins(w *world, rings runner.Rings, served map[string]*program.Program, parts *desk.Parts) {
	w.t.Helper()
	at := func(name string) string { return filepath.Join(w.dir, name) }
	var err error
	o.ring, err = keys.Open(at("keys/ug.keys"), "ug", []keys.CountryKey{{9}}, keys.Options{})
	w.check(err)
	weeks, err := keys.OpenWeeks(at("keys/ug.weeks"), "ug", []keys.CountryKey{{9}}, keys.Options{})
	w.check(err)
	o.closes = append(o.closes, o.ring, weeks)
	parts.Countries["ug"] = desk.Country{Packs: []string{"other"}, Ring: o.ring, Weeks: weeks}
	parts.Senders = append(parts.Senders, "other/whatsapp/900")
	o.shelves, o.bundles, o.signed, o.hashes = map[string]*release.Shelf{}, map[string][]byte{}, map[string][]byte{}, map[string]string{}
	rings.Packs["other"] = o.ring
	for country, pack := range map[string]string{"ke": "sample", "ug": "other"} {
		files := packFiles(pack)
		served[pack] = compiledAs(w.t, pack, files)
		var bundle bytes.Buffer
		m, err := release.Build(&bundle, release.Pack{Program: served[pack], Files: files, Folder: pack, Names: []string{"flows.flow", "pack.flow"}})
		w.check(err)
		secret, public, err := release.NewKey(rand.Reader)
		w.check(err)
		key, err := release.ReadKey(secret)
		w.check(err)
		o.signed[pack], err = release.Sign(m.Hash(), key)
		w.check(err)
		o.bundles[pack], o.hashes[pack] = bundle.Bytes(), m.Hash()
		o.shelves[pack], err = release.OpenShelf(at("releases/"+pack), pack, 0)
		w.check(err)
		o.closes = append(o.closes, o.shelves[pack])
		c := parts.Countries[country]
		c.Released = map[string]desk.ReleasedPack{pack: {Shelf: o.shelves[pack], Keys: []ed25519.PublicKey{public}, Accept: anyProgram, AcceptNew: anyProgram}}
		parts.Countries[country] = c
	}
}

// lives gives a country one of everything: a case, a contact with fields and a record, a dead letter, a report, somebody who
// was erased, and a release that serves. Its numbers begin with some digits.
func (w *world) lives(country, pack, account, digits string) {
	w.t.Helper()
	ctx := desk.WithOperator(w.t.Context(), "operator of "+country)
	for _, from := range []string{digits + "01", digits + "02", digits + "03"} {
		w.hearsAt(pack, account, from, "hello", "I agree")
	}
	w.hearsAt(pack, account, digits+"01", "person", "a matter of "+country)
	w.hearsAt(pack, account, digits+"02", "note", "a word", "Town of "+country, "Bea of "+country, "a tip")
	_, err := w.client.Erase(ctx, desk.Person{Channel: "whatsapp", Identity: digits + "03", Pack: pack})
	w.check(err)
	w.phone.ends(func(string) runner.Result { return runner.Result{Class: runner.RequestBug, Code: 131009} })
	w.hearsAt(pack, account, digits+"02", "menu")
	w.phone.ends(nil)
	w.check(w.runner.Receive(ctx, []runner.Inbound{{Kind: runner.AlertRaised, ID: "alert in " + country, Pack: pack, Channel: "whatsapp",
		Account: account, At: time.Now(), Code: "news of " + country, Text: "words of the provider"}}))
	_, err = w.client.Keep(ctx, country, bytes.NewReader(w.other.bundles[pack]), w.other.signed[pack])
	w.check(err)
	_, err = w.client.Activate(ctx, desk.Change{Country: country, Release: w.other.hashes[pack], Percent: 100, Why: "the first of " + country})
	w.check(err)
	w.passes(time.Minute)
}

// things are those of a country, by the names of the fields in which a request may name them.
type things map[string]any

// of are the things of a country, and every text that may stand in no answer to another.
func (w *world) things(country, pack, account, digits string, ring *keys.Ring) (things, []string) {
	w.t.Helper()
	one := desk.Within(w.desk.Of(country).Handler())
	key := func(n string) string {
		return ring.Contact(ring.Hash(keys.ForIdentity, "whatsapp", "wa_phone", digits+n), 0).String()
	}
	cases, err := one.Cases(w.t.Context(), desk.CaseQuery{})
	w.check(err)
	letters, err := one.Letters(w.t.Context(), desk.LetterQuery{})
	w.check(err)
	if len(cases.Cases) != 1 || len(letters.Letters) == 0 {
		w.t.Fatalf("%s has %d cases and %d letters", country, len(cases.Cases), len(letters.Letters))
	}
	operators := runner.OperatorKey(runner.Rings{Packs: map[string]*keys.Ring{pack: ring}}, pack).String()
	sender := pack + "/whatsapp/" + account
	found := things{"country": country, "pack": pack, "case": cases.Cases[0].Case, "key": key("02"), "channel": "whatsapp",
		"identity": digits + "02", "sender": sender, "ids": []uint64{letters.Letters[0].ID}, "release": w.other.hashes[pack],
		"planned": w.other.hashes[pack], "testers": []string{key("02")}}
	return found, []string{`"` + country + `"`, "of " + country, `"` + pack + `"`, cases.Cases[0].Case, key("01"), key("02"), key("03"), operators,
		sender, digits + "0", w.other.hashes[pack]}
}

// nobody are things that there are nowhere, in the same form.
var nobody = things{"country": "xx", "pack": "nowhere", "case": "ZZZZ-1", "key": strings.Repeat("ab", 16), "channel": "whatsapp",
	"identity": "19999999902", "sender": "nowhere/whatsapp/111", "ids": []uint64{999999}, "release": strings.Repeat("f", 64),
	"planned": strings.Repeat("e", 64), "testers": []string{strings.Repeat("cd", 16)}}

// fields are the names in the JSON of a type.
func fields(in reflect.Type) (names []string) {
	for i := range in.NumField() {
		name, _, _ := strings.Cut(in.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// requests are bodies in which every thing is named by itself, with every other, and all at once.
func requests(in reflect.Type, of things) (bodies []map[string]any) {
	var known []string
	rest := map[string]any{} // what has to be said that names nothing
	for _, name := range fields(in) {
		switch {
		case of[name] != nil:
			known = append(known, name)
		case name == "text" || name == "why" || name == "by":
			rest[name] = "words"
		}
	}
	for set := 1; set < 1<<len(known); set++ {
		body := map[string]any{}
		for name, value := range rest {
			body[name] = value
		}
		for i, name := range known {
			if set>>i&1 == 1 {
				body[name] = of[name]
			}
		}
		bodies = append(bodies, body)
	}
	return bodies
}

var signingKey = regexp.MustCompile(`ed25519:[A-Za-z0-9+/=]+`)

// without is an answer in which what was asked for has its place alone, so that one can be compared with another.
func without(answer string, asked things) string {
	answer = signingKey.ReplaceAllString(answer, "A KEY") // its letters may be those of a name that was asked for
	names := []string{"release", "planned", "key", "testers", "sender", "identity", "case", "pack", "country", "ids"}
	for _, name := range names {
		value := asked[name]
		switch v := value.(type) {
		case []uint64:
			answer = strings.ReplaceAll(answer, fmt.Sprint("[", v[0], "]"), "[IDS]")
		case []string:
			answer = strings.ReplaceAll(answer, v[0], "A TESTER")
		case string:
			if len(v) == 64 { // what is planned against and what is asked for may be one release
				name = "a hash"
				answer = strings.ReplaceAll(answer, v[:12], "A HASH")
				v = "A HASH" + v[12:]
			}
			answer = strings.ReplaceAll(answer, v, strings.ToUpper(name))
		}
	}
	return answer
}

// A new route is in here by itself, with every field that its request has.
func TestADeskOfOneCountryAnswersForThoseOfAnotherAsIfTheyWereNotThere(t *testing.T) {
	inTwoCountries(t, func(t *testing.T, w *world) {
		w.lives("ke", "sample", "200", "25470000")
		w.lives("ug", "other", "900", "25670000")
		theirs, secret := w.things("ug", "other", "900", "25670000", w.other.ring)
		ours, known := w.things("ke", "sample", "200", "25470000", w.ring)
		before, shown := w.everything("ug"), w.everything("ke")
		h := w.desk.Of("ke").Handler()
		routes := desk.Routes()
		slices.SortStableFunc(routes, func(a, b desk.Route) int { // what is asked below is in the log then
			return strings.Compare(strconv.FormatBool(!strings.HasPrefix(a.Path, "/audit/")), strconv.FormatBool(!strings.HasPrefix(b.Path, "/audit/")))
		})
		compared := 0
		for _, route := range routes {
			switch {
			case route.Machine:
				if status, said := asked(h, "POST", route.Path, "application/json", "{}"); status != http.StatusForbidden || !strings.Contains(said, "the whole machine") {
					t.Errorf("%s: got %d %s", route.Path, status, said)
				}
				continue
			case route.Takes != "":
				for _, country := range []string{"", "ke", "ug"} {
					status, said := sent(h, route.Path, country, w.other.bundles["other"], w.other.signed["other"])
					if status < 400 || strings.Contains(said, w.other.hashes["other"]) {
						t.Errorf("%s in %q: got %d %s", route.Path, country, status, said)
					}
				}
				continue
			}
			// What is ours is answered, and nothing else is with it.
			for _, body := range []map[string]any{{}, {"all": true}} {
				if _, said := askedJSON(h, route.Path, body); slices.ContainsFunc(secret, func(s string) bool { return strings.Contains(said, s) }) {
					t.Errorf("%s %v: an answer has things of the other country: %s", route.Path, body, said)
				}
			}
			theirsAsked, nobodyAsked := requests(route.In, theirs), requests(route.In, nobody)
			for i := range theirsAsked {
				compared++
				status, said := askedJSON(h, route.Path, theirsAsked[i])
				wantStatus, want := askedJSON(h, route.Path, nobodyAsked[i])
				if strings.HasPrefix(route.Path, "/audit/") {
					continue // the log of it grows; what it has was looked at
				}
				if diff := gocmp.Diff(without(want, nobody), without(said, theirs)); status != wantStatus || diff != "" {
					t.Errorf("%s %v: got %d, want %d (-nobody's +theirs):\n%s", route.Path, theirsAsked[i], status, wantStatus, diff)
				}
			}
		}
		if compared < 50 {
			t.Errorf("%d answers were compared", compared)
		}
		if diff := gocmp.Diff(before, w.everything("ug")); diff != "" {
			t.Errorf("something of the other country was changed (-before +after):\n%s", diff)
		}
		// The desk is not simply empty: what it must not show of ug, it shows of ke.
		for _, s := range known {
			if s != known[6] && !strings.Contains(shown, s) { // who was erased is not there any more
				t.Errorf("nothing of ke shows %q", s)
			}
		}
		if status, said := askedJSON(h, "/contact/show", map[string]any{"key": ours["key"]}); status != http.StatusOK {
			t.Errorf("our contact: %d %s", status, said)
		}
		if status, said := askedJSON(w.desk.Of("xx").Handler(), "/contact/show", map[string]any{"key": ours["key"]}); status != http.StatusNotFound {
			t.Errorf("a desk of no country: %d %s", status, said)
		}
		if diff := gocmp.Diff(`{"countries":[]}`+"\n", second(askedJSON(w.desk.Of("ke").Of("ug").Handler(), "/key/list", map[string]any{}))); diff != "" {
			t.Errorf("a desk of ug within that of ke (-want +got):\n%s", diff)
		}
	})
}

func second(_ int, said string) string { return said }

func askedJSON(h http.Handler, path string, body any) (int, string) {
	text, _ := json.Marshal(body)
	return asked(h, "POST", path, "application/json", string(text))
}

// sent is a request that brings a bundle.
func sent(h http.Handler, path, country string, bundle, signature []byte) (int, string) {
	r := httptest.NewRequest("POST", path, bytes.NewReader(bundle))
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set(desk.CountryHeader, country)
	r.Header.Set(desk.SignatureHeader, base64.StdEncoding.EncodeToString(signature))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// everything that a country's desk shows of it, without the time at which it was copied.
func (w *world) everything(country string) string {
	w.t.Helper()
	var all strings.Builder
	h := w.desk.Of(country).Handler()
	ask := func(path string, body map[string]any) string {
		status, said := askedJSON(h, path, body)
		if status != http.StatusOK {
			w.t.Fatalf("%s %v: %d %s", path, body, status, said)
		}
		at := strings.Index(said, `"copied_at":"`)
		if at >= 0 {
			said = said[:at] + said[at+strings.Index(said[at:], ","):]
		}
		fmt.Fprintf(&all, "%s %v\n%s\n", path, body, said)
		return said
	}
	var cases desk.CaseList
	w.check(json.Unmarshal([]byte(ask("/case/list", map[string]any{"all": true})), &cases))
	for _, c := range cases.Cases {
		ask("/case/show", map[string]any{"case": c.Case})
		ask("/contact/export", map[string]any{"key": c.Contact})
	}
	var letters desk.LetterList
	w.check(json.Unmarshal([]byte(ask("/outbox/list", map[string]any{})), &letters))
	ask("/contact/export", map[string]any{"key": letters.Letters[0].Contact})
	ask("/report/list", map[string]any{})
	ask("/sender/list", map[string]any{})
	ask("/key/list", map[string]any{})
	ask("/release/status", map[string]any{})
	return all.String()
}

func TestRecordsAreThoseOfTheCountryAndAllOfThemForTheMachine(t *testing.T) {
	inTwoCountries(t, func(t *testing.T, w *world) {
		w.lives("ke", "sample", "200", "25470000")
		w.lives("ug", "other", "900", "25670000")
		_, err := w.client.Compact(desk.WithOperator(t.Context(), "root"))
		w.check(err)
		lines := func(d *desk.Desk, query desk.RecordQuery) (said []string) {
			list, err := desk.Within(d.Handler()).Records(t.Context(), query)
			w.check(err)
			status, export := askedJSON(d.Handler(), "/audit/export", query)
			if status != http.StatusOK {
				t.Errorf("export: %d %s", status, export)
			}
			export, more := strings.CutSuffix(export, "\n")
			var exported []string
			if more {
				exported = strings.Split(export, "\n")
			}
			if len(exported) < len(list.Records) {
				t.Errorf("%d were exported, %d are in the list", len(exported), len(list.Records))
			}
			for i, r := range list.Records {
				if r.What != "audit export" { // that is what is asked here
					said = append(said, r.Who+" "+r.What)
				}
				if line, err := json.Marshal(r); err != nil || string(line) != exported[i] {
					t.Errorf("got %s, want %s", exported[i], line)
				}
			}
			return said
		}
		ke := []string{"operator of ke contact erase", "operator of ke release keep", "operator of ke release activate"}
		ug := []string{"operator of ug contact erase", "operator of ug release keep", "operator of ug release activate"}
		all := slices.Concat(ke, ug, []string{"root store compact"})
		if diff := gocmp.Diff(all, lines(w.desk, desk.RecordQuery{})); diff != "" {
			t.Errorf("of the machine (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(ug, lines(w.desk.Of("ug"), desk.RecordQuery{})); diff != "" {
			t.Errorf("of ug (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(ke[:1], lines(w.desk.Of("ke"), desk.RecordQuery{Country: "ke", Before: 2})); diff != "" {
			t.Errorf("before the second (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(ug, lines(w.desk, desk.RecordQuery{Country: "ug"})); diff != "" {
			t.Errorf("of ug, for the machine (-want +got):\n%s", diff)
		}
		later := time.Now().Add(time.Hour)
		if got := lines(w.desk.Of("ke"), desk.RecordQuery{Since: &later}); len(got) > 0 {
			t.Errorf("since tomorrow: %q", got)
		}
		ofKe := desk.Within(w.desk.Of("ke").Handler())
		_, err = ofKe.Records(t.Context(), desk.RecordQuery{Country: "ug"})
		hasPart(t, problem(err), `404 there is no country "ug"; the countries are ke`)
		_, err = desk.Within(w.desk.Of("xx").Handler()).Records(t.Context(), desk.RecordQuery{})
		hasPart(t, problem(err), "404 ")
		found, err := w.client.Verify(t.Context(), desk.Noted{})
		if err != nil || len(found.Problems) > 0 || found.Records < len(all) {
			t.Errorf("verified: %+v, %v", found, err)
		}
		_, err = w.client.Verify(t.Context(), desk.Noted{Noted: "xyz"})
		hasPart(t, problem(err), "422 noted is a hash")
		list, err := ofKe.SenderLines(t.Context())
		if err != nil || len(list.Senders) != 1 || list.Senders[0].Sender != "sample/whatsapp/200" {
			t.Errorf("senders: %+v, %v", list, err)
		}
	})
}
