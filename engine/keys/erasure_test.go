package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// An attacker has the country keys and every file, and tries what is in them.
type attacker struct {
	t       *testing.T
	country string
	wraps   []wrap
}

// slotsIn finds what could be slots of keys, at any place of a file.
func (a *attacker) slotsIn(file []byte, each func(s slot, key []byte)) {
	ring := Ring{country: a.country, wraps: a.wraps}
	for i := 0; i+slotSize <= len(file); i++ {
		if file[i] != kindKey && file[i] != kindHead && file[i] != kindWeek {
			continue
		}
		s := slot(file[i:])
		if key, err := ring.unwrap(s); err == nil {
			each(s, key)
		}
	}
}

// keysIn finds every key in the files: wrapped ones anywhere in them or in backups that a week key found opens.
func (a *attacker) keysIn(files map[string][]byte) [][]byte {
	var keys, weeks [][]byte
	note := func(s slot, key []byte) {
		keys = append(keys, key)
		if s.kind() == kindWeek {
			weeks = append(weeks, key)
		}
	}
	for _, file := range files {
		a.slotsIn(file, note)
	}
	for _, file := range files {
		if !bytes.HasPrefix(file, []byte(backupMagic)) {
			continue
		}
		for _, week := range weeks {
			a.slotsIn(openBackup(file, week), note)
		}
	}
	return keys
}

// openBackup opens as much of a backup of keys as a week key does.
func openBackup(file, week []byte) (plain []byte) {
	head, rest := file[:backupHead], file[backupHead:]
	aead, err := backupSealer(week, head)
	if err != nil {
		return nil
	}
	for n := uint64(0); len(rest) > 0; n++ {
		chunk := rest[:min(len(rest), chunkSize+aead.Overhead())]
		rest = rest[len(chunk):]
		for _, last := range []bool{false, true} {
			if some, err := aead.Open(nil, chunkNonce(n, last), chunk, head); err == nil {
				plain = append(plain, some...)
			}
		}
	}
	return plain
}

// opened tells how many of the values some key opens, as whatever kind.
func (a *attacker) opened(keys [][]byte, values []sealedValue) (n int) {
	for _, v := range values {
		for _, key := range keys {
			aead, err := sealer(key)
			check(a.t, err)
			plain, err := aead.Open(nil, v.sealed[5:sealHead], v.sealed[sealHead:], (&Ring{country: a.country}).bound(v.contact, v.kind))
			if err == nil {
				if !bytes.Contains(plain, []byte(v.marker)) {
					a.t.Errorf("%s opens as something else", v.marker)
				}
				n++
				break
			}
		}
	}
	return n
}

// bare tells whether 32 bytes anywhere in a file are a key that opens the value.
func (a *attacker) bare(file []byte, v sealedValue) bool {
	bound := (&Ring{country: a.country}).bound(v.contact, v.kind)
	zero := make([]byte, keySize)
	for i := 0; i+keySize <= len(file); i++ {
		key := file[i : i+keySize]
		if bytes.Equal(key, zero) {
			continue
		}
		aead, err := sealer(key)
		check(a.t, err)
		if _, err := aead.Open(nil, v.sealed[5:sealHead], v.sealed[sealHead:], bound); err == nil {
			return true
		}
	}
	return false
}

type sealedValue struct {
	contact store.Key
	kind    Kind
	marker  string
	sealed  []byte
}

// person writes markers through every path of the store.
type person struct {
	t      *testing.T
	s      store.Store
	r      *Ring
	key    store.Key
	name   string
	values []sealedValue
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seal makes the next marker.
func (p *person) seal(kind Kind) []byte {
	marker := fmt.Sprintf("%s-marker-%02d-", p.name, len(p.values))
	sealed, err := p.r.Seal(p.key, kind, []byte(marker+strings.Repeat("x", 40)))
	check(p.t, err)
	p.values = append(p.values, sealedValue{p.key, kind, marker, sealed})
	return sealed
}

// live commits five turns that touch every path; what later ones replace stays on free pages.
func (p *person) live(now time.Time) {
	check(p.t, p.r.Begin(p.key, now))
	phone := p.r.Hash(ForIdentity, "whatsapp", "phone", p.name)
	var before []uint64
	for n := range 5 {
		turn := store.Turn{
			Key: p.key, Expect: uint64(n), At: now, Dedupe: []store.Seen{{Hash: p.r.Hash(ForEvent, p.name, fmt.Sprint(n)), At: now}},
			Session:    p.seal(Session),
			Identities: []store.Identity{{Hash: phone, Sealed: p.seal(Identity)}},
			Fields:     []store.Field{{Name: "city", Kept: now.Add(time.Hour), Sealed: p.seal(Field)}},
			Outbox:     []store.Message{{Sealed: p.seal(Message)}, {Sealed: p.seal(Message), Kept: now.Add(time.Hour)}},
			Timers:     []store.Timer{{Number: 1, Due: now.Add(time.Hour)}},
			Items: []store.Item{
				{Kind: store.Case, ID: p.r.Hash(ForItem, p.name, "case"), Class: "staff", Sealed: p.seal(Case)},
				{Kind: store.Record, ID: p.r.Hash(ForItem, p.name, fmt.Sprint(n)), Class: "rumour", Sealed: p.seal(Record)},
				{Kind: store.Consent, ID: p.r.Hash(ForItem, p.name, "consent"), Class: "notice", Sealed: p.seal(Consent)},
			},
			Journal: []store.Entry{{Sealed: p.seal(Entry)}},
		}
		for i, id := range before {
			states := []store.State{store.Waiting, store.Accepted, store.Delivered, store.Dead}
			turn.Settle = append(turn.Settle, store.Settlement{ID: id, State: states[(n+i)%len(states)], SealedID: p.seal(ProviderID), Sealed: p.seal(Message)})
		}
		check(p.t, p.r.Sync())
		results, err := p.s.Commit(context.Background(), []store.Turn{turn})
		check(p.t, err)
		if results[0].Outcome != store.Committed {
			p.t.Fatalf("turn %d: %v", n, results[0].Outcome)
		}
		before = results[0].Messages[:1]
		now = now.Add(time.Minute)
	}
}

// filesIn reads the files of a directory, without most of the zeros that a store's file has as room at its end. As
// many as a slot has are left: a slot or a sealed value may itself end in some, and must not be cut.
func filesIn(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		file, err := os.ReadFile(filepath.Join(dir, e.Name()))
		check(t, err)
		out[e.Name()] = file[:min(len(file), len(bytes.TrimRight(file, "\x00"))+slotSize)]
	}
	return out
}

// TestTheAttackerFindsAKeyWhoseSlotEndsInZero holds for one slot in 256, whose checksum ends so: an attack that
// overlooked it would show an erasure that did not happen.
func TestTheAttackerFindsAKeyWhoseSlotEndsInZero(t *testing.T) {
	t.Parallel()
	wraps, err := wrapsOf([]CountryKey{{7}})
	check(t, err)
	r := Ring{country: "ec", wraps: wraps, random: rand.Reader}
	key := bytes.Repeat([]byte{5}, keySize)
	var s slot
	for ends := byte(1); ends != 0; ends = byte(crc32.Checksum(s[:checksumAt], castagnoli)) {
		s = slot{kindKey}
		check(t, r.wrapInto(&s, key))
	}
	dir := t.TempDir()
	file, err := openSlots(filepath.Join(dir, "keys"))
	check(t, err)
	_, err = file.add(s)
	check(t, err)
	check(t, file.close())

	a := &attacker{t: t, country: "ec", wraps: wraps}
	if got := a.keysIn(filesIn(t, dir)); len(got) != 1 || !bytes.Equal(got[0], key) {
		t.Errorf("keys found: got %x, want %x", got, key)
	}
}

// TestErasureHolds erases one of two people, as whoever has the country key and all files sees it: live files,
// their free pages, and backups of data and keys while their week's key is there and after.
func TestErasureHolds(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	country := []CountryKey{{7}}
	s, err := boltstore.Open(filepath.Join(dir, "store"), boltstore.Options{})
	check(t, err)
	defer func() { _ = s.Close() }()
	r, err := Open(filepath.Join(dir, "keys"), "ec", country, Options{})
	check(t, err)
	defer func() { _ = r.Close() }()
	weeks, err := OpenWeeks(filepath.Join(dir, "weeks"), "ec", country, Options{})
	check(t, err)
	defer func() { _ = weeks.Close() }()
	wraps, err := wrapsOf(country)
	check(t, err)
	a := &attacker{t: t, country: "ec", wraps: wraps}

	gone := &person{t: t, s: s, r: r, name: "gone", key: r.Contact(r.Hash(ForIdentity, "gone"), 0)}
	stays := &person{t: t, s: s, r: r, name: "stays", key: r.Contact(r.Hash(ForIdentity, "stays"), 0)}
	gone.live(start)
	stays.live(start)
	if len(gone.values) < 50 {
		t.Fatalf("markers: got %d, want 50", len(gone.values))
	}
	var data, backup bytes.Buffer
	_, err = s.Backup(ctx, &data)
	check(t, err)
	check(t, r.Backup(ctx, &backup, weeks, start))

	// The attack works as long as nothing is erased: from the live file, and from the backup alone.
	files := filesIn(t, dir)
	if got := a.opened(a.keysIn(files), gone.values); got != len(gone.values) {
		t.Fatalf("before the erasure: %d of %d values open", got, len(gone.values))
	}
	fromBackup := map[string][]byte{"weeks": files["weeks"], "backup": backup.Bytes()}
	if got := a.opened(a.keysIn(fromBackup), gone.values); got != len(gone.values) {
		t.Fatalf("before the erasure, from the backup: %d of %d values open", got, len(gone.values))
	}

	erasure := start.Add(time.Hour)
	check(t, store.Erase(ctx, s, gone.key, erasure))
	check(t, r.Erase(store.Erasure{Key: gone.key, At: erasure}))
	files = filesIn(t, dir)
	a.nothing("live files", files, gone)
	if got := a.opened(a.keysIn(files), stays.values); got != len(stays.values) {
		t.Errorf("the other person: %d of %d values open", got, len(stays.values))
	}
	left := 0
	for _, v := range gone.values {
		if bytes.Contains(files["store"], v.sealed) {
			left++
		}
	}
	if left == 0 {
		t.Error("no sealed value is left on free pages: this test no longer shows that destroying the key is what counts")
	}

	check(t, s.Compact(ctx))
	for _, v := range gone.values {
		if bytes.Contains(filesIn(t, dir)["store"], v.sealed) {
			t.Errorf("%s is in the file after it was compacted", v.marker)
		}
	}

	// The backup of that week still opens, until its key is destroyed; the data's backup never did by itself.
	a.nothing("the backup of the data", map[string][]byte{"data": data.Bytes()}, gone)
	if got := a.opened(a.keysIn(fromBackup), gone.values); got == 0 {
		t.Error("the backup of keys does not open within its weeks")
	}
	if n, err := weeks.Destroy(start.Add(WeekKept)); n != 1 || err != nil {
		t.Fatalf("destroyed %d weeks, %v", n, err)
	}
	check(t, r.Rotate())
	files = filesIn(t, dir)
	files["data backup"], files["key backup"] = data.Bytes(), backup.Bytes()
	a.nothing("live files and backups after 35 days", files, gone)

	// A restored backup of the data does not have the person.
	restored := filepath.Join(dir, "restored")
	check(t, boltstore.Restore(ctx, restored, &data, r.Erased(), boltstore.Options{}))
	again, err := boltstore.Open(restored, boltstore.Options{})
	check(t, err)
	defer func() { _ = again.Close() }()
	if c, err := again.Load(ctx, gone.key); err != nil || c.Revision != 0 {
		t.Errorf("restored: got %v, %v", c, err)
	}
	if c, err := again.Load(ctx, stays.key); err != nil || c.Revision != 5 {
		t.Errorf("restored: got %v, %v, want the other person", c, err)
	}
	file := filesIn(t, dir)["restored"]
	for _, v := range gone.values {
		if bytes.Contains(file, v.sealed) {
			t.Errorf("%s is in the restored file", v.marker)
		}
	}
}

// nothing holds that no key in the files opens a value, that no value is there in the clear, and no bare key.
func (a *attacker) nothing(where string, files map[string][]byte, p *person) {
	a.t.Helper()
	if got := a.opened(a.keysIn(files), p.values); got != 0 {
		a.t.Errorf("%s: %d of %d values open", where, got, len(p.values))
	}
	for name, file := range files {
		if bytes.Contains(file, []byte("-marker-")) {
			a.t.Errorf("%s: a marker is in %s in the clear", where, name)
		}
		if len(file) < 1<<18 && a.bare(file, p.values[0]) {
			a.t.Errorf("%s: the bare key is in %s", where, name)
		}
	}
}
