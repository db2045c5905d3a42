package runner

import (
	"context"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

const reopenPause = 20 * time.Millisecond

// origin says whose word an event is, which decides what may be answered to it.
type origin uint8

const (
	fromPerson origin = iota + 1
	fromStaff
	fromFetch
	fromTimer
	fromHold // what a freeze held; the draft finds it
	inside   // of the runner itself: no step
)

// job is one event on its way into a turn.
type job struct {
	key    store.Key
	pack   string // "": the contact's own
	origin origin
	event  engine.Event
	in     *Inbound           // of fromPerson
	first  store.Hash         // of the first of in.From
	timer  *store.Timer       // of fromTimer
	notes  []store.Hash       // deduplication keys
	noted  time.Time          // their time; zero where the event brings none
	must   bool               // only for a contact that is there
	more   *bool              // of fromHold: set to whether there is more of the contact
	parts  []uint64           // of fromHold: parts that are known to be held
	change func(*draft) error // of inside: what changes, in place of a step; errSkip for nothing

	conflicts int
	done      func(error)
}

func (j *job) finish(err error) {
	if j.done != nil {
		j.done(err)
		j.done = nil
	}
}

// submit hands jobs of one contact to its shard and does not wait for them. Where it returns an error, done is not
// called.
func (r *Runner) submit(ctx context.Context, jobs ...*job) error {
	if r.halting.Load() {
		return ErrStopped
	}
	s := r.shardOf(jobs[0].key)
	select {
	case s.in <- jobs:
		select {
		case <-s.ended: // it may have turned the last ones away before these lay there
			s.turnAway()
		default:
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		return ErrStopped
	case <-r.stopped:
		return ErrStopped
	}
}

// do submits the job and waits for its commit.
func (r *Runner) do(ctx context.Context, j *job) error {
	told := make(chan error, 1)
	j.done = func(err error) { told <- err }
	if err := r.submit(ctx, j); err != nil {
		return err
	}
	return r.await(ctx, told)
}

func (r *Runner) await(ctx context.Context, told <-chan error) error {
	select {
	case err := <-told:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.stopped:
		select {
		case err := <-told:
			return err
		default:
			return ErrStopped
		}
	}
}

// loadContact is Load under the store's own rules.
func (r *Runner) loadContact(ctx context.Context, key store.Key) (store.Contact, error) {
	return r.config.Store.Load(context.WithoutCancel(ctx), key)
}

// openPerson reads what is kept of a contact, with the fields that are still kept.
func (r *Runner) openPerson(c store.Contact) (person, error) {
	plain, err := r.config.Keys.Open(c.Pack, c.Key, keys.Session, c.Session)
	if err != nil {
		return person{}, err
	}
	p, err := readPerson(plain)
	if err != nil {
		return person{}, err
	}
	var fields []byte
	now := r.now()
	for _, f := range c.Fields {
		if f.Name == "language" || !f.Kept.IsZero() && !f.Kept.After(now) {
			continue // the session has the language; what is past its date is as good as swept
		}
		value, err := r.config.Keys.Open(c.Pack, c.Key, fieldKind(f.Name), f.Sealed)
		if err != nil {
			return person{}, err
		}
		fields = append(fields, value...)
	}
	p.session.Contact.Fields = engine.Values(fields)
	return p, nil
}

// fieldKind is what the content of a field is bound to.
func fieldKind(name string) keys.Kind { return keys.Field + "." + keys.Kind(name) }

// entryKind is the same of a journal entry of the class.
func entryKind(class uint8) keys.Kind {
	if int(class) < len(entryKinds) {
		return entryKinds[class]
	}
	return keys.Entry + "." + keys.Kind(rune('a'+class))
}

// entryKinds are those of the classes there are.
var entryKinds = func() (all [ExportEntry + 1]keys.Kind) {
	for class := range all {
		all[class] = keys.Entry + "." + keys.Kind(rune('a'+class))
	}
	return all
}()

// release is the program on which a conversation goes on.
func (r *Runner) release(pack string, contact store.Key, now time.Time, s engine.Session, message bool) (*program.Program, bool, error) {
	if r.config.Release == nil {
		p, err := r.program(pack)
		return p, false, err
	}
	p, displaced := r.config.Release(pack, contact, now, s, message)
	if p == nil {
		return nil, false, ErrNoPack
	}
	return p, displaced, nil
}

func (r *Runner) program(pack string) (*program.Program, error) {
	if p := r.config.Program(pack); p != nil {
		return p, nil
	}
	return nil, ErrNoPack
}
