package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// maxName bounds a name, in characters.
const maxName = 60

// targetWords are targets of their own, so no step or flow has such a name.
var targetWords = []string{"end", "back", "next", "continue"}

// taken are the names that mean something already, with what they are.
var taken = func() map[string]string {
	all := map[string]string{}
	for kind, words := range map[string]string{
		"a function":        "count sum max min row known nearest distance_km days_until today now lower trim opens is_open format_date format_number language_name",
		"a word of values":  "and or not in contains startsWith endsWith matches let true false nil",
		"an answer":         "yes no",
		"a word of a line":  "as from several",
		"a place to go to":  strings.Join(targetWords, " "),
		"a word of choices": "if else",
	} {
		for _, w := range strings.Fields(words) {
			all[w] = kind
		}
	}
	return all
}()

// nameCheck is a name in a line and how it is checked.
type nameCheck struct {
	name     ast.Name
	declared bool // the line gives the name, so it must not be taken
}

// namesOf returns the names of a head that follow the rule for names. Codes of languages and countries, channels,
// and marks do not.
func namesOf(head ast.Head, checks []nameCheck) []nameCheck {
	give := func(names ...ast.Name) {
		for _, n := range names {
			checks = append(checks, nameCheck{n, true})
		}
	}
	shape := func(names ...ast.Name) {
		for _, n := range names {
			checks = append(checks, nameCheck{n, false})
		}
	}
	maybe := func(n *ast.Name) {
		if n != nil {
			give(*n)
		}
	}
	switch h := head.(type) {
	case *ast.Pack:
		shape(h.ID)
	case *ast.Use:
		shape(h.As)
	case *ast.Hours:
		shape(h.Name)
	case *ast.Team:
		shape(h.Name)
	case *ast.Field:
		give(h.Name)
		shape(h.Type.Values...)
	case *ast.Words:
		shape(h.Name)
	case *ast.Consent:
		shape(h.Name)
	case *ast.Table:
		give(h.Name)
	case *ast.Column:
		shape(h.Name)
		shape(h.Type.Values...)
	case *ast.Record:
		shape(h.Name)
	case *ast.Template:
		shape(h.Name)
	case *ast.Sample:
		shape(h.Name)
	case *ast.Service:
		shape(h.Name)
	case *ast.Flow:
		give(h.Name)
	case *ast.Takes:
		give(h.Name)
		shape(h.Type.Values...)
	case *ast.Trigger:
		maybe(h.As)
	case *ast.Step:
		give(h.Name)
	case *ast.Ask:
		maybe(h.Name)
	case *ast.Option:
		if h.ID != nil {
			shape(*h.ID)
		}
	case *ast.When:
		maybe(h.As)
	case *ast.ForEach:
		give(h.Row)
	case *ast.Set:
		give(h.Name)
	case *ast.Call:
		maybe(h.As)
	case *ast.Save:
		maybe(h.As)
	case *ast.Assign:
		shape(h.Name)
	case *ast.Fetch:
		give(h.Name)
	}
	return checks
}

// checkNames reports a name that has no name's shape, or that is taken.
func (p *parse) checkNames(l *line, head ast.Head) {
	p.names = namesOf(head, p.names[:0])
	for _, c := range p.names {
		text := c.name.Text
		at := diag.Span(c.name.Span())
		if kind, ok := taken[text]; ok && c.declared {
			p.report(l.number, diag.New(diag.Error, "reserved-name", at, `"%s" is %s, so it cannot be a name here`, text, kind).
				WithHelp("Choose another name, such as %s_2 or my_%s.", text, text))
			return
		}
		if why := misshapen(text); why != "" {
			d := diag.New(diag.Error, "name-shape", at, `the name "%s" %s`, clip([]byte(text)), why).
				WithHelp("A name has small letters of one script, digits and _, and begins with a letter.")
			if name := nameOf(text); name != "" && name != text {
				d = d.WithFix(at, name, false)
			}
			p.report(l.number, d)
			return
		}
	}
}

// misshapen says what is wrong with a name, "" if nothing is.
func misshapen(name string) string {
	ascii := true
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= utf8.RuneSelf:
			ascii = false
		case 'A' <= c && c <= 'Z':
			return "has capital letters"
		case c == '-':
			return "has a hyphen"
		}
	}
	if name == "" || name[0] == '_' {
		return "does not begin with a letter"
	}
	if utf8.RuneCountInString(name) > maxName {
		return fmt.Sprintf("is longer than %d characters", maxName)
	}
	if ascii {
		return ""
	}
	script := ""
	for _, r := range name {
		if unicode.IsUpper(r) || unicode.IsTitle(r) {
			return "has capital letters"
		}
		if !unicode.IsLetter(r) {
			continue
		}
		switch sc := scriptOf(r); {
		case script == "":
			script = sc
		case sc != script && sc != "":
			return "mixes letters of " + script + " and " + sc
		}
	}
	return ""
}

// scriptOf returns the script of a letter; those that are written together count as one.
func scriptOf(r rune) string {
	switch {
	case r < utf8.RuneSelf || unicode.Is(unicode.Latin, r):
		return "Latin"
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
		return "Han"
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	for _, name := range scripts {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return "another script"
}

// scripts are those that people write in who may read a flow; the rest count as one.
var scripts = []string{"Arabic", "Cyrillic", "Greek", "Devanagari", "Bengali", "Ethiopic", "Armenian", "Georgian", "Hebrew", "Thai",
	"Myanmar", "Khmer", "Lao", "Tamil", "Telugu", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Sinhala", "Tibetan", "Thaana",
	"Syriac", "Nko", "Tifinagh", "Mongolian", "Hanifi_Rohingya", "Adlam", "Vai", "Osmanya"}

// nameOf makes a name of what was written in its place, "" where nothing is left.
func nameOf(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r == '_' || r == ' ' || r == '-' || r == '.':
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "_") {
				b.WriteByte('_')
			}
		case unicode.IsLetter(r), b.Len() > 0 && (unicode.IsMark(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		}
		if b.Len() > maxName {
			break
		}
	}
	name := strings.TrimRight(b.String(), "_")
	if misshapen(name) != "" {
		return ""
	}
	return name
}
