package channels

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// ErrTooLarge: a file is larger than the provider hands out.
var ErrTooLarge = errors.New("the media is larger than the provider hands out")

// download is content that is measured, and checked where its sum is known, as it is read.
type download struct {
	body  io.ReadCloser
	stop  context.CancelFunc
	sum   hash.Hash
	want  []byte
	n     int64
	limit int64
}

// Download reads what a provider hands out as body. It fails where that is longer than limit, and at its end where it
// is not what the attachment announced. Closing it also calls stop.
func Download(body io.ReadCloser, a Attachment, limit int64, stop context.CancelFunc) io.ReadCloser {
	return &download{body: body, stop: stop, sum: sha256.New(), want: a.SHA256, limit: limit}
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.sum.Write(p[:n])
	if d.n += int64(n); d.n > d.limit {
		return n, ErrTooLarge
	}
	if errors.Is(err, io.EOF) {
		if d.want != nil && !bytes.Equal(d.sum.Sum(nil), d.want) {
			return n, errors.New("the media is not what the message announced")
		}
		return n, io.EOF
	}
	if err != nil { // its own words may hold an address with a token
		return n, errors.New("the media broke off")
	}
	return n, nil
}

func (d *download) Close() error {
	defer d.stop()
	return d.body.Close()
}
