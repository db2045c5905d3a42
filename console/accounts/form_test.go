package accounts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"baraza/console/accounts"
	"baraza/console/role"
)

var (
	inputs = regexp.MustCompile(`<input[^>]*>`)
	attrs  = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// Each field has a label, and says in the page's own words what is wrong with it.
func TestEveryFieldHasALabelAndItsDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("tom", in("ec", role.Designer))
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "rosa", Roles: in("ec", role.Staff)})
	if err != nil {
		t.Fatal(err)
	}
	guest := w.browser()
	fresh := w.browser()
	pages := []answer{b.get("/console/account"), fresh.get("/console/sign-in"), fresh.post("/console/sign-in", "name", p.name),
		fresh.post("/console/sign-in", "name", p.name, "password", p.password), fresh.post("/console/code", "code", "123456"), fresh.post("/console/code", "recovery", "x"),
		guest.get(link.Address), guest.post("/console/invited", "new", "short"), guest.post("/console/invited", "new", goodPassword, "again", goodPassword), b.post("/console/account/password", "old", "x")}
	for _, page := range pages {
		seen := map[string]bool{}
		for _, input := range inputs.FindAllString(page.body, -1) {
			has := map[string]string{}
			for _, m := range attrs.FindAllStringSubmatch(input, -1) {
				has[m[1]] = m[2]
			}
			if has["type"] == "hidden" || strings.HasSuffix(input, " hidden>") {
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
