package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// Stored is the cost of a turn among so many conversations.
type Stored struct {
	Conversations int           `json:"conversations"`
	Messages      int           `json:"messages"` // each person wrote
	Filled        time.Duration `json:"filled"`
	Opened        time.Duration `json:"opened"` // from the start of the process until it listens
	StoreBytes    int64         `json:"store_bytes"`
	KeyBytes      int64         `json:"key_bytes"`
	Idle          Memory        `json:"idle"`
	Work          Work          `json:"work"`
	Steady        Work          `json:"steady"` // at the rate
}

// wrote is how many messages each of the stored people has written.
const wrote = 2

// stored measures among 1,000, among 100,000 and among as many as was asked for.
func (b *bench) stored(ctx context.Context) ([]Stored, error) {
	var all []Stored
	for _, n := range []int{1000, 100000, b.Stored} {
		if n > b.Stored || n < b.Contacts || len(all) > 0 && all[len(all)-1].Conversations == n {
			continue
		}
		b.Tell(fmt.Sprintf("among %d stored conversations", n))
		folder, err := b.newFolder()
		if err != nil {
			return nil, err
		}
		one, err := b.among(ctx, folder, n)
		if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (b *bench) among(ctx context.Context, folder string, n int) (Stored, error) {
	out := Stored{Conversations: n, Messages: wrote}
	begun := time.Now()
	if err := b.fill(ctx, folder, n); err != nil {
		return out, err
	}
	out.Filled = time.Since(begun)
	out.StoreBytes, out.KeyBytes = sizeOf(filepath.Join(folder, "data", "store.db")), sizeOf(filepath.Join(folder, "data", "keys", country+".keys"))
	begun = time.Now()
	serving, err := b.serve(ctx, folder, "http://127.0.0.1:9", true)
	if err != nil {
		return out, err
	}
	out.Opened = time.Since(begun)
	out.Idle = memoryOf(serving.pid)
	return out, errors.Join(b.writeAmong(ctx, serving, &out), serving.stop())
}

// writeAmong has people write who are spread over all that are stored.
func (b *bench) writeAmong(ctx context.Context, serving *started, out *Stored) error {
	crowd := make([]*someone, b.Contacts)
	for i := range crowd {
		crowd[i] = &someone{n: i * (out.Conversations / b.Contacts), said: wrote}
	}
	l := load{scripts: b.scripts, people: crowd, lasts: b.For / 4}
	if _, _, err := b.measured(ctx, serving, l, "warm"); err != nil {
		return err
	}
	l.lasts = b.For
	t, did, err := b.measured(ctx, serving, l, fmt.Sprintf("stored-%d", out.Conversations))
	if err != nil {
		return err
	}
	out.Work = work(t, did)
	l.rate = b.Rate
	t, did, err = b.measured(ctx, serving, l, fmt.Sprintf("steady-%d", out.Conversations))
	if err != nil {
		return err
	}
	out.Steady = work(t, did)
	out.Work.Memory = memoryOf(serving.pid)
	out.Work.Memory.Heap = did.heap
	return nil
}

func sizeOf(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// A form is a conversation as it is kept, opened: what differs from person to person is the phone number in it.
type form struct {
	number   string
	contact  store.Contact // without Sealed in its lists
	session  []byte
	name     []byte // of its identity
	fields   [][]byte
	messages []store.Message
	entries  []store.Entry // with Sealed opened
}

// fill makes n conversations as the runner keeps them: some are held with it, and the others are their like under
// keys of their own. They are committed by the store as turns are, many together and in the order of their keys.
func (b *bench) fill(ctx context.Context, folder string, n int) error {
	in, err := b.openInside(folder)
	if err != nil {
		return err
	}
	l := load{scripts: b.scripts, people: people(0, len(b.scripts)), lasts: time.Hour, most: wrote}
	_, err = l.run(ctx, in.deliver)
	if err := errors.Join(err, in.close()); err != nil {
		return err
	}
	s, err := boltstore.Open(filepath.Join(folder, "data", "store.db"), boltstore.Options{})
	if err != nil {
		return err
	}
	key := keys.CountryKey(bytes.Repeat([]byte{0x42}, 32))
	ring, err := keys.Open(filepath.Join(folder, "data", "keys", country+".keys"), country, []keys.CountryKey{key}, keys.Options{})
	if err != nil {
		return errors.Join(err, s.Close())
	}
	f := filler{store: s, pack: b.program.Pack, ring: ring}
	return errors.Join(f.fill(ctx, len(b.scripts), n), s.Close(), ring.Close())
}

type filler struct {
	store *boltstore.Store
	ring  *keys.Ring
	pack  string
	forms []form
}

// who is a person with the key of the contact.
type who struct {
	key store.Key
	n   int
}

func (f *filler) key(n int) (store.Key, store.Hash) {
	h := f.ring.Hash(keys.ForIdentity, whatsapp.Name, channels.Phone, number(n))
	return f.ring.Contact(h, 0), h
}

func (f *filler) fill(ctx context.Context, there, n int) error {
	for i := range there {
		one, err := f.form(ctx, i)
		if err != nil {
			return err
		}
		f.forms = append(f.forms, one)
	}
	var all []who
	for i := there; i < n; i++ {
		key, _ := f.key(i)
		all = append(all, who{key, i})
	}
	slices.SortFunc(all, func(a, b who) int { return cmp.Compare(a.key.String()[:16], b.key.String()[:16]) })
	const together = 20000
	made := make(chan []store.Turn, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(made)
		for some := range slices.Chunk(all, together) {
			turns, err := f.turns(some)
			if err != nil {
				return err
			}
			select {
			case made <- turns:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	work.Go(func() error {
		for turns := range made {
			if err := f.commit(ctx, turns); err != nil {
				return err
			}
		}
		return nil
	})
	return work.Wait()
}

// form reads a conversation.
func (f *filler) form(ctx context.Context, n int) (form, error) {
	key, _ := f.key(n)
	c, err := f.store.Load(ctx, key)
	if err != nil || len(c.Identities) != 1 {
		return form{}, errors.Join(err, fmt.Errorf("%s has %d identities", key, len(c.Identities)))
	}
	one := form{number: number(n), contact: c}
	open := func(kind keys.Kind, sealed []byte) (plain []byte) {
		if err == nil {
			plain, err = f.ring.Open(key, kind, sealed)
		}
		return plain
	}
	one.session, one.name = open(keys.Session, c.Session), open(keys.Identity, c.Identities[0].Sealed)
	for _, field := range c.Fields {
		one.fields = append(one.fields, open(keys.Field+"."+keys.Kind(field.Name), field.Sealed))
	}
	if err != nil {
		return form{}, err
	}
	if one.messages, err = f.store.Outbox(ctx, store.OutboxQuery{Key: key, Limit: 1000}); err != nil {
		return form{}, err
	}
	if one.entries, err = f.store.Journal(ctx, store.JournalQuery{Key: key, Limit: 1000}); err != nil {
		return form{}, err
	}
	for i := range one.entries {
		e := &one.entries[i]
		e.Sealed = open(entryKind(e.Class), e.Sealed)
	}
	return one, err
}

func entryKind(class uint8) keys.Kind { return keys.Entry + "." + keys.Kind(rune('a'+class)) }

// turns are the conversations of some people, each as one turn.
func (f *filler) turns(some []who) ([]store.Turn, error) {
	now := time.Now()
	turns := make([]store.Turn, len(some))
	for i, w := range some {
		if err := f.ring.Begin(w.key, now); err != nil {
			return nil, err
		}
		if err := f.turn(&turns[i], w, now); err != nil {
			return nil, err
		}
	}
	return turns, f.ring.Sync()
}

func (f *filler) turn(t *store.Turn, w who, now time.Time) (err error) {
	// The form of the script that the person goes on with.
	one := &f.forms[w.n%len(f.forms)]
	seal := func(kind keys.Kind, plain []byte) (sealed []byte) {
		if err == nil {
			sealed, err = f.ring.Seal(w.key, kind, bytes.ReplaceAll(plain, []byte(one.number), []byte(number(w.n))))
		}
		return sealed
	}
	_, identity := f.key(w.n)
	*t = store.Turn{Key: w.key, Pack: f.pack, At: now, Session: seal(keys.Session, one.session),
		Dedupe:     []store.Seen{{Hash: f.ring.Hash(keys.ForEvent, number(w.n)), At: now}},
		Identities: []store.Identity{{Hash: identity, Sealed: seal(keys.Identity, one.name)}},
		Timers:     one.contact.Timers, Outbox: slices.Clone(one.messages)}
	for i, field := range one.contact.Fields {
		field.Sealed = seal(keys.Field+"."+keys.Kind(field.Name), one.fields[i])
		t.Fields = append(t.Fields, field)
	}
	for _, e := range one.entries {
		e.Sealed = seal(entryKind(e.Class), e.Sealed)
		t.Journal = append(t.Journal, e)
	}
	return err
}

// commit keeps them, with their replies delivered.
func (f *filler) commit(ctx context.Context, turns []store.Turn) error {
	results, err := f.store.Commit(ctx, turns)
	if err != nil {
		return err
	}
	for i, r := range results {
		t := &turns[i]
		if r.Outcome != store.Committed {
			return fmt.Errorf("a conversation came back %v", r.Outcome)
		}
		*t = store.Turn{Key: t.Key, Expect: store.Any, At: t.At}
		for _, id := range r.Messages {
			sealed, err := f.ring.Seal(t.Key, keys.ProviderID, []byte("wamid.HBgMBenchReply00000000X00000000"))
			if err != nil {
				return err
			}
			t.Settle = append(t.Settle, store.Settlement{ID: id, State: store.Delivered, SealedID: sealed,
				Provider: f.ring.Hash(keys.ForProvider, fmt.Sprint(id))})
		}
	}
	_, err = f.store.Commit(ctx, turns)
	return err
}

func (s *Stored) print(w io.Writer, first bool) {
	if first {
		fmt.Fprintf(w, "\nAmong stored conversations, each of %d messages; over HTTP, nothing sent\n", s.Messages)
		fmt.Fprintln(w, strings.Join([]string{"", "messages/s", "processor", "written a turn", "at a steady rate: p50", "p99", "processor", "written",
			"RssAnon", "mapped", "store", "a conversation", "keys", "filled in", "opened in"}, "\t"))
	}
	fmt.Fprintf(w, "  %d\t%.0f\t%.0f µs\t%.0f B\t%.1f ms\t%.1f ms\t%.0f µs\t%.0f B\t%s\t%s\t%s\t%d B\t%s\t%v\t%v\n", s.Conversations, s.Work.PerSecond,
		s.Work.CPU*1e6, s.Work.Written, float64(s.Steady.Acks.P50)/1e6, float64(s.Steady.Acks.P99)/1e6, s.Steady.CPU*1e6, s.Steady.Written,
		mega(s.Work.Memory.Anon), mega(s.Work.Memory.Mapped), mega(s.StoreBytes), s.StoreBytes/int64(s.Conversations), mega(s.KeyBytes),
		s.Filled.Round(time.Second/10), s.Opened.Round(time.Second/10))
}
