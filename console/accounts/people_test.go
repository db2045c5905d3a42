package accounts_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"baraza/console/role"
)

var linkText = regexp.MustCompile(`<p class="code">(http://[^<]+)</p>`)

func TestAnAdministratorSeesToAccountsOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("tom", in("ec", role.Administrator))
	page := b.post("/console/accounts", "name", "Rosa", "role", "ec.designer", "role", "ec.releaser")
	page.says(t, http.StatusOK, "This is the link for rosa", "Invited, until 2026-12-01")
	guest := w.browser()
	rosa := guest.joins("rosa", linkText.FindStringSubmatch(page.body)[1])
	guest.get("/console/").says(t, http.StatusOK, "map[ec:[designer releaser]]")
	b.get("/console/accounts/rosa").says(t, http.StatusOK, `value="ec.designer" checked`, "sees what serves", "With a password")
	b.post("/console/accounts/rosa/roles", "country", "ec", "role", "ec.auditor").says(t, http.StatusOK, "The roles of rosa in ec are saved")
	guest.signsIn(rosa).says(t, http.StatusOK, "map[ec:[auditor]]")
	b.post("/console/accounts/rosa/reset").says(t, http.StatusUnprocessableEntity, "Nothing was changed; tick that you are sure.")
	page = b.post("/console/accounts/rosa/reset", "sure", "yes")
	page.says(t, http.StatusOK, "This is the link for rosa")
	guest.joins("rosa", linkText.FindStringSubmatch(page.body)[1])
	b.post("/console/accounts/rosa/close", "sure", "yes").says(t, http.StatusOK, "The account rosa is closed")
	if guest.in() {
		t.Error("a closed account is signed in")
	}
	// What is refused is said, and what was written stays.
	b.post("/console/accounts", "name", "new", "role", "jo.staff").says(t, http.StatusForbidden, "<title>Problem: Accounts", "Only an administrator of jo can do this.", `value="new"`)
	b.post("/console/accounts/tom/close", "sure", "yes").says(t, http.StatusForbidden, "another administrator has to"[1:])
	b.get("/console/accounts/nobody").says(t, http.StatusNotFound)
}

func TestPagesOfAccountsAreForAdministrators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", in("ec", role.Designer, role.Releaser, role.Approver, role.Staff, role.Auditor))
	w.has("other", in("ec", role.Designer))
	for _, path := range []string{"/console/accounts", "/console/accounts/other"} {
		b.get(path).says(t, http.StatusForbidden, "This is for administrators")
	}
	for _, path := range []string{"/console/accounts", "/console/accounts/other/roles", "/console/accounts/other/reset", "/console/accounts/other/close", "/console/accounts/other/token-end"} {
		b.post(path, "sure", "yes", "name", "x", "role", "ec.designer", "country", "ec").says(t, http.StatusForbidden)
	}
}

var (
	inputs = regexp.MustCompile(`<input[^>]*>`)
	attrs  = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// Each field has a label, and says in the page's own words what is wrong with it.
func TestEveryFieldHasALabelAndItsDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("tom", in(role.Everywhere, role.Administrator, role.Designer))
	fresh := w.browser()
	pages := []answer{b.get("/console/accounts"), b.get("/console/account"), fresh.get("/console/sign-in"), fresh.post("/console/sign-in", "name", p.name),
		fresh.post("/console/sign-in", "name", p.name, "password", p.password), fresh.post("/console/code", "code", "123456"), fresh.post("/console/code", "recovery", "x"),
		b.post("/console/accounts", "name", "rosa", "role", "ec.staff"), b.get("/console/accounts/rosa"), b.post("/console/account/password", "old", "x")}
	for _, page := range pages {
		seen := map[string]bool{}
		for _, input := range inputs.FindAllString(page.body, -1) {
			has := map[string]string{}
			for _, m := range attrs.FindAllStringSubmatch(input, -1) {
				has[m[1]] = m[2]
			}
			if has["type"] == "hidden" {
				continue
			}
			if id := has["id"]; id == "" || seen[id] || !strings.Contains(page.body, `<label for="`+id+`">`) {
				t.Errorf("%s: a field without a label of its own: %s", page.path, input)
			} else {
				seen[id] = true
			}
			if has["type"] != "checkbox" && has["autocomplete"] == "" {
				t.Errorf("%s: a field that does not say what belongs in it: %s", page.path, input)
			}
			for _, id := range strings.Fields(has["aria-describedby"]) {
				if !strings.Contains(page.body, ` id="`+id+`"`) {
					t.Errorf("%s: %s is described by what is not there", page.path, input)
				}
			}
		}
		if len(seen) == 0 || strings.Count(page.body, "<h1>") != 1 || strings.Count(page.body, " autofocus") > 1 {
			t.Errorf("%s: fields %v, and headings or focus are wrong:\n%s", page.path, seen, page.body)
		}
		if i := slices.IndexFunc(strings.Split(page.body, "\n"), func(line string) bool { return strings.Contains(line, "ZgotmplZ") }); i >= 0 {
			t.Errorf("%s: a value was not fit for its place", page.path)
		}
	}
}
