package web

import (
	"net/http"

	"baraza/simulator/rounds"
)

// watchReport gives what a round found, as a Markdown or CSV file. It holds no recordings.
func (s *Server) watchReport(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	_, _, report, ok := s.reported(w, r)
	if !ok {
		return
	}
	if r.URL.Query().Get("format") == "csv" {
		download(w, "text/csv", "report.csv", report.CSV())
		return
	}
	download(w, "text/markdown", "report.md", []byte(report.Markdown()))
}

// reported is the round that is asked for and what it found; false where that was answered.
func (s *Server) reported(w http.ResponseWriter, r *http.Request) (of rounds.Round, d draft, report *rounds.Report, ok bool) {
	of, err := s.rounds.Round(r.URL.Query().Get("round"))
	if err == nil {
		d = s.draftOf(of.Pack)
		report, err = s.reportOf(of.ID, &d)
	}
	if err != nil {
		none(w, r, err)
	}
	return of, d, report, err == nil
}
