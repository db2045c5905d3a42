package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// Erase does for an operator what a flow does by erase contact: everything kept of the contact goes in one turn, its
// keys are destroyed on the disk when this returns nil, and its identities stay behind as suppressed, by their keyed
// hashes. Those in also are suppressed too: the one an operator looked the contact up by, where the contact itself
// cannot be read any more. It waits for the turns under way, so that none of them brings anything back. at is the time
// of the erasure; zero: now. Erasing again, or who was never there, changes nothing.
func (r *Runner) Erase(ctx context.Context, contact store.Key, at time.Time, also ...store.Hash) error {
	if contact == (store.Key{}) {
		return ErrNoContact
	}
	j := &job{key: contact, origin: inside, change: func(d *draft) error {
		if d.t.fresh && !d.t.replaces && d.t.pack == "" {
			return errSkip
		}
		if len(d.t.flying) > 0 {
			return errHold
		}
		if at.IsZero() {
			at = d.now
		}
		d.erased = d.erasureTime(at)
		d.turn.At = d.erased
		d.stepped = false // nothing begins anew
		d.erase()
		d.turn.Expect = store.Any
		for _, h := range also {
			if !slices.Contains(d.turn.Erase.Suppress, h) {
				d.turn.Erase.Suppress = append(d.turn.Erase.Suppress, h)
			}
		}
		return nil
	}}
	return r.do(ctx, j)
}

// finishErasure destroys the keys of an erasure of which nobody knew whether it was kept, if it was: given again, its
// event counts as seen, and nobody would come back to them before the next start.
func (r *Runner) finishErasure(ctx context.Context, d *draft) {
	kept, err := r.config.Store.Tombstones(context.WithoutCancel(ctx), d.turn.Erase.At)
	for _, e := range kept {
		if e.Key == d.t.key && err == nil {
			err = r.config.Keys.Erase(d.pack, e)
		}
	}
	if err != nil {
		r.log.Error("the keys of an erased contact may still be there", "contact", d.t.key, "error", err)
		r.group.Reopen()
	}
}

// FindContact looks up who an operator means by an identity as people write it: a phone number with its country code
// in any usual writing, or the name by which the channel knows them. kinds are those that the channel has, the surest
// first. suppressed tells that somebody of that identity was erased. ErrNoContact where nobody has it.
func FindContact(ctx context.Context, s store.Store, k Keys, pack, channel string, kinds []string, typed string) (key store.Key, suppressed bool, err error) {
	for _, value := range writings(typed) {
		for _, kind := range kinds {
			owner, err := s.Find(ctx, k.Hash(pack, keys.ForIdentity, channel, kind, value))
			if err != nil {
				return store.Key{}, false, err
			}
			suppressed = suppressed || owner.Suppressed
			if owner.Found {
				return owner.Key, suppressed, nil
			}
		}
	}
	return store.Key{}, suppressed, ErrNoContact
}

// FindContact is FindContact in the runner's store.
func (r *Runner) FindContact(ctx context.Context, pack, channel string, kinds []string, typed string) (key store.Key, suppressed bool, err error) {
	return FindContact(ctx, r.config.Store, r.config.Keys, pack, channel, kinds, typed)
}

// writings are what a channel may call what was typed: as it stands, and as the digits of a phone number.
func writings(typed string) []string {
	typed = strings.TrimSpace(typed)
	if typed == "" || len(typed) > 256 {
		return nil
	}
	all := []string{typed}
	if digits, ok := phoneDigits(typed); ok && digits != typed {
		all = append(all, digits)
	}
	return all
}

// phoneDigits are the digits of a number in international form, of any script, without "+" and "00"; false for what
// is no phone number.
func phoneDigits(typed string) (string, bool) {
	// A zero in brackets is dialled only within the country: +44 (0)20 …
	typed = strings.ReplaceAll(typed, "(0)", "")
	var b strings.Builder
	for _, c := range typed {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case unicode.Is(unicode.Nd, c):
			b.WriteByte('0' + digitValue(c))
		case c == '+' && b.Len() == 0, unicode.IsSpace(c), unicode.Is(unicode.Pd, c), unicode.Is(unicode.Cf, c), strings.ContainsRune(".()/", c):
		default:
			return "", false
		}
	}
	digits := strings.TrimPrefix(b.String(), "00")
	return digits, len(digits) >= 7 && len(digits) <= 15
}

// digitValue is the value of a decimal digit of any script: each begins a run of ten with its zero.
func digitValue(c rune) byte {
	for _, r := range unicode.Nd.R16 {
		if lo := rune(r.Lo); c >= lo && c <= rune(r.Hi) {
			return byte((c - lo) % 10)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if lo := rune(r.Lo); c >= lo && c <= rune(r.Hi) {
			return byte((c - lo) % 10)
		}
	}
	return 0
}

// DeadLetters lists what nobody tries to send any more, and what a provider gave up, oldest first, behind the message
// after, at most limit.
func (r *Runner) DeadLetters(ctx context.Context, state store.State, after store.Message, limit int) ([]store.Message, error) {
	if state != store.Failed {
		state = store.Dead
	}
	list, err := r.config.Store.Outbox(ctx, store.OutboxQuery{Of: store.All, State: state, After: after, Limit: limit})
	if errors.Is(err, store.ErrDamaged) && len(list) > 0 {
		err = nil
	}
	return list, err
}

// Retry sends a dead letter once more; what is too old to be tried again and again is a dead letter at the next
// failure. Drop deletes one. store.ErrNotFound: it is gone, or no dead letter.
func (r *Runner) Retry(ctx context.Context, id uint64) error {
	return r.settleDead(ctx, id, store.Waiting)
}

// Drop deletes a dead letter.
func (r *Runner) Drop(ctx context.Context, id uint64) error { return r.settleDead(ctx, id, store.Gone) }

func (r *Runner) settleDead(ctx context.Context, id uint64, state store.State) error {
	m, err := r.config.Store.Message(ctx, id)
	if err != nil {
		return err
	}
	if m.State != store.Dead && m.State != store.Failed || CodeHeld(m.Code) {
		return store.ErrNotFound
	}
	from, _ := ParseSender(m.Channel)
	return r.do(ctx, &job{key: m.Key, pack: from.Pack, origin: inside, change: func(d *draft) error {
		d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: id, State: state, Ready: d.now})
		return nil
	}})
}

// RetryAll sends every dead letter of a sender once more; of all senders for the zero Sender. It says how many.
func (r *Runner) RetryAll(ctx context.Context, of Sender) (n int, err error) {
	for _, state := range []store.State{store.Dead, store.Failed} {
		var after store.Message
		for {
			list, err := r.DeadLetters(ctx, state, after, 256)
			if err != nil {
				return n, err
			}
			for _, m := range list {
				if of != (Sender{}) && m.Channel != of.String() || CodeHeld(m.Code) {
					continue
				}
				if err := r.Retry(ctx, m.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
					return n, err
				}
				n++
			}
			if len(list) < 256 {
				break
			}
			after = list[len(list)-1]
		}
	}
	return n, nil
}
