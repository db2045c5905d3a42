package fake

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

//go:embed web
var web embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"looks": looks,
	"pair": func(v view, m Message) any {
		return struct {
			View    view
			Message Message
		}{v, m}
	},
}).ParseFS(web, "web/*.html"))

// marked are WhatsApp's marks: a pair that touches what it encloses, with nothing of a word around it.
var marked = []struct {
	pair *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`(^|[^\pL\pN*])\*([^\s*](?:[^*\n]*[^\s*])?)\*($|[^\pL\pN*])`), "$1<b>$2</b>$3"},
	{regexp.MustCompile(`(^|[^\pL\pN_/])_([^\s_](?:[^_\n]*[^\s_])?)_($|[^\pL\pN_])`), "$1<i>$2</i>$3"},
	{regexp.MustCompile(`(^|[^\pL\pN~])~([^\s~](?:[^~\n]*[^\s~])?)~($|[^\pL\pN~])`), "$1<s>$2</s>$3"},
}

// looks shows a text as the phone does. It is escaped first, so that nothing in it is markup of the page.
func looks(text string) template.HTML {
	shown := template.HTMLEscapeString(text)
	for _, m := range marked {
		shown = m.pair.ReplaceAllString(shown, m.as)
	}
	return template.HTML(shown)
}

// view is what the page shows.
type view struct {
	Person   string
	Name     string
	Number   *Number
	Numbers  []*Number
	People   []Person
	Messages []Message
	Types    map[string]string // first half of the MIME type of each medium that is still there
	Typing   bool
	Problem  string
}

// Business is the number as its readers know it: by its label, where it has one.
func (v view) Business() string { return cmp.Or(v.Number.Label, v.Number.Display) }

// Query chooses the same person and number again.
func (v view) Query() string {
	return url.Values{"person": {v.Person}, "number": {v.Number.ID}}.Encode()
}

// AsksPlace tells whether this message asks for a place, and is the last.
func (v view) AsksPlace(m Message) bool {
	return m.Kind == "interactive/location_request_message" && v.Messages[len(v.Messages)-1].ID == m.ID
}

// routePage adds the page on which one chats as a phone. It asks nothing of any other host, and all its addresses are
// relative, so that it works under any prefix that was stripped before.
func (s *Server) routePage() {
	guard := http.NewCrossOriginProtection() // no other site may write in somebody's name
	page := func(pattern string, handle http.HandlerFunc) {
		s.mux.Handle(pattern, guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			r.Body = http.MaxBytesReader(w, r.Body, formBytes)
			handle(w, r)
		})))
	}
	page("GET /phone", func(w http.ResponseWriter, r *http.Request) { s.showPage(w, r, "page") })
	page("GET /phone/messages", func(w http.ResponseWriter, r *http.Request) { s.showPage(w, r, "messages") })
	page("GET /phone/changes", s.changes)
	page("POST /phone/write", s.act(func(p *Phone, r *http.Request) error {
		if words := strings.TrimSpace(r.PostFormValue("text")); words != "" {
			p.Write(words)
		}
		return nil
	}))
	page("POST /phone/tap", s.act(func(p *Phone, r *http.Request) error {
		_, err := p.TapOn(r.PostFormValue("message"), r.PostFormValue("option"))
		return err
	}))
	page("POST /phone/place", s.act(sharePlace))
	page("POST /phone/file", s.act(shareFile))
	page("GET /phone/medium", s.showMedium)
	page("GET /phone/style.css", asset("web/style.css", "text/css; charset=utf-8"))
	page("GET /phone/script.js", asset("web/script.js", "text/javascript; charset=utf-8"))
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { redirect(w, "phone", http.StatusFound) })
}

// redirect leads to an address relative to the one that was asked for. http.Redirect would make it one from the root,
// where nothing of this server may be.
func redirect(w http.ResponseWriter, to string, status int) {
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}

func asset(name, kind string) http.HandlerFunc {
	data, err := web.ReadFile(name)
	if err != nil {
		panic(err) // unreachable: the file is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data)
	}
}

// chosen is the phone and the number of the business that the page is about.
func (s *Server) chosen(r *http.Request) (*Phone, error) {
	person := strings.ReplaceAll(strings.TrimSpace(r.FormValue("person")), " ", "")
	if cookie, err := r.Cookie(visitor); person == "" && err == nil {
		person = cookie.Value
	}
	var p *Phone
	switch {
	case person == "":
		p = s.Phone(s.newNumber())
	case phone.like.MatchString(person):
		p = s.Phone(person)
	case scopedID.like.MatchString(person):
		p = s.Meet(s.byUserID(person))
	default:
		return nil, fmt.Errorf("%q is not %s, and not %s such as EC.13491208655302741918", person, phone.says, scopedID.says)
	}
	if id := r.FormValue("number"); id != "" {
		if s.number(id) == nil {
			return nil, fmt.Errorf("the business has no number with the id %q", id)
		}
		p = p.With(id)
	}
	return p, nil
}

// visitor is the cookie that remembers who somebody was on the page. It has no path of its own, so that it is good for
// the page alone, under whatever prefix that is.
const visitor = "baraza_phone"

// areas are codes in which the numbers from 555-0100 to 555-0199 are kept for fiction.
var areas = []string{"202", "206", "212", "303", "305", "312", "313", "404", "415", "503", "512", "602", "617", "702", "713"}

// newNumber is one for a new visitor: nobody's so far, unless more than a thousand have come.
func (s *Server) newNumber() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := ""
	for range 100 {
		number = fmt.Sprintf("+1%s55501%02d", areas[rand.IntN(len(areas))], rand.IntN(100))
		if s.byPhone[number] == nil {
			break
		}
	}
	return number
}

func (s *Server) byUserID(id string) Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	if who, known := s.byUser[id]; known {
		return who.Person
	}
	return Person{UserID: id}
}

func (p *Phone) name() string {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	if p.who.Phone != "" {
		return p.who.Phone
	}
	return p.who.UserID
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request, name string) {
	v := view{Numbers: s.numbers, Number: s.numbers[0], Person: r.FormValue("person"), Problem: r.FormValue("problem")}
	status := http.StatusOK
	p, err := s.chosen(r)
	if err != nil {
		v.Problem, status = err.Error(), http.StatusBadRequest
	} else {
		v.Person, v.Number, v.Messages, v.Typing = p.name(), p.number, p.Messages(), p.Typing()
		v.Types = s.types(v.Messages)
		http.SetCookie(w, &http.Cookie{Name: visitor, Value: v.Person, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	v.People = s.People()
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name+".html", v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

func (s *Server) types(all []Message) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	types := map[string]string{}
	for i := range all {
		if m := s.media[all[i].Media]; m != nil {
			types[m.id], _, _ = strings.Cut(m.kind, "/")
		}
	}
	return types
}

// act does what a form asks for and shows the page again; the script of the page ignores where it is sent.
func (s *Server) act(do func(p *Phone, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			http.Error(w, "The file is too large: "+err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		p, err := s.chosen(r)
		back := url.Values{"person": {r.FormValue("person")}, "number": {r.FormValue("number")}}
		if err == nil {
			err = do(p, r)
		}
		if err != nil {
			back.Set("problem", err.Error())
		}
		redirect(w, "../phone?"+back.Encode(), http.StatusSeeOther)
	}
}

// changes is a stream of events, one for each change of anything.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	for {
		changed := s.Changed()
		if _, err := io.WriteString(w, "data: changed\n\n"); err != nil || stream.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
