package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"baraza/channels"
	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/dsl/graph"
)

//go:embed page
var content embed.FS

// pages are the files of all pages; the tester's is there once for each language.
type pages struct {
	files    map[string]asset.File
	words    map[string]map[string]string
	names    []string // languages of the tester's page, that of the settings first
	matcher  language.Matcher
	template *template.Template
	evidence *template.Template
}

func newPages(s Settings) (p pages, err error) {
	p.files = map[string]asset.File{}
	for name, kind := range map[string]string{"evidence.js": "text/javascript", "evidence.css": "text/css", "try.js": "text/javascript", "try.css": "text/css", "watch.js": "text/javascript",
		"watch.css": "text/css", "start.css": "text/css", "start.html": "text/html", "watch.html": "text/html",
		"edit.js": "text/javascript", "edit-code.js": "text/javascript", "edit-compare.js": "text/javascript",
		"edit-language.js": "text/javascript", "edit-phone.js": "text/javascript", "edit.css": "text/css", "codemirror.js": "text/javascript", "codemirror.txt": "text/plain"} {
		b, err := content.ReadFile("page/" + name)
		if err != nil {
			return p, err
		}
		if name == "watch.css" {
			b = append(b, graph.Style...) // a page with our policy takes no looks from inside a picture
		}
		if p.files[name], err = asset.New(kind+"; charset=utf-8", b); err != nil {
			return p, err
		}
	}
	b, err := content.ReadFile("page/words.json")
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p.words); err != nil {
		return p, err
	}
	for name, words := range p.words {
		for word := range p.words["en"] {
			if words[word] == "" {
				return p, fmt.Errorf("page/words.json has no %q in %q", word, name)
			}
		}
	}
	p.names = slices.Sorted(maps.Keys(p.words))
	first, _, _ := strings.Cut(s.Language, "-")
	if p.words[first] == nil {
		first = "en"
	}
	p.names = slices.Concat([]string{first}, slices.DeleteFunc(p.names, func(n string) bool { return n == first }))
	var all []language.Tag
	for _, name := range p.names {
		all = append(all, language.Make(name))
	}
	p.matcher = language.NewMatcher(all)
	if p.template, err = template.ParseFS(content, "page/try.html"); err != nil {
		return p, err
	}
	p.evidence, err = template.New("evidence.html").Funcs(evidenceWords).ParseFS(content, "page/evidence.html")
	return p, err
}

// best is the language of the address, else the best of those that the browser asks for.
func (p *pages) best(r *http.Request) string {
	var wanted []language.Tag
	if asked := r.URL.Query().Get("lang"); tags.MatchString(asked) {
		wanted = append(wanted, language.Make(asked))
	}
	if accept := r.Header.Get("Accept-Language"); len(accept) <= 200 {
		if more, _, err := language.ParseAcceptLanguage(accept); err == nil {
			wanted = append(wanted, more...)
		}
	}
	_, i, confidence := p.matcher.Match(wanted...)
	if confidence == language.No {
		i = 0
	}
	return p.names[i]
}

// policy is what a page may load and do: what is ours, and nothing written into the page itself. The socket is named
// because older browsers do not count it to 'self'.
func (s *Server) policy(h http.Header, r *http.Request, permissions string) {
	host, sockets := r.Host, "ws://"
	if own := s.settings.Own; own != "" {
		scheme, rest, _ := strings.Cut(own, "://")
		host = rest
		if scheme == "https" {
			sockets = "wss://"
		}
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "+
		"connect-src 'self' "+sockets+host+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func (s *Server) startPage(w http.ResponseWriter, r *http.Request) {
	s.policy(w.Header(), r, "camera=(), microphone=(), geolocation=()")
	s.pages.files["start.html"].ServeHTTP(w, r)
}

func (s *Server) watchPage(w http.ResponseWriter, r *http.Request) {
	s.policy(w.Header(), r, "camera=(), microphone=(), geolocation=()")
	s.pages.files["watch.html"].ServeHTTP(w, r)
}

type choice struct {
	Name, Label string
	Dir         string
	Here        bool
}

type offer struct{ Token, Title, Language, Dir string }

// furtherTests are the banner in languages that the engine speaks and the page does not. A pack in another language has
// the banner in that of the page, which the tester chose.
var furtherTests = map[string]string{
	"fa": "آزمایش – این خدمت واقعی نیست",
	"pt": "TESTE – este não é o serviço real",
	"so": "TIJAABO – kani ma aha adeegga dhabta ah",
}

// tryPage is the tester's page in the best language.
func (s *Server) tryPage(w http.ResponseWriter, r *http.Request) {
	name := s.pages.best(r)
	words := s.pages.words[name]
	var languages []choice
	tests := maps.Clone(furtherTests)
	for _, l := range slices.Sorted(maps.Keys(s.pages.words)) {
		languages = append(languages, choice{l, s.pages.words[l]["name"], channels.Direction(l), l == name})
		tests[l] = s.pages.words[l]["test"]
	}
	own, err := json.Marshal(words)
	also, err2 := json.Marshal(tests)
	if err != nil || err2 != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	err = s.pages.template.Execute(&b, map[string]any{
		"Lang": name, "Dir": channels.Direction(name), "Words": words, "JSON": string(own), "Tests": string(also), "Exit": s.settings.Exit,
		"Base": "/", "Open": s.offers(), "Languages": languages,
		"Devices": []choice{{Name: "full", Label: words["dFull"]}, {Name: "small", Label: words["dSmall"]}, {Name: "large", Label: words["dLarge"]},
			{Name: "text", Label: words["dText"]}, {Name: "no-images", Label: words["dNoImages"]}},
		"Speeds": []choice{{Name: "full", Label: words["cFull"]}, {Name: "3g", Label: words["c3g"]}, {Name: "2g", Label: words["c2g"]},
			{Name: "gprs", Label: words["cGprs"]}, {Name: "offline", Label: words["cOffline"]}},
	})
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	page, err := asset.New("text/html; charset=utf-8", b.Bytes())
	if err != nil {
		socket.Refuse(w, http.StatusInternalServerError)
		return
	}
	s.policy(w.Header(), r, "camera=(), microphone=(self), geolocation=(self)")
	w.Header().Add("Vary", "Accept-Language")
	page.ServeHTTP(w, r)
}

// offers are the rounds that anybody may try.
func (s *Server) offers() []offer {
	s.mu.Lock()
	open := slices.Clone(s.open)
	s.mu.Unlock()
	var all []offer
	for _, o := range open {
		p := s.packOf(o.pack)
		if r, err := s.rounds.Enter(o.token, ""); err == nil && p != nil {
			language := p.version(r.Version).Program.Languages[0]
			all = append(all, offer{o.token, r.Title, language, channels.Direction(language)})
		}
	}
	return all
}
