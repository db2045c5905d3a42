package accounts

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/console/look"
	"baraza/console/role"
)

// peopleForm is what the pages of all accounts say after something was asked.
type peopleForm struct {
	Wrong, Done string
	Link        madeLink
	name, email string
	chosen      []string
}

type madeLink struct {
	Link
	Name string
}

type personLine struct {
	Name, How, Last string
	Roles           []rolesIn
}

// peopleRoutes are the pages of who administers a country.
func (a *Accounts) peopleRoutes(mine func(pattern string, page http.HandlerFunc)) {
	admin := func(pattern string, page http.HandlerFunc) {
		mine(pattern, func(w http.ResponseWriter, r *http.Request) {
			c, _ := role.Of(r.Context())
			if c.Token != "" || len(a.places(c)) == 0 {
				a.say(w, r, http.StatusForbidden, word("no-administrator"))
				return
			}
			page(w, r)
		})
	}
	admin("GET /console/accounts", func(w http.ResponseWriter, r *http.Request) { a.peoplePage(w, r, http.StatusOK, peopleForm{}) })
	admin("POST /console/accounts", a.invitePerson)
	admin("GET /console/accounts/{name}", func(w http.ResponseWriter, r *http.Request) { a.personPage(w, r, http.StatusOK, peopleForm{}) })
	admin("POST /console/accounts/{name}/roles", a.changeRoles)
	admin("POST /console/accounts/{name}/reset", a.resetPerson)
	admin("POST /console/accounts/{name}/close", a.closePerson)
	admin("POST /console/accounts/{name}/token-end", a.endTheirToken)
}

// places are where a caller is administrator.
func (a *Accounts) places(c role.Caller) (all []string) {
	for _, country := range append(slices.Clone(a.options.Countries), role.Everywhere) {
		if c.May(country, role.Administrator) {
			all = append(all, country)
		}
	}
	return all
}

func placeName(country string) string {
	if country == role.Everywhere {
		return word("everywhere")
	}
	return country
}

// choices are the roles of a country to tick.
func choices(country string, on func(id string, r role.Role) bool) (all []choice) {
	for _, r := range role.All() {
		id := country + "." + string(r)
		all = append(all, choice{ID: id, Text: placeName(country) + ": " + string(r) + ", " + word("role-"+string(r)), On: on(id, r)})
	}
	return all
}

// rolesChosen are those that were ticked, by country.
func rolesChosen(r *http.Request) map[string][]role.Role {
	roles := map[string][]role.Role{}
	for _, chosen := range r.PostForm["role"] {
		country, one, _ := strings.Cut(chosen, ".")
		roles[country] = append(roles[country], role.Role(one))
	}
	return roles
}

func how(one *Account) string {
	switch {
	case one.Closed != nil:
		return word("closed")
	case one.SignIn == ByPassword:
		return word("with-password")
	case one.SignIn == ByOIDC:
		return word("with-sso")
	case one.Open != nil:
		return word("invited-until", until(*one.Open))
	}
	return word("link-over")
}

func until(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func lastIn(one *Account) string {
	if one.Last == nil {
		return word("never")
	}
	return until(*one.Last)
}

func (a *Accounts) peoplePage(w http.ResponseWriter, r *http.Request, status int, f peopleForm) {
	c, _ := role.Of(r.Context())
	list, err := a.Accounts(r.Context())
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	data := struct {
		peopleForm
		People      []personLine
		Name, Email field
		Can         []choice
	}{peopleForm: f}
	for i := range list {
		data.People = append(data.People, personLine{list[i].Name, how(&list[i]), lastIn(&list[i]), rolesWords(list[i].Roles)})
	}
	data.Name = field{ID: "name", Label: word("name"), Hint: word("new-name-hint"), Type: "text", Auto: "off", Value: f.name, Plain: true}
	data.Email = field{ID: "email", Label: word("email"), Hint: word("email-hint"), Type: "email", Auto: "off", Value: f.email, Plain: true, Optional: true}
	for _, country := range a.places(c) {
		data.Can = append(data.Can, choices(country, func(id string, _ role.Role) bool { return slices.Contains(f.chosen, id) })...)
	}
	a.wide(w, r, status, "people", word("people"), data)
}

// wide answers with a page of the menu's accounts.
func (a *Accounts) wide(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	c, _ := role.Of(r.Context())
	if status >= 400 {
		title = word("problem", title)
	}
	look.Write(w, status, look.Page{Title: title, Caller: c, Here: "/console/accounts", Body: a.body(r, name, data)})
}

func (a *Accounts) invitePerson(w http.ResponseWriter, r *http.Request) {
	in := Invitation{Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Roles: rolesChosen(r)}
	link, err := a.Invite(r.Context(), in)
	var p *Problem
	switch {
	case errors.As(err, &p):
		a.peoplePage(w, r, p.Status, peopleForm{Wrong: sentence(p.Text), name: in.Name, email: in.Email, chosen: r.PostForm["role"]})
	case err != nil:
		a.trouble(w, r, err)
	default:
		a.peoplePage(w, r, http.StatusOK, peopleForm{Link: madeLink{link, nameOf(in.Name)}})
	}
}

type rolesPlace struct {
	Country, Text string
	Can           []choice
}

func (a *Accounts) personPage(w http.ResponseWriter, r *http.Request, status int, f peopleForm) {
	c, _ := role.Of(r.Context())
	list, err := a.Accounts(r.Context())
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	at := slices.IndexFunc(list, func(one Account) bool { return one.Name == r.PathValue("name") })
	if at < 0 {
		a.say(w, r, http.StatusNotFound, word("nobody-there"))
		return
	}
	one := &list[at]
	data := struct {
		peopleForm
		Account, Email, How, Last string
		Closed                    bool
		Places                    []rolesPlace
		Tokens                    []ownToken
	}{peopleForm: f, Account: one.Name, Email: one.Email, How: how(one), Last: lastIn(one), Closed: one.Closed != nil, Tokens: tokenLines(one.Tokens)}
	for _, country := range a.places(c) {
		data.Places = append(data.Places, rolesPlace{country, placeName(country),
			choices(country, func(_ string, r role.Role) bool { return slices.Contains(one.Roles[country], r) })})
	}
	a.wide(w, r, status, "person", one.Name, data)
}

// answered shows the page of an account after something was done to it, or was not.
func (a *Accounts) answered(w http.ResponseWriter, r *http.Request, f peopleForm, err error) {
	var p *Problem
	switch {
	case errors.As(err, &p):
		a.personPage(w, r, p.Status, peopleForm{Wrong: sentence(p.Text)})
	case err != nil:
		a.trouble(w, r, err)
	default:
		a.personPage(w, r, http.StatusOK, f)
	}
}

func (a *Accounts) changeRoles(w http.ResponseWriter, r *http.Request) {
	country := r.PostFormValue("country")
	err := a.SetRoles(r.Context(), r.PathValue("name"), country, rolesChosen(r)[country])
	if list, wrong := a.Accounts(r.Context()); err == nil && wrong == nil &&
		!slices.ContainsFunc(list, func(one Account) bool { return one.Name == r.PathValue("name") }) {
		// Without a role where the caller is administrator, the account is no longer theirs to see.
		a.peoplePage(w, r, http.StatusOK, peopleForm{Done: word("roles-saved", r.PathValue("name"), placeName(country))})
		return
	}
	a.answered(w, r, peopleForm{Done: word("roles-saved", r.PathValue("name"), placeName(country))}, err)
}

func (a *Accounts) resetPerson(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("sure") == "" {
		a.answered(w, r, peopleForm{}, wrong("nothing was changed; tick that you are sure"))
		return
	}
	link, err := a.Reset(r.Context(), r.PathValue("name"))
	a.answered(w, r, peopleForm{Link: madeLink{link, r.PathValue("name")}}, err)
}

func (a *Accounts) closePerson(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("sure") == "" {
		a.answered(w, r, peopleForm{}, wrong("nothing was changed; tick that you are sure"))
		return
	}
	a.answered(w, r, peopleForm{Done: word("closed-done", r.PathValue("name"))}, a.CloseAccount(r.Context(), r.PathValue("name")))
}

func (a *Accounts) endTheirToken(w http.ResponseWriter, r *http.Request) {
	a.answered(w, r, peopleForm{Done: word("token-ended")}, a.RevokeToken(r.Context(), r.PathValue("name"), r.PostFormValue("token")))
}
