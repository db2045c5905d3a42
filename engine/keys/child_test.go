//go:build unix

package keys_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"baraza/engine/childtest"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// childEnv makes the test binary a process that uses the keys in the folder named.
const childEnv = "BARAZA_KEYS_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		childMain(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Contacts of a child: two that stay, one who is erased and comes back.
var kept, left, back = store.Key{1}, store.Key{2}, store.Key{3}

// suppressedOfBack are more identities than one slot takes.
var suppressedOfBack = []store.Hash{{1}, {2}, {3}, {4}, {5}, {6}}

// child is a process that does each thing up to three times, and says what was done.
type child struct {
	dir   string
	ring  *keys.Ring
	weeks *keys.Weeks
}

func (c *child) does(what string, do func() (string, error)) {
	for range 3 {
		said, err := do()
		if err == nil {
			fmt.Println(what, said)
			return
		}
		fmt.Println("#", what, err)
	}
	fmt.Println("never", what)
}

func (c *child) begins(name string, contact store.Key, at time.Time) {
	c.does(name, func() (string, error) {
		if c.ring.Begun(contact).Before(at) {
			if err := c.ring.Begin(contact, at); err != nil {
				return "", err
			}
		}
		sealed, err := c.ring.Seal(contact, keys.Session, []byte(name))
		if err == nil {
			err = c.ring.Sync()
		}
		return hex.EncodeToString(sealed), err
	})
}

func (c *child) opens(country ...keys.CountryKey) func() (string, error) {
	return func() (_ string, err error) {
		c.ring, err = keys.Open(filepath.Join(c.dir, "keys"), "ec", country, keys.Options{})
		return "", err
	}
}

func childMain(dir string) {
	runtime.LockOSThread() // strace counts what each thread does
	c := child{dir: dir}
	if c.does("opened", c.opens(first)); c.ring == nil {
		return
	}
	c.does("weeks", func() (_ string, err error) {
		c.weeks, err = keys.OpenWeeks(filepath.Join(dir, "weeks"), "ec", []keys.CountryKey{first}, keys.Options{})
		return "", err
	})
	c.does("country", func() (string, error) {
		sealed, err := c.ring.Seal(keys.Country, keys.Session, []byte("country"))
		return hex.EncodeToString(sealed), err
	})
	c.begins("kept", kept, at(1))
	c.begins("gone", back, at(2))
	c.does("erased", func() (string, error) {
		return "", c.ring.Erase(store.Erasure{Key: back, At: at(3), Suppress: suppressedOfBack})
	})
	c.begins("back", back, at(4))
	if c.weeks != nil {
		c.does("backed-up", func() (string, error) {
			return "", c.ring.Backup(context.Background(), io.Discard, c.weeks, at(5))
		})
		c.does("destroyed", func() (string, error) {
			n, err := c.weeks.Destroy(at(5).Add(keys.WeekKept))
			return fmt.Sprint(n), err
		})
		c.does("backed-up-again", func() (string, error) {
			return "", c.ring.Backup(context.Background(), io.Discard, c.weeks, at(5).Add(keys.WeekKept))
		})
	}
	if c.ends() {
		return
	}
	if c.does("opened-again", c.opens(second, first)); c.ring == nil {
		return
	}
	c.does("rotated", func() (string, error) { return "", c.ring.Rotate() })
	c.begins("left", left, at(6))
	c.ends()
}

// ends closes the ring, and tells whether whoever serves had to end.
func (c *child) ends() (failed bool) {
	if c.ring.Sync() != nil {
		failed = true
		fmt.Println("failed")
	}
	_ = c.ring.Close()
	return failed
}

// runChild runs such a process and gives what it said of each thing.
func runChild(t *testing.T, dir string, wrapper ...string) (said map[string]string, all string) {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := childtest.Command(t, append(wrapper, self)...)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	_ = cmd.Run()
	out := both.Bytes()
	said = map[string]string{}
	for line := range strings.Lines(string(out)) {
		what, more, _ := strings.Cut(strings.TrimSpace(line), " ")
		if what == "never" {
			what, more = more, "never"
		}
		said[what] = more
	}
	return said, string(out)
}

// reads holds that what the child sealed under the name can be read, or cannot.
func reads(t *testing.T, r *keys.Ring, contact store.Key, sealed, name string, want bool) {
	t.Helper()
	b, err := hex.DecodeString(sealed)
	if err != nil || sealed == "" {
		return // it was not kept
	}
	if plain, err := r.Open(contact, keys.Session, b); want != (err == nil && string(plain) == name) {
		t.Errorf("%s is read: %v, %q, want it read: %t", name, err, plain, want)
	}
}

// TestWhateverFailsOnceTheKeysGoOnOrEndTheProcess fails each call of a process that makes, destroys, backs up and rotates
// keys. What it was told is done has been done, also for the next process; what fails is done when it is tried again, or the
// ring says that nobody knows, upon which whoever serves ends. It fails every call in CI, and every other one elsewhere.
func TestWhateverFailsOnceTheKeysGoOnOrEndTheProcess(t *testing.T) {
	// Not beside other tests: each process that is started holds the locks of all files for a moment.
	childtest.Needs(t, "strace", "")
	step := 2
	if os.Getenv("CI") == "true" {
		step = 1
	}
	for _, fault := range []struct {
		call, does string
		most       int
	}{
		{"pwrite64", "error=EIO", 40}, {"pwrite64", "error=ENOSPC", 40}, {"pwrite64", "signal=KILL", 40}, {"fsync", "error=EIO", 24},
		{"renameat", "error=EIO", 2}, {"pread64", "error=EIO", 60},
	} {
		t.Run(fault.call+" "+fault.does, func(t *testing.T) {
			t.Parallel()
			for n := 1; n <= fault.most; n += step {
				dir := t.TempDir()
				said, all := runChild(t, dir, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+fault.call, "-e", fmt.Sprintf("inject=%s:%s:when=%d", fault.call, fault.does, n))
				killed := fault.does == "signal=KILL"
				_, failed := said["failed"]
				for what, more := range said {
					of := strings.HasPrefix(what, "backed-up") || what == "destroyed" // the file of weeks, for which nobody ends
					if more == "never" && !(failed && !of) && !killed {
						t.Errorf("call %d: never %s", n, what)
					}
				}
				r, err := keys.Open(filepath.Join(dir, "keys"), "ec", []keys.CountryKey{second, first}, keys.Options{})
				if err != nil {
					t.Fatalf("call %d: the next process: %v\n%s", n, err, all)
				}
				if _, err := r.Seal(keys.Country, keys.Session, nil); err != nil {
					t.Errorf("call %d: the country's own key: %v", n, err)
				}
				reads(t, r, keys.Country, said["country"], "country", true)
				reads(t, r, kept, said["kept"], "kept", true)
				reads(t, r, left, said["left"], "left", true)
				if _, ok := said["erased"]; ok && said["erased"] != "never" {
					var suppressed []store.Hash
					for _, e := range r.Erased() {
						suppressed = append(suppressed, e.Suppress...)
					}
					for _, h := range suppressedOfBack {
						if !strings.Contains(fmt.Sprint(suppressed), fmt.Sprint(h)) {
							t.Errorf("call %d: the tombstone of who was erased does not name %v", n, h)
						}
					}
				}
				if _, ok := said["gone"]; ok { // its turn was kept, and so is its erasure
					check(t, r.Replay([]store.Erasure{{Key: back, At: at(3), Suppress: suppressedOfBack}}))
				}
				reads(t, r, back, said["gone"], "gone", false)
				reads(t, r, back, said["back"], "back", true)
				check(t, r.Close())
				if t.Failed() {
					t.Fatalf("call %d: the process said\n%s", n, all)
				}
			}
		})
	}
}
