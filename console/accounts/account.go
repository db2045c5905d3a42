package accounts

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
)

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

// Accounts lists those with a role where the caller is administrator, or has the right role.Offboarding, by name, with the
// roles they have there.
func (a *Accounts) Accounts(ctx context.Context) (list []Account, err error) {
	c, ok := role.Of(ctx)
	if !ok {
		return nil, &Problem{http.StatusUnauthorized, "sign in first"}
	}
	err = a.db.View(func(tx *bbolt.Tx) error {
		open := map[string]time.Time{}
		tokens := map[string][]Token{}
		visible := func(roles map[string][]role.Role) map[string][]role.Role {
			out := map[string][]role.Role{}
			for country, some := range roles {
				if c.May(country, over(c)) {
					out[country] = some
				}
			}
			return out
		}
		err := errors.Join(
			each(tx, linkBucket, func(_ []byte, l *link) bool { open[l.Account] = l.Until; return false }),
			each(tx, tokenBucket, func(_ []byte, t *keptToken) bool {
				t.Roles = visible(t.Roles)
				if len(t.Roles) > 0 && a.now().Before(t.Expires) {
					tokens[t.Account] = append(tokens[t.Account], t.Token)
				}
				return false
			}))
		if err != nil {
			return err
		}
		return each(tx, accountBucket, func(_ []byte, k *kept) bool {
			if !a.sees(c, k) {
				return false
			}
			one := Account{Name: k.Name, Email: k.Email, Roles: visible(k.Roles), SignIn: k.SignIn, Created: k.Created, Last: k.Last, Closed: k.Closed, Tokens: tokens[k.Name]}
			if until, ok := open[k.Name]; ok && a.now().Before(until) {
				one.Open = &until
			}
			slices.SortFunc(one.Tokens, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
			list = append(list, one)
			return false
		})
	})
	return list, err
}

// tidy has each role once, in the order of all, and no country without one.
func tidy(roles map[string][]role.Role) map[string][]role.Role {
	out := map[string][]role.Role{}
	for country, some := range roles {
		for _, r := range append(role.All(), role.Offboarding) {
			if slices.Contains(some, r) {
				out[country] = append(out[country], r)
			}
		}
	}
	return out
}

func names(roles []role.Role) string {
	if len(roles) == 0 {
		return "none"
	}
	var all []string
	for _, r := range roles {
		all = append(all, string(r))
	}
	return strings.Join(all, ", ")
}

// said are roles in words for a record: "ec: designer, releaser; jo: auditor".
func said(roles map[string][]role.Role) string {
	var all []string
	for _, country := range slices.Sorted(maps.Keys(roles)) {
		all = append(all, countryName(country)+": "+names(roles[country]))
	}
	return strings.Join(all, "; ")
}

// recordCountry is the country of a record; "" for what is about every one.
func recordCountry(country string) string {
	if country == role.Everywhere {
		return ""
	}
	return country
}

// only is the country of roles where there is one.
func only(roles map[string][]role.Role) string {
	if len(roles) == 1 {
		for country := range roles {
			return recordCountry(country)
		}
	}
	return ""
}

func within(some, all []role.Role) bool {
	return !slices.ContainsFunc(some, func(r role.Role) bool { return !slices.Contains(all, r) })
}

func countryName(country string) string {
	if country == role.Everywhere {
		return "every country"
	}
	return country
}
