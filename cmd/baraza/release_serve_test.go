package main

import (
	"strings"
	"testing"

	"baraza/engine/release"
	"baraza/server/desk"
)

// A bundle that nobody signed can be planned, too: whatever its names hold, a terminal shows it as text.
func TestAPlanMovesNoCursor(t *testing.T) {
	t.Parallel()
	const bad = "\x1b[2J\u202e"
	plan := desk.Plan{Release: strings.Repeat("a", 64), Pack: "ec", Country: "ec",
		Changes: []release.Change{{What: "step" + bad, Where: "menu" + bad, Language: bad, Old: bad, New: bad + "x", Note: bad}},
		Fates:   desk.Fates{Open: 1, Lines: []desk.FateLine{{Step: bad, Language: bad, Fate: "stays", Count: 1}}}}
	tests := behaviour{Failed: []string{bad}}
	for name, print := range map[string]func(*strings.Builder){
		"words":    func(b *strings.Builder) { planWords(b, plan, "ec.bundle", &tests) },
		"Markdown": func(b *strings.Builder) { planMarkdown(b, plan, &tests) },
	} {
		var b strings.Builder
		print(&b)
		if strings.ContainsAny(b.String(), bad[:1]+"\u202e") || !strings.Contains(b.String(), "menu") {
			t.Errorf("%s: %q", name, b.String())
		}
	}
}
