package script

import (
	"strings"

	"baraza/dsl/ast"
	"baraza/engine/program"
	"baraza/simulator"
)

// anything is the character that matches any text, also none.
const anything = "…"

// pattern is a test's text; a hole, which a test cannot know the value of, matches anything.
func pattern(t *ast.Text) string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Hole != nil || p.Plural != nil || p.Select != nil {
			b.WriteString(anything)
			continue
		}
		b.WriteString(p.Literal)
	}
	return b.String()
}

// typed is a text as a person types it: nothing in it is a pattern or an escape.
func typed(t *ast.Text) string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	for _, p := range t.Parts {
		switch {
		case p.Hole != nil:
			b.WriteString("{" + p.Hole.Source + "}")
		case p.Plural != nil || p.Select != nil:
			b.WriteString(anything)
		default:
			b.WriteString(unescaped.Replace(p.Literal))
		}
	}
	return b.String()
}

// unescaped takes the stroke from marks that stand for themselves.
var unescaped = strings.NewReplacer(`\*`, "*", `\_`, "_", `\~`, "~", `\{`, "{", `\}`, "}", `\\`, `\`)

// wording is a compiled text as a pattern.
func wording(t program.Text) string {
	var b strings.Builder
	for _, s := range t {
		if s.Kind == program.Literal {
			b.WriteString(s.Literal)
			continue
		}
		b.WriteString(anything)
	}
	return b.String()
}

// matches compares a pattern with a whole text. Escapes, direction isolates and runs of white space do not count.
func matches(pattern, text string) bool {
	parts := strings.Split(even(pattern), anything)
	rest := even(text)
	for i, part := range parts {
		if i > 0 {
			part = strings.TrimSpace(part)
		}
		if i < len(parts)-1 {
			part = strings.TrimRight(part, " \n")
		}
		switch {
		case i == 0:
			if !strings.HasPrefix(rest, part) {
				return false
			}
			rest = rest[len(part):]
		case i == len(parts)-1 && part != "":
			return strings.HasSuffix(rest, part)
		default:
			at := strings.Index(rest, part)
			if at < 0 {
				return false
			}
			rest = rest[at+len(part):]
		}
	}
	return len(parts) > 1 || rest == ""
}

// even drops what a person does not see, so that a test is written as the message reads.
func even(s string) string {
	s = simulator.Unisolated(unescaped.Replace(s))
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
