// Command gendocs writes docs/errors, one page a code and an index by group, from the catalog of package diag.
// It runs from dsl/diag through go generate, and removes the pages of codes that are gone.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"baraza/dsl/diag"
)

const folder = "../../docs/errors"

const mark = "<!-- Written by go generate ./dsl/diag from dsl/diag/catalog. Change it there. -->\n\n"

func main() {
	if err := write(folder, documents()); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func write(folder string, files map[string]string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	there, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return err
	}
	for _, old := range there {
		if _, ok := files[filepath.Base(old)]; !ok {
			if err := os.Remove(old); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(files[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents returns the text of each file by its name.
func documents() map[string]string {
	pages := diag.Pages()
	files := map[string]string{"README.md": index(pages)}
	for _, p := range pages {
		files[p.Code+".md"] = document(p)
	}
	return files
}

func index(pages []diag.Page) string {
	var b strings.Builder
	b.WriteString(mark + "# What baraza tells you about a pack\n\n")
	b.WriteString("Each problem has a name, which stands at the end of its message; `baraza explain NAME` shows its page\n")
	b.WriteString("too. An error stops a release. A warning does not, but a person would be stuck or surprised.\n")
	for name, title := range diag.Groups {
		var rows []string
		for _, p := range pages {
			if p.Group == name {
				rows = append(rows, fmt.Sprintf("| [%s](%s.md) | %s | %s |\n", p.Code, p.Code, p.Severity, cell(p.Message)))
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| Name | | Message |\n|---|---|---|\n%s", title, strings.Join(rows, ""))
		}
	}
	return b.String()
}

// cell keeps a message from ending its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func document(p diag.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n%s, since %s:\n\n> %s\n\n%s", mark, p.Code, word(p.Severity), p.Since, p.Message, p.Body)
	for _, e := range p.Examples {
		title := "Good"
		if e.Bad {
			title = "Not like this"
		}
		fmt.Fprintf(&b, "\n%s:\n", title)
		for _, name := range slices.Sorted(maps.Keys(e.Files)) {
			if len(e.Files) > 1 {
				fmt.Fprintf(&b, "\n`%s`\n", name)
			}
			fmt.Fprintf(&b, "\n```flow\n%s```\n", e.Files[name])
		}
	}
	return b.String()
}

func word(s diag.Severity) string {
	if s == diag.Error {
		return "Error"
	}
	return "Warning"
}
