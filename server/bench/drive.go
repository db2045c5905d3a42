package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// A load is people who write, one connection each. Each says the lines of a script, one after the other, and goes on where the load before
// ended. Nobody writes again before their last message was acknowledged.
type load struct {
	scripts []script
	people  []*someone
	// lasts is for how long.
	lasts time.Duration
	// rate is messages a second of all together, sent at their times whether or not those before were quick; 0: each
	// person writes as soon as the last message was acknowledged.
	rate float64
	// most is how many messages each says; no bound when 0.
	most int
	// batch is how many messages one webhook brings; 1 when 0.
	batch int
	// expect, if not nil, is told what has to come back.
	expect func(to string, parts int, since time.Time)
}

// someone is a person.
type someone struct {
	n    int // gives the phone number
	said int // messages so far
}

func people(first, n int) []*someone {
	all := make([]*someone, n)
	for i := range all {
		all[i] = &someone{n: first + i}
	}
	return all
}

// told is what came of a load.
type told struct {
	messages, requests int
	took               time.Duration
	acks               durations // from the intended time to the acknowledgement
}

// deliver sends the messages of a person and returns after the acknowledgement.
type deliver func(ctx context.Context, who *someone, lines []said) error

// run drives; open gives each person's way of delivering.
func (l load) run(ctx context.Context, open func() (deliver, func(), error)) (told, error) {
	var mu sync.Mutex
	var all told
	var late atomic.Bool
	batch := max(l.batch, 1)
	work, ctx := errgroup.WithContext(ctx)
	begun := time.Now()
	every := time.Duration(0)
	if l.rate > 0 {
		every = time.Duration(float64(time.Second) / l.rate)
	}
	for k, who := range l.people {
		work.Go(func() error {
			send, end, err := open()
			if err != nil {
				return err
			}
			defer end()
			lines := l.scripts[who.n%len(l.scripts)]
			acks := make(durations, 0, 1024)
			for i := 0; ; i++ {
				now := time.Now()
				due := now
				if every > 0 {
					due = begun.Add(time.Duration(i*len(l.people)+k) * every)
				}
				if due.Sub(begun) >= l.lasts || l.most > 0 && i == l.most || ctx.Err() != nil {
					break
				}
				if who.said+batch > len(lines) {
					late.Store(true)
					break
				}
				if wait := due.Sub(now); wait > 0 {
					time.Sleep(wait)
				}
				some := lines[who.said : who.said+batch]
				if l.expect != nil {
					for _, s := range some {
						l.expect(number(who.n), s.parts, due)
					}
				}
				if err := send(ctx, who, some); err != nil {
					return err
				}
				who.said += batch
				acks = append(acks, time.Since(due))
			}
			mu.Lock()
			defer mu.Unlock()
			all.acks = append(all.acks, acks...)
			all.requests += len(acks)
			all.messages += len(acks) * batch
			return nil
		})
	}
	err := work.Wait()
	all.took = time.Since(begun)
	if err == nil && late.Load() {
		err = fmt.Errorf("the scripts were too short for a machine as fast as this; write for less long (--for)")
	}
	return all, err
}

// overHTTP is a connection to the process at address, kept open; it writes requests as they are, for a client that
// costs little leaves more of the machine to the server.
func overHTTP(address string) func() (deliver, func(), error) {
	host := strings.TrimPrefix(address, "http://")
	return func() (deliver, func(), error) {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			return nil, nil, err
		}
		answers, sign := bufio.NewReaderSize(conn, 1024), newSigner()
		var buf []byte
		send := func(_ context.Context, who *someone, lines []said) error {
			now := time.Now()
			elements := make([][]byte, len(lines))
			for i, s := range lines {
				elements[i] = s.element(who.n, who.said+i, now)
			}
			buf = sign.request(buf[:0], host, webhook(who.n, now, elements...))
			if err := conn.SetDeadline(now.Add(30 * time.Second)); err != nil {
				return err
			}
			if _, err := conn.Write(buf); err != nil {
				return err
			}
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			if err == nil && answer.StatusCode != http.StatusOK {
				err = fmt.Errorf("a webhook was answered with %s", answer.Status)
			}
			return err
		}
		return send, func() { _ = conn.Close() }, nil
	}
}
