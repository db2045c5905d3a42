package diag

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearestFindsWhatTheWriterMeant(t *testing.T) {
	t.Parallel()
	steps := []string{"welcome", "menu", "offices", "offices_more", "no_answer", "oficina", "año", "مكتب", "x"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"welcom", []string{"welcome"}},
		{"Welcome", []string{"welcome"}},
		{"wlecome", []string{"welcome"}}, // a swap is one slip
		{"office", []string{"offices"}},
		{"noanswer", []string{"no_answer"}},
		{"no answer", []string{"no_answer"}},
		{"ano", []string{"año"}}, // "ano" and "año" are one name to a person in a hurry
		{"مكتبة", []string{"مكتب"}},
		{"emnu", []string{"menu"}},
		{"protection", nil},
		{"y", nil}, // one letter is not near to another
		{"x", []string{"x"}},
		{"", nil},
		{"___", nil},
		{strings.Repeat("welcome", 1000), nil},
	} {
		if diff := cmp.Diff(c.want, Nearest(c.name, steps)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestNearestGivesThreeAtMostNearestFirstThenInOrder(t *testing.T) {
	t.Parallel()
	got := Nearest("town", []string{"tower", "towns", "own", "tow", "town", "towns"})
	if diff := cmp.Diff([]string{"town", "towns", "own"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSuggestIsASentenceOrNothing(t *testing.T) {
	t.Parallel()
	where := func(name string) string { return map[string]string{"welcome": "line 4"}[name] }
	many := strings.Fields("a1 b2 c3 d4 e5 f6 g7 h8 i9")
	for _, c := range []struct {
		kind, name string
		candidates []string
		want       []string
	}{
		{"step", "welcom", []string{"welcome", "menu"}, []string{"A step with a similar name exists: welcome (line 4)."}},
		{"option", "ys", []string{"yes"}, []string{"An option with a similar name exists: yes."}},
		{"step", "welcme", []string{"welcome", "welcomed"}, []string{"These have similar names: welcome (line 4), welcomed."}},
		{"step", "town", []string{"welcome", "menu"}, []string{"There are: welcome, menu."}},
		{"step", "town", []string{"welcome"}, []string{"There is only: welcome."}},
		{"step", "town", many, nil},
		{"step", "town", nil, nil},
	} {
		if diff := cmp.Diff(c.want, Suggest(c.kind, c.name, c.candidates, where)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.name, diff)
		}
	}
}
