package accounts_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"baraza/console/accounts"
	"baraza/console/role"
)

// login is an identity provider over loopback, as an organisation has one. Its answers can be made hostile.
type login struct {
	*httptest.Server
	clock *clock
	key   *rsa.PrivateKey

	mu       sync.Mutex
	asked    url.Values // of the last browser that came
	email    string
	verified any
	subject  string
	claims   func(map[string]any)           // changes what is signed
	sign     func(payload []byte) string    // nil: as it should be
	token    func(http.ResponseWriter) bool // answers in place of the token; nil: as it should be
}

func newLogin(t *testing.T) *login {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	l := &login{key: key, email: "rosa@example.org", verified: true, subject: "subject-1"}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": l.URL, "authorization_endpoint": l.URL + "/authorize", "token_endpoint": l.URL + "/token", "jwks_uri": l.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: l.key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = r.URL.Query()
		http.Redirect(w, r, l.asked.Get("redirect_uri")+"?"+url.Values{"code": {"code-1"}, "state": {l.asked.Get("state")}}.Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		id, secret, _ := r.BasicAuth()
		switch {
		case l.token != nil && l.token(w):
		case id != "baraza" || secret != "client-secret" || r.FormValue("code") != "code-1",
			l.asked.Get("code_challenge_method") != "S256", base64.RawURLEncoding.EncodeToString(sum[:]) != l.asked.Get("code_challenge"):
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		default:
			answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": l.signed(t)})
		}
	})
	l.Server = httptest.NewServer(mux)
	t.Cleanup(l.Close)
	return l
}

func (l *login) signed(t *testing.T) string {
	claims := map[string]any{"iss": l.URL, "sub": l.subject, "aud": "baraza", "iat": l.clock.Now().Unix(), "exp": l.clock.Now().Add(5 * time.Minute).Unix(),
		"nonce": l.asked.Get("nonce"), "email": l.email, "email_verified": l.verified}
	if l.claims != nil {
		l.claims(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Error(err)
	}
	if l.sign != nil {
		return l.sign(payload)
	}
	return signedBy(t, jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: l.key, KeyID: "1"}}, payload)
}

func signedBy(t *testing.T, key jose.SigningKey, payload []byte) string {
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Error(err)
		return ""
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Error(err)
	}
	return text
}

func withLogin(t *testing.T) (*world, *login) {
	t.Helper()
	l := newLogin(t)
	w := newWorld(t, func(o *accounts.Options) {
		o.OIDC = &accounts.OIDC{Issuer: l.URL, ClientID: "baraza", ClientSecret: func() (string, error) { return "client-secret", nil }, Name: "Example login"}
	})
	l.clock = w.clock
	return w, l
}

func (w *world) invites(name, email string) string {
	w.t.Helper()
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: name, Email: email, Roles: in("ec", role.Designer)})
	if err != nil {
		w.t.Fatal(err)
	}
	return link.Address
}

func TestWhoWasInvitedSignsInWithTheLoginOfTheOrganisation(t *testing.T) {
	t.Parallel()
	w, l := withLogin(t)
	w.invites("rosa", "Rosa@Example.org")
	b := w.browser()
	b.get("/console/sign-in?to=/console/ec/ec").says(t, http.StatusOK, "Sign in with Example login", "/console/oidc/go?to=%2fconsole%2fec%2fec")
	a := b.get("/console/oidc/go?to=/console/ec/ec")
	a.says(t, http.StatusOK, `http-equiv="refresh" content="0;url=/console/ec/ec"`)
	b.get("/console/ec/ec").says(t, http.StatusOK, "caller rosa may map[ec:[designer]]")
	// From then on it is the subject that counts, whatever its address is.
	l.email, l.verified = "other@example.org", false
	other := w.browser()
	other.get("/console/oidc/go")
	other.get("/console/").says(t, http.StatusOK, "caller rosa")
	// The same address with another subject is somebody else.
	l.email, l.verified, l.subject = "rosa@example.org", true, "subject-2"
	w.browser().get("/console/oidc/go").says(t, http.StatusForbidden, "have no account here")
	// There is no password.
	w.browser().post("/console/sign-in", "name", "rosa", "password", goodPassword).says(t, http.StatusUnprocessableEntity)
	if err := w.accounts.CloseAccount(machine(), "rosa"); err != nil {
		t.Fatal(err)
	}
	l.subject = "subject-1"
	w.browser().get("/console/oidc/go").says(t, http.StatusForbidden)
	if other.in() {
		t.Error("the session of a closed account goes on")
	}
}

func TestALinkBindsTheLoginOfWhoeverOpensIt(t *testing.T) {
	t.Parallel()
	w, l := withLogin(t)
	l.verified = nil // as some providers say nothing about addresses
	link := w.invites("rosa", "")
	b := w.browser()
	b.get(link).says(t, http.StatusOK, "Sign in with Example login")
	b.get("/console/oidc/go?invited=yes").says(t, http.StatusOK, "One moment")
	b.get("/console/").says(t, http.StatusOK, "caller rosa")
	w.browser().get(link).says(t, http.StatusGone)
	// A login has one account.
	second := w.browser()
	second.get(w.invites("second", ""))
	second.get("/console/oidc/go?invited=yes").says(t, http.StatusForbidden, "belongs to another account")
	// An invitation with an address is for that address.
	third := w.browser()
	third.get(w.invites("third", "third@example.org"))
	l.subject = "subject-3"
	third.get("/console/oidc/go?invited=yes").says(t, http.StatusForbidden, "not with this address")
	l.email, l.verified = "third@example.org", true
	third.get("/console/oidc/go?invited=yes").says(t, http.StatusOK)
	third.get("/console/").says(t, http.StatusOK, "caller third")
}

func TestAnAnswerThatIsNotForUsLetsNobodyIn(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*testing.T, *login) {
		return func(_ *testing.T, l *login) { l.claims = func(c map[string]any) { c[name] = value } }
	}
	for name, hostile := range map[string]func(*testing.T, *login){
		"another nonce":    claim("nonce", "other"),
		"no nonce":         claim("nonce", ""),
		"another audience": claim("aud", "another-client"),
		"another issuer":   claim("iss", "https://login.example.net"),
		"expired": func(_ *testing.T, l *login) {
			l.claims = func(c map[string]any) { c["exp"] = l.clock.Now().Unix() - 1 }
		},
		"no end": func(_ *testing.T, l *login) { l.claims = func(c map[string]any) { delete(c, "exp") } },
		"of the future": func(_ *testing.T, l *login) {
			l.claims = func(c map[string]any) { c["nbf"] = l.clock.Now().Add(time.Hour).Unix() }
		},
		"no subject":           claim("sub", ""),
		"an unverified e-mail": func(_ *testing.T, l *login) { l.verified = false },
		"verified in words":    func(_ *testing.T, l *login) { l.verified = "true" },
		"another e-mail":       func(_ *testing.T, l *login) { l.email = "rosa@example.net" },
		"no signature": func(_ *testing.T, l *login) {
			l.sign = func(payload []byte) string {
				e := base64.RawURLEncoding.EncodeToString
				return e([]byte(`{"alg":"none"}`)) + "." + e(payload) + "."
			}
		},
		"signed with the client's secret": func(t *testing.T, l *login) {
			l.sign = func(payload []byte) string {
				return signedBy(t, jose.SigningKey{Algorithm: jose.HS256, Key: []byte("client secret client secret client")}, payload)
			}
		},
		"signed with another key": func(t *testing.T, l *login) {
			l.sign = func(payload []byte) string {
				return signedBy(t, jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: other, KeyID: "1"}}, payload)
			}
		},
		"no token": func(_ *testing.T, l *login) { l.sign = func([]byte) string { return "" } },
		"no answer": func(_ *testing.T, l *login) {
			l.token = func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusTeapot); return true }
		},
		"an answer without end": func(_ *testing.T, l *login) {
			l.token = func(w http.ResponseWriter) bool {
				w.Header().Set("Content-Type", "application/json")
				for range 64 {
					if _, err := w.Write([]byte(strings.Repeat(" ", 1<<16))); err != nil {
						break
					}
				}
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, l := withLogin(t)
			w.invites("rosa", "rosa@example.org")
			hostile(t, l)
			b := w.browser()
			if a := b.get("/console/oidc/go"); a.status != http.StatusUnprocessableEntity && a.status != http.StatusForbidden {
				t.Errorf("got %d:\n%s", a.status, a.body)
			}
			if b.in() {
				t.Error("somebody came in")
			}
			l.claims, l.sign, l.token, l.email, l.verified = nil, nil, nil, "rosa@example.org", true
			if b.get("/console/oidc/go"); !b.in() { // so that it was this alone
				t.Error("a good answer does not let in either")
			}
		})
	}
}

func TestTheWayBackBelongsToTheBrowserThatLeft(t *testing.T) {
	t.Parallel()
	w, l := withLogin(t)
	w.invites("rosa", "rosa@example.org")
	leave := func() (*browser, string) {
		b := w.browser()
		b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, "/console/oidc/back") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		return b, b.get("/console/oidc/go").header.Get("Location")
	}
	b, back := leave()
	w.browser().get(back).says(t, http.StatusUnprocessableEntity, "began in another browser")
	b.get(strings.Replace(back, "state=", "state=x", 1)).says(t, http.StatusUnprocessableEntity)
	b.get(back).says(t, http.StatusUnprocessableEntity) // one wrong try ends it
	b, back = leave()
	b.get(back+"&iss="+url.QueryEscape("https://login.example.net")).says(t, http.StatusUnprocessableEntity)
	b, back = leave()
	b.get(back+"&error=access_denied").says(t, http.StatusUnprocessableEntity, "did not let you in")
	b, back = leave()
	w.clock.pass(11 * time.Minute)
	b.get(back).says(t, http.StatusUnprocessableEntity, "took too long")
	b, back = leave()
	b.get(back+"&iss="+url.QueryEscape(l.URL)).says(t, http.StatusOK)
	if !b.in() {
		t.Error("the right way back does not lead in")
	}
}

func TestALoginThatIsAwayKeepsNobodyFromPasswords(t *testing.T) {
	t.Parallel()
	w, l := withLogin(t)
	l.Close()
	w.browser().get("/console/oidc/go").says(t, http.StatusBadGateway, "does not answer at this moment")
	p, _ := w.has("tom", in("ec", role.Designer))
	w.browser().signsIn(p).says(t, http.StatusOK, "caller tom")
	newWorld(t).browser().get("/console/oidc/go").says(t, http.StatusNotFound, "no single sign-on here")
}
