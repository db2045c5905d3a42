package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

const country = "bench"

// serve starts a process that serves from a folder.
func (b *bench) serve(ctx context.Context, folder, graph string, mute bool) (*started, error) {
	file, err := configure(folder, b.Pack, b.program.Pack, graph)
	if err != nil {
		return nil, err
	}
	words := []string{"bench", "--child=serve", "--child-config=" + file}
	if mute {
		words = append(words, "--child-mute")
	}
	return start(ctx, b.Program, words...)
}

// overHTTP measures the process that serves, sending nothing, and two bare handlers that verify, parse and commit: the
// very rows of turns, and one value of their bytes; then the first again with several messages a webhook.
func (b *bench) overHTTP(ctx context.Context, bytes int) (*Compared, *Work, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, nil, err
	}
	serving, err := b.serve(ctx, folder, "http://127.0.0.1:9", true)
	if err != nil {
		return nil, nil, err
	}
	rows, err := start(ctx, b.Program, "bench", "--child=bare", "--child-folder="+folder, "--child-record="+b.record)
	if err != nil {
		return nil, nil, errors.Join(err, serving.stop())
	}
	oneValue, err := start(ctx, b.Program, "bench", "--child=bare", "--child-folder="+folder, fmt.Sprintf("--child-bytes=%d", bytes))
	if err != nil {
		return nil, nil, errors.Join(err, serving.stop(), rows.stop())
	}
	out, batched, err := b.compare(ctx, serving, rows, oneValue)
	if err == nil {
		out.Bytes = bytes
	}
	return out, batched, errors.Join(err, serving.stop(), rows.stop(), oneValue.stop())
}

func (b *bench) compare(ctx context.Context, serving, rows, oneValue *started) (*Compared, *Work, error) {
	children := [3]*started{serving, rows, oneValue}
	names := [3]string{"serve", "bare", "value"}
	var loads [3]load
	for i := range loads {
		loads[i] = load{scripts: b.scripts, people: people(i*b.Contacts, b.Contacts), lasts: b.For / 4}
	}
	var did [3]figures
	var all [3]told
	for round := range rounds + 1 {
		for i := range children {
			t, f, err := b.measured(ctx, children[i], loads[i], names[i])
			if err != nil {
				return nil, nil, err
			}
			loads[i].lasts = b.For / rounds
			if round > 0 { // everybody is known after the first
				all[i], did[i] = all[i].plus(t), did[i].plus(f)
			}
		}
	}
	out := &Compared{Work: work(all[0], did[0]), Floor: work(all[1], did[1]), OneValue: work(all[2], did[2])}
	out.ratios()
	out.Work.Memory = memoryOf(serving.pid)
	out.Work.Memory.Heap = did[0].heap
	out.Floor.Memory = memoryOf(rows.pid)
	ours := loads[0]
	ours.batch, ours.lasts = b.Batch, b.For/2
	t, f, err := b.measured(ctx, serving, ours, "batched")
	if err != nil {
		return nil, nil, err
	}
	batched := work(t, f)
	return out, &batched, nil
}

// measured runs a load against a process, and checks that each message was heard once.
func (b *bench) measured(ctx context.Context, s *started, l load, name string) (told, figures, error) {
	before, err := s.figures(ctx)
	if err != nil {
		return told{}, figures{}, err
	}
	var t told
	working, workingCtx := errgroup.WithContext(ctx)
	working.Go(func() (err error) {
		t, err = l.run(workingCtx, overHTTP(s.address))
		return err
	})
	if b.Profiles != "" && l.lasts >= b.For/rounds {
		working.Go(func() error {
			return s.profile(ctx, filepath.Join(b.Profiles, name+".prof"), l.lasts)
		})
	}
	if err := working.Wait(); err != nil {
		return t, figures{}, err
	}
	now, err := s.figures(ctx)
	if err != nil {
		return t, figures{}, err
	}
	did := now.since(before)
	if did.heard != int64(t.messages) {
		return t, did, fmt.Errorf("%d messages were acknowledged and %d heard", t.messages, did.heard)
	}
	if did.wrong != 0 {
		return t, did, fmt.Errorf("%d things went wrong: duplicates, panics, retries, refusals or dead letters; see /metrics", did.wrong)
	}
	return t, did, nil
}

// paced measures with everything on but the pacing of sends, at a rate a second; 0 is as fast as acknowledged.
func (b *bench) paced(ctx context.Context, rate float64, lasts time.Duration) (*Paced, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	cloud, err := newProvider()
	if err != nil {
		return nil, err
	}
	defer cloud.close()
	serving, err := b.serve(ctx, folder, cloud.address, false)
	if err != nil {
		return nil, err
	}
	out, err := b.answered(ctx, serving, cloud, rate, lasts)
	return out, errors.Join(err, serving.stop())
}

// patience is how long replies may take once nobody writes any more.
const patience = 2 * time.Minute

func (b *bench) answered(ctx context.Context, serving *started, cloud *provider, rate float64, lasts time.Duration) (*Paced, error) {
	l := load{scripts: b.scripts, people: people(0, b.Contacts), lasts: b.For / 4, rate: rate, expect: cloud.expect}
	if _, _, err := b.measured(ctx, serving, l, "warm"); err != nil { // everybody is known after it
		return nil, err
	}
	if err := cloud.all(ctx, patience); err != nil {
		return nil, err
	}
	cloud.latencies()
	before, err := serving.figures(ctx)
	if err != nil {
		return nil, err
	}
	name := "together"
	if rate > 0 {
		name = "paced"
	}
	l.lasts = lasts
	begun := time.Now()
	t, _, err := b.measured(ctx, serving, l, name)
	if err != nil {
		return nil, err
	}
	if err := cloud.all(ctx, patience); err != nil {
		return nil, err
	}
	if rate == 0 { // the work is done when the replies are out
		t.took = time.Since(begun)
	}
	did, err := b.settled(ctx, serving, before)
	if err != nil {
		return nil, err
	}
	out := &Paced{Rate: rate, Work: work(t, did), Replies: cloud.latencies().latency(), Parts: did.sent}
	out.Work.Memory = memoryOf(serving.pid)
	out.Work.Memory.Heap = did.heap
	return out, nil
}

// settled waits until the process knows of all sends that they were accepted.
func (b *bench) settled(ctx context.Context, serving *started, before figures) (figures, error) {
	last := int64(-1)
	for {
		now, err := serving.figures(ctx)
		if err != nil {
			return now, err
		}
		did := now.since(before)
		if did.wrong != 0 {
			return did, fmt.Errorf("%d things went wrong while sending; see /metrics", did.wrong)
		}
		if did.turns == last {
			return did, nil
		}
		last = did.turns
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return did, ctx.Err()
		}
	}
}

// sending fills the outbox of a process that sends nothing, and measures how long the next process takes to send it.
func (b *bench) sending(ctx context.Context) (*Sent, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	cloud, err := newProvider()
	if err != nil {
		return nil, err
	}
	defer cloud.close()
	filling, err := b.serve(ctx, folder, cloud.address, true)
	if err != nil {
		return nil, err
	}
	l := load{scripts: b.scripts, people: people(0, b.Contacts), lasts: b.For, expect: cloud.expect}
	_, _, err = b.measured(ctx, filling, l, "filling")
	if err := errors.Join(err, filling.stop()); err != nil {
		return nil, err
	}
	begun := time.Now()
	serving, err := b.serve(ctx, folder, cloud.address, false)
	if err != nil {
		return nil, err
	}
	out, err := b.drained(ctx, serving, cloud, begun)
	return out, errors.Join(err, serving.stop())
}

func (b *bench) drained(ctx context.Context, serving *started, cloud *provider, begun time.Time) (*Sent, error) {
	if b.Profiles != "" {
		go func() { _ = serving.profile(ctx, filepath.Join(b.Profiles, "sending.prof"), b.For) }()
	}
	if err := cloud.all(ctx, patience); err != nil {
		return nil, err
	}
	took := time.Since(begun)
	did, err := b.settled(ctx, serving, figures{})
	if err != nil {
		return nil, err
	}
	if did.sent != cloud.taken.Load() {
		return nil, fmt.Errorf("%d parts arrived and %d are known to be sent", cloud.taken.Load(), did.sent)
	}
	n := float64(max(did.sent, 1))
	return &Sent{Parts: did.sent, Took: took, PerSecond: n / took.Seconds(), Commits: did.commits,
		TurnsPerCommit: float64(did.turns) / float64(max(did.commits, 1)), TurnsPerPart: float64(did.turns) / n, CPU: did.cpu.Seconds() / n}, nil
}
