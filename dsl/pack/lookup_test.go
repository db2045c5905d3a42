package pack_test

import (
	"testing"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
)

func TestANameOfALibraryIsFoundWhereItsPackPutsItsOwn(t *testing.T) {
	t.Parallel()
	src, problems := pack.Load(files(map[string]string{
		"ec/pack.flow":     "pack ec: E\n  start menu\n  fallback menu\nuse ../shared as safety\nsafety.team staff is protection\nteam protection: P\nteam desk: Own\n",
		"ec/menu.flow":     "flow menu: M\nstep one\n  -> safety.person\n",
		"shared/pack.flow": "pack s: S\nteam staff: Staff\nteam desk: Theirs\nteam night: Night\n",
		"shared/a.flow":    "flow person: P\nstep one\n  alert staff: x\n  -> menu\nstep menu\n  end\n",
	}), "ec")
	p, more := pack.Build(src, nil)
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(messages(problems))
	}
	flows := map[string]*pack.Flow{}
	for _, f := range p.Flows {
		flows[f.Full()] = f
	}
	person, menu := flows["safety.person"], flows["menu"]
	for _, c := range []struct {
		from        *pack.Flow
		name, title string
	}{
		{person, "staff", "P"}, {person, "desk", "Own"}, {person, "night", "Night"},
		{menu, "protection", "P"}, {menu, "night", "Night"}, {nil, "desk", "Own"}, {menu, "staff", ""},
	} {
		got := ""
		if team := p.Team(c.from, c.name); team != nil {
			got = team.Title
		}
		if got != c.title {
			t.Errorf("team %s is %q, want %q", c.name, got, c.title)
		}
	}
	to := func(from *pack.Flow, parts ...string) string {
		switch d := p.Resolve(from, ast.Target{Parts: parts}); {
		case d == nil:
			return ""
		case d.Kind == pack.ToStep:
			return "step " + d.Step.Full()
		case d.Kind == pack.ToFlow:
			return "flow " + d.Flow.Full()
		}
		return "word"
	}
	for _, c := range []struct {
		from  *pack.Flow
		parts []string
		want  string
	}{
		{person, []string{"menu"}, "step safety.person.menu"}, // its own step before the pack's flow
		{person, []string{"menu", "one"}, "step menu.one"},
		{person, []string{"person"}, "flow safety.person"},
		{menu, []string{"menu"}, "flow menu"},
		{menu, []string{"person"}, ""},
		{menu, []string{"safety", "person", "menu"}, "step safety.person.menu"},
		{nil, []string{"one"}, ""},
		{nil, []string{"end"}, "word"},
	} {
		if got := to(c.from, c.parts...); got != c.want {
			t.Errorf("%v goes to %q, want %q", c.parts, got, c.want)
		}
	}
}
