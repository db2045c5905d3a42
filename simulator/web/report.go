package web

import (
	"net/http"

	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/simulator/rounds"
)

// watchReport gives what a round found, as a Markdown or CSV file. It holds no recordings.
func (s *Server) watchReport(w http.ResponseWriter, r *http.Request) {
	if !s.designs(r) {
		socket.Refuse(w, http.StatusUnauthorized)
		return
	}
	of, err := s.rounds.Round(r.URL.Query().Get("round"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	p := s.packOf(of.Pack)
	if p == nil {
		http.NotFound(w, r)
		return
	}
	report, err := s.rounds.Report(of.ID, p.version(rounds.Draft).Program)
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	kind, name, content := "text/markdown; charset=utf-8", "report.md", []byte(report.Markdown())
	if r.URL.Query().Get("format") == "csv" {
		kind, name, content = "text/csv; charset=utf-8", "report.csv", report.CSV()
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	asset.Harden(h)
	_, _ = w.Write(content)
}
