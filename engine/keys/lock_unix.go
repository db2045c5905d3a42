//go:build unix

package keys

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockWait is how long to wait for another process to let go of the file, as the store does.
const lockWait = time.Second

// lock keeps other processes from opening the file, until it is closed. A process that this one is starting has a copy of
// each file that was open, and with it the lock, until it is its own program; so one waits also for a file of one's own.
func lock(f *os.File) error {
	const step = 20 * time.Millisecond
	for wait := lockWait; ; wait -= step {
		syscall.ForkLock.RLock()
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		syscall.ForkLock.RUnlock()
		switch {
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case wait <= 0:
			return ErrLocked
		}
		time.Sleep(step)
	}
}
