package accounts

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
)

// How long somebody stays signed in.
const (
	idleFor    = 30 * time.Minute // without a request
	signedFor  = 8 * time.Hour    // in all
	seenEvery  = time.Minute      // so often a request is noted, so that not each one writes
	clockSlack = time.Minute      // a clock that went back further has sessions begin anew
	// mostSessions of an account; a further sign-in ends the oldest.
	mostSessions = 10
)

// Watching is a header, and the name of a part of an address's query, of requests that a page sends by itself. They do
// not keep a session from ending for want of use.
const Watching = "X-Baraza-Watching"

// Caller is who asks: by the cookie of a session, or by a token in "Authorization: Bearer …". ErrNobody: nobody we know.
func (a *Accounts) Caller(r *http.Request) (role.Caller, error) {
	if said := r.Header.Values("Authorization"); len(said) > 0 {
		// A request with a token is never that of a session, whose cookie a browser adds by itself.
		text, ok := strings.CutPrefix(said[0], "Bearer ")
		if !ok || len(said) > 1 {
			return role.Caller{}, ErrNobody
		}
		return a.byToken(text)
	}
	hash, ok := secretHash(a.cookie(r, sessionCookie))
	if !ok {
		return role.Caller{}, ErrNobody
	}
	return a.bySession(hash, r.Header.Get(Watching) != "" || r.URL.Query().Has(Watching))
}

func (a *Accounts) bySession(hash []byte, watching bool) (role.Caller, error) {
	now := a.now()
	var c role.Caller
	var stale bool
	err := a.db.View(func(tx *bbolt.Tx) error {
		s, k, err := sessionOf(tx, hash, now)
		if err != nil {
			return err
		}
		c = role.Caller{Account: k.Name, Roles: k.Roles}
		stale = now.Sub(s.Seen) >= seenEvery && !watching
		return nil
	})
	if err == nil && stale {
		err = a.db.Update(func(tx *bbolt.Tx) error {
			s, _, err := sessionOf(tx, hash, now) // it may have ended meanwhile
			if err != nil {
				return err
			}
			s.Seen = now
			return put(tx, sessionBucket, hash, s)
		})
		if err != nil && !errors.Is(err, ErrNobody) {
			a.log.Error("that somebody is there could not be noted", "error", err)
			err = nil
		}
	}
	if err != nil {
		return role.Caller{}, err
	}
	return c, nil
}

// sessionOf is a session that is good now, and whose it is; else ErrNobody.
func sessionOf(tx *bbolt.Tx, hash []byte, now time.Time) (*session, *kept, error) {
	s, err := get[session](tx, sessionBucket, hash)
	if err != nil {
		return nil, nil, err
	}
	if s == nil || s.over(now) {
		return nil, nil, ErrNobody
	}
	k, err := account(tx, s.Account)
	if err != nil {
		return nil, nil, err
	}
	if k == nil || !k.live() || k.Epoch != s.Epoch {
		return nil, nil, ErrNobody
	}
	return s, k, nil
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.Seen) >= idleFor || now.Sub(s.Begun) >= signedFor || s.Seen.Sub(now) > clockSlack
}

// begun makes a session of an account, and forgets those that are over. The one that the browser had before ends.
func (a *Accounts) begun(tx *bbolt.Tx, k *kept, r *http.Request) (text string, err error) {
	now := a.now()
	before, _ := secretHash(a.cookie(r, sessionCookie))
	var oldest []byte
	var oldestAt time.Time
	count := 0
	err = each(tx, sessionBucket, func(key []byte, s *session) bool {
		if s.over(now) || string(key) == string(before) {
			return true
		}
		if s.Account == k.Name {
			count++
			if oldest == nil || s.Begun.Before(oldestAt) {
				oldest, oldestAt = key, s.Begun
			}
		}
		return false
	})
	if err == nil && count >= mostSessions {
		err = tx.Bucket(sessionBucket).Delete(oldest)
	}
	text, hash := secret()
	k.Last = &now
	return text, errors.Join(err, put(tx, sessionBucket, hash, session{Account: k.Name, Epoch: k.Epoch, Begun: now, Seen: now}), k.put(tx))
}

// Cookies. With https their names begin so that a browser takes them from this very host alone, over TLS.
const (
	sessionCookie = "baraza"
	deviceCookie  = "baraza-device"  // this browser was here before
	stepCookie    = "baraza-step"    // the password was right, the code is still asked
	linkCookie    = "baraza-invited" // the link of an invitation
	ssoCookie     = "baraza-sso"     // on the way to the identity provider and back
)

func (a *Accounts) cookieName(name string) string {
	if a.secure {
		return "__Host-" + name
	}
	return name
}

func (a *Accounts) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(a.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives a browser something to keep. lives 0: until it is closed; below 0: no longer.
func (a *Accounts) setCookie(w http.ResponseWriter, name, value string, lives time.Duration, same http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: a.cookieName(name), Value: value, Path: "/", MaxAge: int(lives / time.Second),
		Secure: a.secure, HttpOnly: true, SameSite: same})
}

func (a *Accounts) dropCookie(w http.ResponseWriter, name string) {
	a.setCookie(w, name, "", -time.Second, http.SameSiteStrictMode)
}
