package page

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"baraza/engine/release"
	"baraza/server/desk"
)

// Bundles that were sent to be planned stay with the server until they are activated, so that what is activated is what
// was read, whatever a browser sends in between. They belong to the account that sent them, for an hour, and have no name
// on the disk: a process that is killed leaves none.
type planned struct {
	folder string
	now    func() time.Time

	mu    sync.Mutex
	all   map[string]*bundle // by their random name
	bytes int64              // of all, also of those that arrive now
}

// Bounds of what is kept.
const (
	keptFor      = time.Hour
	keptEach     = 3       // of one account; the oldest makes room
	keptBytes    = 4 << 30 // of all
	mostSignedBy = 4 << 10 // bytes of a signature's file
)

// bundle is one that is kept.
type bundle struct {
	id, account, country, pack string
	signature                  []byte
	file                       *os.File
	size                       int64
	at                         time.Time
	users                      int  // that read it now
	gone                       bool // nobody else may
	timer                      *time.Timer

	trying   sync.Mutex
	outcomes map[string]Outcome // of its tests, by what served
}

// refusal is what is wrong with a field of a form.
type refusal struct{ field, text string }

func (r *refusal) Error() string { return r.text }

// receive reads the form with a bundle and its signature. What it returns is not kept yet.
func (k *planned) receive(r *http.Request) (b *bundle, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, &refusal{"bundle", say("choose-bundle")}
	}
	b = &bundle{outcomes: map[string]Outcome{}}
	defer func() {
		if err != nil {
			k.close(b)
			b = nil
		}
	}()
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b, &refusal{"bundle", say("upload-cut")}
		}
		switch part.FormName() {
		case "bundle":
			err = k.fill(b, part)
		case "signature":
			b.signature, err = io.ReadAll(io.LimitReader(part, mostSignedBy+1))
			if err == nil && len(b.signature) > mostSignedBy {
				err = &refusal{"signature", say("too-long-signature")}
			}
		}
		if err != nil {
			return b, err
		}
	}
	if b.size == 0 {
		return b, &refusal{"bundle", say("choose-bundle")}
	}
	return b, nil
}

// fill copies a bundle into a file without a name.
func (k *planned) fill(b *bundle, from io.Reader) (err error) {
	if b.file != nil {
		return &refusal{"bundle", say("upload-cut")}
	}
	if b.file, err = os.CreateTemp(k.folder, ".planned-"); err != nil {
		return err
	}
	if err := os.Remove(b.file.Name()); err != nil {
		return err
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if b.size+int64(n) > release.MaxBytes+release.MaxManifest {
				return &refusal{"bundle", say("too-long")}
			}
			if !k.take(int64(n)) {
				return &refusal{"bundle", say("too-many")}
			}
			b.size += int64(n)
			if _, err := b.file.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &refusal{"bundle", say("upload-cut")}
		}
	}
}

// take counts bytes in, unless they are too many.
func (k *planned) take(n int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sweep()
	if k.bytes+n > keptBytes {
		return false
	}
	k.bytes += n
	return true
}

// keep keeps a bundle for an account and gives it a name that nobody guesses.
func (k *planned) keep(b *bundle, account, country, pack string) {
	var name [16]byte
	_, _ = rand.Read(name[:]) // it never fails
	b.id, b.account, b.country, b.pack, b.at = base64.RawURLEncoding.EncodeToString(name[:]), account, country, pack, k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	var mine []*bundle
	for _, one := range k.all {
		if one.account == account {
			mine = append(mine, one)
		}
	}
	slices.SortFunc(mine, func(a, b *bundle) int { return a.at.Compare(b.at) })
	for len(mine) >= keptEach {
		k.remove(mine[0])
		mine = mine[1:]
	}
	k.all[b.id] = b
	b.timer = time.AfterFunc(keptFor, func() { k.drop(b) })
}

var errNoBundle = &desk.Problem{Status: http.StatusGone, Text: say("no-bundle")}

// use lets do read a bundle of an account.
func (k *planned) use(id, account, country, pack string, do func(*bundle) error) error {
	k.mu.Lock()
	k.sweep()
	b := k.all[id]
	if b == nil || b.account != account || b.country != country || b.pack != pack {
		k.mu.Unlock()
		return errNoBundle
	}
	b.users++
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if b.users--; b.gone && b.users == 0 {
			k.closed(b)
		}
	}()
	return do(b)
}

// drop lets go of a bundle.
func (k *planned) drop(b *bundle) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(b)
}

// sweep lets go of what is too old. k.mu is held, here and below.
func (k *planned) sweep() {
	now := k.now()
	for _, b := range k.all {
		if now.Sub(b.at) >= keptFor {
			k.remove(b)
		}
	}
}

func (k *planned) remove(b *bundle) {
	delete(k.all, b.id)
	if b.gone {
		return
	}
	b.timer.Stop()
	if b.gone = true; b.users == 0 {
		k.closed(b)
	}
}

// close lets go of a bundle that was never kept.
func (k *planned) close(b *bundle) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed(b)
}

func (k *planned) closed(b *bundle) {
	if b.file != nil {
		_ = b.file.Close() // its bytes go with it
	}
	k.bytes -= b.size
}

// reader reads a bundle from its beginning. Several may at once.
func (b *bundle) reader() io.ReadSeeker { return io.NewSectionReader(b.file, 0, b.size) }
