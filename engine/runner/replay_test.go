package runner

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/store"
)

// TestAnOldWebhookIsNeverAppliedAgain: a webhook with a sound signature may be kept by whoever saw it. As long as its
// event is remembered it is known by its id, and later by its time: what is older than the memory counts as seen.
func TestAnOldWebhookIsNeverAppliedAgain(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		unseen := w.message("from a webhook that was caught on its way")
		w.hears("hello")
		old := w.message("water")
		for after, want := range []struct {
			passes time.Duration
			got    []string
		}{
			{0, []string{"Write a word.", "Heard water.", "Write a word."}},
			{time.Minute, nil},
			{7*24*time.Hour - 2*time.Minute, []string{"Are you still there?"}},
			{23 * 24 * time.Hour, nil},
		} {
			w.passes(want.passes)
			if err := w.runner.Receive(t.Context(), []Inbound{old}); err != nil {
				t.Errorf("delivery %d: %v", after, err)
			}
			w.settles()
			equal(t, fmt.Sprintf("what the phone got after delivery %d", after), want.got, w.phone.take())
		}
		if err := w.runner.Receive(t.Context(), []Inbound{unseen}); err != nil {
			t.Errorf("one nobody had seen: %v", err)
		}
		w.settles()
		equal(t, "what the phone got of one that is 30 days old and was never seen", nil, w.phone.take())
		equal(t, "duplicates", int64(4), w.runner.Figures.Duplicates.Load())
	})
}

// TestTheSamePayloadsInAnyOrderGiveTheSameState delivers what several people wrote up to four times, in any order.
func TestTheSamePayloadsInAnyOrderGiveTheSameState(t *testing.T) {
	var payloads [][]Inbound
	const persons = 4
	wrote := time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)
	for person := range persons {
		var batch []Inbound
		for n, text := range []string{"hello", "note", "a rumour", "Nairobi", "water"} {
			id := Identity{"whatsapp", "wa_phone", fmt.Sprintf("25470000001%d", person)}
			batch = append(batch, Inbound{Kind: MessageReceived, ID: fmt.Sprintf("wamid.%d.%d", person, n), Pack: "sample", Channel: "whatsapp",
				Account: "100", From: []Identity{id}, At: wrote.Add(time.Duration(n) * time.Minute), Event: engine.Event{Kind: engine.Message, Text: text}})
		}
		payloads = append(payloads, batch)
	}
	state := func(t *testing.T, w *world) (out []string) {
		for person := range persons {
			c, err := w.runner.loadContact(t.Context(), keyOf(w.keys, payloads[person][0].From[0]))
			if err != nil {
				t.Fatal(err)
			}
			p, err := w.runner.openPerson(c)
			if err != nil {
				t.Fatal(err)
			}
			city, _ := p.session.Contact.Fields.Get("city")
			where := p.session.Where(w.runner.config.Program("sample"))
			out = append(out, fmt.Sprintf("%d: revision %d, city %v, stands at %s.%s", person, c.Revision, city, where.Flow, where.Step))
		}
		return append(out, fmt.Sprint(len(w.items(store.Record)), " records"))
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				random := rand.New(rand.NewPCG(seed, 3))
				var all [][]Inbound
				for _, p := range payloads {
					for range 1 + random.IntN(4) {
						all = append(all, p)
					}
				}
				random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				for _, p := range all {
					mixed := append([]Inbound(nil), p...)
					random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
					if err := w.runner.Receive(t.Context(), mixed); err != nil {
						t.Fatal(err)
					}
				}
				w.settles()
				var want []string
				for person := range persons {
					want = append(want, fmt.Sprintf("%d: revision 5, city Nairobi, stands at talk.listen", person))
				}
				equal(t, "the state", append(want, "4 records"), state(t, w))
			})
		})
	}
}
