// Package role says what an operator may do, and where. It is a leaf: who signs people in (console/accounts), the API
// (console/api) and the pages (console/page) all read it, so that one table decides.
package role

import (
	"context"
	"slices"
	"strings"
)

// Role is what somebody is trusted with in a country.
type Role string

// Roles of an operator.
const (
	Designer      Role = "designer"      // writes flows: sees what serves, plans a release
	Releaser      Role = "releaser"      // changes what serves, and stops it in an emergency
	Approver      Role = "approver"      // says as a second person that a release may serve
	Staff         Role = "staff"         // answers cases, and what people ask of their own data
	Auditor       Role = "auditor"       // reads who did what
	Administrator Role = "administrator" // invites operators, and does what belongs to the machine
)

// Offboarding is a right of tokens alone, given by an administrator to one of their own: it lists accounts, and closes those
// of people who leave. No account has it.
const Offboarding Role = "offboarding"

// All roles of accounts, in the order in which they are shown.
func All() []Role { return []Role{Designer, Releaser, Approver, Staff, Auditor, Administrator} }

// Everywhere stands for every country, those of later too, and for what belongs to no country.
const Everywhere = "*"

// Caller is who asks.
type Caller struct {
	// Account is the name the operator signs in with, and by which records call them.
	Account string
	// Token is the name of the token that asks in place of the account; "" for a person who signed in.
	Token string
	// Roles by country; those under Everywhere count in each.
	Roles map[string][]Role
}

// Name is for logs and for what is kept for one caller apart: the account, and the token where one asks. Records have the
// account alone as who did it, for a person and their token are one.
func (c Caller) Name() string {
	if c.Token != "" {
		return c.Account + " by the token " + c.Token
	}
	return c.Account
}

// May tells whether the caller has one of the roles in a country. Without a role it asks for any that an account can
// have. The country Everywhere is had only by who has the role everywhere.
func (c Caller) May(country string, roles ...Role) bool {
	if len(roles) == 0 {
		roles = All()
	}
	has := func(where string) bool {
		return slices.ContainsFunc(c.Roles[where], func(r Role) bool { return slices.Contains(roles, r) })
	}
	return has(country) || has(Everywhere)
}

// MaySomewhere tells whether the caller has one of the roles in any country.
func (c Caller) MaySomewhere(roles ...Role) bool {
	for country := range c.Roles {
		if c.May(country, roles...) {
			return true
		}
	}
	return false
}

// Countries are those of all, in order, in which the caller has a role.
func (c Caller) Countries(all []string) (mine []string) {
	for _, country := range all {
		if c.May(country) {
			mine = append(mine, country)
		}
	}
	slices.SortFunc(mine, strings.Compare)
	return mine
}

type key struct{}

// With returns a context in which the caller asks.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// Of is who asks; false where nobody signed in.
func Of(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(key{}).(Caller)
	return c, ok
}
