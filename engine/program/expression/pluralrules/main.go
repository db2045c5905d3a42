// Command pluralrules makes plurals.json of the package above from CLDR, once a year:
//
//	npm pack cldr-core && tar xzf cldr-core-*.tgz
//	go run ./engine/program/expression/pluralrules package > engine/program/expression/plurals.json
//
// It keeps the rules of cardinal numbers without their samples, languages of equal rules together.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pluralrules FOLDER\n\nFOLDER is the unpacked npm package cldr-core.")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pluralrules:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	var about struct{ Version, License string }
	if err := read(filepath.Join(folder, "package.json"), &about); err != nil {
		return err
	}
	var cldr struct {
		Supplemental map[string]json.RawMessage
	}
	if err := read(filepath.Join(folder, "supplemental", "plurals.json"), &cldr); err != nil {
		return err
	}
	var cardinal map[string]map[string]string
	if err := json.Unmarshal(cldr.Supplemental["plurals-type-cardinal"], &cardinal); err != nil {
		return fmt.Errorf("read cardinal rules: %w", err)
	}
	languages := map[string][]string{} // by their rules, written as JSON
	for language, rules := range cardinal {
		kept := map[string]string{}
		for name, rule := range rules {
			rule, _, _ = strings.Cut(rule, "@")
			if category := strings.TrimPrefix(name, "pluralRule-count-"); category != "other" {
				kept[category] = strings.TrimSpace(rule)
			}
		}
		written, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		languages[string(written)] = append(languages[string(written)], language)
	}
	var groups []string
	for rules, of := range languages {
		slices.Sort(of)
		groups = append(groups, fmt.Sprintf("  {\"languages\": %q, \"rules\": %s}", strings.Join(of, " "), rules))
	}
	slices.Sort(groups)
	fmt.Printf("{\"source\": %q,\n \"license\": %q,\n \"groups\": [\n%s\n]}\n",
		"npm cldr-core "+about.Version+", supplemental/plurals.json: cardinal rules without samples",
		about.License+", © Unicode, Inc.; its text is in plurals.LICENSE.txt", strings.Join(groups, ",\n"))
	return nil
}

func read(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
