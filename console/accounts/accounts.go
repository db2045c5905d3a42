// Package accounts says who an operator is: accounts by invitation, sign-in by password and a code of the phone or by
// single sign-on, short sessions, and tokens for programs. It puts a role.Caller into the request and leaves the question
// what they may do to whoever answers it.
//
// Everything is in one file of its own, DATA/console/accounts.db. Passwords, codes, sessions, links and tokens are in it
// as hashes, and the secrets of phones are sealed with the key of the configuration: who copies the file can sign in as
// nobody.
package accounts

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"baraza/console/role"
	"baraza/server/audit"
)

// Options are what accounts need. All but OIDC, OldKeys, Now and Log are needed.
type Options struct {
	Path   string   // of the file
	Public string   // address of the console: "https://chat.example.org"
	Key    [32]byte // seals the secrets of phones, and signs what browsers keep
	// OldKeys open what was sealed before the key was replaced.
	OldKeys [][32]byte
	// Countries are those of the configuration.
	Countries []string
	OIDC      *OIDC // single sign-on; nil: none
	Audit     *audit.Log
	Now       func() time.Time // nil: the machine's clock
	Log       *slog.Logger     // nil: none
}

// OIDC is an identity provider of the organisation.
type OIDC struct {
	Issuer, ClientID string
	ClientSecret     func() (string, error)
	Name             string       // on the button: "Sign in with …"
	HTTP             *http.Client // nil: the network, within bounds
}

// Accounts is safe for concurrent use.
type Accounts struct {
	options Options
}

// ErrNobody: nobody signed in, or no longer.
var ErrNobody = errors.New("nobody signed in")

// Problem is an error that the one who asked can do something about. Its text is for people.
type Problem struct {
	Status int // of HTTP
	Text   string
}

func (p *Problem) Error() string { return p.Text }

// Open opens the file, or begins one.
func Open(o Options) (*Accounts, error) { return &Accounts{options: o}, nil }

// Close gives the file back.
func (a *Accounts) Close() error { return nil }

// Watching is a header, and the name of a part of an address's query, of requests that a page sends by itself. They do
// not keep a session from ending for want of use.
const Watching = "X-Baraza-Watching"

// Caller is who asks: by the cookie of a session, or by a token in "Authorization: Bearer …". ErrNobody: nobody we know.
func (a *Accounts) Caller(r *http.Request) (role.Caller, error) { return role.Caller{}, ErrNobody }

// Guard lets only those in who signed in, puts them into the context (role.Of), refuses requests that a page of another
// site made, and sets the headers of look. For anybody else it answers by itself: pages lead to /console/sign-in, and
// what lies below /api/ answers 401 with {"error": "…"}.
func (a *Accounts) Guard(next http.Handler) http.Handler { return next }

// Pages are those of signing in and of one's own account. They belong at Paths.
func (a *Accounts) Pages() http.Handler { return http.NotFoundHandler() }

// Paths are the patterns at which Pages belong.
var Paths = []string{"/console/sign-in", "/console/code", "/console/sign-out", "/console/invited", "/console/account", "/console/account/", "/console/oidc/"}

// Account is one operator, as others see it: roles in countries which they administer.
type Account struct {
	Name    string                 `json:"name"`
	Email   string                 `json:"email,omitempty"`
	Roles   map[string][]role.Role `json:"roles"` // by country
	SignIn  string                 `json:"sign_in"`
	Created time.Time              `json:"created"`
	Last    *time.Time             `json:"last,omitempty"` // sign-in
	// Open is until when a link of theirs can be used; nil: none is open.
	Open   *time.Time `json:"open,omitempty"`
	Closed *time.Time `json:"closed,omitempty"`
	Tokens []Token    `json:"tokens,omitempty"`
}

// How an account signs in.
const (
	ByNothing  = ""         // the link was not used yet
	ByPassword = "password" // and a code of the phone
	ByOIDC     = "oidc"
)

// Token is a key of a program. It asks in place of an account.
type Token struct {
	Name    string                 `json:"name"`
	Roles   map[string][]role.Role `json:"roles"`
	Created time.Time              `json:"created"`
	Expires time.Time              `json:"expires"`
	Used    *time.Time             `json:"used,omitempty"` // last, to the hour
}

// Invitation is who is to have an account.
type Invitation struct {
	Name  string                 `json:"name"`
	Email string                 `json:"email,omitempty"` // by which single sign-on knows them
	Roles map[string][]role.Role `json:"roles"`
}

// Link is what who was invited opens in a browser, once. It is shown to who invited, and is kept nowhere.
type Link struct {
	Address string    `json:"address"`
	Until   time.Time `json:"until"`
}

// The actions below are those of the caller in the context (role.Of), who is an administrator where it matters and no
// token. Each leaves a record, also one that is refused. Errors are *Problem where the caller can do something.

// Invite makes an account that its owner opens by the link. An administrator of a country invites into it.
func (a *Accounts) Invite(ctx context.Context, in Invitation) (Link, error) { return Link{}, nil }

// Reset takes password, phone, tokens and sessions from an account and gives a new link: for who lost a phone. The caller
// administers every country in which the account has a role.
func (a *Accounts) Reset(ctx context.Context, name string) (Link, error) { return Link{}, nil }

// SetRoles says which roles an account has in one country, or Everywhere; none takes it out of there. Its sessions end.
func (a *Accounts) SetRoles(ctx context.Context, name, country string, roles []role.Role) error {
	return nil
}

// CloseAccount ends an account for ever, with sessions and tokens. Its name is not given again. The caller administers
// every country in which it has a role.
func (a *Accounts) CloseAccount(ctx context.Context, name string) error { return nil }

// Accounts lists those with a role where the caller is administrator, by name.
func (a *Accounts) Accounts(ctx context.Context) ([]Account, error) { return nil, nil }

// NewToken makes a token of the caller's own account and gives it, once. Its roles are some of the caller's and never
// that of an administrator.
func (a *Accounts) NewToken(ctx context.Context, t Token) (secret string, err error) { return "", nil }

// Tokens lists those of the caller's own account.
func (a *Accounts) Tokens(ctx context.Context) ([]Token, error) { return nil, nil }

// RevokeToken ends a token: of the caller's own account, or of one whose roles the caller administers all.
func (a *Accounts) RevokeToken(ctx context.Context, account, token string) error { return nil }
