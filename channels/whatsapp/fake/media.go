package fake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"
)

const (
	kB = 1000
	mB = 1000 * kB
)

// mimes are the media that each kind of message takes: WhatsApp Cloud API, supported media types.
var mimes = map[string]struct {
	types []string
	max   int // bytes
}{
	"audio": {[]string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, 16 * mB},
	"image": {[]string{"image/jpeg", "image/png"}, 5 * mB},
	"video": {[]string{"video/mp4", "video/3gpp"}, 16 * mB},
	"document": {[]string{"text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel",
		"application/vnd.ms-powerpoint",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation"}, 100 * mB},
	// Still ones may have 100 kB, animated ones 500.
	"sticker": {[]string{"image/webp"}, 500 * kB},
}

const (
	uploadKept  = 30 * 24 * time.Hour // a medium the business uploaded
	inboundKept = 7 * 24 * time.Hour  // a medium a person sent
	ticketKept  = 5 * time.Minute     // the address of a medium
	uploadMax   = 101 * mB
)

// medium is a file behind a media id.
type medium struct {
	id      string
	number  *Number
	kind    string // its MIME type without parameters
	whole   string // its MIME type as given
	data    []byte
	expires time.Time
}

// ticket is an address of a medium that ends soon.
type ticket struct {
	media   string
	expires time.Time
}

func (s *Server) putMedium(number *Number, whole string, data []byte, kept time.Duration) *medium {
	kind, _, _ := mime.ParseMediaType(whole)
	m := &medium{number: number, kind: kind, whole: whole, data: data, expires: s.clock.Now().Add(kept)}
	m.id = s.nameLocked("media", number.ID, "%d")
	s.media[m.id] = m
	return m
}

// postMedia takes an upload: multipart/form-data with messaging_product, type and file.
func (s *Server) postMedia(r *http.Request) answer {
	id := r.PathValue("number")
	s.mu.Lock()
	number := s.number(id)
	now := s.clock.Now()
	var trouble *answer
	if number != nil {
		trouble = s.trouble(now, id)
	}
	s.mu.Unlock()
	switch {
	case number == nil:
		return s.unknown(id, http.MethodPost)
	case trouble != nil:
		return *trouble
	}
	whole, data, problem := readUpload(r)
	if problem != nil {
		return refused(problem)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.putMedium(number, whole, data, uploadKept)
	return answer{body: fields{"id": m.id}, request: Request{ID: m.id}}
}

func readUpload(r *http.Request) (whole string, data []byte, problem *refusal) {
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, refuse(100, "The body is not multipart/form-data.")
	}
	given := map[string]string{}
	file := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, refuse(100, "The form could not be read.")
		}
		content, err := io.ReadAll(io.LimitReader(part, uploadMax))
		if err != nil {
			return "", nil, refuse(100, "The form could not be read.")
		}
		switch name := part.FormName(); name {
		case "file":
			if part.FileName() == "" {
				return "", nil, refuse(100, "The part \"file\" has no file name.")
			}
			data, file = content, true
		case "messaging_product", "type":
			given[name] = string(content)
		default:
			return "", nil, unexpected(name, "media")
		}
	}
	switch {
	case given["messaging_product"] != "whatsapp":
		return "", nil, missing("messaging_product")
	case given["type"] == "":
		return "", nil, missing("type")
	case !file:
		return "", nil, missing("file")
	case len(data) == 0:
		return "", nil, refuse(131053, "The file is empty.")
	}
	kind, _, err := mime.ParseMediaType(given["type"])
	if err != nil {
		return "", nil, refuse(100, "Param type is not a MIME type: %q.", given["type"])
	}
	known := false
	for _, name := range sortedKeys(mimes) {
		if !slices.Contains(mimes[name].types, kind) {
			continue
		}
		if known = true; len(data) > mimes[name].max {
			return "", nil, refuse(131053, "The file has %d bytes; a file of type %s has at most %d.", len(data), kind, mimes[name].max)
		}
	}
	if !known {
		return "", nil, refuse(100, "Param file must be a file of a supported type, but is %s.", kind)
	}
	return given["type"], data, nil
}

// getMedia answers with the address of a medium.
func (s *Server) getMedia(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, now := r.PathValue("id"), s.clock.Now()
	m := s.media[id]
	if m == nil {
		return s.unknown(id, r.Method)
	}
	if trouble := s.trouble(now, m.number.ID); trouble != nil {
		return *trouble
	}
	if wanted := r.URL.Query().Get("phone_number_id"); !now.Before(m.expires) || wanted != "" && wanted != m.number.ID {
		return s.unknown(id, r.Method)
	}
	hash := sha256.Sum256(m.data)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := scheme + "://" + r.Host
	if s.config.BaseURL != "" {
		base = s.config.BaseURL
	}
	return answer{body: fields{
		"messaging_product": "whatsapp", "id": m.id, "mime_type": m.whole, "file_size": len(m.data),
		"sha256": hex.EncodeToString(hash[:]), "url": base + s.ticketFor(m),
	}}
}

// ticketFor makes a path under which a medium can be fetched for five minutes.
func (s *Server) ticketFor(m *medium) string {
	word := s.nameLocked("ticket", m.id, "%015x")
	s.tickets[word] = ticket{media: m.id, expires: s.clock.Now().Add(ticketKept)}
	return "/lookaside/" + word
}

// download gives the bytes; the bearer token is needed here too.
func (s *Server) download(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	t := s.tickets[r.PathValue("ticket")]
	m := s.media[t.media]
	if m == nil || !now.Before(t.expires) || s.chance.strikes(now, "media-expired", t.media) {
		return answer{refusal: &refusal{status: http.StatusNotFound}, html: true}
	}
	if trouble := s.trouble(now, m.number.ID); trouble != nil {
		return *trouble
	}
	return answer{data: m.data, mime: m.whole}
}

func (s *Server) deleteMedia(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	if s.media[id] == nil {
		return s.unknown(id, r.Method)
	}
	delete(s.media, id)
	return answer{body: fields{"success": true}}
}

// hash64 is the sum that webhooks carry.
func hash64(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}
