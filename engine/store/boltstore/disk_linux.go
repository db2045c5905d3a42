package boltstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// forget drops what the system holds of the file in memory without having to write it, so that the next reading
// is of the disk. Whether it does is the system's affair; nothing relies on it alone.
func forget(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	_ = f.Close()
}

// noRoom tells whether a write failed for want of room.
func noRoom(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EFBIG) || errors.Is(err, unix.EDQUOT)
}
