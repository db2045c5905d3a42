package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
	"baraza/server/audit"
)

// tokenStart is what tokens begin with, so that people and programs which look for secrets in files know one.
const tokenStart = "baraza_"

// Bounds on tokens.
const (
	mostTokens = 20 // of an account
	tokenLives = 366 * 24 * time.Hour
)

var tokenName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$`)

func dropTokens(tx *bbolt.Tx, which func(*keptToken) bool) error {
	return each(tx, tokenBucket, func(_ []byte, t *keptToken) bool { return which(t) })
}

// NewToken makes a token of the caller's own account and gives it, once. Its roles are some of the caller's and never
// that of an administrator, who can give role.Offboarding instead.
func (a *Accounts) NewToken(ctx context.Context, t Token) (text string, err error) {
	t.Name = strings.TrimSpace(t.Name)
	err = a.act(ctx, "token make", t.Name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		t.Roles = tidy(t.Roles)
		r.After, r.Country = said(t.Roles), only(t.Roles)
		now := a.now()
		switch {
		case onMachine(ctx):
			return refused("a token belongs to an account; sign in to make one")
		case !tokenName.MatchString(t.Name):
			return wrong("give the token a name of letters and digits that says what uses it, such as nightly export")
		case len(t.Roles) == 0:
			return wrong("say at least one role that the token has")
		case !t.Expires.After(now) || t.Expires.After(now.Add(tokenLives)):
			return wrong("say until when the token can be used: a day in the future, within a year")
		}
		for country, some := range t.Roles {
			for _, one := range some {
				if one == role.Administrator {
					return refused("a token never has the role of an administrator")
				}
				if need := needs(one); !c.May(country, need) {
					return refused("you are no %s in %s yourself", need, countryName(country))
				}
			}
		}
		mine := 0
		twice := false
		err := dropTokens(tx, func(have *keptToken) bool {
			if have.Account == c.Account {
				mine++
				twice = twice || have.Name == t.Name
			}
			return !now.Before(have.Expires)
		})
		switch {
		case err != nil:
			return err
		case twice:
			return conflict("you have a token %q already; choose another name", t.Name)
		case mine >= mostTokens:
			return conflict("you have %d tokens; end one that is not used", mine)
		}
		var hash []byte
		text, hash = secret()
		text = tokenStart + text
		t.Created, t.Used = now, nil
		return put(tx, tokenBucket, hash, keptToken{Account: c.Account, Token: t})
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// needs is the role by which an account gives a role to its token.
func needs(r role.Role) role.Role {
	if r == role.Offboarding {
		return role.Administrator
	}
	return r
}

// Tokens lists those of the caller's own account.
func (a *Accounts) Tokens(ctx context.Context) (list []Token, err error) {
	c, ok := role.Of(ctx)
	if !ok {
		return nil, &Problem{http.StatusUnauthorized, "sign in first"}
	}
	err = a.db.View(func(tx *bbolt.Tx) error {
		return each(tx, tokenBucket, func(_ []byte, t *keptToken) bool {
			if t.Account == c.Account && a.now().Before(t.Expires) {
				list = append(list, t.Token)
			}
			return false
		})
	})
	slices.SortFunc(list, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// RevokeToken ends a token: of the caller's own account, or of one whose roles the caller administers all.
func (a *Accounts) RevokeToken(ctx context.Context, account, name string) error {
	account = nameOf(account)
	return a.act(ctx, "token end", account+": "+name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		found := false
		err := dropTokens(tx, func(t *keptToken) bool {
			if t.Account != account || t.Name != name || account != c.Account && !administers(c, t.Roles) {
				return false
			}
			found = true
			r.Country = only(t.Roles)
			return true
		})
		if err == nil && !found {
			return &Problem{http.StatusNotFound, fmt.Sprintf("there is no such token of %q that you may end", account)}
		}
		return err
	})
}

// byToken is who a token stands for: with the roles that it was given and its account still has.
func (a *Accounts) byToken(text string) (role.Caller, error) {
	rest, ok := strings.CutPrefix(text, tokenStart)
	if !ok {
		return role.Caller{}, ErrNobody
	}
	hash, ok := secretHash(rest)
	if !ok {
		return role.Caller{}, ErrNobody
	}
	now := a.now()
	var c role.Caller
	var stale bool
	err := a.db.View(func(tx *bbolt.Tx) error {
		t, err := get[keptToken](tx, tokenBucket, hash)
		if err != nil {
			return err
		}
		if t == nil || !now.Before(t.Expires) {
			return ErrNobody
		}
		k, err := account(tx, t.Account)
		if err != nil {
			return err
		}
		if k == nil || !k.live() {
			return ErrNobody
		}
		has := role.Caller{Account: k.Name, Roles: k.Roles}
		c = role.Caller{Account: k.Name, Token: t.Name, Roles: map[string][]role.Role{}}
		for country, some := range t.Roles {
			for _, r := range some {
				if r != role.Administrator && has.May(country, needs(r)) {
					c.Roles[country] = append(c.Roles[country], r)
				}
			}
		}
		stale = t.Used == nil || now.Sub(*t.Used) >= time.Hour
		return nil
	})
	if err == nil && stale {
		a.used(hash, now)
	}
	return c, err
}

// used notes that a token was used, to the hour, so that one nobody needs is seen.
func (a *Accounts) used(hash []byte, now time.Time) {
	err := a.db.Update(func(tx *bbolt.Tx) error {
		t, err := get[keptToken](tx, tokenBucket, hash)
		if t == nil {
			return err
		}
		now = now.Truncate(time.Hour)
		t.Used = &now
		return errors.Join(err, put(tx, tokenBucket, hash, t))
	})
	if err != nil {
		a.log.Error("the use of a token could not be noted", "error", err)
	}
}
