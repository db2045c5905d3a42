//go:build !linux

package boltstore

import (
	"errors"
	"syscall"
)

// forget does nothing: there is no portable way.
func forget(string) {}

// noRoom tells whether a write failed for want of room.
func noRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) }
