//go:build unix

package boltstore_test

import (
	"os/signal"
	"syscall"
)

// limitFiles lets no file of this process grow beyond so many bytes.
func limitFiles(bytes uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
