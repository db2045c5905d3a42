package fake

import "testing"

func TestAPhoneShowsMarksAsLooks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*Office*\nStreet 1":        "<b>Office</b>\nStreet 1",
		"Write *menu* or _back_.":   "Write <b>menu</b> or <i>back</i>.",
		"~old~ price":               "<s>old</s> price",
		"*131# to dial, a*b*c":      "*131# to dial, a*b*c",
		"a <script>*x*</script>":    "a &lt;script&gt;<b>x</b>&lt;/script&gt;",
		"https://example.org/a_b_c": "https://example.org/a_b_c",
		"* not bold *":              "* not bold *",
		"*مكتب*":                    "<b>مكتب</b>",
	} {
		if got := string(looks(text)); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
