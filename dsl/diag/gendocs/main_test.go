package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/dsl/diag"
)

func TestTheIndexNamesEveryPageOnce(t *testing.T) {
	t.Parallel()
	files := documents()
	for _, p := range diag.Pages() {
		if n := strings.Count(files["README.md"], "("+p.Code+".md)"); n != 1 {
			t.Errorf("the index names %s %d times", p.Code, n)
		}
		if !strings.Contains(files[p.Code+".md"], p.Message) {
			t.Errorf("the page of %s does not show its message", p.Code)
		}
	}
}

func TestThePageOfACodeThatIsGoneIsRemoved(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "gone.md"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(folder, map[string]string{"here.md": "text"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != "here.md" {
		t.Errorf("got %v, %v; want here.md alone", entries, err)
	}
}
