package rounds

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/program"
)

// Evidence is what rounds of testing say about a program before it is released.
type Evidence struct {
	// Sessions are those that were recorded of the pack, in which a person did something; Last is when the newest began.
	Sessions int
	Last     time.Time
	// Sensitive is how many steps are; Untried are those that nobody went through as they are now, as flow.step.
	Sensitive int
	Untried   []string
	// Harmful are open remarks that a message could hurt someone.
	Harmful []FindingRemark
}

// Settled says that somebody looked at a remark and why nothing more is to be done about it.
type Settled struct {
	By  string
	At  time.Time
	Why string
}

// Evidence looks through all rounds of a pack, by any of the names that it has: that of its folder, or its own. A remark
// that a message could hurt someone is open until the message says something else or somebody settled it.
func (f *File) Evidence(ctx context.Context, p *program.Program, packs ...string) (Evidence, error) {
	open := sensitive(p)
	out := Evidence{Sensitive: len(open)}
	heads, err := f.Sessions("")
	if err != nil {
		return out, err
	}
	n := f.namesOf(p)
	for _, s := range slices.Backward(heads) { // the newest first: they mostly are enough
		if !slices.Contains(packs, s.Pack) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if len(open) == 0 {
			err = f.remarks(&s)
		} else {
			s, err = f.Session(s.ID)
		}
		if errors.Is(err, ErrNoSession) {
			continue // deleted meanwhile
		} else if err != nil {
			return out, err
		}
		if s.Count > 0 {
			if out.Sessions++; s.Begun.After(out.Last) {
				out.Last = s.Begun
			}
		}
		for i := range s.Turns {
			s.Turns[i].tries(&s, p, open)
		}
		for _, r := range s.Remarks {
			if r.Kind == Harmful && r.Settled == nil && (r.Hash == "" || n.wording(r.String, r.Language) == r.Hash) {
				out.Harmful = append(out.Harmful, FindingRemark{Remark: r, Tester: s.Tester, Session: s.ID})
			}
		}
	}
	out.Untried = slices.Sorted(maps.Keys(open))
	return out, nil
}

// tries strikes out the steps that a turn went through as they are. Of what was recorded before turns noted that, those
// count that were played on the very same version.
func (t *Turn) tries(s *Session, p *program.Program, open map[string]string) {
	for step, hash := range t.Tried {
		if open[step] == hash {
			delete(open, step)
		}
	}
	if version := t.Version; version == p.Hash || version == "" && s.Version == p.Hash {
		for _, step := range t.Visited {
			delete(open, step)
		}
	}
}

// remarks reads those of a session, and none of its turns.
func (f *File) remarks(s *Session) error {
	of, ok := parseID(s.ID)
	if !ok {
		return ErrNoSession
	}
	return f.db.View(func(tx *bolt.Tx) error {
		if _, err := f.session(tx, of); err != nil {
			return err
		}
		return under(tx.Bucket(remarksBucket), of, func(_, v []byte) error {
			var r Remark
			err := f.unseal(v, of, remarkKind, &r)
			s.Remarks = append(s.Remarks, r)
			return err
		})
	})
}

// ErrNoRemark: the session has none of this name.
var ErrNoRemark = errors.New("the session has no such remark")

// Settle says of a remark why nothing more is to be done about it: it stays, and is no longer open.
func (f *File) Settle(session, remark, by, why string) (r Remark, err error) {
	if by, why = clip(strings.TrimSpace(by), maxName), strings.TrimSpace(plainText(why)); by == "" || why == "" || tooLong(why, MaxText) {
		return r, errors.New("say who settles the remark, and why nothing more is to be done")
	}
	_, err = f.change(session, func(tx *bolt.Tx, of id, s *Session) error {
		b := tx.Bucket(remarksBucket)
		for i := range uint32(MaxRemarks) {
			key := join(of, binary.BigEndian.AppendUint32(nil, i)...)
			ok, err := f.get(b, key, of, remarkKind, &r)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if r.ID == remark {
				r.Settled = &Settled{Mask(by), f.now(), Mask(why)}
				s.Bytes += len(why)
				return f.put(b, key, of, remarkKind, &r)
			}
			r = Remark{}
		}
		return ErrNoRemark
	})
	return r, err
}
