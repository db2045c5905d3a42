package look_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"baraza/console/look"
	"baraza/console/role"
)

func TestTheMenuHasWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		roles       map[string][]role.Role
		has, hasNot []string
	}{
		{map[string][]role.Role{"ec": {role.Designer}}, []string{"/console/"}, []string{"/console/accounts", "/console/audit"}},
		{map[string][]role.Role{"ec": {role.Auditor}}, []string{"/console/audit"}, []string{"/console/accounts"}},
		{map[string][]role.Role{role.Everywhere: {role.Administrator}}, []string{"/console/accounts"}, []string{"/console/audit"}},
	} {
		w := httptest.NewRecorder()
		look.Write(w, 200, look.Page{Title: "A <b>", Caller: role.Caller{Account: "rosa", Roles: c.roles}, Here: "/console/", Body: "<p>content</p>"})
		page := w.Body.String()
		for _, path := range c.has {
			if !strings.Contains(page, `href="`+path+`"`) {
				t.Errorf("%v: no link to %s", c.roles, path)
			}
		}
		for _, path := range c.hasNot {
			if strings.Contains(page, `href="`+path+`"`) {
				t.Errorf("%v: a link to %s", c.roles, path)
			}
		}
		if !strings.Contains(page, "<h1>A &lt;b&gt;</h1>") || !strings.Contains(page, "<p>content</p>") || strings.Count(page, `aria-current="page"`) != 1 {
			t.Errorf("the page is not as it should be:\n%s", page)
		}
	}
}

func TestWhoDidNotSignInHasNoMenu(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	look.Write(w, 422, look.Page{Title: "Sign in", Narrow: true, Refresh: `0;url=/console/"><script>`})
	page := w.Body.String()
	if w.Code != 422 || strings.Contains(page, "<nav") || strings.Contains(page, "<script>") {
		t.Errorf("%d:\n%s", w.Code, page)
	}
}
