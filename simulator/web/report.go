package web

import (
	"net/http"
)

// watchReport gives what a round found, as a Markdown or CSV file. It holds no recordings.
func (s *Server) watchReport(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	of, err := s.rounds.Round(r.URL.Query().Get("round"))
	if err != nil {
		none(w, r, err)
		return
	}
	d := s.draftOf(of.Pack)
	report, err := s.reportOf(of.ID, &d)
	if err != nil {
		none(w, r, err)
		return
	}
	if r.URL.Query().Get("format") == "csv" {
		download(w, "text/csv", "report.csv", report.CSV())
		return
	}
	download(w, "text/markdown", "report.md", []byte(report.Markdown()))
}
