package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server/desk"
)

// people is the page of accounts.
type people struct {
	Accounts  []accounts.Account
	Countries []string // into which the caller invites; role.Everywhere among them for who may
	Roles     []role.Role
	Form      form
}

// administered are the countries whose accounts the caller sees to.
func (p *pages) administered(c role.Caller) (all []string) {
	for name := range p.Desk.Countries {
		if c.May(name, role.Administrator) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	if c.May(role.Everywhere, role.Administrator) {
		all = append(all, role.Everywhere)
	}
	return all
}

// administrator lets an administrator go on.
func (p *pages) administrator(v *visit) error {
	if p.Accounts == nil {
		return &desk.Problem{Status: http.StatusNotFound, Text: say("nothing-here")}
	}
	if len(p.administered(v.caller)) == 0 {
		return &desk.Problem{Status: http.StatusForbidden, Text: say("no-administrator")}
	}
	return nil
}

func (p *pages) people(v *visit) error { return p.peopleForm(v, http.StatusOK, form{}) }

func (p *pages) peopleForm(v *visit, status int, f form) error {
	if err := p.administrator(v); err != nil {
		return err
	}
	all, err := p.Accounts.Accounts(v.r.Context())
	if err != nil {
		return err
	}
	page := people{Accounts: all, Countries: p.administered(v.caller), Roles: role.All(), Form: f}
	return p.show(v, status, say("title-accounts"), "people", page)
}

// rolesIn reads the roles that were ticked.
func rolesIn(v *visit) (all []role.Role) {
	_ = v.r.ParseForm() // what cannot be read has no roles, which is refused
	for _, name := range v.r.PostForm["role"] {
		all = append(all, role.Role(name))
	}
	return all
}

// invited is who has a link now. It is shown once.
type invited struct {
	Name string
	accounts.Link
	Until moment
}

// invite makes an account and shows its link.
func (p *pages) invite(v *visit) error {
	if err := p.administrator(v); err != nil {
		return err
	}
	country := v.r.PostFormValue("country")
	f := form{Values: map[string]string{"country": country}}
	for _, name := range []string{"name", "email"} {
		f.Values[name] = strings.TrimSpace(v.r.PostFormValue(name))
	}
	roles := rolesIn(v)
	for _, r := range roles {
		f.Values["role-"+string(r)] = "yes"
	}
	link, err := p.Accounts.Invite(v.r.Context(), accounts.Invitation{Name: f.Values["name"], Email: f.Values["email"], Roles: map[string][]role.Role{country: roles}})
	var known *accounts.Problem
	if errors.As(err, &known) && known.Status < http.StatusInternalServerError {
		f.wrong("name", sentence(known.Text))
		return p.peopleForm(v, known.Status, f)
	}
	if err != nil {
		return err
	}
	return p.link(v, f.Values["name"], link)
}

func (p *pages) link(v *visit, name string, link accounts.Link) error {
	return p.show(v, http.StatusOK, say("title-link", name), "link", invited{Name: name, Link: link, Until: p.moment("", link.Until)})
}

// one is the page of an account.
type one struct {
	accounts.Account
	Own       bool
	Countries []rolesOf
	Roles     []role.Role
	Done      string
	Form      form
}

// rolesOf are the roles of an account in a country.
type rolesOf struct {
	Country string
	Has     map[role.Role]bool
}

func (p *pages) oneAccount(v *visit) error { return p.oneForm(v, http.StatusOK, form{}) }

func (p *pages) oneForm(v *visit, status int, f form) error {
	if err := p.administrator(v); err != nil {
		return err
	}
	all, err := p.Accounts.Accounts(v.r.Context())
	if err != nil {
		return err
	}
	name := v.r.FormValue("name")
	i := slices.IndexFunc(all, func(a accounts.Account) bool { return a.Name == name })
	if i < 0 { // it may be in another country alone, and be let into this one
		all, i = append(all, accounts.Account{Name: name}), len(all)
	}
	page := one{Account: all[i], Own: name == v.caller.Account, Roles: role.All(), Form: f}
	for _, country := range p.administered(v.caller) {
		has := map[role.Role]bool{}
		for _, r := range page.Account.Roles[country] {
			has[r] = true
		}
		page.Countries = append(page.Countries, rolesOf{country, has})
	}
	if done := v.r.URL.Query().Get("done"); slices.Contains([]string{"roles", "closed", "revoked"}, done) {
		page.Done = say("done-" + done)
	}
	return p.show(v, status, say("title-account", name), "account", page)
}

func accountPath(name string) string { return "/console/accounts/one?name=" + url.QueryEscape(name) }

// changeAccount does one thing to an account.
func (p *pages) changeAccount(v *visit) error {
	if err := p.administrator(v); err != nil {
		return err
	}
	name, done, what := v.r.FormValue("name"), "", v.r.PostFormValue("what")
	var err error
	switch what {
	case "roles":
		done, err = "roles", p.Accounts.SetRoles(v.r.Context(), name, v.r.PostFormValue("country"), rolesIn(v))
	case "token":
		done, err = "revoked", p.Accounts.RevokeToken(v.r.Context(), name, v.r.PostFormValue("token"))
	case "reset", "close":
		if strings.TrimSpace(v.r.PostFormValue("word")) != name {
			var f form
			f.wrong("word-"+what, say("account-word-wrong", name))
			return p.oneForm(v, http.StatusUnprocessableEntity, f)
		}
		if what == "close" {
			done, err = "closed", p.Accounts.CloseAccount(v.r.Context(), name)
			break
		}
		link, err := p.Accounts.Reset(v.r.Context(), name)
		if err != nil {
			return err
		}
		return p.link(v, name, link)
	default:
		return &desk.Problem{Status: http.StatusNotFound, Text: say("nothing-here")}
	}
	if err != nil {
		return err
	}
	return v.goTo(accountPath(name) + "&done=" + done)
}
