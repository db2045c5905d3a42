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

// overHTTP measures the process that serves, sending nothing, and a bare handler that verifies, parses and commits as
// many bytes; then the first again with several messages a webhook.
func (b *bench) overHTTP(ctx context.Context, bytes int) (*Compared, *Work, error) {
	folder, err := b.newFolder()
	if err != nil {
		return nil, nil, err
	}
	serving, err := b.serve(ctx, folder, "http://127.0.0.1:9", true)
	if err != nil {
		return nil, nil, err
	}
	bare, err := start(ctx, b.Program, "bench", "--child=bare", "--child-folder="+folder, fmt.Sprintf("--child-bytes=%d", bytes))
	if err != nil {
		return nil, nil, errors.Join(err, serving.stop())
	}
	out, batched, err := b.compare(ctx, serving, bare)
	if err == nil {
		out.Bytes = bytes
	}
	return out, batched, errors.Join(err, serving.stop(), bare.stop())
}

func (b *bench) compare(ctx context.Context, serving, bare *started) (*Compared, *Work, error) {
	crowd := people(0, b.Contacts)
	ours := load{scripts: b.scripts, people: crowd, lasts: b.For / 4}
	theirs := load{scripts: b.scripts, people: people(b.Contacts, b.Contacts), lasts: b.For / 4}
	var did, floorDid figures
	var our, their told
	for round := range rounds + 1 {
		t, f, err := b.measured(ctx, serving, ours, "serve")
		if err != nil {
			return nil, nil, err
		}
		ft, ff, err := b.measured(ctx, bare, theirs, "bare")
		if err != nil {
			return nil, nil, err
		}
		ours.lasts, theirs.lasts = b.For/rounds, b.For/rounds
		if round == 0 { // everybody is known after it
			continue
		}
		our, did, their, floorDid = our.plus(t), did.plus(f), their.plus(ft), floorDid.plus(ff)
	}
	out := &Compared{Work: work(our, did), Floor: work(their, floorDid)}
	out.Ratio = out.Work.PerSecond / out.Floor.PerSecond
	out.Work.Memory = memoryOf(serving.pid)
	out.Work.Memory.Heap = did.heap
	out.Floor.Memory = memoryOf(bare.pid)
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
	if b.Profiles != "" && l.lasts >= time.Second {
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
