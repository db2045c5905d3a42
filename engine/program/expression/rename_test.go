package expression

import "testing"

func TestRenameTouchesOnlyTheVariable(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`is_open(staff)`:                      `is_open(protection)`,
		`staff == "staff" and row.staff == 1`: `protection == "staff" and row.staff == 1`,
		`staffed`:                             `staffed`,
	} {
		if got := Rename(source, "staff", "protection"); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}
