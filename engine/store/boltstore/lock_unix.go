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
		syscall.ForkLock.RLock() // a process that is being started holds the locks of all files for a moment
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		syscall.ForkLock.RUnlock()
		switch {
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case wait <= 0:
			return store.ErrLocked
		}
		time.Sleep(step)
	}
}
