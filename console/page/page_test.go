package page_test

import (
	"strings"
	"testing"
)

func has(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not have %q:\n%s", part, body)
		}
	}
}

func hasNot(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q:\n%s", part, body)
		}
	}
}

func TestAReleaserPlansAndActivatesWithoutAScript(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	ana := r.enters("ana")
	next := r.build("help", wording{ask: "Which word?", arabicAsk: "أي كلمة؟"})
	got := ana.sends("/console/ke/help/plan", next)
	has(t, got.body, "Which <mark>word?</mark>", `lang="ar">`, "3 tests pass", next.hash)
	t.Log(got.path, got.body)
}
