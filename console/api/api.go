// Package api lets operators and programs ask the desk over HTTP: the same actions as the command line, each in a country in
// which the caller has a role, and those of the whole machine for who has one everywhere. Who asks is known from
// elsewhere (role.Of); here it is decided what they may. An OpenAPI document, made from the same table and types, says
// what can be asked.
//
//	POST /api/v1/countries/{country}/case/list    what the desk calls /case/list, in one country
//	POST /api/v1/machine/store/stats              what belongs to no country
//	POST /api/v1/account/list                     what is done about accounts of operators, for administrators
//	GET  /api/v1/openapi.json                     the document
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server/desk"
)

// Root is where the API lies.
const Root = "/api/v1/"

// Bounds of a request. A bundle has longer, for lines are slow; what is streamed has no end but the reader's patience. A bundle
// may be large, and lies on the disk while it is looked at.
const (
	bodyTime      = 30 * time.Second
	bundleTime    = 10 * time.Minute
	bundlesAtOnce = 2
	answerTime    = 2 * time.Minute
)

// Handler answers for the countries of d and for the accounts. Whoever is before it has to have said who asks (role.With).
// Errors are {"error": "a sentence"}.
func Handler(d *desk.Desk, who *accounts.Accounts, log *slog.Logger) http.Handler {
	a := &api{countries: map[string]http.Handler{}, machine: d.Handler(), routes: routes(), accounts: who, document: Document(), log: log, now: d.Clock.Now,
		bundles: make(chan struct{}, bundlesAtOnce)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	for name := range d.Countries {
		a.countries[name] = d.Of(name).Handler()
	}
	return a
}

type api struct {
	countries map[string]http.Handler // desks of one country each
	machine   http.Handler
	routes    map[string]desk.Route
	accounts  *accounts.Accounts
	document  []byte
	log       *slog.Logger
	now       func() time.Time
	pace      pace
	bundles   chan struct{} // those that are looked at
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	caller, ok := role.Of(r.Context())
	if !ok || caller.Account == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="baraza"`)
		refuse(w, http.StatusUnauthorized, "sign in, or send a token: Authorization: Bearer TOKEN")
		return
	}
	leave, wait := a.pace.enter(caller.Account, a.now())
	if leave == nil {
		w.Header().Set("Retry-After", fmt.Sprint(wait))
		refuse(w, http.StatusTooManyRequests, "this is more than one account may ask at once; ask again a little later")
		return
	}
	defer leave()
	rest, ok := strings.CutPrefix(r.URL.Path, Root)
	where, route, _ := strings.Cut(rest, "/")
	switch {
	case ok && where == "countries":
		country, route, _ := strings.Cut(route, "/")
		a.country(w, r, caller, country, "/"+route)
	case ok && where == "machine":
		a.ask(w, r, caller, role.Everywhere, "/"+route, a.machine)
	case ok && where == "account":
		a.account(w, r, caller, "/"+rest)
	case ok && rest == "openapi.json" && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.document)
	default:
		refuse(w, http.StatusNotFound, "there is nothing here; "+Root+"openapi.json says what can be asked")
	}
}

// country asks the desk of a country. Whether there is one is told to those alone who would have a role there.
func (a *api) country(w http.ResponseWriter, r *http.Request, caller role.Caller, country, route string) {
	h, known := a.countries[country]
	if !known && caller.May(role.Everywhere) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is no country %q; the countries are %s", country, strings.Join(slices.Sorted(maps.Keys(a.countries)), ", ")))
		return
	}
	if !known {
		h, country = http.NotFoundHandler(), "" // in which nobody has a role
	}
	a.ask(w, r, caller, country, route, h)
}

// ask has a desk answer a caller who may ask it. country is role.Everywhere for the whole machine.
func (a *api) ask(w http.ResponseWriter, r *http.Request, caller role.Caller, country, path string, h http.Handler) {
	route, known := a.routes[path]
	switch {
	case country == "" || !caller.May(country):
		a.forbid(w, caller, path)
		return
	case !known || roles(country, path) == nil:
		refuse(w, http.StatusNotFound, "there is nothing here; "+Root+"openapi.json says what can be asked")
		return
	case !May(caller, country, path):
		a.forbid(w, caller, path)
		return
	}
	limit := bodyTime
	if route.Takes != "" {
		limit = bundleTime
		select {
		case a.bundles <- struct{}{}:
			defer func() { <-a.bundles }()
		default:
			refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d bundles are looked at just now; ask again in a minute", bundlesAtOnce))
			return
		}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit)) // where there is a line
	ctx := desk.WithOperator(r.Context(), caller.Account)
	if caller.Token != "" {
		ctx = desk.WithToken(ctx, caller.Token)
	}
	if route.Gives == "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, answerTime)
		defer cancel()
	}
	asked := r.Clone(ctx)
	asked.URL.Path, asked.URL.RawPath, asked.URL.RawQuery = path, "", ""
	asked.Header.Del(desk.OperatorHeader)
	asked.Header.Del(desk.CountryHeader) // the address says it
	h.ServeHTTP(w, asked)
}

// account has the accounts answer a caller who may ask them for something.
func (a *api) account(w http.ResponseWriter, r *http.Request, caller role.Caller, path string) {
	route, known := ofAccounts(path)
	switch {
	case !caller.MaySomewhere(role.Administrator, role.Offboarding):
		a.forbid(w, caller, path)
	case !known:
		refuse(w, http.StatusNotFound, "there is nothing here; "+Root+"openapi.json says what can be asked")
	case !route.For(caller):
		a.forbid(w, caller, path)
	default:
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // where there is a line
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		a.accounts.Answer(route).ServeHTTP(w, r.WithContext(ctx))
	}
}

// ofAccounts is the route of accounts with a path.
func ofAccounts(path string) (accounts.Route, bool) {
	for _, route := range accounts.Routes() {
		if route.Path == path {
			return route, true
		}
	}
	return accounts.Route{}, false
}

// forbid says the same of a country that there is and of one that there is not.
func (a *api) forbid(w http.ResponseWriter, caller role.Caller, path string) {
	_, known := a.routes[path]
	route, ofAccounts := ofAccounts(path)
	if known || ofAccounts { // else it may be anything that somebody typed
		a.log.Warn("refused over HTTP for want of a role", "who", caller.Name(), "command", path)
	}
	text := "this account has no role that may do this here"
	switch {
	case caller.Token == "" || !ofAccounts:
	case route.Tokens:
		text = "a token needs the right offboarding for this, which an administrator gives to one of their own"
	default:
		text = "a token never has the role of an administrator; sign in for this, or run baraza account on the machine"
	}
	refuse(w, http.StatusForbidden, text)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}
