//go:build unix

package keys

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// A process that is being started has a copy of all files of who starts it, and with them their locks, until it is its own
// program.
func TestAFileThatWasClosedIsOpenedAgainAlsoWhileProcessesAreStarted(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	var starting sync.WaitGroup
	for range 2 {
		starting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := exec.Command("true").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer starting.Wait()
	defer close(stop)
	path := filepath.Join(t.TempDir(), "keys")
	for n := range 300 {
		r, err := Open(path, "ke", []CountryKey{{1}}, Options{})
		if err != nil {
			t.Fatalf("opened for the %d. time: %v", n+1, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
