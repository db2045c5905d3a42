package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/engine"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/server"
	"baraza/server/config"
)

// rounds is how often the two sides of a comparison take turns, since a machine drifts.
const rounds = 8

// inside is a server in this process which takes messages and does nothing else.
type inside struct {
	*server.Server
	pack  string
	ended chan error
	stop  context.CancelFunc
}

func (b *bench) openInside(folder string) (*inside, error) {
	file, err := configure(folder, b.Pack, b.program.Pack, "http://127.0.0.1:9")
	if err != nil {
		return nil, err
	}
	configuration, err := config.Read(file)
	if err != nil {
		return nil, err
	}
	configuration.Countries[country].Key = config.Plain(strings.Repeat("42", 32))
	s, err := server.Open(server.Options{Config: configuration, Compile: b.Compile, Idle: true,
		Log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	in := &inside{Server: s, pack: b.program.Pack, ended: make(chan error, 1), stop: stop}
	go func() { in.ended <- s.Run(ctx) }()
	return in, nil
}

func (in *inside) close() error {
	in.stop()
	return errors.Join(<-in.ended, in.Close())
}

func (in *inside) deliver() (deliver, func(), error) {
	send := func(ctx context.Context, who *someone, lines []said) error {
		batch := make([]runner.Inbound, len(lines))
		now := time.Now()
		for i, s := range lines {
			id := messageID(who.n, who.said+i)
			batch[i] = runner.Inbound{Kind: runner.MessageReceived, ID: id, Pack: in.pack, Channel: whatsapp.Name, Account: account,
				From: []runner.Identity{{Channel: whatsapp.Name, Kind: channels.Phone, Value: number(who.n)}}, At: now, Message: id,
				Event: engine.Event{Kind: engine.Message, At: now, Channel: whatsapp.Name, Text: s.text, Token: s.token, Location: s.place}}
		}
		return in.Runner().Receive(ctx, batch)
	}
	return send, func() {}, nil
}

func (in *inside) figures() figures {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	f := figures{heard: in.Runner().Figures.Messages.Load(), mallocs: int64(memory.Mallocs), allocated: int64(memory.TotalAlloc)}
	f.commits, f.turns, f.written = in.Store().Written()
	f.cpu = processorOf(os.Getpid())
	return f
}

// recorded writes down the rows of a run's turns: what the floor that is compared with puts.
func (b *bench) recorded(ctx context.Context) (*Rows, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	b.record = filepath.Join(folder, "record")
	r, err := newRecorder(b.record)
	if err != nil {
		return nil, err
	}
	in, err := b.openInside(folder)
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	in.Store().Record(r.add)
	_, err = load{scripts: b.scripts, people: people(0, b.Contacts), lasts: b.For}.run(ctx, in.deliver)
	if err = errors.Join(err, in.close(), r.close()); err != nil {
		return nil, err
	}
	n := float64(max(r.turns, 1))
	return &Rows{Turns: r.turns, Rows: float64(r.rows) / n, Bytes: float64(r.bytes) / n}, nil
}

// inProcess measures the runner, and bbolt alone.
func (b *bench) inProcess(ctx context.Context) (*Compared, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	in, err := b.openInside(folder)
	if err != nil {
		return nil, err
	}
	out, err := b.besideFloors(ctx, in, folder)
	return out, errors.Join(err, in.close())
}

// besideFloors opens the floors once it is known what a turn weighs.
func (b *bench) besideFloors(ctx context.Context, in *inside, folder string) (out *Compared, err error) {
	l := load{scripts: b.scripts, people: people(0, b.Contacts), lasts: b.For / 4}
	if _, err := l.run(ctx, in.deliver); err != nil { // everybody is known after it
		return nil, err
	}
	w, err := weigh(ctx, in.Store())
	if err != nil {
		return nil, err
	}
	var floors [3]*floor
	defer func() {
		for _, f := range floors {
			if f != nil {
				err = errors.Join(err, f.close())
			}
		}
	}()
	if floors[0], err = newRows(filepath.Join(folder, "rows"), b.record); err != nil {
		return nil, err
	}
	if floors[1], err = newFloor(filepath.Join(folder, "appended"), w, false); err != nil {
		return nil, err
	}
	if floors[2], err = newFloor(filepath.Join(folder, "replaced"), w, true); err != nil {
		return nil, err
	}
	if out, err = b.takeTurns(ctx, in, l, floors); out != nil {
		out.Bytes = w.bytes()
	}
	return out, err
}

// takeTurns has each side work for a part of the time, one after the other.
func (b *bench) takeTurns(ctx context.Context, in *inside, l load, floors [3]*floor) (*Compared, error) {
	var ours told
	var theirs [len(floors)]told
	var did figures
	l.lasts = b.For / rounds
	for range rounds {
		runtime.GC()
		before := in.figures()
		t, err := b.profiled(func() (told, error) { return l.run(ctx, in.deliver) })
		if err != nil {
			return nil, err
		}
		now := in.figures().since(before)
		if now.heard != int64(t.messages) {
			return nil, fmt.Errorf("%d messages were acknowledged and %d heard", t.messages, now.heard)
		}
		did, ours = did.plus(now), ours.plus(t)
		for i, f := range floors {
			if t, err = f.spread(ctx, b.Contacts, l.lasts); err != nil {
				return nil, err
			}
			theirs[i] = theirs[i].plus(t)
		}
	}
	out := &Compared{Work: work(ours, did), Floor: work(theirs[0], floors[0].figures()), OneValue: work(theirs[1], floors[1].figures())}
	replaced := work(theirs[2], floors[2].figures())
	out.Replaced = &replaced
	return out.ratios(), nil
}

// profiled writes down where the time of this process goes meanwhile.
func (b *bench) profiled(do func() (told, error)) (told, error) {
	if b.Profiles == "" {
		return do()
	}
	f, err := os.Create(filepath.Join(b.Profiles, "inside.prof"))
	if err != nil {
		return told{}, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return told{}, errors.Join(err, f.Close())
	}
	t, err := do()
	pprof.StopCPUProfile()
	return t, errors.Join(err, f.Close())
}

func (t told) plus(more told) told {
	return told{t.messages + more.messages, t.requests + more.requests, t.took + more.took, append(t.acks, more.acks...)}
}

func (f figures) plus(more figures) figures {
	return figures{turns: f.turns + more.turns, commits: f.commits + more.commits, written: f.written + more.written,
		mallocs: f.mallocs + more.mallocs, allocated: f.allocated + more.allocated, heap: more.heap, cpu: f.cpu + more.cpu,
		heard: f.heard + more.heard, wrong: f.wrong + more.wrong, sent: f.sent + more.sent}
}

// spread commits for so long from as many goroutines at once.
func (f *floor) spread(ctx context.Context, writers int, lasts time.Duration) (told, error) {
	all := make([]durations, writers)
	work, ctx := errgroup.WithContext(ctx)
	begun, worked := time.Now(), processorOf(os.Getpid())
	for w := range writers {
		work.Go(func() error {
			one := bare{number(w), make(chan error, 1)}
			for now := begun; now.Sub(begun) < lasts && ctx.Err() == nil; {
				if err := f.commit(one); err != nil {
					return err
				}
				done := time.Now()
				all[w], now = append(all[w], done.Sub(now)), done
			}
			return nil
		})
	}
	err := work.Wait()
	t := told{took: time.Since(begun)}
	f.worked.Add(int64(processorOf(os.Getpid()) - worked))
	for _, d := range all {
		t.acks = append(t.acks, d...)
	}
	t.messages, t.requests = len(t.acks), len(t.acks)
	return t, err
}

// rowBytes stands for keys, times and checksums of a turn's rows.
const rowBytes = 200

// weigh reads what some people's turns have kept.
func weigh(ctx context.Context, s store.Store) (weight, error) {
	contacts, err := s.Contacts(ctx, store.All, store.Key{}, 64)
	if err != nil || len(contacts) == 0 {
		return weight{}, errors.Join(err, errors.New("nobody is stored"))
	}
	kept, added, turns := 0, 0, 0
	for _, c := range contacts {
		kept += len(c.Session)
		for _, id := range c.Identities {
			kept += len(id.Sealed)
		}
		for _, f := range c.Fields {
			kept += len(f.Sealed)
		}
		turns += int(c.Revision)
		const most = 100000
		messages, err := s.Outbox(ctx, store.OutboxQuery{Key: c.Key, Limit: most})
		if err != nil {
			return weight{}, err
		}
		for _, m := range messages {
			added += len(m.Sealed)
		}
		entries, err := s.Journal(ctx, store.JournalQuery{Key: c.Key, Limit: most})
		if err != nil {
			return weight{}, err
		}
		for _, e := range entries {
			added += len(e.Sealed)
		}
	}
	return weight{kept / len(contacts), added/max(turns, 1) + rowBytes}, nil
}
