package whatsapp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/engine"
)

// mediaKept is how long an upload's id is used. The platform keeps it 30 days.
const mediaKept = 25 * 24 * time.Hour

// incomingBytes is the largest file a person can send.
const incomingBytes = 100_000_000

// MediaIDs remembers the ids of uploads by account and content, so that a picture goes up once and not for each
// person. It is safe for concurrent use; forgetting costs one more upload.
type MediaIDs interface {
	// ID is that of the content with this hash; "" where there is none that is good at this time.
	ID(account, hash string, now time.Time) string
	Keep(account, hash, id string, until time.Time)
	// Forget drops an id that the platform did not take.
	Forget(account, id string)
}

// NewMediaIDs keeps ids in memory.
func NewMediaIDs() MediaIDs { return &mediaIDs{known: map[[2]string]mediaID{}} }

type mediaID struct {
	id    string
	until time.Time
}

type mediaIDs struct {
	mu    sync.Mutex
	known map[[2]string]mediaID
}

func (m *mediaIDs) ID(account, hash string, now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.known[[2]string{account, hash}]; now.Before(k.until) {
		return k.id
	}
	return ""
}

func (m *mediaIDs) Keep(account, hash, id string, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[[2]string{account, hash}] = mediaID{id, until}
}

func (m *mediaIDs) Forget(account, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, v := range m.known {
		if k[0] == account && v.id == id {
			delete(m.known, k)
		}
	}
}

// uploads lets one upload serve all who wait for the same file.
type uploads struct{ flights singleflight.Group }

// mimeTypes are what the platform accepts, by extension.
var mimeTypes = map[string]string{
	"aac": "audio/aac", "amr": "audio/amr", "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg",
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp",
	"mp4": "video/mp4", "3gp": "video/3gpp",
	"txt": "text/plain", "pdf": "application/pdf",
	"doc": "application/msword", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xls": "application/vnd.ms-excel", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ppt": "application/vnd.ms-powerpoint", "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

// upload gives the id of a file of the pack, or the result that says why there is none.
func (c *Channel) upload(ctx context.Context, account string, file engine.Media, source channels.MediaSource) (string, channels.Result) {
	content, mime, r := c.read(file, source)
	if r.Class != channels.NoClass {
		return "", r
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	if id := c.settings.MediaIDs.ID(account, hash, c.settings.Now()); id != "" {
		return id, channels.Result{}
	}
	type outcome struct {
		id string
		r  channels.Result
	}
	// The upload belongs to all who wait for it: one who gives up does not end it.
	shared := c.uploads.flights.DoChan(account+" "+hash, func() (any, error) {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), c.settings.UploadTimeout)
		defer stop()
		id, r := c.put(ctx, account, path.Base(file.ID), mime, content)
		if id != "" {
			c.settings.MediaIDs.Keep(account, hash, id, c.settings.Now().Add(mediaKept))
		}
		return outcome{id, r}, nil
	})
	select {
	case done := <-shared:
		o := done.Val.(outcome)
		return o.id, o.r
	case <-ctx.Done():
		return "", channels.Result{Class: channels.Retry, Code: "upload-timeout"}
	}
}

// read takes a file whole, as far as its kind allows.
func (c *Channel) read(file engine.Media, source channels.MediaSource) (content []byte, mime string, r channels.Result) {
	refuse := func(code string) ([]byte, string, channels.Result) {
		return nil, "", channels.Result{Class: channels.RequestBug, Code: code}
	}
	record := c.Capability()
	limits, ok := record.MediaOf(capability.Kind(file.Kind))
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(file.ID), "."))
	mime, known := mimeTypes[extension]
	switch {
	case !ok:
		return refuse("media-kind")
	case !known || !limits.Takes(extension):
		return refuse("media-type")
	case source == nil || !fs.ValidPath(file.ID):
		return refuse("media-missing")
	}
	f, err := source.Open(file.ID)
	if err != nil {
		return refuse("media-missing")
	}
	defer f.Close()
	content, err = io.ReadAll(io.LimitReader(f, limits.MaxBytes+1))
	switch {
	case err != nil:
		return nil, "", channels.Result{Class: channels.Retry, Code: "media-unreadable"}
	case int64(len(content)) > limits.MaxBytes:
		return refuse("media-too-large")
	}
	return content, mime, channels.Result{}
}

// put uploads. Nothing has reached a person yet, so whatever ends it can be tried again.
func (c *Channel) put(ctx context.Context, account, name, mime string, content []byte) (string, channels.Result) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	err := errors.Join(w.WriteField("messaging_product", "whatsapp"), w.WriteField("type", mime))
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition("file", name))
	h.Set("Content-Type", mime)
	part, partErr := w.CreatePart(h)
	if err = errors.Join(err, partErr); err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return "", bug(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(account, "media"), &form)
	if err != nil {
		return "", bug(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	a, r := c.do(request, account)
	switch {
	case r.Class == channels.UnknownOutcome:
		r.Class, r.Code = channels.Retry, "upload-"+r.Code
	case r.Class == channels.NoClass && a.ID == "":
		r = channels.Result{Class: channels.Retry, Code: "upload-no-id"}
	}
	return a.ID, r
}

// FetchMedia opens what a person sent. Its address is good for five minutes and asks for the token.
func (c *Channel) FetchMedia(ctx context.Context, account string, a channels.Attachment) (io.ReadCloser, error) {
	ctx, stop := context.WithTimeout(ctx, c.settings.UploadTimeout)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address(a.ID), nil)
	if err != nil {
		stop()
		return nil, err
	}
	found, r := c.do(request, account)
	if r.Class != channels.NoClass {
		stop()
		return nil, fmt.Errorf("media is not to be had: %s (%s)", r.Class, r.Code)
	}
	if !strings.HasPrefix(found.URL, "https://") && !strings.HasPrefix(c.settings.BaseURL, "http://") {
		stop()
		return nil, errors.New("the address of the media is not https")
	}
	request, err = http.NewRequestWithContext(ctx, http.MethodGet, found.URL, nil)
	if err != nil {
		stop()
		return nil, errors.New("the address of the media is none")
	}
	request.Header.Set("Authorization", "Bearer "+c.settings.Token(account))
	response, err := c.http.Do(request)
	if err != nil { // its own words hold the address, which opens the file
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
