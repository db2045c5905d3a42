package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
)

//go:embed html
var content embed.FS

//go:embed page.js
var js []byte

// scriptPath changes with the script, so that browsers may keep it.
var scriptPath = "/console/page/" + sum(js) + ".js"

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:8])
}

// file is what browsers may keep.
type file struct {
	kind  string
	bytes []byte
}

func script() file { return file{"text/javascript; charset=utf-8", js} }

func (f file) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(f.bytes)
}
