package fake

import (
	_ "embed" // a voice note
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// formBytes bounds what the page posts: the largest video, and its form.
const formBytes = 17 * mB

// silence is a voice note of a second: Opus in Ogg.
//
//go:embed web/silence.ogg
var silence []byte

// sharePlace sends a place on the map.
func sharePlace(p *Phone, r *http.Request) error {
	latitude, err := degrees(r, "latitude", 90)
	if err != nil {
		return err
	}
	longitude, err := degrees(r, "longitude", 180)
	if err != nil {
		return err
	}
	p.SendLocation(latitude, longitude, "", "")
	return nil
}

func degrees(r *http.Request, name string, most float64) (float64, error) {
	text := strings.TrimSpace(r.PostFormValue(name))
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(-most <= n && n <= most) { // NaN is neither
		return 0, fmt.Errorf("the %s %q is not a number from -%v to %v", name, text, most, most)
	}
	return n, nil
}

// shareFile sends the file that was chosen, as the kind that its type is; or the voice note that the page has ready.
func shareFile(p *Phone, r *http.Request) error {
	if r.PostFormValue("voice") != "" {
		p.SendAudio(silence)
		return nil
	}
	f, about, err := r.FormFile("file")
	if err != nil {
		return errors.New("no file was chosen")
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return fmt.Errorf("the file %q is empty", about.Filename)
	}
	given, _, err := mime.ParseMediaType(about.Header.Get("Content-Type"))
	if err != nil || given == "application/octet-stream" {
		given, _, _ = mime.ParseMediaType(http.DetectContentType(data))
	}
	for _, kind := range []string{"image", "audio", "video", "sticker", "document"} {
		if !slices.Contains(mimes[kind].types, given) {
			continue
		}
		if len(data) > mimes[kind].max {
			return fmt.Errorf("the file has %d bytes, and this kind (%s) at most %d", len(data), kind, mimes[kind].max)
		}
		more := captioned(strings.TrimSpace(r.PostFormValue("caption")))
		if kind == "document" {
			more["filename"] = about.Filename
		}
		if kind == "audio" || kind == "sticker" {
			delete(more, "caption")
		}
		p.SendMedia(kind, given, data, more)
		return nil
	}
	return fmt.Errorf("WhatsApp takes no file of the type %s", given)
}

// shown are the types of media that the page shows; any other is saved.
var shown = []string{"image/jpeg", "image/png", "image/webp", "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "video/mp4", "video/3gpp"}

// showMedium gives the page the file of a message.
func (s *Server) showMedium(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.media[r.FormValue("id")]
	s.mu.Unlock()
	if m == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", m.kind)
	if !slices.Contains(shown, m.kind) {
		w.Header().Set("Content-Disposition", "attachment")
	}
	_, _ = w.Write(m.data) // nobody waits when the connection is gone
}
