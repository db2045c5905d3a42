package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/store"
)

// scripted is a store whose commits wait to be let go, and end as told.
type scripted struct {
	store.Store
	mu       sync.Mutex
	commits  []int
	begun    chan struct{}
	ends     chan error
	reopened int
	reopen   error
}

func (s *scripted) Commit(_ context.Context, turns []store.Turn) ([]store.Result, error) {
	s.mu.Lock()
	s.commits = append(s.commits, len(turns))
	s.mu.Unlock()
	if s.begun != nil {
		s.begun <- struct{}{}
	}
	err := <-s.ends
	results := make([]store.Result, len(turns))
	for i := range turns {
		results[i].Revision = turns[i].Expect + 1
	}
	return results, err
}

func (s *scripted) Reopen(context.Context) error {
	s.reopened++
	return s.reopen
}

// run submits a turn by itself, then more during its commit, and tells what each heard.
func run(t *testing.T, s *scripted, g *store.Group, more int) (heard []string, ended error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	heard = make([]string, more+1)
	submit := func(n int) {
		err := g.Go(ctx, store.Turn{Expect: uint64(n)}, func(r store.Result, err error) { heard[n] = fmt.Sprint(r.Revision, " ", err) })
		if err != nil {
			heard[n] = "refused: " + err.Error()
		}
	}
	submit(0)
	if s.begun != nil {
		<-s.begun
		s.begun = nil
	}
	for n := range more {
		submit(n + 1)
	}
	close(s.ends)
	synctest.Wait()
	stop()
	return heard, <-done
}

func TestTurnsThatComeDuringACommitShareTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{begun: make(chan struct{}), ends: make(chan error)}
		heard, err := run(t, s, store.NewGroup(s, 3, nil), 3)
		if err != nil {
			t.Errorf("run: %v", err)
		}
		if diff := cmp.Diff([]int{1, 3}, s.commits); diff != "" {
			t.Errorf("turns a commit (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1 <nil>", "2 <nil>", "3 <nil>", "4 <nil>"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

func TestAnUnknownCommitReopensTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{begun: make(chan struct{}), ends: make(chan error, 1)}
		s.ends <- store.ErrUnknown
		heard, err := run(t, s, store.NewGroup(s, 3, nil), 1)
		if err != nil || s.reopened != 1 {
			t.Errorf("run: %v, reopened %d times", err, s.reopened)
		}
		if diff := cmp.Diff([]string{"0 " + store.ErrUnknown.Error(), "2 <nil>"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

func TestWhoMeetsABrokenStoreHasItReopened(t *testing.T) {
	t.Parallel()
	for _, reopen := range []error{nil, errors.New("gone")} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{reopen: reopen}
			g := store.NewGroup(s, 3, nil)
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- g.Run(ctx) }()
			synctest.Wait()
			g.Reopen()
			synctest.Wait()
			if s.reopened != 1 {
				t.Errorf("reopened %d times", s.reopened)
			}
			stop()
			if err := <-done; !errors.Is(err, reopen) {
				t.Errorf("run: got %v, want %v", err, reopen)
			}
		})
	}
}

func TestAGroupEndsWhenTheStoreCannotBeReopened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		s := &scripted{begun: make(chan struct{}), ends: make(chan error, 1), reopen: gone}
		s.ends <- store.ErrUnknown
		g := store.NewGroup(s, 3, nil)
		heard, err := run(t, s, g, 2)
		if !errors.Is(err, gone) {
			t.Errorf("run: got %v, want %v", err, gone)
		}
		for n, h := range heard[1:] {
			if h != "0 "+store.ErrClosed.Error() && h != "refused: "+store.ErrClosed.Error() {
				t.Errorf("turn %d heard %q, want that it is closed", n+1, h)
			}
		}
		if _, err := g.Submit(context.Background(), store.Turn{}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("later: got %v, want %v", err, store.ErrClosed)
		}
	})
}

// endsRun is a context whose Done ends a group's Run before it returns, so that Run ends in the middle of Go.
type endsRun struct {
	context.Context
	end func()
}

func (c endsRun) Done() <-chan struct{} {
	c.end()
	return nil
}

func TestWhoHandsOverAsTheGroupEndsIsToldOnce(t *testing.T) {
	t.Parallel()
	handed := 0
	for range 64 { // where both can be, it is by chance whether the turn is handed over
		g := store.NewGroup(&scripted{}, 0, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- g.Run(ctx) }()
		told := 0
		err := g.Go(endsRun{t.Context(), func() { stop(); <-ended }}, store.Turn{}, func(_ store.Result, err error) {
			told++
			if !errors.Is(err, store.ErrClosed) {
				t.Errorf("told %v", err)
			}
		})
		switch {
		case err == nil && told == 1:
			handed++
		case !errors.Is(err, store.ErrClosed) || told != 0:
			t.Fatalf("Go says %v, and it was told %d times", err, told)
		}
	}
	if handed == 0 {
		t.Error("no turn was handed over as the group ended")
	}
}

func TestNothingIsCommittedBeforeItsKeysAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("no keys")
		s := &scripted{ends: make(chan error)}
		heard, err := run(t, s, store.NewGroup(s, 3, func() error { return lost }), 0)
		if !errors.Is(err, lost) || len(s.commits) != 0 || heard[0] != "0 no keys" {
			t.Errorf("run: %v, commits %v, heard %v", err, s.commits, heard)
		}
	})
}

func TestAGroupEndsWithoutATurnWhereKeysCanBeKeptNoMore(t *testing.T) {
	t.Parallel()
	broken := errors.New("the keys cannot be kept")
	g := store.NewGroup(&scripted{}, 0, func() error { return broken })
	g.Reopen()
	if err := g.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("the group ended with %v, want %v", err, broken)
	}
}

func TestAGroupKnowsWhetherTurnsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{ends: make(chan error)}
		g := store.NewGroup(s, 0, nil)
		go func() { _ = g.Run(t.Context()) }()
		submit := func() {
			t.Helper()
			if err := g.Go(t.Context(), store.Turn{}, func(store.Result, error) {}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		is := func(says string, want error) {
			t.Helper()
			if got := g.Health(); !errors.Is(got, want) {
				t.Errorf("%s: got %v, want %v", says, got, want)
			}
		}
		ends := func(err error) {
			s.ends <- err
			synctest.Wait()
		}
		is("at the start", nil)
		submit()
		<-time.After(20 * time.Second)
		is("a commit takes long", nil)
		<-time.After(20 * time.Second)
		is("a commit does not end", store.ErrStuck)
		ends(nil)
		is("it has ended", nil)
		submit()
		ends(store.ErrUnknown)
		is("nobody knows of it, and it was settled", nil)
		submit()
		ends(store.ErrUnknown)
		is("nobody knows of the next either", store.ErrUnknown)
		begun := time.Now()
		for range 12 {
			submit()
			ends(store.ErrUnknown)
		}
		if took := time.Since(begun); took < 5*time.Second || took > time.Minute {
			t.Errorf("twelve more took %v", took)
		}
		submit()
		ends(nil)
		is("the disk is well again", nil)
		submit()
		ends(store.ErrFull)
		is("the disk is full", store.ErrFull)
		submit()
		is("the next is tried", store.ErrFull)
		ends(nil)
		is("there is room again", nil)
		submit()
		ends(store.ErrFull)
		<-time.After(61 * time.Second)
		is("a minute later", nil)
	})
}

func TestWhatMayFollowWhat(t *testing.T) {
	t.Parallel()
	// Down: what is known. Across: the news, from Waiting to Dead.
	want := []string{
		"waiting   yyyyyyy",
		"accepted  --yyyyy",
		"sent      ---yyyy",
		"delivered ----y--",
		"read      -------",
		"failed    y--yy-y",
		"dead      yyyyy--",
	}
	names := []string{"waiting", "accepted", "sent", "delivered", "read", "failed", "dead"}
	var got []string
	for was := store.Waiting; was <= store.Dead; was++ {
		line := fmt.Sprintf("%-10s", names[was])
		for news := store.Waiting; news <= store.Dead; news++ {
			line += map[bool]string{true: "y", false: "-"}[news.Follows(was)]
		}
		got = append(got, line)
		if !store.Gone.Follows(was) {
			t.Errorf("gone does not follow %s", names[was])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("follows (-want +got):\n%s", diff)
	}
}

func TestNewsOfAnotherSendingChangesNothing(t *testing.T) {
	t.Parallel()
	first, last := store.Hash{1}, store.Hash{2}
	for _, c := range []struct {
		name string
		was  store.State
		of   store.Hash
		news store.State
		want bool
	}{
		{"the last one failed", store.Sent, last, store.Failed, true},
		{"one before it failed", store.Sent, first, store.Failed, false},
		{"one before it was sent", store.Accepted, first, store.Sent, false},
		{"one before it arrived", store.Sent, first, store.Delivered, true},
		{"it failed already", store.Waiting, last, store.Failed, false},
		{"it was taken, but has failed", store.Waiting, last, store.Accepted, false},
		{"it was sent, but has failed for good", store.Dead, last, store.Sent, false},
		{"it has failed, and arrived", store.Waiting, last, store.Read, true},
		{"another was taken", store.Waiting, first, store.Accepted, true},
		{"nobody says which", store.Sent, store.Hash{}, store.Failed, true},
		{"it is tried again", store.Failed, store.Hash{}, store.Waiting, true},
	} {
		news := store.Settlement{State: c.news, Provider: c.of}
		if got := news.Follows(&store.Message{State: c.was, Provider: last}); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
}
