package api

import (
	"slices"

	"baraza/console/role"
	"baraza/server/desk"
)

// row says which roles may ask for a route of the desk.
type row struct {
	route string
	// in are roles in the country that is asked about; none: the route is not asked for a country.
	in []role.Role
	// machine are roles everywhere, for the whole machine; none: the route is not asked for it.
	machine []role.Role
}

// Who reads what people wrote is staff alone: an administrator who has to gives themselves the role, and that is recorded.
// Who says as a second person that a release may serve sees what would change, and changes nothing by it.
var (
	staff         = []role.Role{role.Staff}
	releaser      = []role.Role{role.Releaser}
	administrator = []role.Role{role.Administrator}
	auditor       = []role.Role{role.Auditor}
	planners      = []role.Role{role.Designer, role.Releaser, role.Approver}
	watchers      = []role.Role{role.Designer, role.Releaser, role.Approver, role.Auditor}
	overseers     = []role.Role{role.Auditor, role.Administrator}
)

// rows are all, in the order of the manual. A test fails for a route of the desk that is in none, and for one of nothing.
var rows = []row{
	{"/case/list", staff, nil},
	{"/case/show", staff, nil},
	{"/case/reply", staff, nil},
	{"/case/done", staff, nil},
	{"/case/file", staff, nil},
	{"/contact/find", staff, nil},
	{"/contact/show", staff, nil},
	{"/contact/export", staff, nil},
	{"/contact/erase", staff, nil},
	{"/outbox/list", administrator, nil},
	{"/outbox/retry", administrator, nil},
	{"/outbox/drop", administrator, nil},
	{"/sender/list", administrator, nil},
	{"/sender/resume", administrator, nil},
	{"/report/list", overseers, nil},
	{"/store/check", nil, administrator},
	{"/store/stats", nil, administrator},
	{"/store/compact", nil, administrator},
	{"/store/backup", nil, administrator},
	{"/store/confirm-clock", nil, administrator},
	{"/key/list", administrator, nil},
	{"/key/rotate", administrator, nil},
	{"/release/plan", planners, nil},
	{"/release/keep", releaser, nil},
	{"/release/status", watchers, nil},
	{"/release/list", watchers, nil},
	{"/release/show", watchers, nil},
	{"/release/forget", releaser, nil},
	{"/release/activate", releaser, nil},
	{"/release/promote", releaser, nil},
	{"/release/rollback", releaser, nil},
	{"/release/gates", planners, nil},
	{"/release/approve", []role.Role{role.Approver}, nil},
	{"/release/override", []role.Role{role.Releaser, role.Approver}, nil},
	{"/incident/freeze", releaser, nil},
	{"/incident/unfreeze", releaser, nil},
	{"/incident/status", watchers, nil},
	{"/incident/check", releaser, nil},
	{"/audit/list", auditor, auditor},
	{"/audit/export", auditor, auditor},
	{"/audit/verify", nil, overseers},
}

// roles that may ask for a route in a country, or of the whole machine where country is role.Everywhere.
func roles(country, route string) []role.Role {
	i := slices.IndexFunc(rows, func(r row) bool { return r.route == route })
	switch {
	case i < 0:
		return nil
	case country == role.Everywhere:
		return rows[i].machine
	}
	return rows[i].in
}

// May tells whether a caller may ask for a route of the desk in a country, or of the whole machine where country is
// role.Everywhere. The pages ask it, too, so that nobody is shown a button that is refused.
func May(c role.Caller, country, route string) bool {
	who := roles(country, route)
	return len(who) > 0 && c.May(country, who...)
}

// routes of the desk by their paths.
func routes() map[string]desk.Route {
	all := map[string]desk.Route{}
	for _, r := range desk.Routes() {
		all[r.Path] = r
	}
	return all
}
