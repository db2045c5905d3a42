package webchat

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"baraza/channels"
	"baraza/channels/asset"
	"baraza/channels/socket"
)

//go:embed web
var web embed.FS

// pages are all files of the page; the frame is there once for each language.
type pages struct {
	loader, script, style asset.File
	frames                map[string]asset.File
	names                 []string // languages of frames, that of the settings first
	matcher               language.Matcher
}

func newPages(s Settings) (p pages, err error) {
	read := func(name, kind string) asset.File {
		b, failure := web.ReadFile("web/" + name)
		a, packing := asset.New(kind, b)
		for _, e := range []error{failure, packing} {
			if e != nil && err == nil {
				err = e
			}
		}
		return a
	}
	p.loader = read("chat.js", "text/javascript; charset=utf-8")
	p.script = read("frame.js", "text/javascript; charset=utf-8")
	p.style = read("frame.css", "text/css; charset=utf-8")
	if err != nil {
		return p, err
	}
	b, err := fs.ReadFile(web, "web/frame.html")
	if err != nil {
		return p, err
	}
	frame, err := template.New("frame").Parse(string(b))
	if err != nil {
		return p, err
	}
	wordings, err := readWords()
	if err != nil {
		return p, err
	}
	p.names = slices.Sorted(maps.Keys(wordings))
	first, _, _ := strings.Cut(s.Language, "-")
	if wordings[first] == nil {
		first = "en"
	}
	slices.SortStableFunc(p.names, func(a, b string) int { return order(a == first) - order(b == first) })
	p.frames = map[string]asset.File{}
	var tags []language.Tag
	for _, name := range p.names {
		a, err := framed(frame, name, wordings[name], s)
		if err != nil {
			return p, err
		}
		p.frames[name] = a
		tags = append(tags, language.Make(name))
	}
	p.matcher = language.NewMatcher(tags)
	return p, nil
}

func order(first bool) int {
	if first {
		return 0
	}
	return 1
}

// readWords reads the words of the page by language; every language has all of them.
func readWords() (map[string]map[string]string, error) {
	b, err := web.ReadFile("web/words.json")
	if err != nil {
		return nil, err
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	for name, words := range all {
		for word := range all["en"] {
			if words[word] == "" {
				return nil, fmt.Errorf("web/words.json has no %q in %q", word, name)
			}
		}
	}
	return all, nil
}

func framed(frame *template.Template, name string, words map[string]string, s Settings) (asset.File, error) {
	own, err := json.Marshal(words)
	if err != nil {
		return asset.File{}, err
	}
	title := s.Title
	if title == "" {
		title = words["chat"]
	}
	var b bytes.Buffer
	if err := frame.Execute(&b, map[string]any{"Lang": name, "Dir": channels.Direction(name), "Title": title, "Words": words,
		"JSON": string(own), "Exit": s.Exit, "Most": textUnits}); err != nil {
		return asset.File{}, err
	}
	return asset.New("text/html; charset=utf-8", b.Bytes())
}

// frame serves the page in the language of its address, else the best of those that the browser asks for.
func (c *Channel) frame(w http.ResponseWriter, r *http.Request) {
	host, sockets := r.Host, "ws://"
	if own := c.settings.Own; own != "" {
		scheme, rest, _ := strings.Cut(own, "://")
		host = rest
		if scheme == "https" {
			sockets = "wss://"
		}
	} else if !socket.IsLoopback(host) {
		socket.Refuse(w, http.StatusMisdirectedRequest)
		return
	}
	h := w.Header()
	// The socket is named because older browsers do not count it to 'self'.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "+
		"connect-src 'self' "+sockets+host+"; base-uri 'none'; form-action 'none'; "+
		"require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors "+c.ancestors())
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
	h.Add("Vary", "Accept-Language")
	c.pages.frames[c.pages.best(r)].ServeHTTP(w, r)
}

func (p *pages) best(r *http.Request) string {
	var wanted []language.Tag
	if asked := r.URL.Query().Get("lang"); tags.MatchString(asked) {
		wanted = append(wanted, language.Make(asked))
	}
	if accept := r.Header.Get("Accept-Language"); len(accept) <= 200 {
		more, _, err := language.ParseAcceptLanguage(accept)
		if err == nil {
			wanted = append(wanted, more...)
		}
	}
	_, i, confidence := p.matcher.Match(wanted...)
	if confidence == language.No {
		i = 0
	}
	return p.names[i]
}

// ancestors are the sites that may show the page in theirs.
func (c *Channel) ancestors() string {
	if c.settings.Own == "" && len(c.settings.Origins) == 0 {
		return "http://localhost:* http://127.0.0.1:*"
	}
	return strings.Join(c.settings.Origins, " ")
}
