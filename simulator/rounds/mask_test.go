package rounds_test

import (
	"strings"
	"testing"
	"unicode"

	"baraza/simulator/rounds"
)

// The digits of five scripts. Every number of the table below is written in each.
var scripts = map[string]string{
	"Latin": "0123456789", "Arabic-Indic": "٠١٢٣٤٥٦٧٨٩", "Persian": "۰۱۲۳۴۵۶۷۸۹", "Devanagari": "०१२३४५६७८९", "Bengali": "০১২৩৪৫৬৭৮৯",
}

func inScript(s, digits string) string {
	all := []rune(digits)
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return all[r-'0']
		}
		return r
	}, s)
}

func TestNumbersThatTellWhoSomebodyIsAreMaskedInFiveScripts(t *testing.T) {
	t.Parallel()
	const gone = "••••••"
	for name, digits := range scripts {
		for text, want := range map[string]string{
			"0991234567":                gone,
			"+593 99 123 4567":          "+" + gone,
			"(02) 123-4567":             "(" + gone,
			"099.123.45.67":             gone,
			"call 099/123 4567 please":  "call " + gone + " please",
			"00962 7‑9123‑4567":         gone,
			"12\u200b34\u206656":        gone,
			"1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣":        gone + "️⃣",
			"23/11/1984":                gone,
			"1984-11-23":                gone,
			"A1712345678B":              "A" + gone + "B",
			"123456 and 654321":         gone + " and " + gone,
			"0 9 9 1 2 3 4":             gone,
			"1":                         "1",
			"12":                        "12",
			"1, 3, 5, 7, 9, 11":         "1, 3, 5, 7, 9, 11",
			"911":                       "911",
			"in 2026":                   "in 2026",
			"JO-1234":                   "JO-1234",
			"12345":                     "12345",
			"08:30":                     "08:30",
			"we are 4, with 2 children": "we are 4, with 2 children",
			"at 10 o'clock, 3 of us":    "at 10 o'clock, 3 of us",
		} {
			if got := rounds.Mask(inScript(text, digits)); got != inScript(want, digits) {
				t.Errorf("%s: %q became %q, want %q", name, inScript(text, digits), got, inScript(want, digits))
			}
		}
	}
}

func TestMailAddressesAreMaskedInAnyScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"mina@example.org":                   "•••@•••",
		"write to Mina.O+1@sub.example.org.": "write to •••@•••",
		"<mina@example.org>, please":         "<•••@•••>, please",
		"مينا@example.org":                   "•••@•••",
		"मीना@उदाहरण.भारत":                   "•••@•••",
		"mina＠example.org":                   "•••@•••",
		"mina@bank":                          "•••@•••",
		"a@b@c":                              "•••@•••",
		"0991234567@example.org":             "•••@•••",
		"@ 5":                                "@ 5",
		"@mina":                              "@mina",
		"three @":                            "three @",
	} {
		if got := rounds.Mask(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, digits := range scripts {
		f.Add(inScript("call +593 99 123-4567 or 1, 2", digits))
	}
	for _, text := range append(append([]string{"a@b@c1@ 2", "•••@•••", "1\xff2\xff3 456", "²³⁴⁵⁶⁷", "፩፪፫፬፭፮"}, private...), harmless...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		masked := rounds.Mask(text)
		if again := rounds.Mask(masked); again != masked {
			t.Errorf("%q became %q, and then %q", text, masked, again)
		}
		run, most := 0, 0
		for _, r := range masked {
			if run++; !unicode.IsNumber(r) {
				run = 0
			}
			most = max(most, run)
		}
		if most >= 6 {
			t.Errorf("%q became %q, with %d digits in a row", text, masked, most)
		}
	})
}
