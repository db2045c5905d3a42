package runner

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// endsShards is a context whose Done ends the runner's shards before it returns, so that they end in the middle of
// submit.
type endsShards struct {
	context.Context
	end func()
}

func (c endsShards) Done() <-chan struct{} {
	c.end()
	return nil
}

func TestWhatIsSubmittedAsTheShardsEndIsToldSo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.config.Shards = 1
		taken := 0
		for range 64 { // where both can be, it is by chance whether the job is taken
			r := New(w.config)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.shards[0].run(ctx) }()
			end := sync.OnceFunc(func() { stop(); <-ended })
			told := 0
			err := r.submit(endsShards{t.Context(), end}, &job{key: w.key(), done: func(err error) {
				told++
				if !errors.Is(err, ErrStopped) {
					t.Errorf("told %v", err)
				}
			}})
			switch {
			case err == nil && told == 1:
				taken++
			case !errors.Is(err, ErrStopped) || told != 0:
				t.Fatalf("submit says %v, and the job was told %d times", err, told)
			}
		}
		if taken == 0 {
			t.Error("no job was taken as the shards ended")
		}
	})
}
