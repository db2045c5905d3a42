package runner

import (
	"context"
	"fmt"
	"testing"
	"time"

	"baraza/engine/store"
)

// numbered gives each sending an id of its own, as providers do.
func (w *world) numbered() {
	n := 0
	w.phone.named = func(d Delivery) string { n++; return fmt.Sprintf("wamid.%s.%d", d.ID, n) }
}

// told gives the runner a status of the first part's nth sending.
func (w *world) told(sending int, state store.State, class Class) {
	w.t.Helper()
	ours := w.phone.ids[0]
	if err := w.runner.Receive(w.t.Context(), []Inbound{{Kind: StatusReceived, ID: fmt.Sprint("status", sending, state), Pack: "sample",
		Channel: "whatsapp", From: []Identity{ana}, At: time.Now(),
		Status: Status{OurID: ours, ProviderID: fmt.Sprintf("wamid.%s.%d", ours, sending), State: state, Class: class, Code: 131000}}}); err != nil {
		w.t.Fatalf("receive: %v", err)
	}
}

func TestAFailureToldTwiceSendsOnceMoreOnly(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.numbered()
		w.hears("hello")
		w.told(1, store.Failed, Retry)
		w.told(1, store.Failed, Retry) // at once
		w.passes(time.Minute)
		equal(t, "what the phone got", []string{"Write a word.", "Write a word."}, w.phone.take())
		w.told(1, store.Failed, Retry) // when the second sending was taken
		w.passes(time.Hour)
		equal(t, "what the phone got again", nil, w.phone.take())
		w.told(2, store.Failed, Retry)
		w.passes(time.Minute)
		equal(t, "after the second failed too", []string{"Write a word."}, w.phone.take())
	})
}

func TestLateNewsOfASendingThatFailedDoNotEndTheNextOne(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.numbered()
		w.hears("hello")
		w.phone.take()
		w.told(1, store.Failed, Retry)
		w.told(1, store.Sent, NoClass)
		w.told(1, store.Accepted, NoClass)
		w.passes(time.Minute)
		equal(t, "sent again", []string{"Write a word."}, w.phone.take())
	})
}

func TestWhatWasDeliveredAfterAllIsNotSentAgain(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.numbered()
		w.hears("hello")
		w.phone.take()
		w.told(1, store.Failed, Retry)
		w.told(1, store.Delivered, NoClass)
		w.passes(time.Hour)
		equal(t, "sent again", nil, w.phone.take())
	})
}

func TestAFailureToldBeforeTheAnswerOfTheSendingIsNotForgotten(t *testing.T) {
	for _, c := range []struct {
		class     Class
		got, dead int
	}{{Retry, 2, 0}, {Unreachable, 1, 1}} {
		t.Run(c.class.String(), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.numbered()
				named := w.phone.named
				w.phone.named = func(d Delivery) string {
					id := named(d)
					if len(w.phone.got) == 1 {
						w.told(1, store.Failed, c.class)
					}
					return id
				}
				w.hears("hello")
				w.passes(time.Minute)
				equal(t, "sendings", c.got, len(w.phone.take()))
				equal(t, "dead letters", c.dead, len(w.outbox(store.Dead)))
			})
		})
	}
}

func TestAReplyRefusedWithinTheWindowGoesWithThePersonsNextMessage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.window = 24 * time.Hour
		w.phone.result = script(Result{Class: OutsideWindow, Code: 131047})
		w.hears("hello")
		w.passes(time.Minute)
		equal(t, "refused", nil, w.phone.take())
		w.hears("are you there")
		w.passes(time.Second)
		equal(t, "after the person wrote", 3, len(w.phone.take()))
	})
}

// A provider tells much of this only after it has taken the message.
func TestWhatStopsASenderStopsItAlsoWhenItIsToldLater(t *testing.T) {
	for _, c := range []struct {
		class  Class
		alert  string
		sends  int // in an hour
		report string
	}{
		{Unauthorized, "sender-stopped", 1, "not-sent unauthorized 131000"},
		{AccountBlocked, "sender-stopped", 1, "not-sent account-blocked 131000"},
		{Restricted, "sender-stopped", 1, "not-sent restricted 131000"},
		{TemplateUnusable, "not-sent", 1, "not-sent template-unusable 131000"},
		{Unreachable, "dead-letter", 1, "dead-letter unreachable 131000"},
	} {
		t.Run(c.class.String(), func(t *testing.T) {
			var alerts []string
			inWorld(t, func(config *Config) {
				config.Alert = func(_ context.Context, a Alert) { alerts = append(alerts, a.Code) }
			}, func(t *testing.T, w *world) {
				sendings := 0
				w.phone.named = func(d Delivery) string {
					sendings++
					id := fmt.Sprintf("wamid.%s.%d", d.ID, sendings)
					if sendings < 50 {
						go func() {
							<-time.After(time.Second)
							_ = w.runner.Receive(t.Context(), []Inbound{{Kind: StatusReceived, ID: id, Pack: "sample", Channel: "whatsapp",
								From: []Identity{ana}, At: time.Now(),
								Status: Status{OurID: d.ID, ProviderID: id, State: store.Failed, Class: c.class, Code: 131000}}})
						}()
					}
					return id
				}
				w.hears("hello")
				w.passes(50 * time.Minute)
				equal(t, "sendings", c.sends, sendings)
				equal(t, "reports", []string{c.report}, w.entries(ReportEntry))
				equal(t, "alerts", []string{c.alert}, alerts)
				stopped := 0
				if c.alert == "sender-stopped" {
					stopped = 1
				}
				equal(t, "senders that hold back", stopped, len(w.runner.Stopped()))
			})
		})
	}
}

func TestWhoIsSuspendedLaterSendsNothingUnasked(t *testing.T) {
	var alerts []string
	inWorld(t, func(config *Config) {
		config.Alert = func(_ context.Context, a Alert) { alerts = append(alerts, a.Code) }
	}, func(t *testing.T, w *world) {
		w.numbered()
		w.hears("hello")
		w.told(1, store.Failed, Suspended)
		w.settles()
		equal(t, "alerts", []string{"sender-suspended"}, alerts)
		w.runner.sender.mu.Lock()
		defer w.runner.sender.mu.Unlock()
		equal(t, "nudges wait", 1, len(w.runner.sender.nudges))
	})
}
