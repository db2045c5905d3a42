package accounts

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	"rsc.io/qr"

	"baraza/console/look"
	"baraza/server/audit"
)

// errLost: the link of an invitation cannot be used.
var errLost = errors.New("the link cannot be used")

// linkOf is a link that is good now, and whose account it opens; else errLost.
func (a *Accounts) linkOf(tx *bbolt.Tx, hash []byte) (*link, *kept, error) {
	l, err := get[link](tx, linkBucket, hash)
	if err != nil {
		return nil, nil, err
	}
	if l == nil || !a.now().Before(l.Until) {
		return nil, nil, errLost
	}
	k, err := account(tx, l.Account)
	if err == nil && (k == nil || k.Closed != nil) {
		err = errLost
	}
	return l, k, err
}

type invitedForm struct {
	Wrong, Done, Account, SSO string
	Roles                     []rolesIn
	New, Again                field
}

func (a *Accounts) invitedForm(k *kept, newWrong, againWrong string) invitedForm {
	f := invitedForm{Account: k.Name, SSO: a.ssoName(), Roles: rolesWords(k.Roles),
		New:   passwordField("new", "new-password", "new-password", newWrong),
		Again: passwordField("again", "again", "new-password", againWrong)}
	f.New.Hint = word("new-password-hint")
	return f
}

type phoneForm struct {
	Wrong, Done, Secret string
	Picture             template.HTML
	Code                field
}

// invitedPage shows what comes next for who has a link. The link itself is taken out of the address at once, and only the
// last form uses it up: programs that look at links in messages do no harm.
func (a *Accounts) invitedPage(w http.ResponseWriter, r *http.Request) {
	if text := r.URL.Query().Get("link"); text != "" {
		if _, ok := secretHash(text); !ok {
			a.lost(w, r)
			return
		}
		// Lax, since the link is followed from somebody's messages.
		a.setCookie(w, linkCookie, text, time.Hour, http.SameSiteLaxMode)
		http.Redirect(w, r, "/console/invited", http.StatusSeeOther)
		return
	}
	l, k, err := a.linkHeld(r)
	switch {
	case errors.Is(err, errLost):
		a.lost(w, r)
	case err != nil:
		a.trouble(w, r, err)
	case l.Phone == nil:
		a.page(w, r, http.StatusOK, "invited", "invited", a.invitedForm(k, "", ""))
	default:
		a.phonePage(w, r, http.StatusOK, l, "")
	}
}

// linkHeld is the link that the browser keeps.
func (a *Accounts) linkHeld(r *http.Request) (l *link, k *kept, err error) {
	hash, ok := secretHash(a.cookie(r, linkCookie))
	if !ok {
		return nil, nil, errLost
	}
	err = a.db.View(func(tx *bbolt.Tx) error { l, k, err = a.linkOf(tx, hash); return err })
	return l, k, err
}

func (a *Accounts) lost(w http.ResponseWriter, r *http.Request) {
	a.dropCookie(w, linkCookie)
	a.say(w, r, http.StatusGone, word("invited-lost"))
}

func (a *Accounts) phonePage(w http.ResponseWriter, r *http.Request, status int, l *link, problem string) {
	secret, _, err := a.keys.unseal(l.Account, l.Phone)
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	at, err := phoneAddress(string(secret), "Baraza "+a.public.Hostname(), l.Account)
	if err == nil {
		var picture template.HTML
		if picture, err = drawn(at); err == nil {
			a.page(w, r, status, "phone", "phone", phoneForm{Secret: inFours(string(secret)), Picture: picture, Code: codeField("phone-code", "code-hint", problem)})
			return
		}
	}
	a.trouble(w, r, err)
}

// inFours is a text that is easier to copy by hand.
func inFours(text string) string {
	var parts []string
	for len(text) > 4 {
		parts, text = append(parts, text[:4]), text[4:]
	}
	return strings.Join(append(parts, text), " ")
}

// drawn is a text as a picture for a camera, which needs neither a script nor another request.
func drawn(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const edge = 4 // of white, which readers need
	size := code.Size + 2*edge
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+edge, y+edge)
			}
		}
	}
	return template.HTML(fmt.Sprintf(`<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#ffffff"/><path fill="#000000" d="%s"/></svg>`,
		template.HTMLEscapeString(word("phone-picture")), size, size, size, size, path.String())), nil
}

func (a *Accounts) invited(w http.ResponseWriter, r *http.Request) {
	l, k, err := a.linkHeld(r)
	switch {
	case errors.Is(err, errLost):
		a.lost(w, r)
	case err != nil:
		a.trouble(w, r, err)
	case r.PostFormValue("phone") != "" && l.Phone != nil:
		a.finish(w, r, l)
	default:
		a.choosePassword(w, r, k)
	}
}

func (a *Accounts) choosePassword(w http.ResponseWriter, r *http.Request, k *kept) {
	password := r.PostFormValue("new")
	if reason := unfit(password, k.Name); reason != "" {
		a.page(w, r, http.StatusUnprocessableEntity, "invited", "invited", a.invitedForm(k, word(reason), ""))
		return
	}
	if password != r.PostFormValue("again") {
		a.page(w, r, http.StatusUnprocessableEntity, "invited", "invited", a.invitedForm(k, "", word("password-twice")))
		return
	}
	hashed, err := a.hashes.hash(r.Context(), password)
	if err != nil {
		a.trouble(w, r, err)
		return
	}
	hash, _ := secretHash(a.cookie(r, linkCookie))
	err = a.db.Update(func(tx *bbolt.Tx) error {
		l, _, err := a.linkOf(tx, hash)
		if err != nil {
			return err
		}
		l.Password, l.Phone = hashed, a.keys.seal(l.Account, []byte(newPhone()))
		return put(tx, linkBucket, hash, l)
	})
	switch {
	case errors.Is(err, errLost):
		a.lost(w, r)
	case err != nil:
		a.trouble(w, r, err)
	default:
		http.Redirect(w, r, "/console/invited", http.StatusSeeOther)
	}
}

// errCode: the code of the phone is not good.
var errCode = errors.New("the code is not good")

// finish opens the account: its phone has shown that it has the secret.
func (a *Accounts) finish(w http.ResponseWriter, r *http.Request, l *link) {
	hash, _ := secretHash(a.cookie(r, linkCookie))
	codes, hashes := newCodes()
	var name, text string
	err := a.db.Update(func(tx *bbolt.Tx) error {
		l, k, err := a.linkOf(tx, hash)
		if err != nil {
			return err
		}
		if l.Phone == nil {
			return errLost
		}
		secret, _, err := a.keys.unseal(l.Account, l.Phone)
		if err != nil {
			return err
		}
		step, ok := stepOf(string(secret), r.PostFormValue("code"), a.now(), 0)
		if !ok {
			return errCode
		}
		name = k.Name
		k.SignIn, k.Password, k.Phone, k.Step, k.Codes, k.Issuer, k.Subject = ByPassword, l.Password, l.Phone, step, hashes, "", ""
		if err := errors.Join(dropLinks(tx, func(other *link) bool { return other.Account == name }), k.signOutAll(tx)); err != nil {
			return err
		}
		if text, err = a.begun(tx, k, r); err != nil {
			return err
		}
		return a.record(audit.Record{Who: name, What: "account accept", About: name, Country: only(k.Roles), After: said(k.Roles), Why: "password and phone, from " + a.address(r)})
	})
	switch {
	case errors.Is(err, errLost):
		a.lost(w, r)
	case errors.Is(err, errCode):
		a.phonePage(w, r, http.StatusUnprocessableEntity, l, word("wrong-code"))
	case err != nil:
		a.trouble(w, r, err)
	default:
		a.signedIn(w, name, text)
		a.dropCookie(w, linkCookie)
		look.Write(w, http.StatusOK, look.Page{Title: word("codes"), Narrow: true, Body: a.body(r, "codes", map[string]any{"Codes": codes})})
	}
}
