// Package editor is what stands behind an editor in a browser: the files of a pack, saved only over what was read;
// the language server over a WebSocket; and a conversation that is said again whenever the pack changes.
package editor

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"unicode/utf8"
)

// MaxFile is the most bytes of a file that can be edited. It leaves room in a message of MaxMessage.
const MaxFile = 512 << 10

// Files are those of one pack that people write: flows, tables and translations.
type Files struct {
	root *os.Root
	mu   sync.Mutex // one save at a time, so that what was compared is what is replaced
}

// Text is a file as it was read. Hash names its bytes.
type Text struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Hash string `json:"hash"`
}

// Conflict refuses a save, since the file is no longer what was read. Theirs is what is there now; its hash is ""
// where the file is gone.
type Conflict struct{ Theirs Text }

func (c *Conflict) Error() string {
	return c.Theirs.Name + " was changed by somebody else since you opened it; compare both before you save"
}

// OpenFiles opens the folder of a pack.
func OpenFiles(folder string) (*Files, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	return &Files{root: root}, nil
}

// Close lets go of the folder.
func (f *Files) Close() error { return f.root.Close() }

// List names the files, in the order of their names.
func (f *Files) List() ([]string, error) {
	var all []string
	err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.Type().IsRegular() && editable(name) == nil:
			all = append(all, name)
		}
		return nil
	})
	return all, err
}

// Stamp changes when a file does: its time and size; "" where it is not there.
func (f *Files) Stamp(name string) string {
	info, err := f.root.Lstat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d-%d", info.ModTime().UnixNano(), info.Size())
}

// Read gives a file with its hash. What is not UTF-8 is refused: it would come back from a page as something else.
func (f *Files) Read(name string) (Text, error) {
	if err := editable(name); err != nil {
		return Text{}, err
	}
	b, _, err := f.read(name)
	if err == nil && !utf8.Valid(b) {
		err = fmt.Errorf("%s is not UTF-8 text; write it as that in a program of your own", name)
	}
	if err != nil {
		return Text{}, err
	}
	return Text{name, string(b), hashOf(b)}, nil
}

// Save replaces a file whose hash is still that of what was read, and gives the new one; "" stands for a file that
// was not there. A *Conflict refuses it otherwise. The file is whole at every moment: it is written beside the old
// one and takes its place. Saves through the same Files wait for each other; a program that knows nothing of hashes
// can still write in the instant between the comparison and the change.
func (f *Files) Save(name, read, text string) (hash string, err error) {
	switch err := editable(name); {
	case err != nil:
		return "", err
	case len(text) > MaxFile:
		return "", fmt.Errorf("%s is larger than %d KB; divide it into several files", name, MaxFile>>10)
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%s is not UTF-8 text", name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now, mode, err := f.read(name)
	there := Text{Name: name}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mode = 0o644
	case err != nil:
		return "", err
	default:
		there.Text, there.Hash = string(now), hashOf(now)
	}
	if there.Hash != read {
		return "", &Conflict{there}
	}
	return hashOf([]byte(text)), f.replace(name, text, mode)
}

func (f *Files) replace(name, text string, mode fs.FileMode) (err error) {
	beside := path.Join(path.Dir(name), ".baraza-"+rand.Text())
	file, err := f.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.root.Remove(beside))
		}
	}()
	_, err = io.WriteString(file, text)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return f.root.Rename(beside, name)
}

// read takes a regular file only: a link would be replaced by a file, and a device may never end.
func (f *Files) read(name string) ([]byte, fs.FileMode, error) {
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is a link or a folder; only files can be edited here", name)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(b) > MaxFile {
		err = fmt.Errorf("%s is larger than %d KB; edit it in a program of your own", name, MaxFile>>10)
	}
	return b, info.Mode().Perm(), err
}

// editable tells whether a name is one of the pack's files that people write.
func editable(name string) error {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(path.Base(name), ".") {
		return errors.New("this is not the name of a file of the pack")
	}
	switch path.Ext(name) {
	case ".flow", ".csv", ".po":
		return nil
	}
	return fmt.Errorf("%s cannot be edited here: only files that end with .flow, .csv or .po can", path.Base(name))
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
