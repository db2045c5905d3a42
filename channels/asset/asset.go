// Package asset serves the files of our own pages: small, compressed once, known by their content, and with headers
// that let nothing be guessed about them.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// A File is a file of a page, as it is and compressed.
type File struct {
	kind, tag     string
	plain, packed []byte
}

// New compresses a file; kind is its media type.
func New(kind string, content []byte) (File, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return File{}, err
	}
	if _, err := w.Write(content); err != nil {
		return File{}, err
	}
	if err := w.Close(); err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(content)
	return File{kind, `"` + hex.EncodeToString(sum[:8]), content, b.Bytes()}, nil
}

// Packed is the size of the compressed file in bytes.
func (f File) Packed() int { return len(f.packed) }

// ServeHTTP lets browsers keep the file, and ask whether it is still the same.
func (f File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	Harden(h)
	content, tag := f.plain, f.tag+`"`
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content, tag = f.packed, f.tag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// Harden keeps browsers from guessing types and from telling others where they came from.
func Harden(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// Types of the files of a pack that a page shows, by extension. Nothing is sniffed, neither here nor by the browser: a
// file of no type here is bytes to be saved.
var Types = map[string]string{
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp",
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "mp4": "video/mp4",
	"txt": "text/plain; charset=utf-8", "pdf": "application/pdf",
}
