package fake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/channels/whatsapp/fake"
)

// misbehaving is a world in which the person has written before the faults begin to be looked at.
func misbehaving(t testing.TB, f fake.Faults) *world {
	t.Helper()
	return open(t, func(c *fake.Config) { c.Faults = f })
}

func TestFaultsOfRequests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		faults   fake.Faults
		status   int
		code     int
		accepted int
		cut      bool
	}{
		{"token-lost", fake.Faults{TokenLost: fake.At(1)}, 401, 190, 0, false},
		{"html-body", fake.Faults{HTMLBody: fake.At(1)}, 502, 0, 0, false},
		{"cut-before", fake.Faults{CutBefore: fake.At(1)}, 0, 0, 0, true},
		{"throttle-429", fake.Faults{Throttle429: fake.At(1)}, 429, 130429, 0, false},
		{"pair-131056", fake.Faults{Pair131056: fake.At(1)}, 429, 131056, 0, false},
		{"refuse-131031", fake.Faults{Refuse: map[int]fake.Fault{131031: fake.At(1)}}, 403, 131031, 0, false},
		{"timeout-after-accept", fake.Faults{TimeoutAfterAccept: fake.At(1)}, 0, 0, 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := misbehaving(t, test.faults)
			got := w.send(textOf("x"))
			if got.status != test.status || got.code() != test.code || errors.Is(got.err, io.ErrUnexpectedEOF) != test.cut {
				t.Errorf("answered %d, code %d, error %v", got.status, got.code(), got.err)
			}
			if len(w.Accepted()) != test.accepted {
				t.Errorf("accepted %d", len(w.Accepted()))
			}
			if again := w.send(textOf("x")); again.status != 200 {
				t.Errorf("the second answered %d, code %d, error %v", again.status, again.code(), again.err)
			}
			if got := w.Decisions()[0]; got.Fault != test.name || !got.Struck {
				t.Errorf("the log begins with %+v", got)
			}
		})
	}
}

func TestHTMLIsHTML(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{HTMLBody: fake.Always()})
	if got := w.send(textOf("x")); !strings.HasPrefix(got.body["raw"].(string), "<!DOCTYPE html>") {
		t.Errorf("answered %v", got.body)
	}
}

func TestStatus5xxVaries(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{Status5xx: fake.Always()})
	codes := map[int]int{}
	for range 30 {
		got := w.send(textOf("x"))
		if got.status < 500 {
			t.Fatalf("answered %d", got.status)
		}
		codes[got.code()]++
	}
	if len(codes) != 3 {
		t.Errorf("codes are %v", codes)
	}
}

// After a timeout only the webhook can say that the message went: by the echo of our own id.
func TestATimeoutAfterAcceptanceIsResolvedByTheEcho(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{TimeoutAfterAccept: fake.At(1)})
	w.send(`{"type":"text","text":{"body":"x"},"biz_opaque_callback_data":"ours-7"}`)
	w.clock.Advance(time.Second)
	var echoes []any
	for _, c := range w.changes() {
		for _, s := range c.Value.Statuses {
			echoes = append(echoes, s["biz_opaque_callback_data"])
		}
	}
	if diff := cmp.Diff([]any{"ours-7", "ours-7"}, echoes); diff != "" {
		t.Errorf("echoes (-want +got):\n%s", diff)
	}
	if got := w.Phone(person).Received(); len(got) != 1 {
		t.Errorf("the phone shows %d messages", len(got))
	}
}

func TestAStatusCanComeBeforeTheResponse(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{StatusBeforeResponse: fake.At(1)})
	answered := false
	var before []string
	w.callback.during = func(body []byte) {
		for _, c := range parse(t, body) {
			for _, s := range c.Value.Statuses {
				if !answered {
					before = append(before, s["status"].(string))
				}
			}
		}
	}
	id := w.send(textOf("x")).id()
	answered = true
	w.clock.Advance(time.Minute)
	if diff := cmp.Diff([]string{"sent"}, before); diff != "" {
		t.Errorf("before the response (-want +got):\n%s", diff)
	}
	if got := words(w.statuses(id)); got != "sent delivered read" {
		t.Errorf("statuses are %q", got)
	}
}

func TestTheWindowErrorComesAtOnceOrByStatus(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *fake.Config) { c.Faults.Window131047 = fake.Always(); c.Pacing = fake.Unpaced })
	atOnce, byStatus := 0, 0
	for range 40 {
		got := w.send(textOf("x"))
		w.clock.Advance(time.Second)
		switch statuses := w.statuses(got.id()); {
		case got.code() == 131047:
			atOnce++
		case words(statuses) == "failed":
			byStatus++
		default:
			t.Fatalf("code %d, statuses %q", got.code(), words(statuses))
		}
	}
	if atOnce == 0 || byStatus == 0 {
		t.Errorf("%d at once, %d by status", atOnce, byStatus)
	}
}

func TestWebhooksMisbehave(t *testing.T) {
	t.Parallel()
	texts := func(w *world) string {
		var all []string
		for _, m := range w.inbound() {
			all = append(all, m["text"].(map[string]any)["body"].(string))
		}
		return strings.Join(all, " ")
	}
	write := func(w *world) {
		w.Phone(person).Write("1")
		w.clock.Advance(100 * time.Millisecond)
		w.Phone(person).Write("2")
		w.clock.Advance(2 * time.Hour)
	}
	for _, test := range []struct {
		name   string
		faults fake.Faults
		want   string
	}{
		{"none", fake.Faults{}, "1 2"},
		{"duplicate", fake.Faults{Duplicate: fake.At(1)}, "1 2 1"},
		{"reorder", fake.Faults{Reorder: fake.At(1)}, "2 1"},
		{"delay", fake.Faults{Delay: fake.At(1)}, "2 1"},
		{"lost-200", fake.Faults{Lost200: fake.At(1)}, "1 1 2"},
		{"bad-signature", fake.Faults{BadSignature: fake.At(1)}, "1 2"},
		{"batch", fake.Faults{Batch: fake.Always()}, "1 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *fake.Config) { c.Faults = test.faults })
			write(w)
			if got := texts(w); got != test.want {
				t.Errorf("messages came as %q, want %q", got, test.want)
			}
			if want := map[bool]int{true: 1}[test.name == "bad-signature"]; w.callback.forged != want {
				t.Errorf("%d forged webhooks", w.callback.forged)
			}
			if want := map[bool]int{true: 1, false: strings.Count(test.want, " ") + 1}[test.name == "batch"]; len(w.callback.bodies) != want {
				t.Errorf("%d webhooks, want %d", len(w.callback.bodies), want)
			}
			if w.Pending() != 0 {
				t.Errorf("%d pending", w.Pending())
			}
		})
	}
}

func TestDeliveredAndReadCanBeMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		faults fake.Faults
		want   string
	}{
		{fake.Faults{SkipDelivered: fake.Always()}, "sent read"},
		{fake.Faults{NoRead: fake.Always(), SkipDelivered: fake.Always()}, "sent delivered"},
		{fake.Faults{Vanish: fake.Always()}, ""},
		{fake.Faults{Fail: map[int]fake.Fault{131049: fake.Always()}}, "failed"},
	} {
		w := misbehaving(t, test.faults)
		id := w.send(textOf("x")).id()
		w.clock.Advance(time.Hour)
		if got := words(w.statuses(id)); got != test.want {
			t.Errorf("%+v: statuses are %q, want %q", test.faults, got, test.want)
		}
	}
}

func TestAStormLastsAndEnds(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{Throttle429: fake.Fault{At: []int{1}, For: time.Minute}})
	for _, step := range []struct {
		wait time.Duration
		code int
	}{{0, 130429}, {30 * time.Second, 130429}, {29 * time.Second, 130429}, {time.Second, 0}} {
		w.clock.Advance(step.wait)
		if got := w.send(textOf("x")); got.code() != step.code {
			t.Errorf("%s later: code %d, want %d", step.wait, got.code(), step.code)
		}
	}
}

func TestALostTokenComesBack(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.LoseToken()
	if got := w.send(textOf("x")); got.code() != 190 || got.status != 401 {
		t.Errorf("lost: code %d, status %d", got.code(), got.status)
	}
	w.GiveToken()
	if got := w.send(textOf("x")); got.code() != 0 {
		t.Errorf("given: code %d", got.code())
	}
}

func TestFaultsAreSetByName(t *testing.T) {
	t.Parallel()
	for _, name := range append(fake.FaultNames(), "refuse-131031", "fail-131026") {
		var f fake.Faults
		if err := f.Set(name, 1); err != nil {
			t.Error(err)
		}
		if cmp.Equal(f, fake.Faults{}) {
			t.Errorf("%s set nothing", name)
		}
	}
	var f fake.Faults
	for name, p := range map[string]float64{"typhoon": 1, "delay": 1.5, "refuse-": 1, "fail-12": 1} {
		if err := f.Set(name, p); err == nil {
			t.Errorf("%s of %v was set", name, p)
		}
	}
}

// play runs one conversation of many people under faults of every kind.
func play(t testing.TB, seed uint64) *world {
	f := fake.Faults{Seed: seed, Refuse: map[int]fake.Fault{131000: fake.Chance(.05)}, Fail: map[int]fake.Fault{131026: fake.Chance(.05)}}
	for _, name := range fake.FaultNames() {
		if err := f.Set(name, .15); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, func(c *fake.Config) { c.Faults = f })
	for i := range 6 {
		for j := range 4 {
			to := fmt.Sprintf("+59398000000%d", j)
			w.Phone(to).Write(fmt.Sprintf("message %d", i))
			w.clock.Advance(7 * time.Second)
			w.send(fmt.Sprintf(`{"to":%q,"type":"text","text":{"body":"answer %d"},"biz_opaque_callback_data":"%d-%d"}`, to, i, i, j))
		}
	}
	w.clock.Advance(8 * 24 * time.Hour)
	return w
}

// seen is all that can be seen of a run.
func seen(t testing.TB, w *world) string {
	all, err := json.MarshalIndent(map[string]any{
		"decisions": w.Decisions(), "requests": w.Requests(), "deliveries": w.Deliveries(), "accepted": w.Accepted(),
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	t.Parallel()
	first, second := seen(t, play(t, 7)), seen(t, play(t, 7))
	if first != second {
		t.Errorf("two runs of one seed differ:\n%s", cmp.Diff(strings.Split(first, "\n"), strings.Split(second, "\n")))
	}
	if other := seen(t, play(t, 8)); other == first {
		t.Error("two seeds give the same run")
	}
}

// What one person meets does not depend on what others do at the same time.
func TestPeopleDoNotChangeEachOthersFaults(t *testing.T) {
	t.Parallel()
	fates := func(others int) []fake.Decision {
		w := newWorld(t, func(c *fake.Config) {
			c.Faults = fake.Faults{Seed: 3, Pair131056: fake.Chance(.5), CutBefore: fake.Chance(.3)}
			c.Pacing = fake.Unpaced
		})
		w.Phone(person).Write("hola")
		for i := range 20 {
			for j := range others {
				other := fmt.Sprintf("+5939900000%02d", j)
				w.Phone(other).Write("hola")
				w.send(fmt.Sprintf(`{"to":%q,"type":"text","text":{"body":"%d"}}`, other, i))
			}
			w.send(textOf(fmt.Sprint(i)))
		}
		return slices.DeleteFunc(w.Decisions(), func(d fake.Decision) bool { return !strings.HasSuffix(d.About, person) })
	}
	if diff := cmp.Diff(fates(0), fates(5)); diff != "" {
		t.Errorf("alone and among others (-want +got):\n%s", diff)
	}
}

func TestEveryAcceptedMessageIsToldOrLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := play(t, rapid.Uint64().Draw(r, "seed"))
		told := map[string]bool{}
		for _, c := range w.changes() {
			for _, s := range c.Value.Statuses {
				told[s["id"].(string)] = true
			}
		}
		for _, m := range w.Accepted() {
			switch {
			case (m.Lost == "") == (len(m.Told) == 0):
				r.Errorf("message %s was told %v and lost %q", m.Echo, m.Told, m.Lost)
			case m.Lost == "" && !told[m.ID]:
				r.Errorf("message %s counts as told, and the callback has no status of it", m.Echo)
			case m.Lost == "vanish" && told[m.ID]:
				r.Errorf("message %s vanished, and the callback has a status of it", m.Echo)
			}
		}
		if w.Pending() != 0 {
			r.Errorf("%d pending", w.Pending())
		}
	})
}
