package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"baraza/channels/socket"
	"baraza/simulator/rounds"
)

// A sessionView is one session: its transcript, what the draft says in its place, and what it is as a test.
type sessionView struct {
	comparison
	Round rounds.Round
	Draft draft
	Test  kept // as it was
	Now   kept // as the draft has it, where that is another one
	// Writes says that blessing writes into the pack's folder.
	Writes bool
}

// kept is a session as a test, or why it is none.
type kept struct {
	*rounds.Block
	Says    string
	Changed bool // since the draft says something else
}

// asWas is a session as a test that passes.
func (d *draft) asWas(s *rounds.Session) kept { return keep(rounds.TestBlock(s, d.checked, d.files)) }

// asNow is a session as a test of what the draft says in it.
func (d *draft) asNow(s *rounds.Session) kept {
	now, err := rounds.Replayed(s, d.checked.Program())
	if err != nil {
		return keep(nil, err)
	}
	return d.asWas(now)
}

func keep(b *rounds.Block, err error) kept {
	if err != nil {
		return kept{Says: sentence(err), Changed: errors.Is(err, rounds.ErrChanged)}
	}
	return kept{Block: b}
}

// Answers are the files that a test reads, by name.
func (k kept) Answers() []string {
	var all []string
	for name := range k.Files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func (s *Server) sessionPage(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	one, err := s.rounds.Session(r.URL.Query().Get("session"))
	if err != nil {
		none(w, r, err)
		return
	}
	of, err := s.rounds.Round(one.Round)
	if err != nil {
		none(w, r, err)
		return
	}
	d := s.draftOf(one.Pack)
	page := &sessionView{comparison: d.compare(&one), Round: of, Draft: d, Writes: s.writes(one.Pack, r)}
	if page.Says == "" {
		page.Test = d.asWas(&one)
		if page.Now = d.asNow(&one); page.Now.Block != nil && page.Test.Block != nil && page.Now.Text == page.Test.Text {
			page.Now = kept{}
		}
	}
	s.show(w, r, "session", page)
}

// writes tells whether a page may write into the folder of a pack: on this machine alone, where the simulator was
// started so.
func (s *Server) writes(pack string, r *http.Request) bool {
	p := s.packOf(pack)
	return p != nil && p.Folder.Path != "" && s.settings.Edit && s.settings.Own == "" && socket.IsLoopback(r.RemoteAddr)
}

// testFile is a session as a file of tests, or an answer of a service that the tests read.
func (s *Server) testFile(w http.ResponseWriter, r *http.Request) {
	if !s.reads(w, r) {
		return
	}
	asked := r.URL.Query()
	one, err := s.rounds.Session(asked.Get("session"))
	if err != nil {
		none(w, r, err)
		return
	}
	d := s.draftOf(one.Pack)
	if d.checked == nil {
		http.NotFound(w, r)
		return
	}
	test := d.asWas(&one)
	if asked.Get("as") == "now" {
		test = d.asNow(&one)
	}
	if test.Block == nil {
		http.Error(w, test.Says, http.StatusConflict)
		return
	}
	name := asked.Get("file")
	text, ok := test.Files[name]
	switch {
	case name == "" || name == test.Name:
		name, text = test.Name, test.Text
	case !ok:
		http.NotFound(w, r)
		return
	}
	kind := "text/plain"
	if strings.HasSuffix(name, ".json") {
		kind = "application/json"
	}
	download(w, kind, path.Base(name), []byte(text))
}

// bless keeps a session as a test of what the draft that the designer has seen says in it.
func (s *Server) bless(w http.ResponseWriter, r *http.Request) {
	if !s.guarded(w, r) || !s.reads(w, r) {
		return
	}
	var asked struct{ Session, Version string }
	if r.Header.Get("X-Baraza") != "watch" || json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&asked) != nil {
		socket.Refuse(w, http.StatusForbidden)
		return
	}
	one, err := s.rounds.Session(asked.Session)
	if err != nil {
		none(w, r, err)
		return
	}
	d := s.draftOf(one.Pack)
	switch {
	case d.checked == nil:
		tell(w, http.StatusConflict, says("The simulator was started without this pack."))
		return
	case d.Says != "":
		tell(w, http.StatusConflict, says("The pack has errors; correct them first: "+d.Says))
		return
	case d.Version != asked.Version:
		tell(w, http.StatusConflict, says("The draft has changed since this page was loaded. Load it again and look before you bless."))
		return
	}
	block, err := s.rounds.Bless(one.ID, d.checked, d.files)
	if err != nil {
		tell(w, http.StatusConflict, says(sentence(err)))
		return
	}
	if !s.writes(one.Pack, r) {
		tell(w, http.StatusOK, says("The session is marked as blessed. Now download the test and put it into the pack's folder as "+placeOf(block)+"; baraza test runs it from then on."))
		return
	}
	if err := block.Save(s.packOf(one.Pack).Folder.Path); err != nil {
		tell(w, http.StatusInternalServerError, says("The session is marked as blessed, but its test could not be written into the pack's folder. Download it and put it there as "+placeOf(block)+"."))
		return
	}
	written := block.Name + " is written into the pack's folder; baraza test runs it."
	for _, left := range block.Left {
		written += " " + left + " The test ends before that."
	}
	tell(w, http.StatusOK, says(written))
}

// placeOf are the names that the files of a test have in the pack's folder.
func placeOf(b *rounds.Block) string {
	return strings.Join(append([]string{b.Name}, kept{Block: b}.Answers()...), " and ")
}
