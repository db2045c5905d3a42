package accounts_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheControlSocketTakesJSONAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		method, kind, body string
		status             int
	}{
		{"GET", "application/json", "", http.StatusMethodNotAllowed},
		{"POST", "text/plain", `{"name":"rosa"}`, http.StatusUnsupportedMediaType},
		{"POST", "application/json", `{"name":"rosa","password":"x"}`, http.StatusBadRequest},
		{"POST", "application/json", `{"name":`, http.StatusBadRequest},
		{"POST", "application/json", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
		{"POST", "application/json", `{"name":"rosa"}{}`, http.StatusBadRequest},
		{"POST", "application/json", `{"name":"nobody"}`, http.StatusNotFound},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/account/reset", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		out := httptest.NewRecorder()
		w.accounts.Control().ServeHTTP(out, r)
		if out.Code != c.status {
			t.Errorf("%s %s %.40s: %d, want %d", c.method, c.kind, c.body, out.Code, c.status)
		}
	}
}
