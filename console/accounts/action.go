package accounts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
	"baraza/server/audit"
)

const (
	// linkLives is how long an invitation can be used.
	linkLives = 72 * time.Hour
	// closedADay is how many accounts are closed within a day when a token asks for one more: a token that was stolen, or a
	// list of who left that is wrong, does not close everybody. An administrator who signed in closes more.
	closedADay = 20
)

// The actions below are those of the caller in the context (role.Of), who is an administrator where it matters and no
// token, but for CloseAccount. Each leaves a record, also one that is refused. Errors are *Problem where the caller can do
// something.

var (
	nameForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{1,63}$`)
	emailForm = regexp.MustCompile(`^[^\pC\s@]+@[^\pC\s@]+$`)
)

// small are small letters, in which names and addresses are kept.
func small(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// nameOf is a name as it is kept. What is too long for one is cut and stays so.
func nameOf(text string) string {
	name := small(text)
	return name[:min(len(name), 65)]
}

func refused(format string, args ...any) error {
	return &Problem{http.StatusForbidden, fmt.Sprintf(format, args...)}
}

func wrong(format string, args ...any) error {
	return &Problem{http.StatusUnprocessableEntity, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Problem{http.StatusConflict, fmt.Sprintf(format, args...)}
}

type machineKey struct{}

// OnMachine returns a context in which the administrator of the machine asks, through the control socket: who can open it
// may do everything. account is theirs on the machine.
func OnMachine(ctx context.Context, account string) context.Context {
	ctx = role.With(ctx, role.Caller{Account: account, Roles: map[string][]role.Role{role.Everywhere: {role.Administrator}}})
	return context.WithValue(ctx, machineKey{}, true)
}

func onMachine(ctx context.Context) bool { return ctx.Value(machineKey{}) != nil }

// closing is the one action that a token can do, if it has the right role.Offboarding.
const closing = "account close"

// act carries an action of the caller out. Its record is written within the transaction: a change without one cannot be,
// and a process that is killed between the two leaves a record of something that was not done.
func (a *Accounts) act(ctx context.Context, what, about string, do func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error) error {
	c, ok := role.Of(ctx)
	if !ok {
		return &Problem{http.StatusUnauthorized, "sign in first"}
	}
	r := audit.Record{Who: c.Account, What: what, About: about}
	switch {
	case onMachine(ctx):
		r.Account = c.Account
	case c.Token != "":
		r.Account = "token " + c.Token
	}
	err := a.db.Update(func(tx *bbolt.Tx) error {
		if c.Token != "" && what != closing {
			return refused("a token cannot do this; sign in for it")
		}
		if err := do(tx, c, &r); err != nil {
			return err
		}
		return a.record(r)
	})
	var p *Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p) && p.Status == http.StatusInsufficientStorage:
		return err // there is no record, and nothing changed
	case errors.As(err, &p):
		r.Outcome, r.Status, r.After = audit.Refused, p.Status, ""
	default:
		a.log.Error("an action on accounts failed", "what", what, "error", err)
		r.Outcome = audit.Failed
	}
	return errors.Join(err, a.record(r))
}

// record writes one record; an action has to fail where it cannot be written.
func (a *Accounts) record(r audit.Record) error {
	if r.Outcome == "" {
		r.Outcome = audit.Done
	}
	if a.options.Audit == nil {
		return nil
	}
	kept, err := a.options.Audit.Append(r)
	if err != nil {
		a.log.Error("the log of who did what cannot be written", "error", err)
		return &Problem{http.StatusInsufficientStorage, "nothing was changed, for the log of who did what cannot be written"}
	}
	a.log.Info("recorded", "record", kept.Number, "hash", kept.Hash, "what", kept.What, "outcome", kept.Outcome)
	return nil
}

// Invite makes an account that its owner opens by the link. An administrator of a country invites into it.
func (a *Accounts) Invite(ctx context.Context, in Invitation) (Link, error) {
	in.Name, in.Email = nameOf(in.Name), small(in.Email)
	var out Link
	err := a.act(ctx, "account invite", in.Name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		r.After, r.Country = said(in.Roles), only(in.Roles)
		if !nameForm.MatchString(in.Name) {
			return wrong("%q cannot be a name; it has 2 to 64 small letters without accents, digits and . _ @ + -, such as rosa.benitez", in.Name)
		}
		if err := a.mayGive(c, in.Roles); err != nil {
			return err
		}
		if in.Email != "" && (!emailForm.MatchString(in.Email) || len(in.Email) > 254) {
			return wrong("this is no e-mail address; one is such as rosa@example.org")
		}
		there, err := account(tx, in.Name)
		if err != nil {
			return err
		}
		if there != nil && there.Closed != nil {
			return conflict("%s was closed, and its name is not given again, so that records stay clear; choose another", in.Name)
		}
		if there != nil {
			return conflict("there is an account %s already; give it roles in your country, or have it begin anew", in.Name)
		}
		taken := false
		err = each(tx, accountBucket, func(_ []byte, k *kept) bool {
			taken = taken || in.Email != "" && k.Closed == nil && k.Email == in.Email
			return false
		})
		if err != nil {
			return err
		}
		if taken {
			return conflict("another account has the address %s", in.Email)
		}
		k := &kept{Name: in.Name, Email: in.Email, Roles: tidy(in.Roles), Created: a.now()}
		if err := k.put(tx); err != nil {
			return err
		}
		out, err = a.newLink(ctx, tx, c, k.Name, linkLives)
		return err
	})
	return out, err
}

// newLink makes the one link with which an account begins.
func (a *Accounts) newLink(ctx context.Context, tx *bbolt.Tx, c role.Caller, name string, lives time.Duration) (Link, error) {
	if err := dropLinks(tx, func(l *link) bool { return l.Account == name || a.now().After(l.Until) }); err != nil {
		return Link{}, err
	}
	text, hash := secret()
	l := link{Account: name, Until: a.now().Add(lives)}
	if !onMachine(ctx) {
		l.By = c.Account
	}
	return Link{Address: a.public.String() + "/console/invited?link=" + text, Until: l.Until}, put(tx, linkBucket, hash, l)
}

func dropLinks(tx *bbolt.Tx, which func(*link) bool) error {
	return each(tx, linkBucket, func(_ []byte, l *link) bool { return which(l) })
}

// mayGive says why a caller may not give these roles, or why there are no such roles.
func (a *Accounts) mayGive(c role.Caller, roles map[string][]role.Role) error {
	some := false
	for _, country := range slices.Sorted(maps.Keys(roles)) {
		if country != role.Everywhere && !slices.Contains(a.options.Countries, country) {
			return wrong("there is no country %q; the countries are %s", country, strings.Join(a.options.Countries, ", "))
		}
		if !c.May(country, role.Administrator) {
			return refused("only an administrator of %s can do this", countryName(country))
		}
		for _, r := range roles[country] {
			some = true
			if !slices.Contains(role.All(), r) {
				return wrong("there is no role %q; the roles are %s", r, names(role.All()))
			}
		}
	}
	if !some {
		return wrong("say at least one role in a country")
	}
	return nil
}

// administers tells whether the caller administers every country of the roles.
func administers(c role.Caller, roles map[string][]role.Role) bool {
	for country, some := range roles {
		if len(some) > 0 && !c.May(country, over(c)) {
			return false
		}
	}
	return c.May(role.Everywhere, over(c)) || len(roles) > 0
}

// over is the role by which a caller sees to the accounts of a country.
func over(c role.Caller) role.Role {
	if c.Token != "" {
		return role.Offboarding
	}
	return role.Administrator
}

// Reset takes password, phone, tokens and sessions from an account and gives a new link: for who lost a phone. The caller
// administers every country in which the account has a role.
func (a *Accounts) Reset(ctx context.Context, name string) (Link, error) {
	name = nameOf(name)
	var out Link
	err := a.act(ctx, "account reset", name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		k, err := a.others(ctx, tx, c, name)
		if err != nil {
			return err
		}
		if err := a.begin(tx, k); err != nil {
			return err
		}
		out, err = a.newLink(ctx, tx, c, name, linkLives)
		return err
	})
	if err == nil {
		a.forgetWaits(name)
	}
	return out, err
}

// begin takes from an account all by which somebody can be it.
func (a *Accounts) begin(tx *bbolt.Tx, k *kept) error {
	k.nobody()
	if err := errors.Join(k.signOutAll(tx), dropTokens(tx, func(t *keptToken) bool { return t.Account == k.Name })); err != nil {
		return err
	}
	return k.put(tx)
}

func (a *Accounts) forgetWaits(name string) {
	a.pace.forget("password of "+name, "code of "+name)
}

// others is the account of somebody else whom the caller administers wholly. Who administers one country alone could
// otherwise become somebody who acts in another.
func (a *Accounts) others(ctx context.Context, tx *bbolt.Tx, c role.Caller, name string) (*kept, error) {
	k, err := account(tx, name)
	if err != nil {
		return nil, err
	}
	if k == nil || !a.sees(c, k) {
		return nil, &Problem{http.StatusNotFound, fmt.Sprintf("there is no account %q where you are administrator", name)}
	}
	if k.Closed != nil {
		return nil, conflict("%s is closed", name)
	}
	if k.Name == c.Account && !onMachine(ctx) {
		return nil, refused("another administrator has to do this to your own account")
	}
	if !administers(c, k.Roles) {
		return nil, refused("%s also has roles where you are no administrator; take those of your country away, or ask an administrator of every country", name)
	}
	return k, nil
}

// sees tells whether a caller sees to the accounts of a country in which the account has a role.
func (a *Accounts) sees(c role.Caller, k *kept) bool {
	if c.May(role.Everywhere, over(c)) {
		return true
	}
	for country, some := range k.Roles {
		if len(some) > 0 && country != role.Everywhere && c.May(country, over(c)) {
			return true
		}
	}
	return false
}

// SetRoles says which roles an account has in one country, or Everywhere; none takes it out of there. Its sessions end.
func (a *Accounts) SetRoles(ctx context.Context, name, country string, roles []role.Role) error {
	name = nameOf(name)
	return a.act(ctx, "account roles", name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		r.Country, r.After = recordCountry(country), names(roles)
		if country == "" {
			return wrong("say in which country; the countries are %s", strings.Join(a.options.Countries, ", "))
		}
		if len(roles) > 0 {
			if err := a.mayGive(c, map[string][]role.Role{country: roles}); err != nil {
				return err
			}
		}
		if !c.May(country, role.Administrator) {
			return refused("only an administrator of %s can do this", countryName(country))
		}
		k, err := account(tx, name)
		if err != nil {
			return err
		}
		if k == nil || k.Closed != nil {
			return &Problem{http.StatusNotFound, fmt.Sprintf("there is no account %q; invite it first", name)}
		}
		if k.Name == c.Account && !onMachine(ctx) {
			return refused("another administrator has to change your own roles")
		}
		// Whoever made the link could be the one who opens it, and has no business in this country.
		open := false
		if err := each(tx, linkBucket, func(_ []byte, l *link) bool {
			open = open || l.Account == name && a.now().Before(l.Until)
			return false
		}); err != nil {
			return err
		}
		if more := !within(roles, k.Roles[country]); more && open {
			return conflict("%s has a link that was not used yet; wait until it is, or invite another name", name)
		}
		if len(roles) == 0 && len(k.Roles[country]) == 0 && country != role.Everywhere && !slices.Contains(a.options.Countries, country) {
			return wrong("there is no country %q; the countries are %s", country, strings.Join(a.options.Countries, ", "))
		}
		r.Before = names(k.Roles[country])
		if k.Roles == nil {
			k.Roles = map[string][]role.Role{}
		}
		k.Roles[country] = roles
		k.Roles = tidy(k.Roles)
		// Nobody comes in by the link of one who may no longer invite.
		if err := dropLinks(tx, func(l *link) bool { return l.By == name }); err != nil {
			return err
		}
		return errors.Join(k.signOutAll(tx), k.put(tx))
	})
}

// CloseAccount ends an account for ever, with sessions and tokens. Its name is not given again. The caller administers
// every country in which it has a role, or is a token with the right role.Offboarding in each of them; that closes no
// administrator, and not many a day.
func (a *Accounts) CloseAccount(ctx context.Context, name string) error {
	name = nameOf(name)
	return a.act(ctx, closing, name, func(tx *bbolt.Tx, c role.Caller, r *audit.Record) error {
		k, err := a.others(ctx, tx, c, name)
		if err != nil {
			return err
		}
		r.Before, r.Country = said(k.Roles), only(k.Roles)
		if c.Token != "" {
			if err := a.offboards(tx, c, k); err != nil {
				return err
			}
		}
		now := a.now()
		k.Closed = &now
		return errors.Join(dropLinks(tx, func(l *link) bool { return l.Account == name || l.By == name }), a.begin(tx, k))
	})
}

// offboards says why a token may not close an account that it may see to.
func (a *Accounts) offboards(tx *bbolt.Tx, c role.Caller, k *kept) error {
	for _, some := range k.Roles {
		if slices.Contains(some, role.Administrator) {
			return refused("%s is an administrator, whom no token closes; sign in for it", k.Name)
		}
	}
	lately := 0
	err := each(tx, accountBucket, func(_ []byte, other *kept) bool {
		if other.Closed != nil && a.sees(c, other) && a.now().Sub(*other.Closed) < 24*time.Hour {
			lately++
		}
		return false
	})
	if err == nil && lately >= closedADay {
		err = conflict("%d accounts were closed within a day, and a token closes no more then; sign in for it, or ask tomorrow", lately)
	}
	return err
}
