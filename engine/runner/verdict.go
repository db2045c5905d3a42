package runner

import (
	"time"

	"baraza/engine/store"
)

// verdict is what becomes of a part.
type verdict struct {
	state  store.State
	ready  time.Time
	code   int
	report string // what an operator should see; "" for nothing
}

// plan says what a result means for the part.
func (s *sender) plan(m store.Message, result Result, now time.Time) verdict {
	r := s.r
	sent := (m.Tries + 1) / 2 // each sending is settled as waiting twice: when it is handed over and when it failed
	again := func(wait time.Duration) verdict {
		if now.Sub(m.At) > r.timing.GiveUp || result.Tries > 0 && sent >= result.Tries {
			return verdict{state: store.Dead, code: result.Code, report: result.Class.String()}
		}
		return verdict{state: store.Waiting, ready: now.Add(max(wait, result.RetryAfter)), code: max(result.Code, 0)}
	}
	dead := verdict{state: store.Dead, code: result.Code, report: result.Class.String()}
	switch result.Class {
	case Accepted:
		return verdict{state: store.Accepted}
	case UnknownOutcome, NoClass:
		// Once or twice more, after the time in which the provider would have echoed our name.
		v := again(r.timing.Resolve)
		if v.state == store.Waiting && sent >= r.timing.UnknownTries {
			return dead
		}
		if v.state == store.Waiting {
			v.code = codeSending
		}
		return v
	case PairThrottled:
		return again(pairBackoff(sent - 1))
	case Retry, SenderThrottled, Suspended:
		return again(r.backoff(sent))
	case OutsideWindow:
		if m.Class == Nudge {
			return verdict{state: store.Gone, report: "window closed"}
		}
		return verdict{state: store.Waiting, ready: now.Add(r.timing.Park), code: codeParked}
	case TemplateUnusable:
		v := again(r.timing.Park)
		v.report = result.Class.String()
		return v
	case MediaUnusable:
		if sent >= triesOfMedia {
			return dead
		}
		return again(r.backoff(sent))
	case Unauthorized, AccountBlocked, Restricted: // kept until an operator has acted
		return verdict{state: store.Waiting, ready: now, code: result.Code, report: result.Class.String()}
	}
	return dead // Unreachable, Forbidden, Stopped, PersonChanged, RequestBug
}

// alertOf is what operators are told of a part that does not go; no Code where they need not be.
func alertOf(v verdict, result Result, stops bool) Alert {
	a := Alert{Code: "dead-letter", Subject: v.report, Severity: Warning}
	switch {
	case v.state == store.Gone:
		return Alert{}
	case result.Class == Unauthorized || result.Class == AccountBlocked || result.Class == Restricted:
		if !stops { // one word about it is enough
			return Alert{}
		}
		a.Code, a.Severity = "sender-stopped", Critical
	case v.state != store.Dead:
		a.Code = "not-sent"
	}
	return a
}

// hold keeps the sender, or its unasked messages, back; true when that is news.
func (s *sender) hold(name string, result Result) (news bool) {
	now := s.r.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch result.Class {
	case SenderThrottled:
		s.paused[name] = now.Add(max(result.RetryAfter, time.Second))
	case Suspended:
		news = !s.nudges[name].After(now)
		s.nudges[name] = now.Add(max(result.RetryAfter, time.Hour))
	case Unauthorized, AccountBlocked, Restricted:
		until := now.AddDate(100, 0, 0)
		news = until.Sub(s.paused[name]) > 24*time.Hour
		s.paused[name] = until
	}
	return news
}

// suspended is what operators are told when a sender begins to hold back what nobody asked for; no Code where it does not.
func suspended(result Result, stops bool) Alert {
	if !stops || result.Class != Suspended {
		return Alert{}
	}
	return Alert{Code: "sender-suspended", Severity: Warning}
}

// reportOf is the code under which a part that does not go is reported.
func reportOf(state store.State) string {
	switch state {
	case store.Dead:
		return "dead-letter"
	case store.Gone:
		return "nudge-dropped"
	}
	return "not-sent"
}

// count counts what became of a part.
func (r *Runner) count(state store.State) {
	switch state {
	case store.Accepted:
		r.Figures.Sent.Add(1)
	case store.Waiting:
		r.Figures.Retried.Add(1)
	case store.Dead:
		r.Figures.Dead.Add(1)
	case store.Gone:
		r.Figures.Dropped.Add(1)
	}
}
