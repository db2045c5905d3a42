package answer

import "strings"

// denials are, by language, the folded words that turn an answer round. A language without an entry has none.
var denials = map[string]string{
	"ar": " لا ليس ليست لست لسنا مش مو ما لم لن غير بدون ",
	"bn": " না নাই নেই নয় নয ",
	"en": " no not dont doesnt isnt arent cant cannot wont never without neither nor ",
	"es": " no ni nunca tampoco jamas sin ",
	"fa": " نه نيست نيستم نيستيم نميخواهم نمي بدون ",
	"fr": " non ne n pas jamais ni sans aucun ",
	"hi": " नहीं नही ना न मत ",
	"pt": " nao nem nunca jamais sem ",
	"so": " ma maya maha may aan mayo ",
	"sw": " si sio siyo hapana siko sina sitaki bila ",
	"ur": " نهيں مت نه ",
}

// courtesies are, by language, the folded words that add nothing to an answer.
var courtesies = map[string]string{
	"ar": " شكرا جزيلا من فضلك لو سمحت رجا ",
	"bn": " ধন্যবাদ দয়া করে ",
	"en": " please thanks thank you thx ok okay ",
	"es": " por favor gracias muchas ok senor senora ",
	"fa": " لطفا ممنون متشكرم مرسي ",
	"fr": " s sil vous te plait merci beaucoup ok monsieur madame ",
	"hi": " कृपया धन्यवाद शुक्रिया जी ",
	"pt": " por favor obrigado obrigada ok ",
	"so": " fadlan mahadsanid ok ",
	"sw": " tafadhali asante sana ahsante ok ",
	"ur": " شكريه ",
}

// deniesAfter lists the languages whose denial also follows what it denies.
var deniesAfter = map[string]bool{"bn": true, "fa": true, "hi": true, "so": true, "ur": true}

// denialReach is how many words away a denial still speaks of an option's words.
const denialReach = 3

// denied looks for a denial in the conversation's language and in that of the words found.
func denied(lang string, o occurrence, text string) bool {
	for _, lang := range [2]string{baseLanguage(lang), baseLanguage(o.lang)} {
		before, after := text[:o.start], text[o.end:]
		for range denialReach {
			before = strings.TrimSuffix(before, " ")
			at := strings.LastIndexByte(before, ' ') + 1
			if isListed(denials, lang, before[at:]) {
				return true
			}
			before = before[:at]
			var word string
			word, after, _ = strings.Cut(strings.TrimPrefix(after, " "), " ")
			if deniesAfter[lang] && isListed(denials, lang, word) {
				return true
			}
		}
	}
	return false
}

// baseLanguage is the "es" of "es-EC": the tables of this package know languages, not countries.
func baseLanguage(lang string) string {
	base, _, _ := strings.Cut(lang, "-")
	return base
}

// isCourtesyBut says whether everything in the text but the occurrence is courtesy in its language.
func isCourtesyBut(text string, o occurrence) bool {
	rest := 0
	for _, part := range [2]string{text[:o.start], text[o.end:]} {
		for word := range strings.FieldsSeq(part) {
			if rest++; rest > 5 || !isListed(courtesies, baseLanguage(o.lang), word) {
				return false
			}
		}
	}
	return true
}

// isListed says whether a folded word is in its language's list, which has a space around every word.
func isListed(table map[string]string, lang, word string) bool {
	list := table[lang]
	for from := 0; word != ""; {
		at := strings.Index(list[from:], word)
		if at < 0 {
			return false
		}
		at += from
		if list[at-1] == ' ' && list[at+len(word)] == ' ' {
			return true
		}
		from = at + 1
	}
	return false
}
