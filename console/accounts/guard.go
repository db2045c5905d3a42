package accounts

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"baraza/console/look"
	"baraza/console/role"
)

// Guard lets only those in who signed in, puts them into the context (role.Of), refuses requests that a page of another
// site made, and sets the headers of look. For anybody else it answers by itself: pages lead to /console/sign-in, and
// what lies below /api/ answers 401 with {"error": "…"}.
func (a *Accounts) Guard(next http.Handler) http.Handler {
	return a.headed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.Caller(r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(role.With(r.Context(), c)))
		case !errors.Is(err, ErrNobody):
			a.log.Error("who asks could not be looked up", "error", err)
			a.say(w, r, http.StatusServiceUnavailable, "The accounts cannot be read at this moment. Try again.")
		case forProgram(r):
			w.Header().Set("WWW-Authenticate", "Bearer")
			a.say(w, r, http.StatusUnauthorized, "sign in, or send a token that is good: Authorization: Bearer …")
		case r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Method == http.MethodGet:
			// A browser keeps the session's cookie back when a link of another site leads here. Asked once more from
			// this page it sends it.
			look.Write(w, http.StatusOK, look.Page{Title: word("going-on"), Narrow: true, Refresh: "0;url=" + local(r.URL.RequestURI()),
				Body: a.body(r, "going-on", map[string]any{"To": local(r.URL.RequestURI())})})
		default:
			to := ""
			if r.Method == http.MethodGet {
				to = "?to=" + url.QueryEscape(r.URL.RequestURI())
			}
			http.Redirect(w, r, "/console/sign-in"+to, http.StatusSeeOther)
		}
	}))
}

// headed sets what every answer has, and refuses what a page of another site asks for.
func (a *Accounts) headed(next http.Handler) http.Handler {
	checked := a.cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		look.Headers(w.Header(), a.secure)
		checked.ServeHTTP(w, r)
	})
}

// foreign answers what a page of another site asked for.
func (a *Accounts) foreign(w http.ResponseWriter, r *http.Request) {
	a.log.Warn("a page of another site asked for a change; it was refused", "path", r.URL.Path)
	a.say(w, r, http.StatusForbidden, "This was asked by a page of another site, so nothing was done. Open the console itself and try there.")
}

func forProgram(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.Header.Get("Authorization") != ""
}

// say answers with a sentence: JSON for programs, a page for people.
func (a *Accounts) say(w http.ResponseWriter, r *http.Request, status int, text string) {
	if forProgram(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
		return
	}
	look.Write(w, status, look.Page{Title: word("not-done"), Narrow: true, Body: a.body(r, "said", map[string]any{"Text": text})})
}

// address is from where a request comes: what a proxy says that we believe, else the peer. Of IPv6 it is the network that
// one customer has.
func (a *Accounts) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	at := peer.Addr().Unmap()
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && a.believed(at); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	if at.Is6() {
		if network, err := at.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return at.String()
}

// believed tells whether a proxy at an address is one of ours.
func (a *Accounts) believed(at netip.Addr) bool {
	if at.IsLoopback() {
		return true
	}
	for _, proxy := range a.options.Proxies {
		if proxy.Contains(at) {
			return true
		}
	}
	return false
}

// local is a place of the console that a browser may be led to; "/console/" for anything else, above all for another site.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || len(to) > 1000 || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/console/") ||
		!strings.HasPrefix(to, "/console/") || strings.ContainsAny(to, "\\\r\n") || strings.HasPrefix(u.Path, "/console/sign-out") {
		return "/console/"
	}
	return u.RequestURI()
}
