package runner

import (
	"context"
	"slices"

	"baraza/engine/store"
)

// learn keeps names of the person that an answer told.
func (s *sender) learn(ctx context.Context, from Sender, key store.Key, to, known []Identity) {
	known = slices.DeleteFunc(slices.Clone(known), func(id Identity) bool { return slices.Contains(to, id) || id.Value == "" })
	if len(known) == 0 {
		return
	}
	j := &job{key: key, pack: from.Pack, origin: inside, change: func(d *draft) error { return d.alsoKnown(known) }}
	if err := s.r.do(context.WithoutCancel(ctx), j); err != nil {
		s.r.log.Warn("another name of a contact was not kept", "contact", key, "error", err)
	}
}

// alsoKnown adds names to those there are; it takes none from anybody.
func (d *draft) alsoKnown(known []Identity) error {
	if d.t.fresh {
		return errSkip
	}
	for _, id := range known {
		h := d.r.identityHash(d.pack, id)
		if d.t.identities[h] {
			continue
		}
		owner, err := d.r.config.Store.Find(d.ctx, h)
		if err != nil {
			return err
		}
		if owner.Found && owner.Key != d.t.key {
			if d.r.sender.first(h) {
				d.report("identity-elsewhere", id.Kind)
			}
			continue
		}
		if err := d.identify(id); err != nil {
			return err
		}
		if before := d.person.to; id.Channel == d.person.channel {
			if d.person.to = merged(before, []Identity{id}, id.Channel); len(d.person.to) > len(before) {
				d.stepped = true
			}
		}
	}
	if !d.stepped && len(d.turn.Identities) == 0 && len(d.turn.Journal) == 0 {
		return errSkip
	}
	return nil
}

// first tells whether the name was not reported yet; it remembers some thousands.
func (s *sender) first(h store.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[h] {
		return false
	}
	if len(s.told) >= 4096 {
		clear(s.told)
	}
	s.told[h] = true
	return true
}
