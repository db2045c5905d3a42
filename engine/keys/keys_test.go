package keys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/engine/keys"
	"baraza/engine/store"
)

var (
	start  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	first  = keys.CountryKey{1}
	second = keys.CountryKey{2}
)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func open(t testing.TB, path string, country ...keys.CountryKey) *keys.Ring {
	t.Helper()
	r, err := keys.Open(path, "ec", country, keys.Options{})
	check(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func openWeeks(t testing.TB, path string, country ...keys.CountryKey) *keys.Weeks {
	t.Helper()
	w, err := keys.OpenWeeks(path, "ec", country, keys.Options{})
	check(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t testing.TB, r *keys.Ring, k store.Key, plain string) []byte {
	t.Helper()
	sealed, err := r.Seal(k, keys.Session, []byte(plain))
	check(t, err)
	return sealed
}

func opens(t testing.TB, r *keys.Ring, k store.Key, sealed []byte, want string) {
	t.Helper()
	got, err := r.Open(k, keys.Session, sealed)
	check(t, err)
	if string(got) != want {
		t.Errorf("opened: got %q, want %q", got, want)
	}
}

func stays(t testing.TB, r *keys.Ring, k store.Key, sealed []byte, want error) {
	t.Helper()
	if _, err := r.Open(k, keys.Session, sealed); !errors.Is(err, want) {
		t.Errorf("opening: got %v, want %v", err, want)
	}
}

func TestSealsFitOneContactKindAndCountry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, filepath.Join(dir, "ec"), first)
	a, b := store.Key{1}, store.Key{2}
	if _, err := r.Seal(a, keys.Session, nil); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("before Begin: got %v, want %v", err, keys.ErrNoKey)
	}
	check(t, r.Begin(a, start))
	check(t, r.Begin(b, start))
	sealed := seal(t, r, a, "secret")
	if len(sealed) != len("secret")+keys.Overhead || bytes.Contains(sealed, []byte("secret")) {
		t.Errorf("sealed: %q", sealed)
	}
	opens(t, r, a, sealed, "secret")
	opens(t, r, a, seal(t, r, a, ""), "")
	opens(t, r, keys.Country, seal(t, r, keys.Country, "anonymous"), "anonymous")
	stays(t, r, b, sealed, keys.ErrNoKey)
	if _, err := r.Open(a, keys.Message, sealed); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("as another kind: got %v, want %v", err, keys.ErrSealed)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 4
		if _, err := r.Open(a, keys.Session, changed); !errors.Is(err, keys.ErrSealed) && !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("byte %d changed: got %v", i, err)
		}
		if _, err := r.Open(a, keys.Session, sealed[:i]); err == nil {
			t.Errorf("cut off at %d: opened", i)
		}
	}
	// The same country key and file under another country's name.
	check(t, r.Close())
	if _, err := keys.Open(filepath.Join(dir, "ec"), "jo", []keys.CountryKey{first}, keys.Options{}); !errors.Is(err, keys.ErrCountryKey) {
		t.Errorf("as another country: got %v, want %v", err, keys.ErrCountryKey)
	}
	if _, err := keys.Open(filepath.Join(dir, "ec"), "ec", []keys.CountryKey{second}, keys.Options{}); !errors.Is(err, keys.ErrCountryKey) {
		t.Errorf("with another country key: got %v, want %v", err, keys.ErrCountryKey)
	}
}

func TestErasedKeysAreGoneAlsoAfterOpeningAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ec")
	r := open(t, path, first)
	a, b := store.Key{1}, store.Key{2}
	check(t, r.Begin(a, start))
	check(t, r.Begin(b, start))
	before, other := seal(t, r, a, "before"), seal(t, r, b, "other")
	erasure := store.Erasure{Key: a, At: at(1), Suppress: []store.Hash{{1}, {2}, {3}, {4}, {5}}}
	// The turn that erases begins anew before the older key is destroyed.
	check(t, r.Begin(a, at(1).Add(time.Millisecond)))
	after := seal(t, r, a, "farewell")
	opens(t, r, a, before, "before")
	check(t, r.Erase(erasure))
	for range 2 {
		stays(t, r, a, before, keys.ErrNoKey)
		opens(t, r, a, after, "farewell")
		opens(t, r, b, other, "other")
		check(t, r.Replay([]store.Erasure{erasure}))
		want := []store.Erasure{{Key: a, At: at(1), Suppress: erasure.Suppress[:4]}, {Key: a, At: at(1), Suppress: erasure.Suppress[4:]}}
		if diff := cmp.Diff(want, r.Erased()); diff != "" {
			t.Errorf("erased (-want +got):\n%s", diff)
		}
		check(t, r.Close())
		r = open(t, path, first)
	}
	check(t, r.Erase(store.Erasure{Key: a, At: at(9)}))
	stays(t, r, a, after, keys.ErrNoKey)
	if got := r.Contacts(); got != 1 {
		t.Errorf("contacts: got %d, want 1", got)
	}
}

func TestRotationLeavesEverythingReadable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ec")
	a := store.Key{1}
	r := open(t, path, first)
	check(t, r.Begin(a, start))
	sealed, hash := seal(t, r, a, "x"), r.Hash(keys.ForIdentity, "whatsapp", "+1")
	check(t, r.Erase(store.Erasure{Key: store.Key{9}, At: start}))
	check(t, r.Close())
	r = open(t, path, second, first)
	opens(t, r, a, sealed, "x")
	check(t, r.Rotate())
	opens(t, r, a, sealed, "x")
	check(t, r.Begin(store.Key{2}, start))
	check(t, r.Close())
	r = open(t, path, second)
	opens(t, r, a, sealed, "x")
	if got := r.Hash(keys.ForIdentity, "whatsapp", "+1"); got != hash {
		t.Errorf("hash after rotation: got %v, want %v", got, hash)
	}
	if len(r.Erased()) != 1 {
		t.Errorf("erasures after rotation: %v", r.Erased())
	}
}

func TestHashesDependOnPurposePartsAndCountryKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, other := open(t, filepath.Join(dir, "a"), first), open(t, filepath.Join(dir, "b"), second)
	seen := map[store.Hash]string{}
	for name, h := range map[string]store.Hash{
		"ab,c": r.Hash(keys.ForEvent, "ab", "c"), "a,bc": r.Hash(keys.ForEvent, "a", "bc"), "abc": r.Hash(keys.ForEvent, "abc"),
		"purpose": r.Hash(keys.ForIdentity, "abc"), "country": other.Hash(keys.ForEvent, "abc"),
		"contact": store.Hash(r.Contact(store.Hash{1}, 0)), "second": store.Hash(r.Contact(store.Hash{1}, 1)),
	} {
		if was, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", name, was)
		}
		seen[h] = name
	}
	if first, again := r.Hash(keys.ForEvent, "abc"), r.Hash(keys.ForEvent, "abc"); first != again {
		t.Error("a hash is not the same twice")
	}
}

func TestASecondProcessIsToldSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ec")
	open(t, path, first)
	if _, err := keys.Open(path, "ec", []keys.CountryKey{first}, keys.Options{}); !errors.Is(err, keys.ErrLocked) {
		t.Errorf("got %v, want %v", err, keys.ErrLocked)
	}
}

func TestADamagedFileLosesTheDamagedKeysOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ec")
	r := open(t, path, first)
	var sealed [][]byte
	for n := range 4 {
		check(t, r.Begin(store.Key{byte(n + 1)}, start))
		sealed = append(sealed, seal(t, r, store.Key{byte(n + 1)}, "x"))
	}
	check(t, r.Close())
	whole, err := os.ReadFile(path)
	check(t, err)
	const size = 128 // head, key of the country, then the contacts
	for from := 2 * size; from < len(whole); from += 7 {
		changed := bytes.Clone(whole)
		changed[from] ^= 16
		hurt := from/size - 2
		lookAt(t, changed, sealed, fmt.Sprintf("byte %d", from), func(n int) bool { return n != hurt })
	}
	for _, cut := range []int{1, size, size + 1, 3*size + 5} {
		left := (len(whole)-cut)/size - 2
		lookAt(t, whole[:len(whole)-cut], sealed, fmt.Sprintf("cut by %d", cut), func(n int) bool { return n < left })
	}
	check(t, os.WriteFile(path, append([]byte("not keys"), whole[8:]...), 0o600))
	if _, err := keys.Open(path, "ec", []keys.CountryKey{first}, keys.Options{}); !errors.Is(err, keys.ErrFormat) {
		t.Errorf("another file: got %v, want %v", err, keys.ErrFormat)
	}
}

func lookAt(t *testing.T, file []byte, sealed [][]byte, says string, there func(n int) bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ec")
	check(t, os.WriteFile(path, file, 0o600))
	r := open(t, path, first)
	for n, s := range sealed {
		_, err := r.Open(store.Key{byte(n + 1)}, keys.Session, s)
		if there(n) != (err == nil) || err != nil && !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("%s, key %d: got %v", says, n, err)
		}
	}
	// A damaged contact can be erased and begun anew.
	check(t, r.Erase(store.Erasure{Key: store.Key{1}, At: at(1)}))
	check(t, r.Begin(store.Key{1}, at(2)))
	opens(t, r, store.Key{1}, seal(t, r, store.Key{1}, "anew"), "anew")
	check(t, r.Close())
}

func TestBackupsOfKeysOpenForTheirWeeksAndEraseAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "ec")
	a, b := store.Key{1}, store.Key{2}
	r, weeks := open(t, path, first), openWeeks(t, filepath.Join(dir, "weeks"), first)
	check(t, r.Begin(a, start))
	check(t, r.Begin(b, start))
	for n := range 1200 { // several chunks
		check(t, r.Begin(store.Key{3, byte(n >> 8), byte(n)}, start))
	}
	sealedA, sealedB := seal(t, r, a, "a"), seal(t, r, b, "b")
	var backup bytes.Buffer
	check(t, r.Backup(ctx, &backup, weeks, start))
	check(t, r.Erase(store.Erasure{Key: a, At: at(1)}))
	check(t, r.Close())

	country := []keys.CountryKey{first}
	restore := func(from []byte, to string, erased ...store.Erasure) error {
		return keys.Restore(to, bytes.NewReader(from), weeks, erased, "ec", country, keys.Options{})
	}
	check(t, restore(backup.Bytes(), path))
	r = open(t, path, first)
	stays(t, r, a, sealedA, keys.ErrNoKey)
	opens(t, r, b, sealedB, "b")
	if err := restore(backup.Bytes(), path); !errors.Is(err, keys.ErrLocked) {
		t.Errorf("onto an open file: got %v, want %v", err, keys.ErrLocked)
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	check(t, restore(backup.Bytes(), elsewhere, store.Erasure{Key: b, At: at(1)}))
	r = open(t, elsewhere, first)
	opens(t, r, a, sealedA, "a")
	stays(t, r, b, sealedB, keys.ErrNoKey)

	whole := backup.Bytes()
	for _, cut := range []int{0, 10, 48, 49, 65584, 65600, len(whole) - 65600, len(whole) - 1} {
		if err := restore(whole[:cut], filepath.Join(dir, "cut")); err == nil {
			t.Errorf("cut off at %d: restored", cut)
		}
	}
	changed := bytes.Clone(whole)
	changed[20000] ^= 1
	if err := restore(changed, filepath.Join(dir, "cut")); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("changed: got %v, want %v", err, keys.ErrSealed)
	}
	if n, err := weeks.Destroy(start.Add(28 * 24 * time.Hour)); n != 0 || err != nil {
		t.Errorf("too early: destroyed %d, %v", n, err)
	}
	check(t, restore(whole, filepath.Join(dir, "late")))
	if n, err := weeks.Destroy(start.Add(keys.WeekKept)); n != 1 || err != nil {
		t.Errorf("destroyed %d, %v, want 1", n, err)
	}
	if err := restore(whole, filepath.Join(dir, "too late")); !errors.Is(err, keys.ErrWeek) {
		t.Errorf("too late: got %v, want %v", err, keys.ErrWeek)
	}
}

// writing is a writer that does something when its second part comes.
type writing struct {
	bytes.Buffer
	parts int
	do    func()
}

func (w *writing) Write(b []byte) (int, error) {
	if w.parts++; w.parts == 2 {
		w.do()
	}
	return w.Buffer.Write(b)
}

// A rotation leaves out free slots, so that keys move towards the beginning, which is copied already.
func TestABackupAmidARotationIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, weeks := open(t, filepath.Join(dir, "ec"), first), openWeeks(t, filepath.Join(dir, "weeks"), first)
	for n := range 1200 { // several chunks
		check(t, r.Begin(store.Key{3, byte(n >> 8), byte(n)}, start))
	}
	backup := &writing{do: func() { check(t, r.Rotate()) }}
	if err := r.Backup(t.Context(), backup, weeks, start); !errors.Is(err, keys.ErrMoved) {
		t.Errorf("it says %v", err)
	}
	check(t, r.Backup(t.Context(), &bytes.Buffer{}, weeks, start))
}

func TestWeekKeysRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, weeks := open(t, filepath.Join(dir, "ec"), first), openWeeks(t, filepath.Join(dir, "weeks"), first)
	var backup bytes.Buffer
	check(t, r.Backup(context.Background(), &backup, weeks, start))
	check(t, weeks.Close())
	weeks = openWeeks(t, filepath.Join(dir, "weeks"), second, first)
	check(t, weeks.Rotate())
	check(t, weeks.Close())
	weeks = openWeeks(t, filepath.Join(dir, "weeks"), second)
	check(t, keys.Restore(filepath.Join(dir, "back"), &backup, weeks, nil, "ec", []keys.CountryKey{first}, keys.Options{}))
}

// TestRandomLives compares a ring with what should be readable, over lives, erasures, rotations and restarts.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	type value struct {
		key    store.Key
		sealed []byte
		begun  time.Time
		gone   bool
	}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		check(t, err)
		path := filepath.Join(dir, "ec")
		country := []keys.CountryKey{first}
		open := func() *keys.Ring {
			r, err := keys.Open(path, "ec", country, keys.Options{Cached: 2})
			check(t, err)
			return r
		}
		r := open()
		defer func() { _ = r.Close() }()
		now, newest := start, map[store.Key]time.Time{}
		var values []value
		contact := func(rt *rapid.T) store.Key { return store.Key{rapid.ByteRange(1, 4).Draw(rt, "contact")} }
		rt.Repeat(map[string]func(*rapid.T){
			"begin": func(rt *rapid.T) {
				k := contact(rt)
				now = now.Add(time.Second)
				check(t, r.Begin(k, now))
				newest[k] = now
			},
			"seal": func(rt *rapid.T) {
				k := contact(rt)
				sealed, err := r.Seal(k, keys.Session, []byte{k[0]})
				if newest[k].IsZero() != errors.Is(err, keys.ErrNoKey) {
					rt.Fatalf("sealing: %v", err)
				}
				if err == nil {
					values = append(values, value{k, sealed, newest[k], false})
				}
			},
			"erase": func(rt *rapid.T) {
				k := contact(rt)
				now = now.Add(time.Second)
				until := now.Add(-time.Duration(rapid.IntRange(0, 5).Draw(rt, "before")) * time.Second)
				check(t, r.Erase(store.Erasure{Key: k, At: until}))
				for i := range values {
					values[i].gone = values[i].gone || values[i].key == k && !values[i].begun.After(until)
				}
				if !newest[k].After(until) {
					delete(newest, k)
				}
			},
			"rotate": func(rt *rapid.T) {
				check(t, r.Close())
				next := keys.CountryKey{byte(rapid.IntRange(3, 9).Draw(rt, "country key"))}
				country = append([]keys.CountryKey{next}, country...)
				r = open()
				check(t, r.Rotate())
				country = country[:1]
			},
			"restart": func(*rapid.T) {
				check(t, r.Close())
				r = open()
			},
			"": func(rt *rapid.T) {
				for _, v := range values {
					got, err := r.Open(v.key, keys.Session, v.sealed)
					if v.gone != (err != nil) || err == nil && got[0] != v.key[0] {
						rt.Fatalf("a value begun %v, gone: %t: opened as %v, %v", v.begun, v.gone, got, err)
					}
				}
			},
		})
	})
}

func BenchmarkSeal(b *testing.B) {
	r := open(b, filepath.Join(b.TempDir(), "ec"), first)
	check(b, r.Begin(store.Key{1}, start))
	plain := make([]byte, 400)
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := r.Seal(store.Key{1}, keys.Session, plain)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Open(store.Key{1}, keys.Session, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	r := open(b, filepath.Join(b.TempDir(), "ec"), first)
	b.ReportAllocs()
	for b.Loop() {
		r.Hash(keys.ForIdentity, "whatsapp", "+593990000000")
	}
}

func TestKeysBeginInTheirOrderAlsoWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	r := open(t, path, keys.CountryKey{1})
	k := store.Key{1}
	check(t, r.Begin(k, at(60)))
	first := seal(t, r, k, "first")
	check(t, r.Begin(k, at(0))) // an hour back
	second := seal(t, r, k, "second")
	if begun := r.Begun(k); !begun.After(at(60)) {
		t.Errorf("the second key began at %v, before the first", begun)
	}
	check(t, r.Erase(store.Erasure{Key: k, At: at(60)}))
	stays(t, r, k, first, keys.ErrNoKey)
	opens(t, r, k, second, "second")
	check(t, r.Erase(store.Erasure{Key: k, At: at(90)}))
	check(t, r.Begin(k, at(1))) // still before the erasure
	third := seal(t, r, k, "third")
	check(t, r.Replay([]store.Erasure{{Key: k, At: at(90)}}))
	check(t, r.Close())
	r = open(t, path, keys.CountryKey{1})
	opens(t, r, k, third, "third")
	if !r.Begun(store.Key{2}).IsZero() {
		t.Errorf("a contact without a key has begun one")
	}
	check(t, r.Close())
}
