package accounts

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/look"
	"baraza/console/role"
	"baraza/server/audit"
)

//go:embed page/*.html
var pageFiles embed.FS

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{"say": word}).ParseFS(pageFiles, "page/*.html"))

// mostForm is how long a form can be, in bytes.
const mostForm = 16 << 10

// Paths are the patterns at which Pages belong.
var Paths = []string{"/console/sign-in", "/console/code", "/console/sign-out", "/console/invited", "/console/account", "/console/account/", "/console/oidc/"}

// Pages are those of signing in and of one's own account. They belong at Paths.
func (a *Accounts) Pages() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, page http.HandlerFunc) { mux.Handle(pattern, a.headed(bounded(page))) }
	mine := func(pattern string, page http.HandlerFunc) { mux.Handle(pattern, a.Guard(bounded(page))) }
	open("GET /console/sign-in", a.signInPage)
	open("POST /console/sign-in", a.signIn)
	open("GET /console/code", a.codePage)
	open("POST /console/code", a.signInCode)
	open("POST /console/sign-out", a.signOut)
	open("GET /console/invited", a.invitedPage)
	open("POST /console/invited", a.invited)
	open("GET /console/oidc/go", a.ssoGo)
	open("GET "+ssoBack, a.ssoReturn)
	mine("GET /console/account", func(w http.ResponseWriter, r *http.Request) { a.accountPage(w, r, http.StatusOK, accountForm{}) })
	mine("POST /console/account/password", a.changePassword)
	mine("POST /console/account/phone", a.changePhone)
	mine("POST /console/account/sessions", a.endSessions)
	mine("POST /console/account/token", a.makeToken)
	mine("POST /console/account/token-end", a.endToken)
	open("/", http.NotFound)
	return mux
}

func bounded(page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, word("too-large"), http.StatusBadRequest)
			return
		}
		page(w, r)
	}
}

// field is one of a form.
type field struct {
	ID, Label, Hint, Wrong, Type, Auto, Value string
	Digits, Plain, Focus                      bool
}

func nameField(value, problem string) field {
	return field{ID: "name", Label: word("name"), Type: "text", Auto: "username", Value: value, Wrong: problem, Plain: true, Focus: value == "" || problem != ""}
}

func passwordField(id, label, auto, problem string) field {
	return field{ID: id, Label: word(label), Type: "password", Auto: auto, Wrong: problem, Focus: problem != ""}
}

func codeField(label, hint, problem string) field {
	return field{ID: "code", Label: word(label), Hint: word(hint), Type: "text", Auto: "one-time-code", Wrong: problem, Digits: true, Plain: true, Focus: true}
}

func recoveryField(problem string) field {
	return field{ID: "recovery", Label: word("recovery"), Hint: word("recovery-hint"), Type: "text", Auto: "off", Wrong: problem, Plain: true, Focus: problem != ""}
}

// body is a page's content.
func (a *Accounts) body(_ *http.Request, name string, data any) template.HTML {
	b, err := look.Render(pages, name, data)
	if err != nil {
		a.log.Error("a page could not be made", "page", name, "error", err)
	}
	return b
}

// page answers with a narrow page. Where something is wrong its title says so first.
func (a *Accounts) page(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	text := word(title)
	if status >= 400 {
		text = word("problem", text)
	}
	look.Write(w, status, look.Page{Title: text, Narrow: true, Body: a.body(r, name, data)})
}

type signInForm struct {
	Wrong, Done, To, SSO string
	Name, Password       field
}

func (a *Accounts) signInPage(w http.ResponseWriter, r *http.Request) {
	f := signInForm{To: local(r.FormValue("to")), SSO: a.ssoName(), Name: nameField("", ""), Password: passwordField("password", "password", "current-password", "")}
	if r.URL.Query().Has("out") {
		f.Done = word("signed-out")
	}
	a.page(w, r, http.StatusOK, "sign-in", "sign-in", f)
}

// step is what a browser keeps between the password and the code.
type step struct {
	Account string    `json:"a"`
	Epoch   uint64    `json:"e"`
	At      time.Time `json:"t"`
	To      string    `json:"to"`
}

const stepLives = 5 * time.Minute

func (a *Accounts) signIn(w http.ResponseWriter, r *http.Request) {
	name, password, to := nameOf(r.PostFormValue("name")), r.PostFormValue("password"), local(r.PostFormValue("to"))
	f := signInForm{To: to, SSO: a.ssoName(), Name: nameField(name, ""), Password: passwordField("password", "password", "current-password", "")}
	answer := func(status int, problem string) {
		f.Wrong = problem
		a.page(w, r, status, "sign-in", "sign-in", f)
	}
	switch {
	case name == "" || len(name) > 64:
		f.Name = nameField("", word("name-missing"))
		answer(http.StatusUnprocessableEntity, "")
		return
	case password == "":
		f.Password = passwordField("password", "password", "current-password", word("password-missing"))
		answer(http.StatusUnprocessableEntity, "")
		return
	}
	now := a.now()
	device, _ := a.keys.known(name, a.cookie(r, deviceCookie))
	good, wait := a.pace.try(now, claims("password", name, a.address(r), device)...)
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(waitSeconds(wait)))
		answer(http.StatusTooManyRequests, word("wait", waitWords(wait)))
		return
	}
	k, err := a.find(name)
	if err == nil {
		var right bool
		hash := ""
		if k != nil && k.live() && k.SignIn == ByPassword {
			hash = k.Password
		}
		if right, err = a.hashes.check(r.Context(), password, hash, device != ""); err == nil && right {
			good()
			a.toCode(w, r, k, to)
			return
		}
	}
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	a.failedSignIn(now, k, r, "password")
	f.Password.Focus = true
	answer(http.StatusUnprocessableEntity, word("wrong-sign-in"))
}

// toCode goes on to the code, since the password was right.
func (a *Accounts) toCode(w http.ResponseWriter, r *http.Request, k *kept, to string) {
	sealed, err := a.keys.give(stepCookie, step{k.Name, k.Epoch, a.now(), to})
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	a.setCookie(w, stepCookie, sealed, stepLives, http.SameSiteStrictMode)
	http.Redirect(w, r, "/console/code", http.StatusSeeOther)
}

// trouble answers what nobody there can do anything about.
func (a *Accounts) trouble(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if errors.As(err, &p) {
		a.say(w, r, p.Status, p.Text)
		return
	}
	if !errors.Is(err, context.Canceled) {
		a.log.Error("a page of accounts failed", "path", r.URL.Path, "error", err)
	}
	a.say(w, r, http.StatusInternalServerError, "Something went wrong here, and nothing was changed. Try again.")
}

func (a *Accounts) find(name string) (k *kept, err error) {
	err = a.db.View(func(tx *bbolt.Tx) error { k, err = account(tx, name); return err })
	return k, err
}

// failedSignIn records one, or counts it where there are many. The name of an account that is not there is not written
// down: people type passwords into the wrong field.
func (a *Accounts) failedSignIn(now time.Time, k *kept, r *http.Request, what string) {
	ok, missed := a.failed.may(now)
	if !ok {
		return
	}
	rec := audit.Record{What: "sign in", About: "an account that is not there", Why: "wrong " + what + ", from " + a.address(r),
		Outcome: audit.Refused, Status: http.StatusUnprocessableEntity}
	if k != nil {
		rec.About, rec.Country = k.Name, only(k.Roles)
	}
	if missed > 0 {
		rec.Why += "; " + counted(missed, "more failed sign-in has no record of its own", "more failed sign-ins have no record of their own")
	}
	_ = a.record(rec) // it is logged where it cannot be written, and nobody came in
}

type codeForm struct {
	Wrong, Done    string
	Code, Recovery field
}

func (a *Accounts) codePage(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.stepOf(r); !ok {
		http.Redirect(w, r, "/console/sign-in", http.StatusSeeOther)
		return
	}
	a.page(w, r, http.StatusOK, "code", "code-title", codeForm{Code: codeField("code", "code-hint", ""), Recovery: recoveryField("")})
}

func (a *Accounts) stepOf(r *http.Request) (s step, ok bool) {
	ok = a.keys.take(stepCookie, a.cookie(r, stepCookie), &s)
	return s, ok && a.now().Sub(s.At) < stepLives && s.At.Sub(a.now()) < clockSlack
}

func (a *Accounts) signInCode(w http.ResponseWriter, r *http.Request) {
	s, ok := a.stepOf(r)
	if !ok {
		a.say(w, r, http.StatusUnprocessableEntity, word("step-over"))
		return
	}
	code, recovery := r.PostFormValue("code"), r.PostFormValue("recovery")
	f := codeForm{Code: codeField("code", "code-hint", ""), Recovery: recoveryField("")}
	wrong := func(status int, key string, with ...any) {
		if f.Wrong = word(key, with...); status == http.StatusUnprocessableEntity {
			if f.Wrong = ""; recovery != "" {
				f.Recovery, f.Code.Focus = recoveryField(word(key, with...)), false
			} else {
				f.Code = codeField("code", "code-hint", word(key, with...))
			}
		}
		a.page(w, r, status, "code", "code-title", f)
	}
	if code+recovery == "" || len(code)+len(recovery) > 100 {
		wrong(http.StatusUnprocessableEntity, "code-missing")
		return
	}
	now := a.now()
	device, _ := a.keys.known(s.Account, a.cookie(r, deviceCookie))
	good, wait := a.pace.try(now, claims("code", s.Account, a.address(r), device)...)
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(waitSeconds(wait)))
		wrong(http.StatusTooManyRequests, "wait", waitWords(wait))
		return
	}
	var text string
	var left int
	err := a.db.Update(func(tx *bbolt.Tx) error {
		k, err := account(tx, s.Account)
		if err != nil {
			return err
		}
		if k == nil || !k.live() || k.SignIn != ByPassword || k.Epoch != s.Epoch {
			return &Problem{http.StatusUnprocessableEntity, word("step-over")}
		}
		byRecovery, ok := a.useCode(k, code+recovery, now)
		if !ok {
			return ErrNobody
		}
		why := "password and code of the phone, from "
		if byRecovery {
			left = len(k.Codes)
			why = "password and a recovery code, " + counted(left, "is", "are") + " left, from "
		}
		if text, err = a.begun(tx, k, r); err != nil {
			return err
		}
		return a.record(audit.Record{Who: k.Name, What: "sign in", About: k.Name, Country: only(k.Roles), Why: why + a.address(r)})
	})
	switch {
	case errors.Is(err, ErrNobody):
		k, _ := a.find(s.Account)
		a.failedSignIn(now, k, r, "code")
		key := "wrong-code"
		if recovery != "" {
			key = "wrong-recovery"
		}
		wrong(http.StatusUnprocessableEntity, key)
	case err != nil:
		a.trouble(w, r, err)
	default:
		good()
		a.signedIn(w, s.Account, text)
		http.Redirect(w, r, local(s.To), http.StatusSeeOther)
	}
}

// deviceLives is how long a browser is known.
const deviceLives = 90 * 24 * time.Hour

// signedIn gives the browser its session.
func (a *Accounts) signedIn(w http.ResponseWriter, name, text string) {
	a.setCookie(w, sessionCookie, text, 0, http.SameSiteStrictMode)
	a.setCookie(w, deviceCookie, a.keys.device(name), deviceLives, http.SameSiteStrictMode)
	a.dropCookie(w, stepCookie)
}

func (a *Accounts) signOut(w http.ResponseWriter, r *http.Request) {
	if hash, ok := secretHash(a.cookie(r, sessionCookie)); ok {
		if err := a.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(sessionBucket).Delete(hash) }); err != nil {
			a.trouble(w, r, err)
			return
		}
	}
	a.dropCookie(w, sessionCookie)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/console/sign-in?out", http.StatusSeeOther)
}

// rolesIn are the roles of a country in words.
type rolesIn struct{ Country, Roles string }

func rolesWords(roles map[string][]role.Role) (all []rolesIn) {
	for _, country := range slices.Sorted(maps.Keys(roles)) {
		name := country
		if country == role.Everywhere {
			name = word("everywhere")
		}
		all = append(all, rolesIn{name, names(roles[country])})
	}
	return all
}
