package page_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/look"
	"baraza/console/page"
	"baraza/server/config"
)

// A country whose word is that of a page could not be reached, so the configuration refuses it.
func TestNoCountryIsCalledAsAPageIs(t *testing.T) {
	t.Parallel()
	var words []string
	for _, pattern := range slices.Concat(page.Patterns(), accounts.Paths, []string{look.StylePath, page.ScriptPath}) {
		_, below, _ := strings.Cut(pattern, "/console/")
		word, _, _ := strings.Cut(below, "/")
		if word != "" && !strings.HasPrefix(word, "{") {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	if diff := cmp.Diff(slices.Compact(words), config.ConsoleWords); diff != "" {
		t.Errorf("words of pages (-pages +configuration):\n%s", diff)
	}
}
