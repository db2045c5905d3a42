package answer

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFoldMakesOneOfWhatPeopleWriteDifferently(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"  \t\n ", ""},
		{"plain words", "plain words"},
		{"  Find   AN office! ", "find an office"},
		{"don't", "dont"}, {"don’t", "dont"}, {"ng'ombe", "ngombe"},
		{"a-b", "a b"}, {"a/b", "a b"}, {"a_b", "a b"},
		{"¿Sí?", "si"}, {"Tulcán", "tulcan"}, {"Tulca\u0301n", "tulcan"},
		{"ＡＢＣ１", "abc1"}, {"ﬁn", "fin"}, {"İstanbul", "istanbul"}, {"Straße", "strasse"}, {"ΟΔΟΣ", "οδοσ"},
		{"٠١٢٣٤٥٦٧٨٩", "0123456789"}, {"۰۱۲۳۴۵۶۷۸۹", "0123456789"}, {"०१२३४५६७८९", "0123456789"}, {"০১২৩৪৫৬৭৮৯", "0123456789"},
		{"1️⃣", "1"},
		{"أإآٱا", "ااااا"}, {"ى ی ي", "ي ي ي"}, {"ک ك", "ك ك"}, {"ة ه", "ه ه"}, {"ؤ ئ", "و ي"}, {"شيء", "شي"}, {"مــكــتب", "مكتب"},
		{"مَكْتَبٌ", "مكتب"}, {"می\u200cخواهم", "ميخواهم"}, {"\u200fنعم\u200e", "نعم"}, {"ﷲ", "الله"},
		{"हाँ", "हाँ"}, {"हा", "हा"}, {"হ্যাঁ", "হ্যাঁ"}, {"ที่", "ที่"}, {"가", "가"}, {"ᄀ\u1161", "가"}, {"が", "が"}, {"か\u3099", "が"},
		{"👍🏽", "👍"}, {"👍yes👍", "👍 yes 👍"}, {"❤️", "❤"}, {"👩‍👩‍👧", "👩 👩 👧"},
		{"a\x00b", "a b"}, {"a\xffb", "a b"}, {"\xed\xa0\x80", ""}, {"a\u202eb\u2066c", "abc"},
		{"1.5", "1 5"}, {"½", "1 2"},
	} {
		if got := Fold(c.text); got != c.want {
			t.Errorf("Fold(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFoldIsIdempotentForEveryCharacter(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for _, text := range [...]string{string(r), "a" + string(r), "क" + string(r) + "b"} {
			once := Fold(text)
			if twice := Fold(once); once != twice {
				t.Errorf("%U in %q: folded %q, folded again %q", r, text, once, twice)
			}
		}
	}
}

func TestEveryScriptsDigitsHaveTheirValue(t *testing.T) {
	t.Parallel()
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsDigit(r) {
			continue
		}
		if n++; digit(r) != (n-1)%10 {
			t.Fatalf("digit(%U) = %d, want %d", r, digit(r), (n-1)%10)
		}
	}
}

func TestVowelSignsAreNotDiacritics(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"हाँ", "हा"}, {"हा", "ह"}, {"হ্যাঁ", "হযা"}, {"না", "ন"}, {"มา", "ม"}, {"ကို", "က"}} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("%q and %q became one", pair[0], pair[1])
		}
	}
}

func TestStripEmoji(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"yes": "yes", "👍 yes 👍": "yes", "👍": "", "a 👍 b": "a b", "نعم 🙏": "نعم", "": "",
	} {
		if got := StripEmoji(text); got != want {
			t.Errorf("StripEmoji(%q) = %q, want %q", text, got, want)
		}
	}
}

// The tables are looked up with folded words, so their own words must be folded.
func TestTablesAreFolded(t *testing.T) {
	t.Parallel()
	check := func(table, word string) {
		if got := Fold(word); got != word {
			t.Errorf("%s: %q is looked up as %q", table, word, got)
		}
	}
	for lang, list := range denials {
		check("denials "+lang, strings.TrimSpace(list))
		if !strings.HasPrefix(list, " ") || !strings.HasSuffix(list, " ") {
			t.Errorf("denials %s: no space around", lang)
		}
	}
	for lang, list := range courtesies {
		check("courtesies "+lang, strings.TrimSpace(list))
		if !strings.HasPrefix(list, " ") || !strings.HasSuffix(list, " ") {
			t.Errorf("courtesies %s: no space around", lang)
		}
	}
	for _, table := range []map[string][]string{yesWords, noWords, otherwise} {
		for lang, words := range table {
			for _, word := range words {
				check("yes and no "+lang, word)
			}
		}
	}
	for word := range halves {
		check("halves", word)
	}
	for word := range signs {
		check("signs", word)
	}
	for word := range dateFillers {
		check("dateFillers", word)
	}
	for word := range months {
		check("months", word)
	}
	for _, word := range conjunctions {
		check("conjunctions", word)
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"Find an OFFICE", "مَكْتَب ٢", "हाँ", "👩‍👩‍👧 ok", "a\xff\xed\xa0\x80\x00", strings.Repeat("\u0301", 100), "ᄀ\u1161\u11a8", "½²①"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Fold(text)
		if !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) is not UTF-8: %q", text, once)
		}
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%q) = %q, and again %q", text, once, twice)
		}
		if once != strings.Join(strings.Fields(once), " ") {
			t.Fatalf("Fold(%q) = %q has stray spaces", text, once)
		}
		if got := string(AppendFold([]byte("x"), text)); got != "x"+once {
			t.Fatalf("AppendFold(%q) = %q, want %q", text, got, "x"+once)
		}
		bare := StripEmoji(once)
		if Fold(bare) != bare || StripEmoji(bare) != bare {
			t.Fatalf("StripEmoji(%q) = %q is not settled", once, bare)
		}
	})
}
