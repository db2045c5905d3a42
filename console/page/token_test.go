package page_test

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"baraza/server/desk"
)

// A token that somebody makes on the page of their account is of their country alone, on the port as it is served.
func TestATokenMadeOnThePageIsOfItsCountryAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	otto := r.enters("otto") // every role in ug
	fields := []string{"token", "nightly", "until", time.Now().AddDate(0, 0, 30).Format(time.DateOnly)}
	for _, role := range []string{"designer", "releaser", "approver", "staff", "auditor"} {
		fields = append(fields, "role", "ug."+role)
	}
	made := otto.post("/console/account/token", fields...)
	token := regexp.MustCompile(`baraza_[A-Za-z0-9_-]+`).FindString(made.body)
	if token == "" {
		t.Fatalf("no token was made: %d\n%s", made.status, made.body)
	}
	anyone := &person{r: r, client: &http.Client{}}
	asks := func(path, kind string) answer {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v1/"+path, strings.NewReader("{}"))
		r.check(err)
		q.Header.Set("Authorization", "Bearer "+token)
		q.Header.Set("Content-Type", kind)
		return anyone.do(q)
	}
	if got := asks("countries/ug/release/status", "application/json"); got.status != http.StatusOK || !strings.Contains(got.body, `"aid"`) {
		t.Errorf("in its country: %d %s", got.status, got.body)
	}
	for _, route := range desk.Routes() {
		path := "countries/ke" + route.Path
		if route.Machine {
			path = "machine" + route.Path
		}
		if got := asks(path, cmp.Or(route.Takes, "application/json")); got.status != http.StatusForbidden {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
	if got := anyone.get("/console/"); !strings.HasPrefix(got.path, "/console/sign-in") {
		t.Errorf("without it: %s", got.path)
	}
}
