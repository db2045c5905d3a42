package release

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// unpacked begins the name of a folder in which a bundle is looked at.
const unpacked = ".unpacked-"

// Unpack unpacks a bundle for a look, into a folder of its own within another one; "": the system's for such things. gone
// removes it, after which the Sources cannot be read. What a process that died had left there is removed.
func Unpack(within string, bundle io.ReadSeeker) (k *Kept, gone func() error, err error) {
	if within == "" {
		within = os.TempDir()
	}
	left, _ := filepath.Glob(filepath.Join(within, unpacked+"*")) // its error is of the pattern alone
	for _, dir := range left {
		if info, gone := os.Lstat(dir); gone == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(within, unpacked)
	if err != nil {
		return nil, nil, err
	}
	folder, err := OpenFolder(dir)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	gone = func() error { return errors.Join(folder.Close(), os.RemoveAll(dir)) }
	if _, err = bundle.Seek(0, io.SeekStart); err == nil {
		k, err = folder.Install(bundle)
	}
	if err != nil {
		return nil, nil, errors.Join(err, gone())
	}
	return k, gone, nil
}
