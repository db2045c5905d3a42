package release_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/release"
)

func TestChangesAreSaidInWords(t *testing.T) {
	t.Parallel()
	const about = "hours late\n  mon to fri 08:30-17:00\n\nteam extra: Extra\n  hours late\n  answer within 2 hours\n\nfield village: text, personal, kept 30 days\n  why: To know where.\n\n"
	before := compiled(t, about+talk)
	after := compiled(t, strings.NewReplacer("kept 30 days", "kept 60 days", "08:30", "09:00", "Which town?", "In which town?").Replace(about+talk))
	var got []string
	for _, c := range release.Changes(before, after) {
		got = append(got, c.What+" "+c.Where+": "+c.Old+" → "+c.New)
	}
	want := []string{
		"field village: personal, kept 30 days, for nothing, reaches nothing → personal, kept 60 days, for nothing, reaches nothing",
		"team extra: Extra, open mon 08:30-17:00, tue 08:30-17:00, wed 08:30-17:00, thu 08:30-17:00, fri 08:30-17:00, answers within 2h → " +
			"Extra, open mon 09:00-17:00, tue 09:00-17:00, wed 09:00-17:00, thu 09:00-17:00, fri 09:00-17:00, answers within 2h",
		"text towns.town.ask: Which town? → In which town?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if all := release.Changes(before, before); len(all) > 0 {
		t.Errorf("a release differs from itself: %v", all)
	}
}
