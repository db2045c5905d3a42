package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/dsl"
	"baraza/simulator/rounds"
	"baraza/simulator/script"
)

// What a round found stands on pages of their own, drawn here: the report with its sessions, one session with what
// becomes of it, and all sessions played again on the newest draft. They hold no recordings.
func (s *Server) evidenceRoutes() {
	s.mux.HandleFunc("GET /watch/round/{$}", s.roundPage)
	s.mux.HandleFunc("GET /watch/round/session", s.sessionPage)
	s.mux.HandleFunc("GET /watch/round/compare", s.comparePage)
	s.mux.HandleFunc("GET /watch/round/transcript", s.transcript)
	s.mux.HandleFunc("GET /watch/round/test", s.testFile)
	s.mux.HandleFunc("POST /watch/round/bless", s.bless)
	s.mux.Handle("GET /watch/round/evidence.js", s.pages.files["evidence.js"])
	s.mux.Handle("GET /watch/round/evidence.css", s.pages.files["evidence.css"])
}

// reads lets a designer read evidence, or answers why not. A page of another site could not see it, but it could keep
// the simulator busy.
func (s *Server) reads(w http.ResponseWriter, r *http.Request) bool {
	asset.Harden(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case site != "" && site != "none" && site != "same-origin", len(r.Header["Origin"]) > 0 && !s.welcomes(r):
		socket.Refuse(w, http.StatusForbidden)
	case !s.designs(r):
		http.Error(w, "This is for designers. Open the link with the key that the simulator printed when it began, then this page again.", http.StatusUnauthorized)
	default:
		return true
	}
	return false
}

// draft is a pack as it is now.
type draft struct {
	Version string // the program's hash; "" where the simulator was started without the pack
	Says    string // what is wrong with the files, so that Version is the last that could run

	checked *dsl.Result
	files   fs.FS
}

// draftOf looks at a pack anew.
func (s *Server) draftOf(name string) draft {
	p := s.packOf(name)
	if p == nil {
		return draft{}
	}
	s.redraw(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.checked == nil {
		return draft{}
	}
	return draft{Version: p.newest.Program.Hash, Says: p.says, checked: p.checked, files: p.newest.Files}
}

// reportOf is what a round found, compared with the draft.
func (s *Server) reportOf(round string, d *draft) (*rounds.Report, error) {
	if d.checked == nil {
		return s.rounds.Report(round, nil)
	}
	return s.rounds.Report(round, d.checked.Program())
}

// show draws a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.evidence.ExecuteTemplate(&b, name, data); err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	s.policy(w.Header(), r, "camera=(), microphone=(), geolocation=()")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// none answers that something is not there, or that it cannot be read.
func none(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, rounds.ErrNoRound) || errors.Is(err, rounds.ErrNoSession) {
		http.NotFound(w, r)
		return
	}
	socket.Refuse(w, http.StatusInternalServerError)
}

func (s *Server) roundPage(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	of, d, report, ok := s.reported(w, r)
	if !ok {
		return
	}
	sessions, err := s.rounds.Sessions(of.ID)
	if err != nil {
		none(w, r, err)
		return
	}
	s.show(w, r, "round", struct {
		*rounds.Report
		Draft    draft
		Sessions []rounds.Session
	}{report, d, sessions})
}

// A comparison is a session played once more on the draft.
type comparison struct {
	Session    rounds.Session
	Difference *rounds.Difference // where the draft first says something else; nil where it says the same
	Says       string             // why it cannot be played
	Blessing   *blessing          // nil where the session is not blessed
}

// blessing is how the tests of a blessed session go on the draft.
type blessing struct {
	File   string
	Missed bool // the pack has no such file
	Failed *script.Result
}

// compare plays a session on the draft. It may be blessed as the flow said by then, which is what its test tells.
func (d *draft) compare(s *rounds.Session) comparison {
	c := comparison{Session: *s}
	if d.checked == nil {
		c.Says = "The simulator was started without this pack."
		return c
	}
	var err error
	if c.Difference, err = rounds.Replay(s, d.checked.Program()); err != nil {
		c.Says = sentence(err)
	}
	if !s.Blessed {
		return c
	}
	c.Blessing = &blessing{File: rounds.BlockName(s.ID), Missed: true}
	for _, test := range d.checked.Pack.Tests {
		if test.File.Name != c.Blessing.File {
			continue
		}
		c.Blessing.Missed = false
		if result := script.Run(d.checked.Pack, d.checked.Program(), d.files, test, nil); !result.Passed {
			c.Blessing.Failed = &result
			break
		}
	}
	return c
}

// Passes says that the session's test is in the pack and passes.
func (b *blessing) Passes() bool { return b != nil && !b.Missed && b.Failed == nil }

// comparisons are all sessions of a round on the draft.
type comparisons struct {
	Round rounds.Round
	Draft draft
	All   []comparison
	// Of All: those that say the same, those that do not, of these those whose test passes, and those that cannot be
	// played.
	Same, Differ, Kept, Unplayed int
}

func (s *Server) comparePage(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	of, err := s.rounds.Round(r.URL.Query().Get("round"))
	if err != nil {
		none(w, r, err)
		return
	}
	heads, err := s.rounds.Sessions(of.ID)
	if err != nil {
		none(w, r, err)
		return
	}
	page := comparisons{Round: of, Draft: s.draftOf(of.Pack)}
	for _, h := range heads {
		if r.Context().Err() != nil {
			return // nobody waits for it any more
		}
		kept, err := s.rounds.Session(h.ID)
		if errors.Is(err, rounds.ErrNoSession) {
			continue // deleted meanwhile
		} else if err != nil {
			none(w, r, err)
			return
		}
		page.add(page.Draft.compare(&kept))
	}
	s.show(w, r, "compare", &page)
}

func (p *comparisons) add(c comparison) {
	switch {
	case c.Says != "":
		p.Unplayed++
	case c.Difference == nil:
		p.Same++
	default:
		if p.Differ++; c.Blessing.Passes() {
			p.Kept++
		}
	}
	c.Session.Turns, c.Session.Remarks = nil, nil
	p.All = append(p.All, c)
}

// transcript is a session as a file, in Markdown or JSON.
func (s *Server) transcript(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	kept, err := s.rounds.Session(r.URL.Query().Get("session"))
	if err != nil {
		none(w, r, err)
		return
	}
	if r.URL.Query().Get("format") != "json" {
		download(w, "text/markdown", "transcript.md", []byte(kept.Markdown()))
		return
	}
	text, err := kept.JSON()
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	download(w, "application/json", "transcript.json", append(text, '\n'))
}

// download gives a file that no browser shows as a page of ours.
func download(w http.ResponseWriter, kind, name string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	asset.Harden(h)
	_, _ = w.Write(content)
}

// evidenceWords are what the pages of a round say with.
var evidenceWords = template.FuncMap{
	"spell": rounds.Spell, "share": rounds.Share, "place": rounds.Place, "plain": rounds.Plain,
	"remark":  func(kind string) string { return rounds.RemarkNames[kind] },
	"speaker": func(who string) string { return rounds.Speakers[who] },
	"short":   func(hash string) string { return hash[:min(len(hash), 8)] },
	"day":     func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	"moment":  func(t time.Time) string { return t.UTC().Format(minute) },
	"first":   func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	"minus":   func(a, b int) int { return a - b },
	"rated":   func(faces [4]int) int { return faces[1] + faces[2] + faces[3] },
	"where": func(t rounds.Turn) string {
		if t.Flow == "" {
			return rounds.Place("", "")
		}
		return "at " + rounds.Place(t.Flow, t.Step)
	},
	"task": func(t rounds.TaskReport) wording {
		text, language := t.Words()
		return wording{text, language}
	},
	"about": func(all []rounds.Remark, turn int) []rounds.Remark {
		return slices.DeleteFunc(slices.Clone(all), func(r rounds.Remark) bool { return r.Turn != turn })
	},
	"state": func(s rounds.Session) string {
		switch {
		case s.Blessed:
			return "blessed"
		case s.Ended.IsZero():
			return "goes on"
		}
		return "finished"
	},
	"count": func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	},
	"side": func(left, right string, rows []script.Row) sides { return sides{left, right, rows} },
}

// wording is a text in its language.
type wording struct{ Text, Language string }

// sides are two transcripts beside each other.
type sides struct {
	Left, Right string
	Rows        []script.Row
}
