package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	faultRow  = regexp.MustCompile(`(?m)^\| (F\d\d) [^|]*\|([^|]*)\|([^|]*)\|$`)
	namedTest = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
)

// everyFault that the page has to say something about.
func everyFault() (all []string) {
	for n := 1; n <= 21; n++ {
		all = append(all, fmt.Sprintf("F%02d", n))
	}
	return append(all, "F26", "F27", "F29", "F30", "F31", "F32", "F33", "F34", "F35", "F36", "F37", "F39", "F41", "F42", "F43", "F44", "F45", "F46", "F47")
}

func TestEveryFaultHasItsTest(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range faultRow.FindAllStringSubmatch(string(page), -1) {
		fault, happens, tests := row[1], strings.TrimSpace(row[2]), strings.TrimSpace(row[3])
		listed = append(listed, fault)
		if tests == "none" {
			if !strings.HasPrefix(happens, "none: ") {
				t.Errorf("%s has no test and does not say why", fault)
			}
			continue
		}
		named := namedTest.FindAllStringSubmatch(tests, -1)
		if len(named) == 0 || len(named) != strings.Count(tests, ",")+1 {
			t.Errorf("%s: cannot read the tests in %q", fault, tests)
		}
		for _, name := range named {
			if !hasTest(t, name[1], name[2]) {
				t.Errorf("%s: there is no %s in %s", fault, name[2], name[1])
			}
		}
	}
	for _, name := range namedTest.FindAllStringSubmatch(string(page), -1) { // those outside of the table, too
		if !hasTest(t, name[1], name[2]) {
			t.Errorf("there is no %s in %s", name[2], name[1])
		}
	}
	if want := everyFault(); !slices.Equal(listed, want) {
		t.Errorf("the page lists %v, want %v", listed, want)
	}
}

// hasTest looks for the test in the files of a folder.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(source), "\nfunc "+name+"(")
	})
}
