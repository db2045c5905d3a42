// Package look is how the console's pages look: one layout, one style sheet, and the headers that every answer has. The
// pages of accounts and those of operators share it, and nothing else.
package look

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"html/template"
	"net/http"

	"baraza/console/role"
)

//go:embed look.css
var css []byte

//go:embed look.html
var html string

// StylePath is where the style sheet is. It changes with every change of it, so that browsers may keep it.
var StylePath = "/console/look/" + hash(css) + ".css"

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Style answers for the style sheet, at StylePath.
func Style() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(css)
	})
}

// Page is one page of the console.
type Page struct {
	// Title is the page's heading, and what a browser calls it. Where the page says that something is wrong, so does
	// the title, for those who hear it first.
	Title string
	// Caller is who signed in; without one there is no menu.
	Caller role.Caller
	// Here is the place of the menu that this page belongs to, such as "/console/".
	Here string
	Body template.HTML // of html/template; see Render
	// Narrow is for a page with one small form.
	Narrow bool
	// Scripts are addresses of modules on this origin. Every page works without them.
	Scripts []string
	// Refresh is what a browser does by itself: "5" to read the page again, "0;url=/console/" to go on.
	Refresh string
}

// A place of the menu is seen by who has one of the roles somewhere; without roles by everybody.
type place struct {
	path, text string
	roles      []role.Role
}

var places = []place{
	{"/console/", "releases", nil},
	{"/console/accounts", "accounts", []role.Role{role.Administrator}},
	{"/console/audit", "audit", []role.Role{role.Auditor}},
}

type link struct {
	Path, Text string
	Here       bool
}

func menu(c role.Caller, here string) (links []link) {
	for _, p := range places {
		for country := range c.Roles {
			if c.May(country, p.roles...) {
				links = append(links, link{p.path, Words[p.text], p.path == here})
				break
			}
		}
	}
	return links
}

// Words are those of the layout, in English; another language is another table.
var Words = map[string]string{
	"skip": "Go to the content", "menu": "Console", "signed-in": "Signed in as", "sign-out": "Sign out",
	"releases": "What serves", "accounts": "Accounts", "audit": "Who did what",
}

var layout = template.Must(template.New("look").Funcs(template.FuncMap{"say": func(key string) string { return Words[key] }}).Parse(html))

// Write answers with a page.
func Write(w http.ResponseWriter, status int, p Page) {
	var b bytes.Buffer
	err := layout.Execute(&b, struct {
		Page
		Lang, Dir, Style string
		Menu             []link
	}{p, "en", "ltr", StylePath, menu(p.Caller, p.Here)})
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// Render is what a template makes of data, as the body of a page.
func Render(t *template.Template, name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil // html/template has escaped it
}

// Policy is what a browser may load for our pages: no script or style in the page itself, nothing from elsewhere, and no
// page of others around ours.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers sets what every answer of the console has. secure: it is reached by https.
func Headers(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
