//go:build !windows

package boltstore

import "math/bits"

// mapBytes is the address space a file may grow into.
const mapBytes = 1 << (30 + (bits.UintSize/64)*2)
