//go:build !unix

package keys

import "os"

// lock does nothing here: the lock of the store's file keeps other processes away.
func lock(*os.File) error { return nil }
