package runner

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A bit of where the row lies, which is when it is ready or which message it is: the message leaves, and the row goes.
func TestARowOfTheQueueInTheWrongPlaceIsTakenOutAndItsMessageLeaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		at   int
		bit  byte
	}{
		{"earlier", 6, 1}, {"another number", 15, 0x40}, {"a huge number", 8, 0x80},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				r := newReal(t, dir, nil)
				r.phone.result = func(Delivery) Result { return Result{Class: Unauthorized} }
				if err := r.runner.Receive(t.Context(), []Inbound{inbound(1, 0, "hello")}); err != nil {
					t.Fatal(err)
				}
				settles(time.Second)
				r.stop()
				change := func(do func(*bolt.Bucket) error) {
					t.Helper()
					inFile(t, dir, func(tx *bolt.Tx) error { return do(tx.Bucket([]byte("queue"))) })
				}
				change(func(b *bolt.Bucket) error {
					k, v := b.Cursor().First()
					k, v = bytes.Clone(k), bytes.Clone(v)
					wrong := bytes.Clone(k)
					wrong[c.at] ^= c.bit
					if c.at < 8 && binary.BigEndian.Uint64(wrong) > binary.BigEndian.Uint64(k) {
						wrong[c.at] &^= c.bit
						wrong[c.at-1]--
					}
					return errors.Join(b.Delete(k), b.Put(wrong, v))
				})
				told := make(chan string, 8)
				next := newRealOf(t, dir, nil, func(c *Config) { c.Alert = func(_ context.Context, a Alert) { told <- a.Code } })
				settles(time.Hour)
				equal(t, "what left after an hour", []string{"Write a word."}, next.phone.take())
				equal(t, "alerts", []string{"queue-damaged"}, []string{<-told})
				if err := next.runner.Receive(t.Context(), []Inbound{inbound(1, 1, "water")}); err != nil {
					t.Error(err)
				}
				settles(time.Hour)
				equal(t, "what left to who writes again", []string{"Heard water.", "Write a word."}, next.phone.take())
				next.stop()
				change(func(b *bolt.Bucket) error {
					if k, _ := b.Cursor().First(); k != nil {
						t.Errorf("the row %x is still there", k)
					}
					return nil
				})
			})
		})
	}
}
