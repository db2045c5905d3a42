package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/engine"
	"baraza/simulator/rounds"
)

// media are the files of packs that can be fetched now, by addresses that nobody can guess. An address is good as
// long as the session that it was made for.
type media struct {
	mu  sync.Mutex
	all map[string]published
}

type published struct {
	session *session
	files   fs.FS
	path    string
	kind    string
}

// mediaAtMost is the largest file of a pack that is served here.
const mediaAtMost = 16 << 20

// address gives a file of the pack an address.
func (n *session) address(m engine.Media) string {
	if !fs.ValidPath(m.ID) {
		return ""
	}
	all := &n.server.media
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.all == nil {
		all.all = map[string]published{}
	}
	address := n.server.random()
	all.all[address] = published{n, n.version.Files, m.ID, m.Kind}
	return "/try/media/" + address
}

// drop ends the addresses of a session.
func (m *media) drop(of *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for address, p := range m.all {
		if p.session == of {
			delete(m.all, address)
		}
	}
}

// serveMedia serves a published file at the speed of the session. It is never a page of its own: it has no type but
// those of the table and can run nothing.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	s.media.mu.Lock()
	p, ok := s.media.all[r.PathValue("address")]
	s.media.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	f, err := p.files.Open(p.path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mediaAtMost))
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if t := asset.Types[strings.ToLower(strings.TrimPrefix(path.Ext(p.path), "."))]; t != "" {
		h.Set("Content-Type", t)
	}
	if p.kind == "document" {
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	asset.Harden(h)
	p.session.mu.Lock()
	speed := p.session.speed
	p.session.mu.Unlock()
	if speed.Bytes == 0 && !speed.Off {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
		return
	}
	if speed.Off {
		socket.Refuse(w, http.StatusServiceUnavailable)
		return
	}
	_ = speed.slowly(w, bytes.NewReader(b), s.settings.Wait) // who has left needs no answer
}

// upload takes a voice note or a photo of a session. Of one that is not recorded nothing is kept.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	if !s.guarded(w, r) {
		return
	}
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var n *session
	if ok && secrets.MatchString(secret) {
		n = s.sessionOf(secret)
	}
	if n == nil {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		socket.Refuse(w, http.StatusUnauthorized)
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "audio/") && !strings.HasPrefix(kind, "image/") {
		socket.Refuse(w, http.StatusUnsupportedMediaType)
		return
	}
	n.mu.Lock()
	n.uploads++
	much := n.uploads > 2*rounds.MaxMedia
	kept, over := n.recorded(), n.ended || n.gone
	n.mu.Unlock()
	if much || over {
		socket.Refuse(w, http.StatusTooManyRequests)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.limits.Upload))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rounds.MaxPhoto))
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		socket.Refuse(w, http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		return
	}
	id := ""
	if kept {
		m, err := s.rounds.AddMedia(n.id, kind, b)
		if err != nil {
			socket.Refuse(w, http.StatusUnprocessableEntity)
			return
		}
		id = m.ID
	}
	w.Header().Set("Content-Type", "application/json")
	asset.Harden(w.Header())
	_ = json.NewEncoder(w).Encode(map[string]string{"id": id})
}
