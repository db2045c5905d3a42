package store

import (
	"errors"
	"fmt"
)

var (
	// ErrUnknown: a commit came back with an error and may still have been kept, wholly or not at all. The
	// store takes no more calls until Reopen, and answers them with this.
	ErrUnknown = errors.New("nobody knows whether the commit was kept")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrNotFound: there is no such thing, or no longer.
	ErrNotFound = errors.New("not in the store")
	// ErrHeld: someone else has the lease.
	ErrHeld = errors.New("the partition is held by another owner")
	// ErrFull: there was no room; nothing of the commit was kept and the store goes on.
	ErrFull = errors.New("no room for the commit")
	// ErrCopied: a backup and a compaction do not go together; try again when the other is over.
	ErrCopied = errors.New("the store is being backed up or compacted; try again afterwards")
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("another process has the store open")
	// ErrFormat: the store was written in a format this program does not know.
	ErrFormat = errors.New("unknown format of the store")
	// ErrDamaged: something kept cannot be read; errors.As with *DamagedError tells what.
	ErrDamaged = errors.New("damaged in the store")
)

// DamagedError names what cannot be read; it is ErrDamaged. A list that comes with it holds everything else of
// its page.
type DamagedError struct {
	Key   Key    // the contact, where it is known
	ID    uint64 // the message or entry, where it is one; settling a message as Gone removes it
	Where string // the part of the store
}

func (e *DamagedError) Error() string {
	if e.Key == (Key{}) {
		return e.Where + " is " + ErrDamaged.Error()
	}
	return fmt.Sprintf("%s of contact %s is %s", e.Where, e.Key, ErrDamaged.Error())
}

func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }
