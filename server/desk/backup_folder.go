package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
)

// unfinished is in the name of a folder in which a backup is being written, or was when it was killed.
const unfinished = ".unfinished-"

// Backup writes a backup into a new folder: whole, on the disk and readable by its owner alone, or not at all.
func (c *Client) Backup(ctx context.Context, folder string) (Manifest, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return Manifest{}, err
	}
	taken := fmt.Errorf("%s is there already; a backup is written into a new folder", folder)
	if _, err := os.Lstat(folder); err == nil {
		return Manifest{}, taken
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, err
	}
	above := filepath.Dir(folder)
	if info, err := os.Stat(above); err != nil || !info.IsDir() {
		return Manifest{}, fmt.Errorf("there is no folder %s to put it into", above)
	}
	temporary, err := os.MkdirTemp(above, "."+filepath.Base(folder)+unfinished) // mode 0700
	if err != nil {
		return Manifest{}, err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	manifest, err := c.receive(ctx, temporary)
	if err != nil {
		return Manifest{}, err
	}
	if err := os.Rename(temporary, folder); err != nil {
		if _, there := os.Lstat(folder); there == nil { // another backup was quicker
			return Manifest{}, taken
		}
		return Manifest{}, err
	}
	return manifest, syncDir(above)
}

// Unfinished are the folders beside a backup in which others are being written, or were when they were killed.
func Unfinished(folder string) []string {
	all, _ := filepath.Glob(filepath.Join(filepath.Dir(folder), ".*"+unfinished+"*"))
	return all
}

// receive writes the parts into a folder and compares them with the manifest.
func (c *Client) receive(ctx context.Context, folder string) (Manifest, error) {
	response, err := c.post(ctx, "/store/backup", None{})
	if err != nil {
		return Manifest{}, err
	}
	defer func() { _ = response.Body.Close() }()
	_, params, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return Manifest{}, err
	}
	var got []File
	var manifest []byte
	for parts := multipart.NewReader(response.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Manifest{}, cutOff(err)
		}
		name := part.FormName()
		if !partName.MatchString(name) {
			return Manifest{}, fmt.Errorf("the backup has a part %q, which this program does not know", name)
		}
		var kept bytes.Buffer
		var from io.Reader = part
		if name == manifestName {
			from = io.TeeReader(io.LimitReader(part, mostBody), &kept)
		}
		file, err := writeFile(filepath.Join(folder, name), from)
		if err != nil {
			return Manifest{}, cutOff(err)
		}
		if name == manifestName {
			manifest = kept.Bytes()
		} else {
			got = append(got, file)
		}
	}
	m, err := readManifest(manifest)
	if err != nil {
		return Manifest{}, cutOff(err)
	}
	if !slices.Equal(m.Files, got) {
		return Manifest{}, errors.New("the backup did not arrive as it was sent; make it again")
	}
	return m, syncDir(folder)
}

func cutOff(err error) error {
	if here := (*fs.PathError)(nil); errors.As(err, &here) {
		return fmt.Errorf("the backup could not be written, and nothing of it is kept: %w", err)
	}
	return fmt.Errorf("the backup was cut off, and nothing of it is kept; make it again. If that happens too, the log of the process that serves says why: %w", err)
}

// writeFile writes a new file that its owner alone can read, and puts it on the disk.
func writeFile(path string, from io.Reader) (File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return File{}, err
	}
	c := &counted{to: f, hash: sha256.New()}
	_, err = io.Copy(c, from)
	if synced := f.Sync(); err == nil {
		err = synced
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return c.file(filepath.Base(path)), err
}
