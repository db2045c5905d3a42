package telegram

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"baraza/channels"
)

// incomingBytes is the largest file that the Bot API hands out.
const incomingBytes = 20 << 20

// FetchMedia opens what a person sent. Its address holds the token, so no error of the client is passed on.
func (c *Channel) FetchMedia(ctx context.Context, _ string, a channels.Attachment) (io.ReadCloser, error) {
	got, failure := c.post(ctx, c.settings.Timeout, "getFile", map[string]any{"file_id": a.ID})
	if failure.Class != channels.NoClass {
		return nil, fmt.Errorf("media is not to be had: %s (%s)", failure.Class, failure.Code)
	}
	var found struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	switch err := json.Unmarshal(got.Result, &found); {
	case err != nil || !fs.ValidPath(found.Path):
		return nil, errors.New("the media has no path")
	case found.Size > incomingBytes:
		return nil, errTooLarge
	}
	ctx, stop := context.WithTimeout(ctx, c.settings.DownloadTimeout)
	address := strings.TrimSuffix(c.settings.BaseURL, "/") + "/file/bot" + c.settings.Token + "/" + (&url.URL{Path: found.Path}).EscapedPath()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		stop()
		return nil, errors.New("the address of the media is none")
	}
	response, err := c.http.Do(request)
	if err != nil {
		stop()
		return nil, errors.New("media is not to be had: no connection")
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		stop()
		return nil, fmt.Errorf("media is not to be had: http-%d", response.StatusCode)
	}
	return &download{body: response.Body, stop: stop, sum: sha256.New(), want: a.SHA256}, nil
}

var errTooLarge = errors.New("the media is larger than the provider hands out")

// download is content that is measured, and checked where its sum is known, as it is read.
type download struct {
	body io.ReadCloser
	stop context.CancelFunc
	sum  hash.Hash
	want []byte
	n    int64
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.sum.Write(p[:n])
	if d.n += int64(n); d.n > incomingBytes {
		return n, errTooLarge
	}
	if errors.Is(err, io.EOF) {
		if d.want != nil && !bytes.Equal(d.sum.Sum(nil), d.want) {
			return n, errors.New("the media is not what the message announced")
		}
		return n, io.EOF
	}
	if err != nil {
		return n, errors.New("the media broke off")
	}
	return n, nil
}

func (d *download) Close() error {
	defer d.stop()
	return d.body.Close()
}
