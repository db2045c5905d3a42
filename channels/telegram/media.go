package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
		return nil, channels.ErrTooLarge
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
	return channels.Download(response.Body, a, incomingBytes, stop), nil
}
