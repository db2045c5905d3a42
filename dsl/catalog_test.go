package dsl_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"baraza/dsl"
	"baraza/dsl/check"
	"baraza/dsl/diag"
)

// onlyAtRelease are the codes whose examples are checked as for a release.
var onlyAtRelease = map[string]bool{"placeholder-contact": true}

func TestEveryBadExampleOfThePagesHasThatProblemAloneAndEveryGoodOneNone(t *testing.T) {
	t.Parallel()
	for _, page := range diag.Pages() {
		for i, example := range page.Examples {
			kind := "good"
			if example.Bad {
				kind = "bad"
			}
			t.Run(fmt.Sprintf("%s/%d %s", page.Code, i+1, kind), func(t *testing.T) {
				t.Parallel()
				checker := dsl.Open(example.FS(), diag.ExampleDir)
				checker.Today = today
				checker.Release = onlyAtRelease[page.Code]
				r := checker.Check()
				ok := len(r.Problems) == 0
				if example.Bad {
					ok = len(r.Problems) > 0
					for _, d := range r.Problems {
						ok = ok && d.Code == page.Code && d.Severity == page.Severity
					}
				}
				if !ok {
					var out bytes.Buffer
					if err := diag.Render(&out, r.Problems, r.Sources, diag.Options{}); err != nil {
						t.Fatal(err)
					}
					t.Errorf("got:\n%s\nwant %s", out.String(), map[bool]string{true: "only " + page.Code, false: "nothing"}[example.Bad])
				}
				if (r.Program() != nil) == r.Problems.Any(diag.Error) {
					t.Errorf("a program: %t, with errors: %t", r.Program() != nil, r.Problems.Any(diag.Error))
				}
			})
		}
	}
}

// The codes are found in the source: they are the string literals that look like one where a diagnostic or a
// problem of an expression is made.
func TestEveryCodeHasAPageAndEveryPageACode(t *testing.T) {
	t.Parallel()
	used := map[string]string{}
	for _, c := range check.Checks {
		for _, code := range c.Codes {
			used[code] = "dsl/check"
		}
	}
	for _, folder := range []string{".", "../engine/program/expression"} {
		codesIn(t, folder, used)
	}
	for code, where := range used {
		if _, ok := diag.Lookup(code); !ok {
			t.Errorf("%q, used in %s, has no page in dsl/diag/catalog", code, where)
		}
	}
	for _, page := range diag.Pages() {
		if used[page.Code] == "" {
			t.Errorf("the page %s.md is of a code that nothing reports", page.Code)
		}
	}
}

// code looks like one: two words or more, joined by hyphens.
var code = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)

// notCodes look like a code and are something else.
var notCodes = map[string]bool{"utf-8": true}

func codesIn(t *testing.T, folder string, used map[string]string) {
	t.Helper()
	known := map[string]bool{}
	for _, p := range diag.Pages() {
		known[p.Code] = true
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		made := map[*ast.BasicLit]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // diag.New(severity, code, …)
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "New" && len(n.Args) > 1 {
					if lit, ok := n.Args[1].(*ast.BasicLit); ok {
						made[lit] = true
					}
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind == token.STRING && err == nil && code.MatchString(text) && !notCodes[text] && (made[n] || known[text]) {
					used[text] = path
				}
				if n.Kind == token.STRING && strings.HasSuffix(text, "-") && code.MatchString(text+"x") {
					for _, p := range diag.Pages() { // "unknown-" + kind
						if strings.HasPrefix(p.Code, text) {
							used[p.Code] = path
						}
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
