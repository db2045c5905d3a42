// Command gendocs rewrites the tables of docs/language.md from what the program itself reads: the lines of the
// language from package syntax, the functions from package expression, the channels from package capability, and
// the limits from the constants that hold them. Everything between the marks is its own; the rest of the page is
// written by hand.
//
//go:generate go run . ../../..
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// document is the page, from the root of the project.
const document = "docs/language.md"

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := rewrite(root); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func rewrite(root string) error {
	path := filepath.Join(root, document)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page, err := fill(root, string(old))
	if err != nil || page == string(old) {
		return err
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

// A block writes what stands between <!-- NAME:begin ARGUMENT --> and <!-- NAME:end -->. root is the folder of
// the project.
type block func(root, argument string) (string, error)

var blocks = map[string]block{
	"statements": statements,
	"functions":  functions,
	"channels":   channels,
	"limits":     limits,
}

// fill returns the page with every block written anew.
func fill(root, page string) (string, error) {
	var out strings.Builder
	for rest := page; ; {
		before, after, found := strings.Cut(rest, "<!-- ")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		mark, behind, _ := strings.Cut(after, " -->")
		out.WriteString("<!-- " + mark + " -->")
		rest = behind
		word, argument, _ := strings.Cut(mark, " ")
		name, begins := strings.CutSuffix(word, ":begin")
		if !begins {
			continue
		}
		write, known := blocks[name]
		end := "<!-- " + name + ":end -->"
		at := strings.Index(rest, end)
		if !known || at < 0 {
			return "", fmt.Errorf("%s: the block %q is not known, or has no end", document, mark)
		}
		text, err := write(root, argument)
		if err != nil {
			return "", err
		}
		out.WriteString("\n" + text + end)
		rest = rest[at+len(end):]
	}
}

// table writes a Markdown table.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

// code is text in a cell as it is typed.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
