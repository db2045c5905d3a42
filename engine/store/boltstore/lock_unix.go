//go:build unix

package boltstore

import (
	"errors"
	"os"
	"syscall"
	"time"

	"baraza/engine/store"
)

// lock takes the lock that bbolt takes later, so that nobody writes the pages that are looked at before.
func lock(f *os.File, wait time.Duration) error {
	const step = 20 * time.Millisecond
	for ; ; wait -= step {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case wait <= 0:
			return store.ErrLocked
		}
		time.Sleep(step)
	}
}
