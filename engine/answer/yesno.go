package answer

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// yesWords and noWords are, by language, the folded words that are a whole answer to a yes-or-no question.
var yesWords = map[string][]string{
	"am": {"አዎ", "አዎን"},
	"ar": {"نعم", "اي", "ايوا", "ايوه", "اجل", "بلي", "اه"},
	"bn": {"হ্যাঁ", "হ্যা", "জি", "জী", "জ্বি"},
	"de": {"ja"},
	"en": {"yes", "yeah", "yep", "yup", "y", "yes please"},
	"es": {"si", "s", "si por favor", "claro", "claro que si", "sip"},
	"fa": {"بله", "بلي", "اره"},
	"ff": {"eey", "eeyo"},
	"fr": {"oui", "ouais", "oui sil vous plait"},
	"hi": {"हाँ", "हां", "जी", "जी हाँ", "जी हां"},
	"ps": {"هو"},
	"pt": {"sim", "s"},
	"ru": {"да"},
	"rw": {"yego"},
	"so": {"haa", "haye"},
	"sw": {"ndiyo", "ndio", "naam"},
	"ti": {"እወ"},
	"tr": {"evet"},
	"uk": {"так"},
	"ur": {"جي", "هاں", "جي هاں"},
}

var noWords = map[string][]string{
	"am": {"አይ", "አይደለም", "የለም"},
	"ar": {"لا", "كلا", "لا شكرا"},
	"bn": {"না", "জি না"},
	"de": {"nein"},
	"en": {"no", "nope", "nah", "n", "no thanks", "no thank you"},
	"es": {"no", "n", "no gracias"},
	"fa": {"نه", "خير", "نخير"},
	"ff": {"alaa"},
	"fr": {"non", "non merci"},
	"hi": {"नहीं", "नही", "जी नहीं"},
	"ps": {"نه"},
	"pt": {"nao", "n", "nao obrigado", "nao obrigada"},
	"ru": {"нет"},
	"rw": {"oya"},
	"so": {"maya"},
	"sw": {"hapana"},
	"ti": {"ኣይፋል", "ኣይኮነን"},
	"tr": {"hayir"},
	"uk": {"ні"},
	"ur": {"نهيں", "جي نهيں"},
}

// otherwise are the words of a language that are another language's yes or no, but not its own: they answer nothing.
var otherwise = map[string][]string{
	"sw": {"si"}, // "is not"
}

// signs answer in any language.
var signs = map[string]bool{
	"👍": true, "👌": true, "✅": true, "✔": true, "☑": true, "🆗": true,
	"👎": false, "❌": false, "✖": false, "❎": false, "🚫": false, "🙅": false,
}

// YesNo reads a whole message as yes or no, in lang first and then in any other language where the word means the
// same in all that have it. Thumbs and ticks count too, alone or beside a word that says the same.
func YesNo(lang, text string) (yes, ok bool) {
	if len(text) > 256 {
		return false, false
	}
	folded := Fold(text)
	bare := StripEmoji(folded)
	signYes, signNo := false, false
	for word := range strings.FieldsSeq(folded) {
		if value, ok := signs[word]; ok {
			signYes, signNo = signYes || value, signNo || !value
		}
	}
	if bare == "" {
		return signYes, signYes != signNo
	}
	yes, ok = yesNoWord(baseLanguage(lang), bare)
	if yes && signNo || !yes && signYes {
		return false, false
	}
	return yes, ok
}

// yesNoWord looks in lang, then in all other languages, whose words must agree and be more than a letter.
func yesNoWord(lang, word string) (yes, ok bool) {
	if slices.Contains(yesWords[lang], word) {
		return true, true
	}
	if slices.Contains(noWords[lang], word) {
		return false, true
	}
	if slices.Contains(otherwise[lang], word) || utf8.RuneCountInString(word) < 2 {
		return false, false
	}
	return inAny(yesWords, word), inAny(yesWords, word) != inAny(noWords, word)
}

func inAny(table map[string][]string, word string) bool {
	for _, words := range table {
		if slices.Contains(words, word) {
			return true
		}
	}
	return false
}
