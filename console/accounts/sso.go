package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.etcd.io/bbolt"
	"golang.org/x/oauth2"

	"baraza/console/look"
	"baraza/server/audit"
)

// ssoBack is where the identity provider leads back to.
const ssoBack = "/console/oidc/back"

// Bounds of talking with the identity provider.
const (
	ssoTime  = 10 * time.Second
	ssoBytes = 1 << 20
	ssoLives = 10 * time.Minute // from leaving to coming back
)

// provider is the organisation's login. It is asked who it is at the first sign-in, so that a process starts while it is
// away.
type provider struct {
	OIDC
	back  string
	mu    sync.Mutex
	known *oidc.Provider
}

func newProvider(o OIDC, back string) *provider {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	client := *o.HTTP
	client.Timeout = ssoTime
	client.Transport = short{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &client
	if o.Name == "" {
		o.Name = "single sign-on"
	}
	return &provider{OIDC: o, back: back}
}

// short bounds what is read of an answer.
type short struct{ next http.RoundTripper }

func (s short) RoundTrip(r *http.Request) (*http.Response, error) {
	next := s.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, ssoBytes), response.Body}
	}
	return response, err
}

// discovered is the provider once it has answered. Its keys are fetched with the same client later.
func (p *provider) discovered(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	known, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.HTTP), p.Issuer)
	if err != nil {
		return nil, err
	}
	p.known = known
	return known, nil
}

func (p *provider) config(known *oidc.Provider) (*oauth2.Config, error) {
	secret, err := p.ClientSecret()
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: secret, Endpoint: known.Endpoint(), RedirectURL: p.back,
		Scopes: []string{oidc.ScopeOpenID, "email"}}, nil
}

// ssoName is what stands on the button; "" where there is none.
func (a *Accounts) ssoName() string {
	if a.sso == nil {
		return ""
	}
	return a.sso.Name
}

// away is what a browser keeps on the way to the provider and back.
type away struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	To       string    `json:"to"`
	Link     string    `json:"l,omitempty"`
	At       time.Time `json:"t"`
}

// ssoGo leads to the provider.
func (a *Accounts) ssoGo(w http.ResponseWriter, r *http.Request) {
	if a.sso == nil {
		a.say(w, r, http.StatusNotFound, word("sso-off"))
		return
	}
	known, err := a.sso.discovered(r.Context())
	var config *oauth2.Config
	if err == nil {
		config, err = a.sso.config(known)
	}
	if err != nil {
		a.log.Error("the identity provider does not answer", "error", err)
		a.say(w, r, http.StatusBadGateway, word("sso-down"))
		return
	}
	on := away{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: local(r.FormValue("to")), At: a.now()}
	if r.FormValue("invited") != "" {
		on.Link = a.cookie(r, linkCookie)
	}
	sealed, err := a.keys.give(ssoCookie, on)
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	// Lax, since the way back begins at another site.
	a.setCookie(w, ssoCookie, sealed, ssoLives, http.SameSiteLaxMode)
	http.Redirect(w, r, config.AuthCodeURL(on.State, oidc.Nonce(on.Nonce), oauth2.S256ChallengeOption(on.Verifier)), http.StatusSeeOther)
}

// ssoReturn takes who comes back from the provider.
func (a *Accounts) ssoReturn(w http.ResponseWriter, r *http.Request) {
	if a.sso == nil {
		a.say(w, r, http.StatusNotFound, word("sso-off"))
		return
	}
	var on away
	q := r.URL.Query()
	held := a.keys.take(ssoCookie, a.cookie(r, ssoCookie), &on)
	a.dropCookie(w, ssoCookie)
	passed := a.now().Sub(on.At)
	if !held || passed > ssoLives || passed < -clockSlack || subtle.ConstantTimeCompare([]byte(on.State), []byte(q.Get("state"))) != 1 {
		a.say(w, r, http.StatusUnprocessableEntity, word("sso-lost"))
		return
	}
	who, err := a.sso.who(r.Context(), q, on, a.now)
	if err != nil {
		a.log.Warn("single sign-on was refused", "error", err)
		a.failedSignIn(a.now(), nil, r, "answer of the identity provider")
		a.say(w, r, http.StatusUnprocessableEntity, word("sso-refused"))
		return
	}
	name, text, err := a.enter(r, who, on)
	var p *Problem
	switch {
	case errors.As(err, &p) && p.Status == http.StatusForbidden:
		a.failedSignIn(a.now(), nil, r, "account of the identity provider")
		a.say(w, r, p.Status, p.Text)
	case err != nil:
		a.trouble(w, r, err)
	default:
		a.signedIn(w, name, text)
		a.dropCookie(w, linkCookie)
		// The session's cookie is kept back on what another site has led to, so this page leads on.
		look.Write(w, http.StatusOK, look.Page{Title: word("going-on"), Narrow: true, Refresh: "0;url=" + local(on.To),
			Body: a.body(r, "going-on", map[string]any{"To": local(on.To)})})
	}
}

// somebody is who the provider says it is.
type somebody struct {
	issuer, subject string
	email           string // "" unless the provider says that it is theirs
}

// who takes the code to the provider and reads its answer: signed by it, for us, for this browser, and now.
func (p *provider) who(ctx context.Context, q url.Values, on away, now func() time.Time) (somebody, error) {
	if said := q.Get("error"); said != "" {
		return somebody{}, errors.New("the provider said no")
	}
	// RFC 9207: an answer of another provider is not taken to this one.
	if iss := q.Get("iss"); iss != "" && iss != p.Issuer {
		return somebody{}, errors.New("the answer is one of another provider")
	}
	known, err := p.discovered(ctx)
	if err != nil {
		return somebody{}, err
	}
	config, err := p.config(known)
	if err != nil {
		return somebody{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.HTTP), ssoTime)
	defer cancel()
	answer, err := config.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(on.Verifier))
	if err != nil {
		var said *oauth2.RetrieveError
		if errors.As(err, &said) { // its words hold what the provider answered
			return somebody{}, fmt.Errorf("the provider did not take the code: %s", said.Response.Status)
		}
		return somebody{}, errors.New("the provider did not take the code")
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := known.Verifier(&oidc.Config{ClientID: p.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return somebody{}, err
	}
	if on.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(on.Nonce)) != 1 {
		return somebody{}, errors.New("the answer is not for this browser")
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil {
		return somebody{}, errors.New("what the provider says cannot be read")
	}
	if token.Subject == "" {
		return somebody{}, errors.New("the provider does not say who it is")
	}
	one := somebody{issuer: token.Issuer, subject: token.Subject}
	if claims.Verified {
		one.email = small(claims.Email)
	}
	return one, nil
}

// enter finds the account of somebody, and signs them in. An account that was not opened yet is theirs where they came by
// its link, or where its invitation names the address that the provider vouches for.
func (a *Accounts) enter(r *http.Request, who somebody, on away) (name, text string, err error) {
	err = a.db.Update(func(tx *bbolt.Tx) error {
		k, opened, err := a.accountOf(tx, who, on.Link)
		if err != nil {
			return err
		}
		name = k.Name
		if opened {
			k.SignIn, k.Password, k.Phone, k.Codes, k.Issuer, k.Subject = ByOIDC, "", nil, nil, who.issuer, who.subject
			if err := errors.Join(dropLinks(tx, func(l *link) bool { return l.Account == name }), k.signOutAll(tx)); err != nil {
				return err
			}
		}
		if text, err = a.begun(tx, k, r); err != nil {
			return err
		}
		rec := audit.Record{Who: name, What: "sign in", About: name, Country: only(k.Roles), Why: "single sign-on, from " + a.address(r)}
		if opened {
			rec.What, rec.After = "account accept", said(k.Roles)
		}
		return a.record(rec)
	})
	return name, text, err
}

// accountOf is the account of somebody, and whether it is opened just now.
func (a *Accounts) accountOf(tx *bbolt.Tx, who somebody, linkText string) (k *kept, opened bool, err error) {
	var theirs, invited *kept
	err = each(tx, accountBucket, func(_ []byte, one *kept) bool {
		switch {
		case one.Closed != nil:
		case one.SignIn == ByOIDC && one.Issuer == who.issuer && one.Subject == who.subject:
			theirs = one
		case one.SignIn == ByNothing && who.email != "" && one.Email == who.email:
			invited = one
		}
		return false
	})
	if err != nil {
		return nil, false, err
	}
	if hash, ok := secretHash(linkText); ok {
		_, k, err := a.linkOf(tx, hash)
		switch {
		case errors.Is(err, errLost):
			return nil, false, refused("%s", word("invited-lost"))
		case err != nil:
			return nil, false, err
		case theirs != nil && theirs.Name != k.Name:
			return nil, false, refused("%s", word("sso-other"))
		case k.Email != "" && k.Email != who.email:
			return nil, false, refused("%s", word("sso-unknown"))
		}
		return k, true, nil
	}
	if theirs != nil {
		return theirs, false, nil
	}
	if invited != nil {
		waits := false
		err := each(tx, linkBucket, func(_ []byte, l *link) bool {
			waits = waits || l.Account == invited.Name && a.now().Before(l.Until)
			return false
		})
		if err != nil || waits {
			return invited, true, err
		}
	}
	return nil, false, refused("%s", word("sso-unknown"))
}
