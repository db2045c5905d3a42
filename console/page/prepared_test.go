package page_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/server/config"
)

// Whoever stops a country in an emergency finds the words ready, and finds out what is wrong with them before.
func TestAPreparedNoticeStandsInTheBoxes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "notice")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[en]\nWe pause.\n")
	r := newRoom(t, func(c *config.Config) { c.Countries["ke"].Notice = file })
	r.serves("ke", r.build("help", wording{}))
	ana := r.enters("ana")
	if page := ana.get("/console/ke/emergency-stop").body; !strings.Contains(page, `id="notice-wrong"`) || !strings.Contains(page, ">We pause.</textarea>") {
		t.Errorf("what is missing is not said:\n%s", page)
	}
	write("Reviewed in November.\n\n[en]\nWe pause for a while.\n\n[ar = en]\n") // it is read anew each time
	page := ana.get("/console/ke/emergency-stop").body
	if !strings.Contains(page, ">We pause for a while.</textarea>") || !strings.Contains(page, `value="yes" checked`) || strings.Contains(page, `id="notice-wrong"`) {
		t.Errorf("the page has:\n%s", page)
	}
	stopped := ana.post("/console/ke/emergency-stop", "notice-en", "We pause for a while.", "notice-ar", "", "instead", "yes", "why", "a drill", "word", "ke")
	if !strings.Contains(stopped.path, "done=frozen") {
		t.Errorf("it leads to %s:\n%s", stopped.path, stopped.body)
	}
}
