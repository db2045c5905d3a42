package role_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/console/role"
)

func TestARoleCountsInItsCountryAlone(t *testing.T) {
	t.Parallel()
	ana := role.Caller{Account: "ana", Roles: map[string][]role.Role{"ec": {role.Releaser}, "jo": {role.Staff}}}
	root := role.Caller{Account: "root", Roles: map[string][]role.Role{role.Everywhere: {role.Auditor}}}
	leavers := role.Caller{Account: "ana", Token: "leavers", Roles: map[string][]role.Role{"ec": {role.Offboarding}}}
	for _, tt := range []struct {
		who     role.Caller
		country string
		roles   []role.Role
		want    bool
	}{
		{ana, "ec", []role.Role{role.Releaser}, true},
		{ana, "ec", []role.Role{role.Designer, role.Releaser}, true},
		{ana, "ec", []role.Role{role.Staff}, false},
		{ana, "jo", []role.Role{role.Releaser}, false},
		{ana, "jo", nil, true},
		{ana, "ke", nil, false},
		{ana, role.Everywhere, []role.Role{role.Releaser}, false},
		{root, "ke", []role.Role{role.Auditor}, true},
		{root, role.Everywhere, []role.Role{role.Auditor}, true},
		{root, "ke", []role.Role{role.Releaser}, false},
		{role.Caller{}, "ec", nil, false},
		{leavers, "ec", []role.Role{role.Offboarding}, true},
		{leavers, "ec", []role.Role{role.Administrator}, false},
		{leavers, "ec", nil, false}, // it sees nothing of the country
	} {
		if got := tt.who.May(tt.country, tt.roles...); got != tt.want {
			t.Errorf("%s in %s as %v: got %t, want %t", tt.who.Account, tt.country, tt.roles, got, tt.want)
		}
	}
	for _, tt := range []struct {
		who  role.Caller
		role role.Role
		want bool
	}{{ana, role.Staff, true}, {ana, role.Auditor, false}, {root, role.Auditor, true}, {leavers, role.Offboarding, true}, {role.Caller{}, role.Staff, false}} {
		if got := tt.who.MaySomewhere(tt.role); got != tt.want {
			t.Errorf("%s as %s anywhere: got %t, want %t", tt.who.Account, tt.role, got, tt.want)
		}
	}
	if diff := cmp.Diff([]string{"ec", "jo"}, ana.Countries([]string{"ke", "jo", "ec"})); diff != "" {
		t.Errorf("countries (-want +got):\n%s", diff)
	}
}

func TestALogNamesTheTokenThatAsked(t *testing.T) {
	t.Parallel()
	c := role.Caller{Account: "ana", Token: "nightly"}
	if got, want := c.Name(), "ana by the token nightly"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
