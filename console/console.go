// Package console joins what operators see from outside: who they are (accounts), the HTTP API (api) and the pages (page).
// cmd puts it on the server's one port and its commands on the control socket.
package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"baraza/console/accounts"
	"baraza/console/look"
	"baraza/server/audit"
	"baraza/server/config"
)

// Options are what a console is made of. Config has the section "console".
type Options struct {
	Config *config.Config
	Audit  *audit.Log
	// API and Page make what answers below /api/ and /console/ for who signed in, from the accounts that both see to; nil:
	// nobody does.
	API, Page func(*accounts.Accounts) http.Handler
	Now       func() time.Time // nil: the machine's clock
	Log       *slog.Logger     // nil: none
}

// Console is open until Close.
type Console struct {
	*accounts.Accounts
	api, page http.Handler
}

// Accounts are the options of the accounts of a configuration.
func Accounts(configuration *config.Config) (a accounts.Options, err error) {
	c := configuration.Console
	if c == nil {
		return a, errors.New("the configuration has no section \"console\"; docs/baraza.example.yaml shows one")
	}
	a = accounts.Options{Path: configuration.Accounts(), Public: configuration.Public, Countries: configuration.CountryNames()}
	if a.Key, err = c.Key.Key(); err != nil {
		return a, fmt.Errorf("the key of the console: %w", err)
	}
	for _, secret := range c.OldKeys {
		key, err := secret.Key()
		if err != nil {
			return a, fmt.Errorf("an old key of the console: %w", err)
		}
		a.OldKeys = append(a.OldKeys, key)
	}
	for _, proxy := range c.Proxies {
		var network netip.Prefix
		if network, err = config.ReadNetwork(proxy); err != nil {
			return a, err
		}
		a.Proxies = append(a.Proxies, network)
	}
	if c.OIDC != nil {
		a.OIDC = &accounts.OIDC{Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret.Read, Name: c.OIDC.Name}
	}
	return a, nil
}

// Open opens the accounts.
func Open(o Options) (*Console, error) {
	a, err := Accounts(o.Config)
	if err != nil {
		return nil, err
	}
	a.Audit, a.Now, a.Log = o.Audit, o.Now, o.Log
	who, err := accounts.Open(a)
	if err != nil {
		return nil, err
	}
	return &Console{who, orNothing(o.API, who), orNothing(o.Page, who)}, nil
}

func orNothing(from func(*accounts.Accounts) http.Handler, who *accounts.Accounts) http.Handler {
	if from == nil {
		return http.NotFoundHandler()
	}
	return from(who)
}

// Mounted are the patterns of the port that the console answers, with what does.
func (c *Console) Mounted() map[string]http.Handler {
	all := map[string]http.Handler{
		"/api/":                 c.Guard(c.api),
		"/console/":             c.Guard(c.page),
		"GET " + look.StylePath: look.Style(),
	}
	for _, path := range accounts.Paths {
		all[path] = c.Pages()
	}
	return all
}
