// Package page is what operators see in a browser: per country what serves, since when and by whom; a bundle that is
// planned, read in words and activated; percentages and conversations as they move; the way back; the emergency stop; who
// did what; and the accounts. Every page is drawn by the server and works without a script; one script reads again what
// moves.
//
// Nothing is decided here. Who asks is in the request (role.Of); what is done goes through the handler of the desk, as a
// command does, so that each change leaves the same record.
package page

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/look"
	"baraza/console/role"
	"baraza/server/desk"
)

// Options are what the pages are made of. Desk is needed.
type Options struct {
	Desk *desk.Desk
	// Behaviour runs the tests of a bundle on itself and on the release that serves its pack; nil: pages say nothing of
	// tests. What it does is bounded by ctx.
	Behaviour func(ctx context.Context, bundle io.ReadSeeker, serves string) (Outcome, error)
	// Accounts are those that administrators see to; nil: there is no page for it.
	Accounts *accounts.Accounts
	Folder   string           // where bundles lie while they are planned; "": the system's for such files
	Now      func() time.Time // nil: the machine's clock
	Log      *slog.Logger     // nil: none
}

// Outcome is what the tests of a bundle say about it.
type Outcome struct {
	Passed int
	Failed []string // titles
	// NotCompared says why what people are told could not be compared with what serves; "" where it was.
	NotCompared string
	Differ      []Conversation
}

// Conversation is a test that goes another way on the release that serves.
type Conversation struct {
	Test string
	Rows []Row
}

// Row is one line of both transcripts. Either side may be empty.
type Row struct {
	Planned, Serves string
	Differs         bool
}

// pages are open for as long as the process is.
type pages struct {
	Options
	desks   map[string]*desk.Client // by country; "" for what belongs to none
	planned *planned
	counts  counts
	looking chan struct{} // holds one for each bundle that is looked at
	script  file
}

// lookedAt is how many bundles are looked at at once.
const lookedAt = 2

// Handler answers for everything below /console/ that is not the accounts' own. It belongs behind accounts.Guard.
func Handler(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &pages{Options: o, desks: map[string]*desk.Client{"": desk.Within(o.Desk.Handler())}, script: script(), looking: make(chan struct{}, lookedAt)}
	p.planned = &planned{folder: o.Folder, now: o.Now, all: map[string]*bundle{}}
	for name := range o.Desk.Countries {
		p.desks[name] = desk.Within(o.Desk.Of(name).Handler())
	}
	mux := http.NewServeMux()
	for _, one := range routes() {
		mux.Handle(one.pattern, p.answer(one))
	}
	mux.Handle("GET "+scriptPath, p.script)
	mux.HandleFunc("/console/", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := role.Of(r.Context())
		p.fails(&visit{w: w, r: r, caller: caller}, &desk.Problem{Status: http.StatusNotFound, Text: say("nothing-here")})
	})
	return mux
}

// A route is one page, or one thing that a page does.
type route struct {
	pattern string
	// asks is the route of the desk by which the page stands: who may ask for that in the country of the address may come
	// (api.May). "": everybody with a role there.
	asks string
	// country tells whether there is one in the address.
	country bool
	serve   func(*pages, *visit) error
	large   bool // what is sent is bounded by serve
}

// mostForm is how many bytes a form may have.
const mostForm = 1 << 20

// routes are all there are. Words that no pack can have stand where a pack's name could.
func routes() []route {
	return []route{
		{"GET /console/{$}", "", false, (*pages).overview, false},
		{"GET /console/audit", "", false, (*pages).records, false},
		{"GET /console/accounts", "", false, (*pages).people, false},
		{"POST /console/accounts", "", false, (*pages).invite, false},
		{"GET /console/accounts/one", "", false, (*pages).oneAccount, false},
		{"POST /console/accounts/one", "", false, (*pages).changeAccount, false},
		{"GET /console/{country}/emergency-stop", "/incident/freeze", true, (*pages).stop, false},
		{"POST /console/{country}/emergency-stop", "/incident/freeze", true, (*pages).stopped, false},
		{"POST /console/{country}/emergency-stop/end", "/incident/unfreeze", true, (*pages).unfrozen, false},
		{"GET /console/{country}/{pack}", "", true, (*pages).status, false},
		{"GET /console/{country}/{pack}/plan", "/release/plan", true, (*pages).upload, false},
		{"POST /console/{country}/{pack}/plan", "/release/plan", true, (*pages).uploaded, true},
		{"GET /console/{country}/{pack}/plan/{bundle}", "/release/plan", true, (*pages).plan, false},
		{"POST /console/{country}/{pack}/plan/{bundle}", "/release/activate", true, (*pages).confirm, false},
		{"POST /console/{country}/{pack}/plan/{bundle}/keep", "/release/keep", true, (*pages).keep, false},
		{"POST /console/{country}/{pack}/plan/{bundle}/activate", "/release/activate", true, (*pages).activate, false},
		{"GET /console/{country}/{pack}/release/{release}", "/release/gates", true, (*pages).kept, false},
		{"POST /console/{country}/{pack}/release/{release}", "/release/activate", true, (*pages).confirmKept, false},
		{"POST /console/{country}/{pack}/release/{release}/activate", "/release/activate", true, (*pages).activateKept, false},
		{"POST /console/{country}/{pack}/release/{release}/approve", "/release/approve", true, (*pages).approve, false},
		{"POST /console/{country}/{pack}/release/{release}/override", "/release/override", true, (*pages).override, false},
		{"GET /console/{country}/{pack}/promote", "/release/promote", true, (*pages).promote, false},
		{"POST /console/{country}/{pack}/promote", "/release/promote", true, (*pages).promoted, false},
		{"GET /console/{country}/{pack}/percent", "/release/activate", true, (*pages).percent, false},
		{"POST /console/{country}/{pack}/percent", "/release/activate", true, (*pages).percentChanged, false},
		{"GET /console/{country}/{pack}/rollback", "/release/rollback", true, (*pages).rollback, false},
		{"POST /console/{country}/{pack}/rollback", "/release/rollback", true, (*pages).rolledBack, false},
	}
}

// visit is one request of somebody who may make it.
type visit struct {
	w             http.ResponseWriter
	r             *http.Request
	caller        role.Caller
	Country, Pack string
	desk          *desk.Client
}

// ctx has who asks, and by which token.
func (v *visit) ctx() context.Context {
	ctx := desk.WithOperator(v.r.Context(), v.caller.Account)
	if v.caller.Token != "" {
		ctx = desk.WithToken(ctx, v.caller.Token)
	}
	return ctx
}

// may tells whether the caller may ask for a route of the desk in the country.
func (v *visit) may(asks string) bool { return api.May(v.caller, v.Country, asks) }

// At is the address of the pack's pages, and of one below it.
func (v *visit) At(below string) string {
	return "/console/" + v.Country + "/" + v.Pack + below
}

// answer asks who is there before anything else: who has no role in a country is not told whether there is one.
func (p *pages) answer(of route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, in := role.Of(r.Context())
		v := &visit{w: w, r: r, caller: caller, Country: r.PathValue("country"), Pack: r.PathValue("pack")}
		if err := p.allowed(of, v, in); err != nil {
			p.fails(v, err)
			return
		}
		v.desk = p.desks[v.Country]
		if r.Method == http.MethodPost && !of.large {
			r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		}
		if err := of.serve(p, v); err != nil {
			p.fails(v, err)
		}
	})
}

func (p *pages) allowed(of route, v *visit, in bool) error {
	switch {
	case !in:
		return &desk.Problem{Status: http.StatusUnauthorized, Text: say("sign-in-first")}
	case !of.country:
		return nil // it shows what the caller may see
	case !v.caller.May(v.Country):
		return &desk.Problem{Status: http.StatusForbidden, Text: say("no-country")}
	case of.asks != "" && !v.may(of.asks):
		return &desk.Problem{Status: http.StatusForbidden, Text: say("no-role-here", v.Country)}
	}
	c, ok := p.Desk.Countries[v.Country]
	if !ok {
		return &desk.Problem{Status: http.StatusNotFound, Text: say("nothing-here")}
	}
	if _, released := c.Released[v.Pack]; v.Pack != "" && !released {
		return &desk.Problem{Status: http.StatusNotFound, Text: say("no-pack", v.Pack, v.Country)}
	}
	return nil
}

// mine are the countries that the caller sees.
func (p *pages) mine(c role.Caller) []string {
	var all []string
	for name := range p.Desk.Countries {
		all = append(all, name)
	}
	return c.Countries(all)
}

// show answers with a page.
func (p *pages) show(v *visit, status int, title, name string, data any) error {
	banner, err := look.Render(drawn, "stops", p.stops(v.caller))
	if err != nil {
		return err
	}
	body, err := look.Render(drawn, name, struct {
		Visit *visit
		Data  any
	}{v, data})
	if err != nil {
		return err
	}
	if status >= http.StatusBadRequest && name != "problem" { // whose own title says it
		title = say("title-wrong", title)
	}
	page := look.Page{Title: title, Caller: v.caller, Here: place(v.r.URL.Path), Body: banner + body}
	if name == "status" || name == "stop" {
		page.Scripts = []string{scriptPath}
	}
	look.Write(v.w, status, page)
	return nil
}

// live answers with the part of a page that its script reads again.
func (p *pages) live(v *visit, name string, data any) error {
	var b bytes.Buffer
	if err := drawn.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = v.w.Write(b.Bytes())
	return nil
}

// isLive tells whether that part is asked for alone.
func (v *visit) isLive() bool { return v.r.URL.Query().Get("part") == "live" }

// place is that of the menu.
func place(path string) string {
	for _, one := range []string{"/console/audit", "/console/accounts"} {
		if path == one || strings.HasPrefix(path, one+"/") {
			return one
		}
	}
	return "/console/"
}

// problem is what a page says that something cannot be done.
type problem struct {
	Text        string
	Back, Where string // where one goes on, and what that is called
}

// fails answers with what is wrong, in words.
func (p *pages) fails(v *visit, err error) {
	status, text := http.StatusInternalServerError, say("failed")
	var known *desk.Problem
	var ofAccount *accounts.Problem
	switch {
	case errors.As(err, &known):
		status, text = known.Status, sentence(known.Text)
	case errors.As(err, &ofAccount):
		status, text = ofAccount.Status, sentence(ofAccount.Text)
	case v.r.Context().Err() != nil:
		return // nobody waits for it any more
	default:
		p.Log.Error("a page of the console failed", "path", v.r.Pattern, "error", err)
	}
	back := problem{text, "/console/", say("all-countries")}
	if v.Pack != "" && v.caller.May(v.Country) {
		back.Back, back.Where = v.At(""), say("to-pack", v.Pack, v.Country)
	}
	if status == http.StatusConflict && v.Pack != "" {
		back.Back, back.Where = cmp.Or(v.again(), back.Back), say("plan-again")
	}
	if err := p.show(v, status, say("title-problem"), "problem", back); err != nil {
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// again is where a change is looked at once more.
func (v *visit) again() string {
	if id := v.r.PathValue("bundle"); id != "" {
		return v.At("/plan/" + id)
	}
	if hash := v.r.PathValue("release"); hash != "" {
		return v.At("/release/" + hash)
	}
	return ""
}

// goTo leads on after something was done, so that reading the page again does not do it again.
func (v *visit) goTo(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// confirmed is what is done to an account once its name was written.
type confirmed struct {
	Page one
	What string
}

// drawn are the pages.
var drawn = template.Must(template.New("").Funcs(template.FuncMap{
	"say": say, "count": count, "short": short, "parts": parts, "sentence": sentence,
	"first": func(all []Conversation) []Conversation { return all[:min(len(all), differsMost)] }, "join": func(all []string) string { return strings.Join(all, ", ") },
	"account": accountPath, "whyOf": whyOf, "confirm": func(page one, what string) confirmed { return confirmed{page, what} },
	"country": func(name string) string {
		if name == role.Everywhere {
			return say("every-country")
		}
		return name
	},
	"day": func(at any) string {
		switch at := at.(type) {
		case *time.Time:
			return at.UTC().Format(time.DateOnly)
		case time.Time:
			return at.UTC().Format(time.DateOnly)
		}
		return ""
	},
}).ParseFS(content, "html/*.html"))
