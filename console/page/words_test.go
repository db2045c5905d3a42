package page_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/page"
)

// asked are the words that templates and code ask for by name. Those that are put together at run time are the rest.
var asked = regexp.MustCompile(`(?:say|count [^ ]+|count \([^)]*\)) "([a-z -]+)"|(?:say|count)\((?:[^"()]*(?:\([^)]*\))?, )?"([a-z-]+)"`)

// made are words whose names are put together.
var made = regexp.MustCompile(`^(outcome|stage|role|sign-in|done|do)-|^(continues|moves|stays|restarts|is stranded|nothing-tried|percent-part|percent-wrong)$`)

func TestEveryWordOfThePagesIsInTheTableAndUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("html/*.html")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	code, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range append(files, code...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			word := m[1] + m[2]
			if used[word] = true; page.Words[word] == "" && !strings.HasSuffix(word, "-") {
				t.Errorf("%s says %q, which is not in the table", file, word)
			}
		}
	}
	for word := range page.Words {
		if !used[word] && !made.MatchString(word) {
			t.Errorf("nobody says %q", word)
		}
	}
}

func TestWhatChangedInATextIsMarkedBetweenWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, other, want string }{
		{"What is your word?", "What is the word?", "What is [your] word?"},
		{"What is the word?", "What is the word now?", "What is the [word?]"},
		{"all other", "nothing alike here", "all other"},
		{"new", "", "new"},
		{"the same", "the same", "the same"},
		{"ما هي الكلمة اليوم؟", "ما هي الكلمة؟", "ما هي [الكلمة اليوم؟]"},
	} {
		var got strings.Builder
		for _, p := range page.Parts(c.text, c.other) {
			if p.Differs {
				got.WriteString("[" + p.Text + "]")
			} else {
				got.WriteString(p.Text)
			}
		}
		if diff := cmp.Diff(c.want, got.String()); diff != "" {
			t.Errorf("%q beside %q (-want +got):\n%s", c.text, c.other, diff)
		}
	}
}

// A page that is left open asks every few seconds. That must not keep a session alive for which nobody is there.
func TestWhatThePageAsksByItselfIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("page.js")
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(text), `"`+accounts.Watching+`": `)
}
