package fake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/channels/whatsapp/fake"
)

func TestWebhooksAreSignedOverEscapedBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Phone(person).Write("¿Dónde? مرحبا 😀 <&>")
	w.clock.Advance(time.Second)
	if len(w.callback.bodies) != 1 || w.callback.forged != 0 {
		t.Fatalf("%d webhooks of right signature, %d of wrong", len(w.callback.bodies), w.callback.forged)
	}
	body := w.callback.bodies[0]
	if i := bytes.IndexFunc(body, func(r rune) bool { return r > 127 }); i >= 0 {
		t.Errorf("not ASCII at %d: %s", i, body)
	}
	for _, want := range []string{`\u00bfD\u00f3nde?`, `\ud83d\ude00`, `<&>`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if got := w.inbound()[0]["text"].(map[string]any)["body"]; got != "¿Dónde? مرحبا 😀 <&>" {
		t.Errorf("read back: %q", got)
	}
}

func TestVerifyShakesHands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	client := &http.Client{Transport: fake.InProcess(w.callback)}
	err := fake.Verify(context.Background(), client, "http://business.test/webhook", "another word")
	if err == nil || err.Error() != "the callback answered 403, not 200" {
		t.Errorf("a wrong token: %v", err)
	}
	echo := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	err = fake.Verify(t.Context(), &http.Client{Transport: fake.InProcess(echo)}, "http://x.test", "hello")
	if err == nil || err.Error() != `the callback answered "ok", not the challenge` {
		t.Errorf("no challenge: %v", err)
	}
}

func TestWebhooksAreRetriedUntil200(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	answers := []int{500, 404, 302, 204, 200}
	w.callback.answer = func(n int) int { return answers[n-1] }
	w.Phone(person).Write("hola")
	w.clock.Advance(time.Hour)
	var got []int
	for _, d := range w.Deliveries() {
		got = append(got, d.Status)
	}
	if diff := cmp.Diff(answers, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if w.Pending() != 0 {
		t.Errorf("%d pending", w.Pending())
	}
	if !slices.EqualFunc(w.callback.bodies, slices.Repeat(w.callback.bodies[:1], 5), bytes.Equal) {
		t.Error("the tries differ in their bytes")
	}
}

func TestRetriesEndAfterSevenDays(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.callback.answer = func(int) int { return 500 }
	w.send(textOf("x"))
	w.clock.Advance(8 * 24 * time.Hour)
	last := w.Deliveries()[len(w.Deliveries())-1]
	if age := last.At.Sub(morning); age < 6*24*time.Hour || age > 7*24*time.Hour+time.Hour {
		t.Errorf("the last try came after %s", age)
	}
	if got := w.Accepted()[0]; got.Lost != "retries ended" || len(got.Told) != 0 {
		t.Errorf("fate: %+v", got)
	}
	if w.Pending() != 0 {
		t.Errorf("%d pending", w.Pending())
	}
}

func TestStatusesFollowAMessage(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	id := w.send(`{"type":"text","text":{"body":"x"},"biz_opaque_callback_data":"ours-1"}`).id()
	w.clock.Advance(time.Minute)
	got := w.statuses(id)
	if words(got) != "sent delivered read" {
		t.Fatalf("statuses are %q", words(got))
	}
	for _, s := range got {
		if s["biz_opaque_callback_data"] != "ours-1" || s["recipient_id"] != "593987654321" || s["recipient_user_id"] == nil {
			t.Errorf("status %v", s)
		}
	}
	if diff := cmp.Diff([]string{"sent", "delivered", "read"}, w.Accepted()[0].Told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestStatusesOfSpecialPeople(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		person fake.Person
		off    bool
		want   string
		code   float64
	}{
		{"receipts off", fake.Person{Phone: person, NoReceipts: true}, false, "sent delivered", 0},
		{"not on WhatsApp", fake.Person{Phone: person, NotOnWhatsApp: true}, false, "failed", 131026},
		{"phone off", fake.Person{Phone: person}, true, "sent", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			phone := w.Meet(test.person)
			if test.off {
				phone.Off()
			}
			id := w.send(textOf("x")).id()
			w.clock.Advance(time.Minute)
			got := w.statuses(id)
			if words(got) != test.want {
				t.Errorf("statuses are %q, want %q", words(got), test.want)
			}
			if test.code != 0 {
				if code := got[0]["errors"].([]any)[0].(map[string]any)["code"]; code != test.code {
					t.Errorf("code %v", code)
				}
			}
			if test.off {
				phone.On()
				w.clock.Advance(time.Minute)
				if got := words(w.statuses(id)); got != "sent delivered read" {
					t.Errorf("after the phone is on: %q", got)
				}
			}
		})
	}
}

func TestABatchHoldsAThousandUpdatesOfSeveralNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fake.Config) {
		c.Numbers = []fake.Number{{ID: "1", Display: "+15550000001", Account: "A"}, {ID: "2", Display: "+15550000002", Account: "A"}, {ID: "3", Display: "+15550000003", Account: "B"}}
	})
	w.Hold()
	for i := range 1500 {
		w.Phone(fmt.Sprintf("+59398%07d", i)).With(fmt.Sprint(i%3 + 1)).Write("hola")
	}
	w.clock.Advance(time.Minute)
	if len(w.callback.bodies) != 0 || w.Pending() != 1500 {
		t.Fatalf("%d webhooks while held, %d pending", len(w.callback.bodies), w.Pending())
	}
	w.Release()
	w.clock.Advance(time.Second)
	var sizes []int
	numbers := map[string]int{}
	for _, body := range w.callback.bodies {
		size := 0
		for _, c := range parse(t, body) {
			size += len(c.Value.Messages)
			numbers[c.Value.Metadata.PhoneNumberID] += len(c.Value.Messages)
		}
		sizes = append(sizes, size)
	}
	if diff := cmp.Diff([]int{1000, 500}, sizes); diff != "" {
		t.Errorf("updates in each webhook (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"1": 500, "2": 500, "3": 500}, numbers); diff != "" {
		t.Errorf("messages of each number (-want +got):\n%s", diff)
	}
}

func TestABatchHoldsThreeMegabytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Hold()
	for range 200 {
		w.Phone(person).Write(strings.Repeat("ሰ", 4096)) // six bytes a letter once it is escaped
	}
	w.Release()
	w.clock.Advance(time.Second)
	messages := 0
	for _, body := range w.callback.bodies {
		if len(body) > 3_000_000 {
			t.Errorf("a webhook of %d bytes", len(body))
		}
		for _, c := range parse(t, body) {
			messages += len(c.Value.Messages)
		}
	}
	if messages != 200 || len(w.callback.bodies) < 2 {
		t.Errorf("%d messages in %d webhooks", messages, len(w.callback.bodies))
	}
}

func TestAccountEventsHaveNoNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Account("account_update", map[string]any{"event": "ACCOUNT_RESTRICTION"})
	w.clock.Advance(time.Second)
	var envelope struct {
		Entry []struct {
			Time    int64
			Changes []struct {
				Field string
				Value map[string]any
			}
		}
	}
	if err := json.Unmarshal(w.callback.bodies[0], &envelope); err != nil {
		t.Fatal(err)
	}
	entry := envelope.Entry[0]
	if entry.Time != morning.Unix() || entry.Changes[0].Field != "account_update" {
		t.Errorf("entry %+v", entry)
	}
	if diff := cmp.Diff(map[string]any{"event": "ACCOUNT_RESTRICTION"}, entry.Changes[0].Value); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
}

// The system's clock is that of the bubble here: no second passes outside.
func TestTheSystemClockFollowsABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *fake.Config) { c.Clock = fake.System })
		w.Phone(person).Write("hola")
		synctest.Wait()
		id := w.send(textOf("x")).id()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := words(w.statuses(id)); got != "sent delivered read" {
			t.Errorf("statuses are %q", got)
		}
		w.Close()
	})
}
