package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"

	"baraza/console/role"
)

// Route is one thing that can be asked about accounts: on the control socket and over the HTTP API, by POST with a JSON
// object. Who asks is in the context (role.Of).
type Route struct {
	Path string
	// Does says in one sentence what it is for.
	Does string
	// Changes tells those that change something from those that show. Each leaves a record, also one that is refused.
	Changes bool
	// Tokens tells those that a token with the right role.Offboarding may ask for.
	Tokens bool
	// In and Out are what the JSON of the request and of the answer is made from.
	In, Out reflect.Type
	serve   func(*Accounts, http.ResponseWriter, *http.Request) (any, error)
}

// Routes are all there are, in the order of the manual.
func Routes() []Route {
	return []Route{
		asked("/account/invite", "Make an account, and give the link with which its owner opens it.", (*Accounts).Invite).changes(),
		asked("/account/list", "List accounts, with their roles in countries of the caller.", func(a *Accounts, ctx context.Context, _ Done) (List, error) {
			all, err := a.Accounts(ctx)
			return List{all}, err
		}).tokens(),
		asked("/account/roles", "Say which roles an account has in a country.", func(a *Accounts, ctx context.Context, in RolesIn) (Done, error) {
			return Done{}, a.SetRoles(ctx, in.Name, in.Country, in.Roles)
		}).changes(),
		asked("/account/reset", "Let who lost a phone or a password begin anew, and give the link.", func(a *Accounts, ctx context.Context, in Named) (Link, error) {
			return a.Reset(ctx, in.Name)
		}).changes(),
		asked("/account/close", "Close an account for ever.", func(a *Accounts, ctx context.Context, in Named) (Done, error) {
			return Done{}, a.CloseAccount(ctx, in.Name)
		}).changes().tokens(),
		asked("/account/end-token", "End a token of an account.", func(a *Accounts, ctx context.Context, in TokenOf) (Done, error) {
			return Done{}, a.RevokeToken(ctx, in.Name, in.Token)
		}).changes(),
	}
}

func (r Route) changes() Route { r.Changes = true; return r }
func (r Route) tokens() Route  { r.Tokens = true; return r }

// For tells whether a caller can ask for it at all; about whom, the action itself says.
func (r Route) For(c role.Caller) bool {
	if c.Token != "" {
		return r.Tokens && c.MaySomewhere(role.Offboarding)
	}
	return c.MaySomewhere(role.Administrator)
}

// Named is a request about one account.
type Named struct {
	Name string `json:"name"`
}

// RolesIn says which roles an account has in a country.
type RolesIn struct {
	Name    string      `json:"name"`
	Country string      `json:"country"`
	Roles   []role.Role `json:"roles"`
}

// TokenOf is a token of an account.
type TokenOf struct {
	Name  string `json:"name"` // of the account
	Token string `json:"token"`
}

// List are accounts.
type List struct {
	Accounts []Account `json:"accounts"`
}

// Done is the answer that has nothing to say.
type Done struct{}

// mostBody is what can be asked at once.
const mostBody = 64 << 10

func asked[In, Out any](path, does string, do func(*Accounts, context.Context, In) (Out, error)) Route {
	return Route{Path: path, Does: does, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out](),
		serve: func(a *Accounts, w http.ResponseWriter, r *http.Request) (any, error) {
			var in In
			if err := readBody(w, r, &in); err != nil {
				return nil, err
			}
			return do(a, r.Context(), in)
		}}
}

// Answer answers for a route. Errors are {"error": "a sentence"}.
func (a *Accounts) Answer(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		out, err := route.serve(a, w, r)
		if err != nil {
			status, text := http.StatusInternalServerError, "something went wrong here, and nothing was changed; try again"
			var p *Problem
			switch {
			case errors.As(err, &p):
				status, text = p.Status, p.Text
			case onMachine(r.Context()):
				text = err.Error()
			}
			if status >= http.StatusInternalServerError {
				a.log.Error("an operator's command failed", "command", route.Path, "error", err)
			}
			w.WriteHeader(status)
			out = map[string]string{"error": text}
		}
		_ = json.NewEncoder(w).Encode(out)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, in any) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &Problem{http.StatusMethodNotAllowed, "ask by POST"}
	}
	// A page of a site cannot send this type to another site without asking.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &Problem{http.StatusUnsupportedMediaType, "send application/json, and say so in Content-Type"}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(in)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return &Problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than %d bytes", mostBody)}
	case err != nil:
		return &Problem{http.StatusBadRequest, "the request is not the JSON that is expected: " + err.Error()}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &Problem{http.StatusBadRequest, "the request has more than one JSON value"}
	}
	return nil
}
