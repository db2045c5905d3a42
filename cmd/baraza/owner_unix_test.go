//go:build unix

package main

import (
	"os"
	"strings"
	"testing"
)

func TestAFolderOfAnotherUserIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := mine(dir); err != nil {
		t.Errorf("my own: %v", err)
	}
	if err := mine(dir + "/nothing"); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder to another user")
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := mine(dir); err == nil || !strings.Contains(err.Error(), "Run this as that user, such as: sudo -u ") {
		t.Errorf("another's: %v", err)
	}
}
