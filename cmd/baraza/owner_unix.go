//go:build unix

package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// mine refuses to write into a folder of another user: files that root makes anew there could not be opened by the
// process that serves.
func mine(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return nil // what is not there is nobody's
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return nil
	}
	name := strconv.Itoa(int(stat.Uid))
	if owner, err := user.LookupId(name); err == nil {
		name = owner.Username
	}
	return fmt.Errorf("%s belongs to the user %s, and nobody serves. Run this as that user, such as: sudo -u %s baraza …", folder, name, name)
}
