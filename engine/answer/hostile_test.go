package answer

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile is input that nobody writes by hand.
func hostile() map[string]string {
	const size = 1 << 20
	return map[string]string{
		"1 MB of one word":             strings.Repeat("a", size),
		"1 MB of short words":          strings.Repeat("a ", size/2),
		"1 MB of an option":            strings.Repeat("talk to a person ", size/17),
		"1 MB of an option's start":    strings.Repeat("talk to a ", size/10),
		"1 MB of digits":               strings.Repeat("1", size),
		"1 MB of numbers":              strings.Repeat("1,", size/2),
		"1 MB of ands":                 strings.Repeat("and ", size/4),
		"1 MB of emoji":                strings.Repeat("👍", size/4),
		"1 MB of joined emoji":         strings.Repeat("👩\u200d", size/7),
		"1 MB of spaces":               strings.Repeat(" ", size),
		"1 MB of a script unspaced":    strings.Repeat("医院", size/6),
		"1 MB of broken bytes":         strings.Repeat("\xff\xc0", size/2),
		"1 MB of NUL":                  strings.Repeat("\x00", size),
		"1 MB of half letters":         strings.Repeat("\xed\xa0\x80", size/3),
		"1 MB of bidi":                 strings.Repeat("\u202e", size/3),
		"256 KB that grows elevenfold": strings.Repeat("ﷺ", size/12),
		"64 KB of accents":             "a" + strings.Repeat("\u0301", 1<<15),
		"64 KB of kept marks":          "क" + strings.Repeat("\u093c\u094d", 1<<14),
		"64 KB of kana marks":          strings.Repeat("\u3099\u309a", 1<<14),
		"64 KB of jamo":                strings.Repeat("ᄀ\u1161\u11a8", 1<<13),
		"1 MB of marks of two kinds":   strings.Repeat("\u0e38\u0eb8\u093c", size/9),
	}
}

// What grows with the square of a megabyte would not end here; BenchmarkHostile times each.
func TestHostileTextIsRead(t *testing.T) {
	t.Parallel()
	choices, words := tenOptions(), safetyWords()
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folded := Fold(text)
			if !utf8.ValidString(folded) {
				t.Error("the folded text is not UTF-8")
			}
			if again := Fold(folded); again != folded {
				t.Error("folding it again changes it")
			}
			readAll(choices, words, text)
		})
	}
}

func readAll(choices *Choices, words *WordList, text string) {
	choices.Exact("en", text)
	choices.Inexact("en", text, true)
	choices.Several("en", text)
	words.Whole(text)
	words.Inside(text)
	readTyped(text)
}

func BenchmarkHostile(b *testing.B) {
	choices, words := tenOptions(), safetyWords()
	texts := hostile()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fold(texts[name])
				readAll(choices, words, texts[name])
			}
		})
	}
}

func readTyped(text string) {
	Number(text)
	Index(text)
	ParseNumber(text)
	ParseDate(text, DayFirst)
	ParseTime(text)
	ParsePhone(text, "EC")
	ParseEmail(text)
	YesNo("en", text)
	ParseToken(text)
	OptionKey(text)
}

// Not parallel: allocations are counted for the whole process.
func TestExactAllocatesNothing(t *testing.T) {
	choices, words := tenOptions(), safetyWords()
	for _, text := range []string{"7", "٧", "Talk to a person", "¿Es CIERTA esta notícia?", "👍🏽 Health", "something else"} {
		got := testing.AllocsPerRun(100, func() {
			words.Whole(text)
			choices.Exact("en", text)
		})
		if got > 0 {
			t.Errorf("reading %q allocates %v times", text, got)
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	t.Parallel()
	if got := len(Fold("a" + strings.Repeat("\u0301", 1<<15))); got != 1 {
		t.Errorf("accents left %d bytes", got)
	}
	if got := utf8.RuneCountInString(Fold("क" + strings.Repeat("\u093e", 1<<15))); got != 1+maxMarks {
		t.Errorf("vowel signs left %d runes, want %d", got, 1+maxMarks)
	}
}

func FuzzMatch(f *testing.F) {
	for _, r := range readCorpus(f) {
		if r.line%4 == 0 {
			f.Add(r.options[0].Words[0].Exact[0], r.text, r.lang)
		}
	}
	f.Fuzz(func(t *testing.T, label, text, lang string) {
		options := []Option{
			{ID: "fuzzed", Number: 1, Words: []Words{{Lang: lang, Exact: []string{label}}, {Lang: "en", Exact: []string{"Water", label}}}},
			{ID: "fixed", Number: 2, Words: []Words{{Lang: "en", Exact: []string{"Talk to a person", "医院", "🆘"}}}},
		}
		choices := Prepare(options)
		for _, message := range [...]string{text, label} {
			m, ok := choices.Exact(lang, message)
			inRange(t, m, ok, len(options))
			if m, ok := choices.Exact(lang, Fold(message)); ok && m.Ask {
				t.Fatalf("an exact match of %q asks", message)
			}
			m, ok = choices.Inexact(lang, message, true)
			inRange(t, m, ok, len(options))
			if m.Ask != (m.How == Slip) {
				t.Fatalf("%q: %v on a sensitive step, ask %t", message, m.How, m.Ask)
			}
			list, ok := choices.Several(lang, message)
			if ok != (len(list) > 0) || len(list) > len(options) {
				t.Fatalf("Several(%q) = %v %t", message, list, ok)
			}
			readTyped(message)
		}
		// A label is understood in its own words, unless it also names the other option.
		if m, ok := choices.Exact(lang, label); Fold(label) != "" && (m.How == NotUnderstood || ok && m.Index != 0 && m.How != ByNumber) {
			t.Fatalf("the label %q is read as %v", label, m)
		}
		words := PrepareWords([]Entry{{Key: 7, Lang: lang, Word: label, Inside: true}, {Key: 8, Lang: "en", Word: "he hurt me", Inside: true}})
		if key, ok := words.Whole(text); ok && key != 7 && key != 8 {
			t.Fatalf("Whole(%q) = %d", text, key)
		}
		if _, ok := words.Whole(label); ok {
			if _, ok := words.Inside("hello " + label + " hello"); !ok && !strings.ContainsFunc(label, notPlain) {
				t.Fatalf("%q is not found inside", label)
			}
		}
	})
}

func notPlain(r rune) bool { return r < '0' || r > 'z' }

func inRange(t *testing.T, m Match, ok bool, n int) {
	t.Helper()
	if ok != (m.Index >= 0) || m.Index >= n || ok == (m.How == NotUnderstood || m.How == Ambiguous) {
		t.Fatalf("match %+v, %t, of %d options", m, ok, n)
	}
}
