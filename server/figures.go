package server

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"baraza/channels"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// figures are what /metrics shows. Labels are words of packs and channels, codes and statuses: nothing of a person.
type figures struct {
	registry *prometheus.Registry
	inbound  *prometheus.CounterVec
	refused  *prometheus.CounterVec
	ack      *prometheus.HistogramVec
	untold   *prometheus.CounterVec
	alerts   *prometheus.CounterVec
	panics   prometheus.Counter
}

// counted are the runner's figures by name, with what each means.
var counted = []struct {
	name, help string
	of         func(*runner.Figures) int64
}{
	{"messages_total", "Messages of people that were kept, with what they changed.", func(f *runner.Figures) int64 { return f.Messages.Load() }},
	{"turns_total", "Turns committed.", func(f *runner.Figures) int64 { return f.Turns.Load() }},
	{"duplicates_total", "Events that had been taken before.", func(f *runner.Figures) int64 { return f.Duplicates.Load() }},
	{"conflicts_total", "Turns stepped anew because the contact had changed meanwhile.", func(f *runner.Figures) int64 { return f.Conflicts.Load() }},
	{"commits_unknown_total", "Turns and sweeps whose outcome nobody knew; they were settled by reading again.", func(f *runner.Figures) int64 { return f.Unknown.Load() }},
	{"turn_panics_total", "Panics contained to a turn, a fetch or a send.", func(f *runner.Figures) int64 { return f.Panics.Load() }},
	{"events_set_aside_total", "Events set aside after three panics; an operator has to look.", func(f *runner.Figures) int64 { return f.SetAside.Load() }},
	{"contacts_replaced_total", "Contacts that could not be read and began anew.", func(f *runner.Figures) int64 { return f.Replaced.Load() }},
	{"parts_sent_total", "Parts of messages that a provider accepted.", func(f *runner.Figures) int64 { return f.Sent.Load() }},
	{"parts_retried_total", "Attempts to send that will be made again.", func(f *runner.Figures) int64 { return f.Retried.Load() }},
	{"parts_parked_total", "Parts that wait for the person's next message, since the window is closed.", func(f *runner.Figures) int64 { return f.Parked.Load() }},
	{"parts_dropped_total", "Reminders and nudges dropped: late, opted out, or outside the window.", func(f *runner.Figures) int64 { return f.Dropped.Load() }},
	{"parts_dead_total", "Dead letters: nobody tries any more, an operator has to look.", func(f *runner.Figures) int64 { return f.Dead.Load() }},
	{"outbox_unknown_total", "Parts sent again though the first may have been taken: a person may have read them twice.", func(f *runner.Figures) int64 { return f.OutboxUnknown.Load() }},
	{"parts_paced_total", "Times that a part waited for the pace of its channel.", func(f *runner.Figures) int64 { return f.Paced.Load() }},
	{"timers_total", "Timers that woke a conversation.", func(f *runner.Figures) int64 { return f.Timers.Load() }},
	{"timers_late_total", "Timers so late that nothing was said any more.", func(f *runner.Figures) int64 { return f.LateTimers.Load() }},
	{"fetches_total", "Questions to other systems.", func(f *runner.Figures) int64 { return f.Fetches.Load() }},
	{"fetches_failed_total", "Questions to other systems that failed.", func(f *runner.Figures) int64 { return f.FetchesFailed.Load() }},
	{"messages_held_total", "Messages of people kept for later since their country was frozen.", func(f *runner.Figures) int64 { return f.HeldMessages.Load() }},
	{"replies_held_total", "Parts of replies that a freeze kept from being sent.", func(f *runner.Figures) int64 { return f.HeldReplies.Load() }},
	{"freeze_notices_total", "Times that a person was told the notice of a freeze.", func(f *runner.Figures) int64 { return f.FreezeNotices.Load() }},
	{"notices_total", "Words to teams that were heard.", func(f *runner.Figures) int64 { return f.Notices.Load() }},
	{"swept_fields_total", "Fields of contacts deleted at their date.", func(f *runner.Figures) int64 { return f.SweptFields.Load() }},
	{"swept_messages_total", "Messages deleted at their date.", func(f *runner.Figures) int64 { return f.SweptMessages.Load() }},
	{"swept_entries_total", "Lines of the journal deleted at their date.", func(f *runner.Figures) int64 { return f.SweptEntries.Load() }},
	{"swept_items_total", "Cases, records and consents deleted at their date.", func(f *runner.Figures) int64 { return f.SweptItems.Load() }},
	{"clock_jumps_total", "Jumps of the machine's clock that were noticed.", func(f *runner.Figures) int64 { return f.ClockJumps.Load() }},
	{"sweeps_held_total", "Sweeps held back because the clock had jumped; an operator has to confirm it.", func(f *runner.Figures) int64 { return f.SweepsHeld.Load() }},
	{"typing_total", "Times that a person was shown that an answer is being written.", func(f *runner.Figures) int64 { return f.Typing.Load() }},
	{"typing_skipped_total", "Times that this was left out because much was going on.", func(f *runner.Figures) int64 { return f.TypingSkipped.Load() }},
	{"intake_busy_total", "Batches refused because too much was under way.", func(f *runner.Figures) int64 { return f.Busy.Load() }},
}

func newFigures(s *Server) *figures {
	f := &figures{registry: prometheus.NewRegistry()}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "baraza_" + name, Help: help}, labels)
		f.registry.MustRegister(c)
		return c
	}
	f.inbound = vec("inbound_total", "Things that providers told, also those told again.", "channel", "kind")
	f.refused = vec("webhook_refused_total", "Webhooks refused, by why.", "channel", "why")
	f.untold = vec("team_without_webhook_total", "Words to teams that have no webhook.", "pack", "team")
	f.alerts = vec("alerts_total", "Alerts to operators.", "pack", "code", "severity")
	f.ack = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "baraza_webhook_seconds",
		Help:    "From a webhook's arrival to its acknowledgement, which comes after the commit.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"channel", "status"})
	f.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: "baraza_request_panics_total", Help: "Panics contained to a request."})
	f.registry.MustRegister(f.ack, f.panics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range counted {
		f.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "baraza_" + c.name, Help: c.help},
			func() float64 { return float64(c.of(&s.runner.Figures)) }))
	}
	counter := func(name, help string, of func(commits, turns, bytes int64) int64) {
		f.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "baraza_" + name, Help: help},
			func() float64 { return float64(of(s.store.Written())) }))
	}
	counter("commits_total", "Commits of the store, each with one fsync.", func(n, _, _ int64) int64 { return n })
	counter("commit_turns_total", "Turns in these commits, also those that only say what became of a message.", func(_, n, _ int64) int64 { return n })
	counter("written_bytes_total", "Bytes of pages that these commits wrote.", func(_, _, n int64) int64 { return n })
	gauge := func(name, help string, of func() float64) {
		f.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "baraza_" + name, Help: help}, of))
	}
	gauge("senders_stopped", "Numbers and bots that send nothing until an operator has acted or a wait is over.", func() float64 {
		return float64(len(s.runner.Stopped()))
	})
	gauge("ready", "1 while messages are taken.", func() float64 {
		if s.ready.Load() && s.runner.Health() == nil {
			return 1
		}
		return 0
	})
	gauge("store_file_bytes", "Size of the store's file.", func() float64 {
		info, err := os.Stat(s.config.Store())
		if err != nil {
			return 0
		}
		return float64(info.Size())
	})
	f.registry.MustRegister(newFrozenFigures(s))
	gauge("outbox_overdue_seconds", "How long the message that has been ready longest waits to be sent.", func() float64 {
		return s.overdue(func(ctx context.Context, now time.Time) (time.Time, error) {
			heads, err := s.store.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Waiting, Until: now, Limit: 1})
			if len(heads) == 0 {
				return now, err
			}
			return heads[0].Ready, nil
		})
	})
	gauge("timers_overdue_seconds", "How late the latest timer is.", func() float64 {
		return s.overdue(func(ctx context.Context, now time.Time) (time.Time, error) {
			due, err := s.store.Due(ctx, store.All, store.Timer{}, now, 1)
			if len(due) == 0 {
				return now, err
			}
			return due[0].Due, nil
		})
	})
	return f
}

// overdue is how long ago something should have happened; -1 where the store cannot be read.
func (s *Server) overdue(first func(context.Context, time.Time) (time.Time, error)) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	now := s.clock.Now()
	at, err := first(ctx, now)
	if err != nil {
		return -1
	}
	return max(now.Sub(at).Seconds(), 0)
}

func (f *figures) handler() http.Handler {
	return promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{})
}

func (f *figures) received(channel string, kind channels.InboundKind) {
	f.inbound.WithLabelValues(channel, kind.String()).Inc()
}

func (f *figures) refusal(channel, why string) { f.refused.WithLabelValues(channel, why).Inc() }

func (f *figures) acknowledged(channel string, status int, took time.Duration) {
	f.ack.WithLabelValues(channel, strconv.Itoa(status)).Observe(took.Seconds())
}
