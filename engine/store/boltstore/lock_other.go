//go:build !unix

package boltstore

import (
	"os"
	"time"
)

// lock leaves the locking to bbolt.
func lock(*os.File, time.Duration) error { return nil }
