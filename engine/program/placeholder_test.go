package program

import "testing"

func TestAPlaceholderIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Call *+00 000 000 0000* now.":                  "+00 000 000 0000",
		"+00 000 000 0001":                              "+00 000 000 0001",
		"00 000 000 0002":                               "00 000 000 0002",
		"Call us on 0700 000 000.":                      "0700 000 000",
		"+254 700 000 000":                              "+254 700 000 000",
		"اتصل ‎+٠٠ ٠٠٠ ٠٠٠ ٠٠٠٠":                        "+٠٠ ٠٠٠ ٠٠٠ ٠٠٠٠",
		"फ़ोन +०० ००० ००० ००००":                         "+०० ००० ००० ००००",
		"(202) 555-0123":                                "(202) 555-0123",
		"+1 202-555-0187":                               "+1 202-555-0187",
		"555 0100":                                      "555 0100",
		"+44 7700 900123":                               "+44 7700 900123",
		"+44 (0)20 7946 0018":                           "+44 (0)20 7946 0018",
		"0033 6 39 98 12 34":                            "0033 6 39 98 12 34",
		"123 456 789":                                   "123 456 789",
		"https://wa.me/00000000000":                     "wa.me/00000000000",
		"https://wa.me/12025550123":                     "wa.me/12025550123",
		"https://api.whatsapp.com/send?phone=000000000": "?phone=000000000",
		"Write to help@example.org.":                    "help@example.org",
		"https://help.example.com/asylum":               "help.example.com",
		"EXAMPLE.NET":                                   "EXAMPLE.NET",
		"ana@desk.invalid":                              "ana@desk.invalid",
		"https://desk.example/a":                        "https://desk.example",
		"https://localhost":                             "https://localhost",
		"ask for xxx":                                   "xxx",
		"call XXXX-XXX":                                 "XXXX",
		"Lorem ipsum dolor":                             "Lorem ipsum",
		"first 0700 000 000, then a@example.org":        "0700 000 000",
		"first a@example.org, then 0700 000 000":        "a@example.org",
	} {
		begin, end, found := Placeholder(text)
		if got := text[begin:end]; !found || got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWhatMayBeRealIsNoPlaceholder(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "Hello.", "+593 2 246 0330", "1800 000 123", "0800 100 100", "+962 6 550 2000", "+962 79 555 0123", "02 555 0123",
		"+41 22 739 81 11", "+44 20 7946 1234", "+33 6 12 34 56 78", "911", "Dial 171 or 112", "*123#", "1234567", "0800 1234567",
		"+49 800 1234567", "099 000 0000", "120 000 000 people", "100 000 000 pesos", "5.000.000.000", "from 2026-11-28 10:00 to 2027-01-01 00:00",
		"file 000-00C00000", "A00000000", "00000000B", "2.000.000", "https://wa.me/593991234567", "https://www.unhcr.org/refugee/00123",
		"help@examples.org", "https://desk.example.ec/a", "ana@test.ec", "https://help.test-desk.org", "an example.", "Write your name.Example: Ana", "myexample.org", "contest.", "Say it like this.test", "Article XXX",
		"xx", "ipsum", "+1 202 555 1234", "(202) 555-1212", "1 800 000 1234", "٠٧٩ ٥٥٥ ١٢٣٤", "+٩٦٢ ٦ ٥٥٠ ٢٠٠٠", "0000", "00593 2 246 0330",
	} {
		if begin, end, found := Placeholder(text); found {
			t.Errorf("%q: %q is taken for a placeholder", text, text[begin:end])
		}
	}
}
