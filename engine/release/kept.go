package release

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Note is what is known of a release besides the release itself. It lies beside its folder.
type Note struct {
	At        time.Time `json:"at"` // when it was kept
	SignedBy  string    `json:"signed_by,omitempty"`
	Signature string    `json:"signature,omitempty"` // as it came
}

// noteEnding is that of a note's file, behind the hash.
const noteEnding = ".json"

// mostNote is the most that is read of a note.
const mostNote = 16 << 10

// note writes the note of a release, unless it has one: the first who brought it counts.
func (f *Folder) note(hash string, n Note) error {
	if !hashes.MatchString(hash) {
		return ErrNotKept
	}
	if _, err := f.root.Lstat(hash + noteEnding); err == nil {
		return nil
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	stage := staging + rand.Text()
	err = f.write(stage, strings.NewReader(string(text)+"\n"))
	if err == nil {
		err = f.root.Rename(stage, hash+noteEnding)
	}
	if err != nil {
		return errors.Join(err, f.root.RemoveAll(stage))
	}
	return f.sync(".")
}

// Note gives that of a release. One that was kept before there were notes has the time of its folder, and no signature.
func (f *Folder) Note(hash string) (n Note, err error) {
	if !hashes.MatchString(hash) {
		return n, ErrNotKept
	}
	text, err := f.read(hash+noteEnding, mostNote)
	if errors.Is(err, fs.ErrNotExist) {
		info, err := f.root.Stat(hash)
		if errors.Is(err, fs.ErrNotExist) {
			return n, ErrNotKept
		}
		if err != nil {
			return n, err
		}
		return Note{At: info.ModTime()}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		return n, damaged(hash, err)
	}
	return n, nil
}

// Remove takes a release away: after it all of it is gone, whenever the process dies.
func (f *Folder) Remove(hash string) error {
	if !hashes.MatchString(hash) {
		return ErrNotKept
	}
	stage := staging + rand.Text()
	if err := f.step("move " + hash); err != nil {
		return err
	}
	if err := f.root.Rename(hash, stage); errors.Is(err, fs.ErrNotExist) {
		return ErrNotKept
	} else if err != nil {
		return err
	}
	if err := f.sync("."); err != nil {
		return err
	}
	if err := f.step("remove " + stage); err != nil {
		return err
	}
	gone := f.root.Remove(hash + noteEnding)
	if errors.Is(gone, fs.ErrNotExist) {
		gone = nil
	}
	return errors.Join(gone, f.root.RemoveAll(stage), f.sync("."))
}

// KeepSigned keeps a release with who signed it.
func (s *Shelf) KeepSigned(bundle io.ReadSeeker, n Note) (*Kept, error) {
	k, err := s.Keep(bundle)
	if err != nil {
		return nil, err
	}
	return k, s.folder.note(k.Hash, n)
}

// Note is what is known of a release besides itself.
func (s *Shelf) Note(hash string) (Note, error) { return s.folder.Note(hash) }

// Manifest is that of a release that is kept; its program is not read.
func (s *Shelf) Manifest(hash string) (*Manifest, error) { return s.folder.manifest(hash) }

// Whole gives the whole hash of the one release that is kept whose hash begins so. It may be damaged.
func (s *Shelf) Whole(begin string) (string, error) {
	all, err := s.folder.List()
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(h string) bool { return len(begin) < 4 || !strings.HasPrefix(h, begin) })
	switch len(all) {
	case 0:
		return "", fmt.Errorf("%w: %s", ErrNotKept, short(begin))
	case 1:
		return all[0], nil
	}
	return "", fmt.Errorf("%d releases begin with %s; write more of the hash", len(all), begin)
}

// Needed refuses to forget a release.
type Needed struct{ Why string }

func (n *Needed) Error() string { return n.Why }

// Forget removes a release that nobody needs any more. allowed is asked as well, while nothing else can change; it is given
// the hash of the program that conversations on the release carry, "" where none can be on it.
func (s *Shelf) Forget(hash string, now time.Time, allowed func(program string) error) error {
	var gone error
	err := s.standing.Change(func(state State) (State, error) {
		program, err := state.leaves(hash, now, s.stay)
		if err != nil {
			return state, err
		}
		if err := allowed(program); err != nil {
			return state, err
		}
		state.Earlier = slices.DeleteFunc(slices.Clone(state.Earlier), func(e Served) bool { return e.Release == hash })
		return state, nil
	}, func(next State) {
		_ = s.serve(next)
		s.mu.Lock()
		delete(s.kept, hash)
		s.mu.Unlock()
		gone = s.folder.Remove(hash)
	})
	return errors.Join(err, gone)
}

// leaves tells which program conversations may be on that a release served with, or why it has to stay.
func (s State) leaves(hash string, now time.Time, stay time.Duration) (program string, err error) {
	switch {
	case hash == s.Serves():
		return "", &Needed{fmt.Sprintf("release %s serves", short(hash))}
	case s.Candidate != nil && s.Candidate.Release == hash:
		return "", &Needed{fmt.Sprintf("release %s is being tried; take it back first: baraza release rollback", short(hash))}
	}
	i := slices.IndexFunc(s.Earlier, func(e Served) bool { return e.Release == hash })
	if i < 0 {
		return "", nil // it never served, or so long ago that it is forgotten who was on it
	}
	gone := s.Earlier[i]
	if until := gone.Left.Add(stay); now.Before(until) {
		return "", &Needed{fmt.Sprintf("release %s served until %s, and one may have to go back to it until %s", short(hash), day(gone.Left), day(until))}
	}
	for _, e := range append([]Served{*s.Current}, s.Earlier...) {
		if e.Release != hash && e.Program == gone.Program {
			return "", nil // its conversations find the same program there
		}
	}
	return gone.Program, nil
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
