//go:build unix && !linux

package server_test

// mayBeTraced lets others fail this process's calls; here nobody can.
func mayBeTraced() {}
