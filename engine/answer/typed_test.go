package answer

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

const refused = "-"

func TestNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2": "2", "٢": "2", "۲": "2", "२": "2", "২": "2", "2.": "2", "2)": "2", "(2)": "2", "1️⃣": "1", "1️⃣0️⃣": "10", "🔟": "10", "⑫": "12",
		"-5": "-5", "−5": "-5", "+5": "5", "3.5": "3.5", "3,5": "3.5", "٣٫٥": "3.5", "-0": "0",
		"1 234": refused, "1,234": refused, "nr 2": refused, "two": refused, "": refused, ".": refused, "1-2": refused, "1/2": refused,
		"5%": refused, "²": refused, "1e5": refused, "0x10": refused, "NaN": refused, "Inf": refused, "5-": refused, "- 5": refused,
		"1234567890123456": refused,
	} {
		check(t, "Number", text, want, show(Number(text)))
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2": "2", "2-": "2", " 02 ": "2", "#2": "2", "2👍": "2", "٢؟": "2",
		"2.0": refused, "-2": refused, "+2": refused, "1234567890": refused, "2 3": refused, "2a": refused, "👍": refused,
	} {
		i, ok := Index(text)
		check(t, "Index", text, want, show(float64(i), ok))
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"5": "5", "1 234": "1234", "1\u00a0234": "1234", "1\u202f234\u202f567": "1234567", "1'234": "1234", "١٬٢٣٤": "1234", "١٬٢٣٤٫٥": "1234.5",
		"1,234,567": "1234567", "1.234.567": "1234567", "1,234.5": "1234.5", "1.234,5": "1234.5", "1 234,5": "1234.5", "1,234.567": "1234.567",
		"12,34,567": "1234567", "3,5": "3.5", "3.5": "3.5", "3.25": "3.25", "0,125": "0.125", "1234,567": "1234.567", "1.5000": "1.5", ".5": "0.5",
		"٣،٥": "3.5", "-3,5": "-3.5", "5.": "5", "５": "5", "00": "0", "007": "7",
		// two readings, or none
		"1,234": refused, "1.234": refused, "١،٢٣٤": refused, "1 2": refused, "12 34": refused, "1,2,3": refused, "1,23": "1.23", ",5": refused,
		"1,234,56": refused, "1.2.3": refused, "1,234.5.6": refused, "1234 567": refused, "0 123": refused, "1.234 5": refused,
		"5 people": refused, "$5": refused, "5%": refused, "five": refused, "5-6": refused, "--5": refused, "1٫": refused, "٫5": refused,
		"1,,234": refused, "1  234": refused,
	} {
		check(t, "ParseNumber", text, want, show(ParseNumber(text)))
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-03-05": "2026-3-5", "2026/3/5": "2026-3-5", "5/3/2026": "2026-3-5", "05.03.2026": "2026-3-5", "5-3-2026": "2026-3-5", "5 3 2026": "2026-3-5",
		"٥/٣/٢٠٢٦": "2026-3-5", "۲۰۲۶-۰۳-۰۵": "2026-3-5", "५/३/२०२६": "2026-3-5", "05/03/2026.": "2026-3-5", "\u200f5/3/2026": "2026-3-5",
		"5 March 2026": "2026-3-5", "March 5, 2026": "2026-3-5", "5th of March 2026": "2026-3-5", "5 Mar. 2026": "2026-3-5", "5-Mar-2026": "2026-3-5",
		"5 de marzo de 2026": "2026-3-5", "el 5 de marzo del 2026": "2026-3-5", "1er février 2026": "2026-2-1", "5 août 2026": "2026-8-5",
		"5 Machi 2026": "2026-3-5", "5 Maarso 2026": "2026-3-5", "٥ مارس ٢٠٢٦": "2026-3-5", "٥ آذار ٢٠٢٦": "2026-3-5", "5 كانون الثاني 2026": "2026-1-5",
		"5 تشرين الأول 2026": "2026-10-5", "2026 March 5": "2026-3-5", "29/2/2028": "2028-2-29", "29/2/2000": "2000-2-29", "31/12/1999": "1999-12-31",
		"12/25/2026": refused, "29/2/2026": refused, "29/2/1900": refused, "31/4/2026": refused, "0/3/2026": refused, "5/13/2026": refused, "5/3/26": refused, "5/3": refused,
		"2026": refused, "1404/05/12": refused, "۱۴۰۴/۰۵/۱۲": refused, "5/3-2026": refused, "5/3 2026": refused, "5//3/2026": refused, "-5/3/2026": refused,
		"5 3 2026 1": refused, "tomorrow": refused, "5 foo 2026": refused, "5 2026 March": refused, "March 2026 5": refused, "": refused, "005/3/2026": refused,
		"20260305": refused, "born 5/3/2026": refused, "5 marzo": refused, "March March 2026": refused,
	} {
		y, m, d, ok := ParseDate(text, DayFirst)
		got := refused
		if ok {
			got = fmt.Sprintf("%d-%d-%d", y, m, d)
		}
		check(t, "ParseDate", text, want, got)
	}
	if y, m, d, ok := ParseDate("3/5/2026", MonthFirst); !ok || y != 2026 || m != 3 || d != 5 {
		t.Errorf("ParseDate with the month first = %d-%d-%d %t", y, m, d, ok)
	}
}

func TestNoMonthsNameMeansTwoMonths(t *testing.T) {
	t.Parallel()
	for _, language := range monthNames {
		for i, names := range language {
			for name := range strings.FieldsSeq(names) {
				if got := months[strings.ReplaceAll(name, "_", " ")]; got != i+1 {
					t.Errorf("%q is month %d and month %d", name, i+1, got)
				}
			}
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"14:30": "870", "14.30": "870", "14h30": "870", "14 h 30": "870", "14h": "840", "14 h": "840", "14:30 h": "870", "14:30 hrs": "870", "00:00": "0", "23:59": "1439",
		"2:30 pm": "870", "2.30pm": "870", "2pm": "840", "2 PM": "840", "2:30 p. m.": "870", "12am": "0", "12 pm": "720", "12:05 AM": "5", "9:05": "545", "١٤:٣٠": "870",
		"٢:٣٠ م": "870", "٢ ص": "120", "٢:٣٠ مساءً": "870", "14：30": "870", "१४:३०": "870",
		"24:00": refused, "14:60": refused, "14": refused, "2": refused, "1430": refused, "14:3": refused, "14:": refused, ":30": refused, "13pm": refused, "0am": refused,
		"saa 8:00": refused, "8:00 jioni": refused, "two": refused, "": refused, "14:30:00": refused, "1 4:30": refused, "a las 14:30": refused, "-2:30": refused, "2h30h": refused,
	} {
		minutes, ok := ParseTime(text)
		check(t, "ParseTime", text, want, show(float64(minutes), ok))
	}
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, want string }{
		{"0991234567", "EC", "+593991234567"},
		{"099 123 4567", "ec", "+593991234567"},
		{"٠٩٩١٢٣٤٥٦٧", "EC", "+593991234567"},
		{"۰۹۹۱۲۳۴۵۶۷", "EC", "+593991234567"},
		{"\u202a+593 99 123 4567\u202c", "", "+593991234567"},
		{"＋593991234567", "KE", "+593991234567"},
		{"0712 345678", "KE", "+254712345678"},
		{"(07) 9012-3456", "JO", "+962790123456"},
		{"0991234567", "", refused},
		{"+00 000 000 0000", "EC", refused},
		{"+0000000000", "EC", refused},
		{"123", "EC", refused},
		{"my number is 0991234567", "EC", refused},
		{"0991234567 ext 5", "EC", refused},
		{"1-800-FLOWERS", "US", refused},
		{"099123456789012345678901", "EC", refused},
		{"09912+34567", "EC", refused},
		{"", "EC", refused},
	} {
		got, ok := ParsePhone(c.text, c.country)
		if !ok {
			got = refused
		}
		check(t, "ParsePhone", c.text, c.want, got)
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ana@example.org": "ana@example.org", " Ana.Lopez+x@Example.ORG. ": "Ana.Lopez+x@example.org", "<ana@example.org>": "ana@example.org",
		"mailto:ana@example.org": "ana@example.org", "ana＠example.org": "ana@example.org", "a@b-c.example.co": "a@b-c.example.co",
		"ana": refused, "ana@": refused, "@example.org": refused, "ana@example": refused, "ana@@example.org": refused, "ana..l@example.org": refused,
		"ana@-example.org": refused, "ana@example..org": refused, "ana lopez@example.org": refused, "ana@example.1": refused, "aña@example.org": refused,
		"ana@example.org bob@example.org": refused, "my mail is ana@example.org": refused, "": refused,
	} {
		got, ok := ParseEmail(text)
		if !ok {
			got = refused
		}
		check(t, "ParseEmail", text, want, got)
	}
}

func TestYesNo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, text, want string }{
		{"en", "Yes!", "yes"}, {"en", "no", "no"}, {"es", "Sí", "yes"}, {"es", "si", "yes"}, {"es", "s", "yes"}, {"es-EC", "s", "yes"}, {"fr", "Oui", "yes"}, {"fr", "Non merci", "no"},
		{"ar", "نعم", "yes"}, {"ar", "لأ", "no"}, {"sw", "Ndiyo", "yes"}, {"sw", "hapana", "no"}, {"so", "haa", "yes"}, {"so", "maya", "no"},
		{"pt", "não", "no"}, {"fa", "بله", "yes"}, {"hi", "हाँ", "yes"}, {"bn", "না", "no"}, {"en", "👍", "yes"}, {"en", "👍🏿👍🏿", "yes"}, {"en", "👎", "no"}, {"en", "✔️", "yes"},
		{"en", "yes 👍", "yes"}, {"en", "sí", "yes"}, {"en", "ndiyo", "yes"},
		{"en", "👍👎", refused}, {"en", "yes 👎", refused}, {"en", "no 👍", refused}, {"en", "s", refused}, {"sw", "si", refused}, {"en", "maybe", refused},
		{"en", "yes and no", refused}, {"hi", "हा", refused}, {"en", "1", refused}, {"en", "", refused}, {"en", "🏠", refused},
	} {
		got := refused
		if yes, ok := YesNo(c.lang, c.text); ok {
			got = map[bool]string{true: "yes", false: "no"}[yes]
		}
		check(t, "YesNo in "+c.lang, c.text, c.want, got)
	}
}

func TestNoWordIsBothYesAndNoInOneLanguage(t *testing.T) {
	t.Parallel()
	for lang, words := range yesWords {
		for _, word := range words {
			if yes, ok := YesNo(lang, word); !ok || !yes {
				t.Errorf("%s: %q is not yes", lang, word)
			}
		}
		for _, word := range noWords[lang] {
			if yes, ok := YesNo(lang, word); !ok || yes {
				t.Errorf("%s: %q is not no", lang, word)
			}
		}
	}
}

func check(t *testing.T, function, text, want, got string) {
	t.Helper()
	if got != want {
		t.Errorf("%s(%q) = %s, want %s", function, text, got, want)
	}
}

func show(value float64, ok bool) string {
	if !ok {
		return refused
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}
