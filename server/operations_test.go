package server_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"baraza/engine/runner"
)

func operations(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestTheGuideSaysWhatEachFigureMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	_, figures := w.get("/metrics")
	// Those with labels are not shown before they count something; their names are in the source.
	source, err := os.ReadFile("figures.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (baraza_\w+)`).FindAllStringSubmatch(figures, -1) {
		names[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`vec\("(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		names["baraza_"+m[1]] = true
	}
	if len(names) < 30 {
		t.Errorf("found %d figures alone", len(names))
	}
	guide := operations(t)
	for name := range names {
		if !strings.Contains(guide, "`"+name+"`") {
			t.Errorf("docs/operations.md does not say what %s means", name)
		}
	}
}

func TestTheGuideSaysWhatToDoForEachReportAndAlert(t *testing.T) {
	t.Parallel()
	guide := operations(t)
	code := regexp.MustCompile(`(?:report\(|Alert\{Code: |code = |a\.Code(?:, a\.Severity)? = )"([a-z][a-z-]+)"`)
	found := 0
	for _, pattern := range []string{"../engine/*.go", "../engine/runner/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range code.FindAllStringSubmatch(string(body), -1) {
				found++
				if !strings.Contains(guide, "`"+m[1]+"`") {
					t.Errorf("docs/operations.md does not say what the report %s means (%s)", m[1], file)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("found %d reports alone", found)
	}
}

func TestTheGuideSaysWhatToDoForEachClassOfError(t *testing.T) {
	t.Parallel()
	guide := operations(t)
	n := 0
	for c := runner.Accepted + 1; c.String() != runner.NoClass.String(); c++ {
		n++
		if !strings.Contains(guide, "`"+c.String()+"`") {
			t.Errorf("docs/operations.md does not say what to do for %s", c)
		}
	}
	if n < 15 {
		t.Errorf("found %d classes alone", n)
	}
}
