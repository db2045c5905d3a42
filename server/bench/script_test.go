package bench

import (
	"os"
	"reflect"
	"testing"
	"time"

	"baraza/channels/whatsapp"
	"baraza/dsl"
)

func TestPeopleHoldConversationsWithThePack(t *testing.T) {
	t.Parallel()
	p, problems := dsl.Compile(os.DirFS("../../flows"), "ec")
	if p == nil {
		t.Fatalf("the pack has problems: %v", problems)
	}
	now := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	all := scripts(p, 4, 200, 7, now)
	silent, taps, texts := 0, 0, map[string]bool{}
	for _, s := range all {
		if len(s) != 200 {
			t.Fatalf("a script has %d lines", len(s))
		}
		for _, line := range s {
			texts[line.text] = true
			if line.token != "" {
				taps++
			}
			if line.parts == 0 {
				silent++
			}
		}
	}
	if silent > 20 {
		t.Errorf("%d of 800 messages are not answered: the conversations got stuck", silent)
	}
	if taps < 200 || len(texts) < 40 {
		t.Errorf("%d taps and %d different texts are no conversations", taps, len(texts))
	}
	if again := scripts(p, 4, 200, 7, now); !reflect.DeepEqual(all, again) {
		t.Error("the same seed gave other scripts")
	}
	if other := scripts(p, 4, 200, 8, now); reflect.DeepEqual(all, other) {
		t.Error("another seed gave the same scripts")
	}
}

func TestAWebhookOfTheDriverIsReadAsItWasMeant(t *testing.T) {
	t.Parallel()
	now := time.Unix(1795000000, 0)
	body := webhook(7, now, said{text: "hola \"ñ\""}.element(7, 0, now), said{text: "Sí", token: "t1", list: true}.element(7, 1, now))
	got := whatsapp.Parse(body)
	if len(got) != 2 || got[0].Event.Text != "hola \"ñ\"" || got[1].Event.Token != "t1" || got[1].From[0].Value != number(7) ||
		got[0].Account != account || !got[0].At.Equal(now) || got[0].ID == got[1].ID {
		t.Errorf("the webhook was read as %+v", got)
	}
}
