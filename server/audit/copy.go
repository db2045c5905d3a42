package audit

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Copy writes the records that are in the log, whole, while others are added.
func (l *Log) Copy(w io.Writer) error {
	l.mu.Lock()
	err := l.ready()
	size := l.size
	l.mu.Unlock()
	if err != nil {
		return err
	}
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, size)
	return err
}

// Restore puts a copy where no log is; fs.ErrExist where there is one. A process that dies leaves the whole copy or none.
func Restore(path string, from io.Reader) error {
	if _, err := os.Lstat(path); err == nil {
		return os.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".audit-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // never over one that came meanwhile
		return err
	}
	return syncDir(filepath.Dir(path))
}
