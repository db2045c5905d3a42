package webchat

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"baraza/channels"
	"baraza/channels/asset"
	"baraza/channels/capability"
	"baraza/channels/socket"
)

// filesAtMost is how many addresses are good at a time.
const filesAtMost = 20_000

// files are those that can be fetched now, by addresses that nobody can guess. An address ends after Limits.Media,
// and before when there are too many, the oldest first.
type files struct {
	mu      sync.Mutex
	all     map[string]published
	byAge   []string
	ofParts map[string]string // the address of a delivery, so that trying again makes no new one
}

type published struct {
	source   fs.FS
	kind     capability.Kind
	path     string
	delivery string
	until    time.Time
}

// publish gives the file of a delivery an address.
func (c *Channel) publish(d channels.Delivery) (string, channels.Result) {
	limits, ok := c.Capability().MediaOf(capability.Kind(d.Part.Media.Kind))
	if !ok || d.Media == nil || !fs.ValidPath(d.Part.Media.ID) {
		return "", channels.Result{Class: channels.RequestBug, Code: "media-missing"}
	}
	info, err := fs.Stat(d.Media, d.Part.Media.ID)
	switch {
	case err != nil || info.IsDir():
		return "", channels.Result{Class: channels.RequestBug, Code: "media-missing"}
	case info.Size() > limits.MaxBytes:
		return "", channels.Result{Class: channels.RequestBug, Code: "media-too-large"}
	}
	return c.files.add(published{d.Media, limits.Kind, d.Part.Media.ID, d.ID, c.settings.Now().Add(c.limits.Media)},
		c.settings.Now(), c.random), channels.Result{}
}

func (f *files) add(p published, now time.Time, random func() string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.byAge) > 0 && (len(f.byAge) >= filesAtMost || now.After(f.all[f.byAge[0]].until)) {
		oldest := f.byAge[0]
		delete(f.ofParts, f.all[oldest].delivery)
		delete(f.all, oldest)
		f.byAge = f.byAge[1:]
	}
	if address, ok := f.ofParts[p.delivery]; ok && f.all[address].path == p.path {
		return address
	}
	if f.all == nil {
		f.all, f.ofParts = map[string]published{}, map[string]string{}
	}
	address := random()
	f.all[address], f.ofParts[p.delivery] = p, address
	f.byAge = append(f.byAge, address)
	return address
}

// media serves a published file. It is never a page of its own: it has no type but those of the table and can run
// nothing.
func (c *Channel) media(w http.ResponseWriter, r *http.Request) {
	c.files.mu.Lock()
	p, ok := c.files.all[r.PathValue("address")]
	c.files.mu.Unlock()
	if !ok || c.settings.Now().After(p.until) {
		http.NotFound(w, r)
		return
	}
	f, err := p.source.Open(p.path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	content, ok := f.(io.ReadSeeker)
	if !ok {
		limits, _ := c.Capability().MediaOf(p.kind)
		b, err := io.ReadAll(io.LimitReader(f, limits.MaxBytes))
		if err != nil {
			socket.Refuse(w, http.StatusInternalServerError)
			return
		}
		content = bytes.NewReader(b)
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if t := asset.Types[extensionOf(p.path)]; t != "" {
		h.Set("Content-Type", t)
	}
	if p.kind == capability.Document {
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	asset.Harden(h)
	http.ServeContent(w, r, "", time.Time{}, content)
}
