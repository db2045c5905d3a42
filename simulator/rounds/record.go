package rounds

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/keys"
	"baraza/engine/store"
)

func (f *File) putSession(tx *bolt.Tx, of id, s *Session) error {
	head := *s
	head.Turns, head.Remarks, head.Media = nil, nil, nil
	return f.put(tx.Bucket(sessionsBucket), of[:], of, sessionKind, &head)
}

// session reads a session without its turns and remarks.
func (f *File) session(tx *bolt.Tx, of id) (*Session, error) {
	var s Session
	ok, err := f.get(tx.Bucket(sessionsBucket), of[:], of, sessionKind, &s)
	if err == nil && !ok || errors.Is(err, keys.ErrNoKey) {
		err = ErrNoSession
	}
	return &s, err
}

// change reads a session, changes it and keeps it. What many testers do at once shares a write to the disk, so that
// change may run twice; the session it is given is then a fresh one.
func (f *File) change(name string, change func(tx *bolt.Tx, of id, s *Session) error) (Session, error) {
	of, ok := parseID(name)
	if !ok {
		return Session{}, ErrNoSession
	}
	var after Session
	err := f.db.Batch(func(tx *bolt.Tx) error {
		s, err := f.session(tx, of)
		if err != nil {
			return err
		}
		if err := change(tx, of, s); err != nil {
			return err
		}
		after = *s
		return f.putSession(tx, of, s)
	})
	if errors.Is(err, keys.ErrNoKey) { // deleted in this moment
		err = ErrNoSession
	}
	return after, err
}

// Append keeps turns. They follow the last one that was kept.
func (f *File) Append(session string, turns ...Turn) error {
	if len(turns) == 0 {
		return nil
	}
	_, err := f.change(session, func(tx *bolt.Tx, of id, s *Session) error {
		if !s.Ended.IsZero() {
			return ErrEnded
		}
		for i := range turns {
			if turns[i].N != s.Count+1+i {
				return ErrOrder
			}
		}
		if s.Count+len(turns) > MaxTurns {
			return fmt.Errorf("a session has at most %d turns: %w", MaxTurns, ErrFull)
		}
		plain, err := json.Marshal(turns)
		if err != nil {
			return err
		}
		if s.Bytes+len(plain) > MaxBytes {
			return fmt.Errorf("a session has at most %d MiB: %w", MaxBytes>>20, ErrFull)
		}
		sealed, err := f.ring.Seal(store.Key(of), turnsKind, plain)
		if err != nil {
			return err
		}
		first := binary.BigEndian.AppendUint32(nil, uint32(s.Count+1))
		for i := range turns {
			s.note(&turns[i])
		}
		s.Bytes += len(plain)
		return tx.Bucket(turnsBucket).Put(join(of, first...), sealed)
	})
	return err
}

// note brings the session's own record up to date with a turn.
func (s *Session) note(t *Turn) {
	s.Count, s.Clock = t.N, t.At
	s.Language = cmp.Or(t.Language, s.Language)
	if len(s.Tasks) == 0 {
		return
	}
	now := &s.Tasks[len(s.Tasks)-1]
	if !now.Ended.IsZero() {
		return
	}
	if t.Who == Person {
		now.Turns++
	}
	if t.Missed {
		now.Missed++
	}
	if now.Reach != "" && slices.Contains(t.Visited, now.Reach) {
		now.Reached = true
	}
}

// Session reads one session with everything but what its recordings hold.
func (f *File) Session(name string) (s Session, err error) {
	of, ok := parseID(name)
	if !ok {
		return s, ErrNoSession
	}
	err = f.db.View(func(tx *bolt.Tx) error {
		found, err := f.session(tx, of)
		if err != nil {
			return err
		}
		s = *found
		return f.fill(tx, of, &s)
	})
	return s, err
}

func (f *File) fill(tx *bolt.Tx, of id, s *Session) error {
	err := under(tx.Bucket(turnsBucket), of, func(_, v []byte) error {
		var some []Turn
		err := f.unseal(v, of, turnsKind, &some)
		s.Turns = append(s.Turns, some...)
		return err
	})
	if err != nil {
		return err
	}
	err = under(tx.Bucket(remarksBucket), of, func(_, v []byte) error {
		var r Remark
		err := f.unseal(v, of, remarkKind, &r)
		s.Remarks = append(s.Remarks, r)
		return err
	})
	if err != nil {
		return err
	}
	s.Media, err = f.mediaOf(tx, of)
	return err
}

// Since reads the turns after the nth, for a page that was cut off and for who watches.
func (f *File) Since(session string, n int) ([]Turn, error) {
	of, ok := parseID(session)
	if !ok {
		return nil, ErrNoSession
	}
	var out []Turn
	err := f.db.View(func(tx *bolt.Tx) error {
		if _, err := f.session(tx, of); err != nil {
			return err
		}
		c := tx.Bucket(turnsBucket).Cursor()
		from := join(of, binary.BigEndian.AppendUint32(nil, uint32(max(n+1, 0)))...)
		k, v := c.Seek(from)
		if len(k) == 0 || string(k) != string(from) { // it may stand within the piece before
			if before, w := c.Prev(); before != nil && id(before[:len(of)]) == of {
				k, v = before, w
			} else {
				k, v = c.Seek(from)
			}
		}
		for ; len(k) > 0 && id(k[:len(of)]) == of; k, v = c.Next() {
			var some []Turn
			if err := f.unseal(v, of, turnsKind, &some); err != nil {
				return err
			}
			for _, t := range some {
				if t.N > n {
					out = append(out, t)
				}
			}
		}
		return nil
	})
	return out, err
}

// Sessions lists the recorded sessions of a round by participant, without turns and remarks; those of every round
// where it is "".
func (f *File) Sessions(round string) ([]Session, error) {
	var all []Session
	err := f.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(sessionsBucket).ForEach(func(k, v []byte) error {
			var s Session
			if err := f.unseal(v, id(k), sessionKind, &s); errors.Is(err, keys.ErrNoKey) {
				return nil // being deleted
			} else if err != nil {
				return err
			}
			if round == "" || s.Round == round {
				all = append(all, s)
			}
			return nil
		})
	})
	slices.SortFunc(all, func(a, b Session) int {
		return cmp.Or(a.Begun.Compare(b.Begun), cmp.Compare(a.Tester, b.Tester), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// AddRemark keeps what somebody says about a message, with the text masked, and gives it as it was kept. It may
// come after the end: the last page asks for more.
func (f *File) AddRemark(session string, r Remark) (Remark, error) {
	if !slices.Contains([]string{Unclear, Wrong, Harmful, Better}, r.Kind) {
		return Remark{}, fmt.Errorf("a remark is %q, %q, %q or %q", Unclear, Wrong, Harmful, Better)
	}
	if tooLong(r.Text, MaxText) {
		return Remark{}, fmt.Errorf("a remark has at most %d characters", MaxText)
	}
	made, err := f.newID()
	if err != nil {
		return Remark{}, err
	}
	r.ID, r.At, r.Text, r.Author = made.String(), f.now(), Mask(plainText(r.Text)), Mask(clip(r.Author, maxName))
	_, err = f.change(session, func(tx *bolt.Tx, of id, s *Session) error {
		b := tx.Bucket(remarksBucket)
		n := uint32(0)
		if err := under(b, of, func(_, _ []byte) error { n++; return nil }); err != nil {
			return err
		}
		if n >= MaxRemarks || s.Bytes+len(r.Text) > MaxBytes {
			return fmt.Errorf("a session has at most %d remarks: %w", MaxRemarks, ErrFull)
		}
		if err := f.about(tx, of, s, &r); err != nil {
			return err
		}
		s.Bytes += len(r.Text) + len(r.Message)
		return f.put(b, join(of, binary.BigEndian.AppendUint32(nil, n)...), of, remarkKind, &r)
	})
	return r, err
}

// about notes which message a remark is about: its string, wording, place, language and version.
func (f *File) about(tx *bolt.Tx, of id, s *Session, r *Remark) error {
	r.Version = s.Version
	if r.Voice != "" {
		if v, ok := parseID(r.Voice); !ok || tx.Bucket(mediaBucket).Get(join(of, v[:]...)) == nil {
			return ErrNoMedia
		}
	}
	r.Message, r.String, r.Hash, r.Flow, r.Step, r.Language = "", "", "", "", "", s.Language
	if r.Turn == 0 {
		return nil
	}
	found := false
	err := under(tx.Bucket(turnsBucket), of, func(_, v []byte) error {
		var some []Turn
		if found || r.Turn > s.Count {
			return nil
		}
		if err := f.unseal(v, of, turnsKind, &some); err != nil {
			return err
		}
		for i := range some {
			if t := &some[i]; t.N == r.Turn {
				found = true
				r.Message, r.String, r.Hash, r.Flow, r.Step = t.Text, t.String, t.Hash, t.Flow, t.Step
				r.Language, r.Version = cmp.Or(t.Language, s.Language), cmp.Or(t.Version, s.Version)
			}
		}
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("the session has no message %d", r.Turn)
	}
	return err
}

// BeginTask says that the tester has read a task and begins with it; one that went on is given up.
func (f *File) BeginTask(session, task string) error {
	now := f.now()
	_, err := f.change(session, func(tx *bolt.Tx, _ id, s *Session) error {
		if !s.Ended.IsZero() {
			return ErrEnded
		}
		known, err := f.task(tx, s, task)
		if err != nil {
			return err
		}
		if len(s.Tasks) >= 4*MaxTasks {
			return ErrFull
		}
		s.endTask(now, GaveUp)
		s.Tasks = append(s.Tasks, TaskResult{ID: task, Reach: known.Reach, Begun: now})
		return nil
	})
	return err
}

// EndTask says how the task that goes on ended, in the tester's word: Done, GaveUp or NeededHelp.
func (f *File) EndTask(session, outcome string) (TaskResult, error) {
	if !slices.Contains([]string{Done, GaveUp, NeededHelp}, outcome) {
		return TaskResult{}, fmt.Errorf("a task ends as %q, %q or %q", Done, GaveUp, NeededHelp)
	}
	now := f.now()
	s, err := f.change(session, func(_ *bolt.Tx, _ id, s *Session) error {
		if !s.endTask(now, outcome) {
			return errors.New("no task goes on")
		}
		return nil
	})
	if err != nil {
		return TaskResult{}, err
	}
	return s.Tasks[len(s.Tasks)-1], nil
}

func (s *Session) endTask(now time.Time, outcome string) bool {
	if len(s.Tasks) == 0 || !s.Tasks[len(s.Tasks)-1].Ended.IsZero() {
		return false
	}
	t := &s.Tasks[len(s.Tasks)-1]
	t.Ended, t.Outcome = now, outcome
	t.Reached = t.Reached || t.Reach == "" && outcome == Done
	return true
}

func (f *File) task(tx *bolt.Tx, s *Session, task string) (Task, error) {
	r, ok := parseID(s.Round)
	if !ok {
		return Task{}, ErrNoRound
	}
	k, err := f.round(tx, r)
	if err != nil {
		return Task{}, err
	}
	for _, t := range k.Tasks {
		if t.ID == task {
			return t, nil
		}
	}
	return Task{}, fmt.Errorf("the round has no task %q", clip(task, 40))
}

// Rate keeps the face that the tester chose: 1 bad, 2 so so, 3 good.
func (f *File) Rate(session string, face int) error {
	if face < 1 || face > 3 {
		return errors.New("a rating is 1, 2 or 3")
	}
	_, err := f.change(session, func(_ *bolt.Tx, _ id, s *Session) error {
		s.Face = face
		return nil
	})
	return err
}

// Finish ends a session: it takes no more turns. A task that goes on was given up. Doing so again changes nothing.
func (f *File) Finish(session string) (Session, error) {
	now := f.now()
	return f.change(session, func(_ *bolt.Tx, _ id, s *Session) error {
		if s.Ended.IsZero() {
			s.endTask(now, GaveUp)
			s.Ended = now
		}
		return nil
	})
}
