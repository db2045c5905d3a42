package answer

import (
	"strings"
	"testing"
)

const (
	menu = iota + 1
	stop
	person
	danger
	office
	sos
)

func safetyWords() *WordList {
	return PrepareWords([]Entry{
		{menu, "en", "menu", false}, {menu, "sw", "menyu", false}, {menu, "ar", "القائمة", false},
		{stop, "en", "stop", false}, {stop, "so", "jooji", false}, {stop, "es", "basta ya", false}, {stop, "hi", "रुको", false},
		{person, "en", "menu", false}, // taken: the first counts
		{person, "en", "person", false},
		{danger, "en", "he hurt me", true}, {danger, "sw", "ameniumiza", true}, {danger, "ar", "يريد قتلي", true}, {danger, "th", "ช่วยด้วย", true},
		{office, "en", "hurt", true}, {office, "en", "office", true},
		{sos, "", "🆘", true},
		{sos, "en", "911", false}, {sos, "en", "٩ ١ ١", true}, {sos, "en", "!!!", true},
	})
}

func TestWholeMessageWords(t *testing.T) {
	t.Parallel()
	words := safetyWords()
	for text, want := range map[string]int{
		"menu": menu, "MENU!": menu, "🙏 menu 🙏": menu, "Menyu": menu, "القائمه": menu, "القائمةُ": menu,
		"stop": stop, "*STOP*": stop, "Basta ya.": stop, "रुको": stop, "person": person, "he hurt me": danger, "🆘": sos, "🆘!": sos,
		"menus": 0, "mnu": 0, "the menu": 0, "stop it": 0, "basta": 0, "रुका": 0, "911": 0, "٩١١": 0, "9 1 1": 0, "!!!": 0, "": 0, "👍": 0, "🙏": 0,
	} {
		if got, _ := words.Whole(text); got != want {
			t.Errorf("Whole(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestWordsInsideAMessage(t *testing.T) {
	t.Parallel()
	words := safetyWords()
	for text, want := range map[string]int{
		"help, he hurt me yesterday": danger, "he hurt 😢 me": danger, "He  HURT me!": danger, "leo ameniumiza sana": danger, "هو يُريد قتلي الآن": danger,
		"ฉันกลัวช่วยด้วยค่ะ": danger, "he hurt my dog": office, "my leg is hurt": office, "where is the office": office, "please 🆘 now": sos, "hurt 🆘": office,
		"stop it": 0, "the menu": 0, "officer": 0, "unhurt": 0, "he hurts me": 0, "call 911": 0, "9 1 1": 0, "": 0,
		strings.Repeat("so much text ", 10_000) + "he hurt me": danger,
	} {
		if got, _ := words.Inside(text); got != want {
			t.Errorf("Inside(%.40q) = %d, want %d", text, got, want)
		}
	}
}

func TestAnEmptyListMatchesNothing(t *testing.T) {
	t.Parallel()
	words := PrepareWords(nil)
	if _, ok := words.Whole("menu"); ok {
		t.Error("Whole found a word")
	}
	if _, ok := words.Inside("menu"); ok {
		t.Error("Inside found a word")
	}
	choices := Prepare(nil)
	if _, ok := choices.Exact("en", ""); ok {
		t.Error("Exact found an option")
	}
	if _, ok := choices.Inexact("en", "yes", false); ok {
		t.Error("Inexact found an option")
	}
	if _, ok := choices.Several("en", "1, 2"); ok {
		t.Error("Several found options")
	}
}
