package runner

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A bit of the row that says that a message waits: it leaves all the same, and those behind it.
func TestADamagedRowOfTheQueueHoldsNoMessageBack(t *testing.T) {
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
		n := 0
		inFile(t, dir, func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte("queue"))
			c := b.Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				v = bytes.Clone(v)
				v[0] ^= 4
				n++
				return b.Put(bytes.Clone(k), v)
			}
			return nil
		})
		if n != 1 {
			t.Fatalf("%d rows were damaged", n)
		}
		next := newReal(t, dir, nil)
		settles(time.Hour)
		equal(t, "what left after an hour", []string{"Write a word."}, next.phone.take())
		if err := next.runner.Receive(t.Context(), []Inbound{inbound(1, 1, "water")}); err != nil {
			t.Error(err)
		}
		settles(time.Hour)
		equal(t, "what left to who writes again", []string{"Heard water.", "Write a word."}, next.phone.take())
		next.stop()
	})
}
