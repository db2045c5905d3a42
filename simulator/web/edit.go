package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/dsl"
	"baraza/dsl/lsp"
	"baraza/simulator/editor"
	"baraza/simulator/rounds"
)

// The editor's page gets and saves files over HTTP, and has one socket for each pack that is open:
//
//	GET  /edit/packs                    {"may": true, "packs": [{"name", "title", "folder"}]}
//	GET  /edit/files?pack=NAME          {"files": [{"name", "stamp"}]}; a stamp changes when its file does
//	GET  /edit/file?pack=NAME&name=FILE {"name", "text", "hash"}; of a library, "../lib/x.flow", without a hash
//	POST /edit/save                     {"pack", "name", "hash", "text"} → {"hash"}, or 409 with {"says", "theirs"}
//	     /edit/socket?pack=NAME         the Language Server Protocol, a message each, and the phone's phone/talk and
//	                                    phone/shows, which are notifications of the same kind
//
// What is refused has a sentence for the person: {"says": "…"}.

// Folder is where a pack lies, for who edits it.
type Folder struct {
	Path  string // on the disk
	Above fs.FS  // the folder above it, where libraries lie
	Name  string // of the pack's folder, in Above
}

// packsPath stands before a pack's folder in the addresses that the page and the language server know files by:
// file:///packs/ec/menu.flow. Nobody learns where the folder lies on this machine.
const packsPath = "/packs"

// open gives the language server what it reads.
func (f Folder) open(name string) (fs.FS, error) {
	below, ok := strings.CutPrefix(name, packsPath)
	if !ok || f.Above == nil {
		return nil, fs.ErrPermission
	}
	return fs.Sub(f.Above, path.Clean(cmp.Or(strings.TrimPrefix(below, "/"), ".")))
}

// editing opens the folders of the packs that have one.
func (s *Server) editing() error {
	if s.settings.Edit && s.settings.Own != "" {
		return errors.New("files can be changed only by who sits at this machine, so editing cannot be allowed where others can come")
	}
	for _, p := range s.editable() {
		if p.Folder.Path == "" {
			continue
		}
		var err error
		if p.files, err = editor.OpenFiles(p.Folder.Path); err != nil {
			return err
		}
	}
	return nil
}

// editable are all packs, those that cannot run at the end.
func (s *Server) editable() []*pack { return slices.Concat(s.packs, s.broken) }

// toEdit is a pack that can be edited; nil where there is none of the name.
func (s *Server) toEdit(name string) *pack {
	for _, p := range s.editable() {
		if p.Name == name && p.files != nil {
			return p
		}
	}
	return nil
}

// letGo closes what editing opened.
func (s *Server) letGo() (err error) {
	for _, p := range s.editable() {
		if p.files != nil {
			err = errors.Join(err, p.files.Close())
		}
	}
	return err
}

func (s *Server) editRoutes() {
	s.mux.HandleFunc("GET /edit/{$}", s.editPage)
	for _, name := range []string{"edit.js", "edit-code.js", "edit-compare.js", "edit-language.js", "edit-phone.js", "edit.css", "codemirror.js", "codemirror.txt"} {
		s.mux.Handle("GET /edit/"+name, s.pages.files[name])
	}
	s.mux.HandleFunc("GET /edit/packs", s.editPacks)
	s.mux.HandleFunc("GET /edit/files", s.editFiles)
	s.mux.HandleFunc("GET /edit/file", s.editFile)
	s.mux.HandleFunc("POST /edit/save", s.editSave)
	s.mux.HandleFunc("GET /edit/socket", s.editSocket)
}

// editPage differs in each answer by the word that lets the editor's own looks in; scripts and everything else are
// as strict as on the other pages, trusted types too.
func (s *Server) editPage(w http.ResponseWriter, r *http.Request) {
	page, err := template.ParseFS(content, "page/edit.html")
	nonce := s.random()
	var b bytes.Buffer
	if err == nil {
		err = page.Execute(&b, nonce)
	}
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	s.policy(h, r, "camera=(), microphone=(), geolocation=()")
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	asset.Harden(h)
	_, _ = w.Write(b.Bytes())
}

// tell answers with JSON that nobody keeps.
func tell(w http.ResponseWriter, status int, what any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	asset.Harden(h)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what)
}

func says(sentence string) map[string]any { return map[string]any{"says": sentence} }

// edited is the pack that a designer asks for; nil where the answer is given already.
func (s *Server) edited(w http.ResponseWriter, r *http.Request) *pack {
	if !s.designs(r) {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		tell(w, http.StatusUnauthorized, says("You need the link with the key that the simulator printed."))
		return nil
	}
	p := s.toEdit(r.URL.Query().Get("pack"))
	if p == nil {
		tell(w, http.StatusNotFound, says("There is no such pack to edit."))
		return nil
	}
	return p
}

func (s *Server) editPacks(w http.ResponseWriter, r *http.Request) {
	if !s.designs(r) {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		tell(w, http.StatusUnauthorized, says("You need the link with the key that the simulator printed."))
		return
	}
	type packed struct {
		Name   string `json:"name"`
		Title  string `json:"title"`
		Folder string `json:"folder"`
	}
	all := []packed{}
	for _, p := range s.editable() {
		one := packed{p.Name, p.Name, packsPath + "/" + p.Folder.Name}
		if v := p.version(rounds.Draft); v != nil {
			one.Title = v.Program.Title
		}
		if p.files != nil {
			all = append(all, one)
		}
	}
	tell(w, http.StatusOK, map[string]any{"may": s.settings.Edit, "packs": all})
}

func (s *Server) editFiles(w http.ResponseWriter, r *http.Request) {
	p := s.edited(w, r)
	if p == nil {
		return
	}
	names, err := p.files.List()
	if err != nil {
		tell(w, http.StatusInternalServerError, says(fileSentence(err, p.Name)))
		return
	}
	type listed struct {
		Name  string `json:"name"`
		Stamp string `json:"stamp"`
	}
	all := []listed{}
	for _, name := range names {
		all = append(all, listed{name, p.files.Stamp(name)})
	}
	tell(w, http.StatusOK, map[string]any{"files": all})
}

// editFile gives a file of the pack, or one of its libraries as it was compiled, which cannot be saved from here.
func (s *Server) editFile(w http.ResponseWriter, r *http.Request) {
	p := s.edited(w, r)
	if p == nil {
		return
	}
	name := r.URL.Query().Get("name")
	if strings.HasPrefix(name, "../") {
		v := p.version(rounds.Draft)
		var text []byte
		ok := v != nil
		if ok {
			text, ok = v.Source(name)
		}
		if !ok {
			tell(w, http.StatusNotFound, says("This file is in no library of the pack."))
			return
		}
		tell(w, http.StatusOK, editor.Text{Name: name, Text: string(text)})
		return
	}
	text, err := p.files.Read(name)
	if err != nil {
		tell(w, http.StatusUnprocessableEntity, says(fileSentence(err, name)))
		return
	}
	tell(w, http.StatusOK, text)
}

// longestSave is the most bytes of a request to save: a file of the largest size, whatever JSON makes of it.
const longestSave = 4 << 20

// readOnly is what somebody reads who may not save.
const readOnly = "This simulator was started without editing, so nothing is saved. Stop it, and start it again with: baraza demo --edit"

func (s *Server) editSave(w http.ResponseWriter, r *http.Request) {
	if !s.guarded(w, r) {
		return
	}
	// No form of a foreign page can set this header, also where a browser sends no origin.
	if !s.designs(r) || r.Header.Get("X-Baraza") != "edit" {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		socket.Refuse(w, http.StatusForbidden)
		return
	}
	if !s.settings.Edit {
		tell(w, http.StatusForbidden, says(readOnly))
		return
	}
	var asked struct {
		Pack string
		editor.Text
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestSave)).Decode(&asked); err != nil {
		tell(w, http.StatusBadRequest, says("What was sent cannot be read, or is too large to save."))
		return
	}
	p := s.toEdit(asked.Pack)
	if p == nil {
		tell(w, http.StatusNotFound, says("There is no such pack to edit."))
		return
	}
	hash, err := p.files.Save(asked.Name, asked.Hash, asked.Text.Text)
	var conflict *editor.Conflict
	switch {
	case errors.As(err, &conflict):
		tell(w, http.StatusConflict, map[string]any{"says": fileSentence(err, asked.Name), "theirs": conflict.Theirs})
	case err != nil:
		tell(w, http.StatusUnprocessableEntity, says(fileSentence(err, asked.Name)))
	default:
		s.redraw(p)
		tell(w, http.StatusOK, map[string]string{"hash": hash})
	}
}

// fileSentence is what is wrong with a file, without the words of the operating system where we have better ones.
func fileSentence(err error, name string) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "This file, or the folder that it lies in, is not there."
	case errors.Is(err, fs.ErrPermission):
		return "The user that runs the simulator may not do this with the file. Change who owns it, or its permissions."
	case errors.As(err, new(*fs.PathError)):
		return "The disk does not take or give the file: " + err.Error() + "."
	}
	if base := path.Base(name); strings.HasPrefix(err.Error(), name) || strings.HasPrefix(err.Error(), base) { // names stay as they are
		return err.Error() + "."
	}
	return sentence(err)
}

func (s *Server) editSocket(w http.ResponseWriter, r *http.Request) {
	p := s.edited(w, r)
	if p == nil {
		return
	}
	c, ok := s.enter(w, r, editor.Limits)
	if !ok {
		return
	}
	if err := c.Open(w, r); err != nil {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		s.leave(c)
		return
	}
	go func() {
		defer s.leave(c)
		defer c.Finish()
		phone := editor.NewPhone(s.settings.Now(), func(v editor.View) { c.Tell(phoneShows(v)) })
		_ = editor.Serve(context.Background(), c, lsp.Options{
			Open:  p.Folder.open,
			Today: func() string { return s.settings.Now().Format(time.DateOnly) },
			Checked: func(folder string, now *dsl.Result) {
				if folder == packsPath+"/"+p.Folder.Name {
					phone.Changed(now.Program())
				}
			},
		}, phone)
	}()
}
