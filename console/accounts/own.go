package accounts

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/look"
	"baraza/console/role"
	"baraza/server/audit"
)

// accountForm is what the page of one's own account says after something was asked. Wrong texts are by field.
type accountForm struct {
	Wrong, Done, Token, TokenName string
	wrong                         map[string]string
	name, until                   string // of a token, as they were written
}

type ownToken struct {
	Name, Says string
	Roles      []rolesIn
}

type choice struct{ ID, Text string }

func (a *Accounts) accountPage(w http.ResponseWriter, r *http.Request, status int, f accountForm) {
	c, _ := role.Of(r.Context())
	k, err := a.find(c.Account)
	var tokens []Token
	if err == nil {
		tokens, err = a.Tokens(r.Context())
	}
	if err != nil || k == nil {
		a.trouble(w, r, errors.Join(err, errors.New("the caller's account")))
		return
	}
	data := struct {
		accountForm
		Account, Signed                                       string
		Roles                                                 []rolesIn
		ByPassword                                            bool
		Old, New, Again, PhonePassword, Code, NewToken, Until field
		Tokens                                                []ownToken
		Can                                                   []choice
	}{accountForm: f, Account: k.Name, Roles: rolesWords(c.Roles), ByPassword: k.SignIn == ByPassword, Signed: word("by-oidc", a.ssoName())}
	if data.ByPassword {
		data.Signed = word("by-password", len(k.Codes))
	}
	data.Old = passwordField("old", "old-password", "current-password", f.wrong["old"])
	data.New = passwordField("new", "new-password", "new-password", f.wrong["new"])
	data.New.Hint = word("new-password-hint")
	data.Again = passwordField("again", "again", "new-password", f.wrong["again"])
	data.PhonePassword = passwordField("password", "old-password", "current-password", f.wrong["password"])
	data.Code = field{ID: "code", Label: word("phone-or-recovery"), Type: "text", Auto: "one-time-code", Plain: true, Wrong: f.wrong["code"], Focus: f.wrong["code"] != ""}
	data.NewToken = field{ID: "token", Label: word("token-name"), Hint: word("token-name-hint"), Type: "text", Auto: "off", Value: f.name}
	data.Until = field{ID: "until", Label: word("token-until"), Hint: word("token-until-hint"), Type: "date", Auto: "off", Value: f.until}
	for _, t := range tokens {
		used := word("never")
		if t.Used != nil {
			used = t.Used.UTC().Format("2006-01-02 15:00 UTC")
		}
		data.Tokens = append(data.Tokens, ownToken{t.Name, word("token-says", t.Expires.UTC().Format("2006-01-02 15:04 UTC"), used), rolesWords(t.Roles)})
	}
	for _, country := range slices.Sorted(maps.Keys(c.Roles)) {
		for _, one := range c.Roles[country] {
			says := string(one)
			if one == role.Administrator { // which no token is
				one, says = role.Offboarding, word("offboarding")
			}
			data.Can = append(data.Can, choice{country + "." + string(one), rolesWords(map[string][]role.Role{country: {one}})[0].Country + ": " + says})
		}
	}
	title := word("account")
	if status >= 400 {
		title = word("problem", title)
	}
	look.Write(w, status, look.Page{Title: title, Caller: c, Here: "/console/account", Narrow: true, Body: a.body(r, "account", data)})
}

// refuse shows the page of one's own account with what was wrong.
func (a *Accounts) refuse(w http.ResponseWriter, r *http.Request, status int, field, problem string) {
	f := accountForm{wrong: map[string]string{}, name: r.PostFormValue("token"), until: r.PostFormValue("until")}
	if f.wrong[field] = problem; field == "" {
		f.Wrong = problem
	}
	a.accountPage(w, r, status, f)
}

// proved looks at the password of who is signed in already: somebody else may sit at an open browser. What is wrong was
// answered when it returns nil.
func (a *Accounts) proved(w http.ResponseWriter, r *http.Request, field string) *kept {
	c, _ := role.Of(r.Context())
	k, err := a.find(c.Account)
	switch {
	case err != nil || k == nil:
		a.trouble(w, r, errors.Join(err, errors.New("the caller's account")))
		return nil
	case c.Token != "" || k.SignIn != ByPassword:
		a.say(w, r, http.StatusForbidden, "this is for accounts with a password")
		return nil
	}
	device, _ := a.keys.known(k.Name, a.cookie(r, deviceCookie))
	good, wait := a.pace.try(a.now(), claims("password", k.Name, a.address(r), device)...)
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(waitSeconds(wait)))
		a.refuse(w, r, http.StatusTooManyRequests, field, word("wait", waitWords(wait)))
		return nil
	}
	right, err := a.hashes.check(r.Context(), r.PostFormValue(field), k.Password, true)
	switch {
	case err != nil:
		a.trouble(w, r, err)
		return nil
	case !right:
		a.failedSignIn(a.now(), k, r, "password")
		a.refuse(w, r, http.StatusUnprocessableEntity, field, word("password-wrong"))
		return nil
	}
	good()
	return k
}

func (a *Accounts) changePassword(w http.ResponseWriter, r *http.Request) {
	k := a.proved(w, r, "old")
	if k == nil {
		return
	}
	password := r.PostFormValue("new")
	if reason := unfit(password, k.Name); reason != "" {
		a.refuse(w, r, http.StatusUnprocessableEntity, "new", word(reason))
		return
	}
	if password != r.PostFormValue("again") {
		a.refuse(w, r, http.StatusUnprocessableEntity, "again", word("password-twice"))
		return
	}
	hashed, err := a.hashes.hash(r.Context(), password)
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	var text string
	err = a.db.Update(func(tx *bbolt.Tx) error {
		now, err := account(tx, k.Name)
		if err != nil {
			return err
		}
		if now == nil || !now.live() || now.Password != k.Password || now.Epoch != k.Epoch {
			return &Problem{http.StatusConflict, word("step-over")}
		}
		now.Password = hashed
		if err := now.signOutAll(tx); err != nil {
			return err
		}
		if text, err = a.begun(tx, now, r); err != nil {
			return err
		}
		return a.record(audit.Record{Who: k.Name, What: "account password", About: k.Name, Country: only(k.Roles), Why: "from " + a.address(r)})
	})
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	a.signedIn(w, k.Name, text)
	a.accountPage(w, r, http.StatusOK, accountForm{Done: word("password-changed")})
}

// ownLink is how long one has to set up a new phone.
const ownLink = 30 * time.Minute

// changePhone leads who shows password and code to the pages of an invitation. The account stays as it is until its new
// phone shows a code.
func (a *Accounts) changePhone(w http.ResponseWriter, r *http.Request) {
	k := a.proved(w, r, "password")
	if k == nil {
		return
	}
	device, _ := a.keys.known(k.Name, a.cookie(r, deviceCookie))
	good, wait := a.pace.try(a.now(), claims("code", k.Name, a.address(r), device)...)
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(waitSeconds(wait)))
		a.refuse(w, r, http.StatusTooManyRequests, "code", word("wait", waitWords(wait)))
		return
	}
	var text string
	err := a.db.Update(func(tx *bbolt.Tx) error {
		now, err := account(tx, k.Name)
		if err != nil {
			return err
		}
		if now == nil || !now.live() || now.Password != k.Password || now.Epoch != k.Epoch {
			return &Problem{http.StatusConflict, word("step-over")}
		}
		if _, ok := a.useCode(now, r.PostFormValue("code"), a.now()); !ok {
			return errCode
		}
		if err := now.put(tx); err != nil {
			return err
		}
		if err := dropLinks(tx, func(l *link) bool { return l.Account == k.Name }); err != nil {
			return err
		}
		var hash []byte
		text, hash = secret()
		if err := put(tx, linkBucket, hash, link{Account: k.Name, By: k.Name, Until: a.now().Add(ownLink)}); err != nil {
			return err
		}
		return a.record(audit.Record{Who: k.Name, What: "account phone", About: k.Name, Country: only(k.Roles), Why: "begins to set up another, from " + a.address(r)})
	})
	switch {
	case errors.Is(err, errCode):
		a.failedSignIn(a.now(), k, r, "code")
		a.refuse(w, r, http.StatusUnprocessableEntity, "code", word("wrong-code"))
	case err != nil:
		a.trouble(w, r, err)
	default:
		good()
		a.setCookie(w, linkCookie, text, ownLink, http.SameSiteLaxMode)
		http.Redirect(w, r, "/console/invited", http.StatusSeeOther)
	}
}

func (a *Accounts) endSessions(w http.ResponseWriter, r *http.Request) {
	c, _ := role.Of(r.Context())
	err := a.act(r.Context(), "sign out everywhere", c.Account, func(tx *bbolt.Tx, c role.Caller, _ *audit.Record) error {
		k, err := account(tx, c.Account)
		if err != nil || k == nil {
			return errors.Join(err, ErrNobody)
		}
		return errors.Join(k.signOutAll(tx), k.put(tx))
	})
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	a.signOut(w, r)
}

func (a *Accounts) makeToken(w http.ResponseWriter, r *http.Request) {
	day, err := time.Parse(time.DateOnly, r.PostFormValue("until"))
	t := Token{Name: strings.TrimSpace(r.PostFormValue("token")), Roles: map[string][]role.Role{}}
	if err == nil {
		t.Expires = day.Add(24 * time.Hour) // the day itself is within
	}
	for _, chosen := range r.PostForm["role"] {
		country, one, _ := strings.Cut(chosen, ".")
		t.Roles[country] = append(t.Roles[country], role.Role(one))
	}
	text, err := a.NewToken(r.Context(), t)
	var p *Problem
	switch {
	case errors.As(err, &p):
		a.refuse(w, r, p.Status, "", sentence(p.Text))
	case err != nil:
		a.trouble(w, r, err)
	default:
		a.accountPage(w, r, http.StatusOK, accountForm{Token: text, TokenName: t.Name})
	}
}

func (a *Accounts) endToken(w http.ResponseWriter, r *http.Request) {
	c, _ := role.Of(r.Context())
	if err := a.RevokeToken(r.Context(), c.Account, r.PostFormValue("token")); err != nil {
		a.trouble(w, r, err)
		return
	}
	a.accountPage(w, r, http.StatusOK, accountForm{Done: word("token-ended")})
}

// sentence is the text of a problem as it stands in a page.
func sentence(text string) string {
	return fmt.Sprintf("%s%s.", strings.ToUpper(text[:1]), strings.TrimSuffix(text[1:], "."))
}
