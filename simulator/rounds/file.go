package rounds

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// Names of the files in their folder. Where there is no DataFile, no rounds were kept yet.
const (
	DataFile = "simulator.db"
	keysFile = "simulator.keys"
	wrapFile = "simulator.key"
)

// country is the name under which the keys of sessions are sealed. It is none of a country's, and the file of keys
// is none of production's.
const country = "simulator"

// format of the data; a reader refuses another one.
const format = "1"

// Buckets. A round's record, and only that, is sealed with the key of the file; everything of a session with the
// session's. The two of hashes hold nothing that leads back to a link or to a page.
var (
	aboutBucket    = []byte("about")
	roundsBucket   = []byte("rounds")   // round → record
	tokensBucket   = []byte("tokens")   // hash of an invitation's token → round
	sessionsBucket = []byte("sessions") // session → record
	secretsBucket  = []byte("secrets")  // hash of a session's secret → session
	turnsBucket    = []byte("turns")    // session · number of the first 4 → turns
	remarksBucket  = []byte("remarks")  // session · remark → remark
	mediaBucket    = []byte("media")    // session · media → bytes
)

var buckets = [][]byte{aboutBucket, roundsBucket, tokensBucket, sessionsBucket, secretsBucket, turnsBucket, remarksBucket, mediaBucket}

// Kinds of what is sealed, bound into each seal.
const (
	roundKind   keys.Kind = "round"
	sessionKind keys.Kind = "session of a tester"
	turnsKind   keys.Kind = "turns"
	remarkKind  keys.Kind = "remark"
	mediaKind   keys.Kind = "recording"
)

// Options of a File; the zero Options are for everyday use.
type Options struct {
	// Key wraps the keys of the sessions. Where it is nil, one is made on the first opening and lies beside the
	// data, readable by its owner alone: a deleted session is gone all the same, but who copies the whole folder can
	// read the others.
	Key *[32]byte
	// Now is the wall clock; nil stands for the system's.
	Now func() time.Time
	// Random is where ids, tokens and keys come from; nil stands for the system's.
	Random io.Reader
}

// File is the rounds of one simulator. Its methods may be called from any goroutine.
type File struct {
	db     *bolt.DB
	ring   *keys.Ring
	now    func() time.Time
	random io.Reader

	mu    sync.Mutex
	tries map[string][]time.Time // wrong passphrases of the last hour, by round
	names []*names               // of the programs used last
}

// Open opens the rounds in a folder, or begins them. Sessions whose deletion was cut short are deleted to the end.
func Open(dir string, o Options) (*File, error) {
	f, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open the rounds in %s: %w", dir, err)
	}
	return f, nil
}

func open(dir string, o Options) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f := &File{now: o.Now, random: o.Random, tries: map[string][]time.Time{}}
	if f.now == nil {
		f.now = time.Now
	}
	if f.random == nil {
		f.random = rand.Reader
	}
	if o.Key == nil {
		key, err := f.keyBeside(filepath.Join(dir, wrapFile))
		if err != nil {
			return nil, err
		}
		o.Key = key
	}
	var err error
	f.db, err = bolt.Open(filepath.Join(dir, DataFile), 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, errors.New("another process has them open")
	} else if err != nil {
		return nil, err
	}
	f.ring, err = keys.Open(filepath.Join(dir, keysFile), country, []keys.CountryKey{*o.Key}, keys.Options{Random: o.Random})
	if err != nil {
		_ = f.db.Close()
		return nil, err
	}
	if err := f.begin(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// keyBeside reads the key that lies beside the data, or makes it.
func (f *File) keyBeside(path string) (*[32]byte, error) {
	var key [32]byte
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := io.ReadFull(f.random, key[:]); err != nil {
			return nil, err
		}
		return &key, os.WriteFile(path, []byte(hex.EncodeToString(key[:])), 0o600)
	case err != nil:
		return nil, err
	}
	if n, err := hex.Decode(key[:], text[:min(len(text), 2*len(key))]); err != nil || n != len(key) {
		return nil, fmt.Errorf("%s holds no key; take the one of a backup, or remove all files to begin anew", path)
	}
	return &key, nil
}

// begin makes the buckets, and deletes what has lost its key.
func (f *File) begin() error {
	var orphans []id
	err := f.db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		about := tx.Bucket(aboutBucket)
		if has := about.Get([]byte("format")); has != nil && string(has) != format {
			return fmt.Errorf("they are in format %s, this program knows %s", has, format)
		}
		err := tx.Bucket(sessionsBucket).ForEach(func(k, _ []byte) error {
			if f.ring.Begun(store.Key(k)).IsZero() {
				orphans = append(orphans, id(k))
			}
			return nil
		})
		if err != nil {
			return err
		}
		return about.Put([]byte("format"), []byte(format))
	})
	for _, s := range orphans {
		if err == nil {
			err = f.delete(s)
		}
	}
	return err
}

// Close ends the use of the file.
func (f *File) Close() error { return errors.Join(f.db.Close(), f.ring.Close()) }

// id names a round, a session, a remark, a recording: 128 random bits.
type id [16]byte

func (i id) String() string { return hex.EncodeToString(i[:]) }

func parseID(s string) (i id, ok bool) {
	if len(s) != 2*len(i) {
		return i, false
	}
	_, err := hex.Decode(i[:], []byte(s))
	return i, err == nil
}

func (f *File) newID() (i id, err error) {
	_, err = io.ReadFull(f.random, i[:])
	return i, err
}

// put seals a value with the key of a session, or of the file where that is zero.
func (f *File) put(b *bolt.Bucket, key []byte, of id, kind keys.Kind, v any) error {
	plain, err := json.Marshal(v)
	if err != nil {
		return err
	}
	sealed, err := f.ring.Seal(store.Key(of), kind, plain)
	if err != nil {
		return err
	}
	return b.Put(key, sealed)
}

// get opens what put sealed; ok is false where there is nothing.
func (f *File) get(b *bolt.Bucket, key []byte, of id, kind keys.Kind, v any) (ok bool, err error) {
	sealed := b.Get(key)
	if sealed == nil {
		return false, nil
	}
	return true, f.unseal(sealed, of, kind, v)
}

func (f *File) unseal(sealed []byte, of id, kind keys.Kind, v any) error {
	plain, err := f.ring.Open(store.Key(of), kind, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// under visits what a bucket holds of a session.
func under(b *bolt.Bucket, of id, do func(k, v []byte) error) error {
	c := b.Cursor()
	for k, v := c.Seek(of[:]); len(k) >= len(of) && id(k[:len(of)]) == of; k, v = c.Next() {
		if err := do(k, v); err != nil {
			return err
		}
	}
	return nil
}

func join(of id, rest ...byte) []byte {
	return append(append(make([]byte, 0, len(of)+len(rest)), of[:]...), rest...)
}

// room says whether the file may grow.
func (f *File) room(tx *bolt.Tx) error {
	if tx.Size() > MaxKept {
		return fmt.Errorf("the file of the simulator has reached %d GiB: %w; delete rounds that are over", MaxKept>>30, ErrFull)
	}
	return nil
}
