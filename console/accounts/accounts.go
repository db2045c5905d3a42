// Package accounts says who an operator is: accounts by invitation, sign-in by password and a code of the phone or by
// single sign-on, short sessions, and tokens for programs. It puts a role.Caller into the request and leaves the question
// what they may do to whoever answers it.
//
// Everything is in one file of its own, DATA/console/accounts.db. Passwords, codes, sessions, links and tokens are in it
// as hashes, and the secrets of phones are sealed with the key of the configuration: who copies the file can sign in as
// nobody.
package accounts

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/server/audit"
)

// Options are what accounts need. Path, Public, Key and Audit are needed.
type Options struct {
	Path   string   // of the file
	Public string   // address of the console: "https://chat.example.org"
	Key    [32]byte // seals the secrets of phones, and signs what browsers keep
	// OldKeys open what was sealed before the key was replaced.
	OldKeys [][32]byte
	// Countries are those of the configuration.
	Countries []string
	// Proxies are believed when they say from where a request comes, besides those on this machine.
	Proxies []netip.Prefix
	OIDC    *OIDC // single sign-on; nil: none
	Audit   *audit.Log
	Now     func() time.Time // nil: the machine's clock
	Log     *slog.Logger     // nil: none
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
	log     *slog.Logger
	now     func() time.Time
	public  *url.URL
	secure  bool // reached by https
	db      *bbolt.DB
	keys    keyring
	hashes  *hasher
	pace    *pace
	failed  seldom // records of failed sign-ins
	cross   *http.CrossOriginProtection
	sso     *provider // nil: none
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
func Open(o Options) (*Accounts, error) {
	a := &Accounts{options: o, log: o.Log, now: o.Now, pace: newPace(), cross: http.NewCrossOriginProtection()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	var err error
	if a.public, err = url.Parse(strings.TrimSuffix(o.Public, "/")); err != nil {
		return nil, err
	}
	a.secure = a.public.Scheme == "https"
	if err := a.cross.AddTrustedOrigin(a.public.String()); err != nil {
		return nil, err
	}
	a.cross.SetDenyHandler(http.HandlerFunc(a.foreign))
	if a.keys, err = newKeyring(o.Key, o.OldKeys); err != nil {
		return nil, err
	}
	if a.hashes, err = newHasher(); err != nil {
		return nil, err
	}
	if o.OIDC != nil {
		a.sso = newProvider(*o.OIDC, a.public.String()+ssoBack)
	}
	if a.db, err = openFile(o.Path); err != nil {
		return nil, err
	}
	if err := a.keys.rewrap(a.db, o.Path); err != nil {
		return nil, errors.Join(err, a.db.Close())
	}
	return a, nil
}

// Close gives the file back.
func (a *Accounts) Close() error { return a.db.Close() }
