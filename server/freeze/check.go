package freeze

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/channels/capability"
)

// Check says everything that is wrong with a notice for people of these languages on these channels, in whole sentences
// without a point. Without languages, as where nothing was released yet, any will do.
func Check(n Notice, languages, channels []string) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, lang := range slices.Sorted(maps.Keys(n.Texts)) {
		text := n.Texts[lang]
		if len(languages) > 0 && !slices.Contains(languages, lang) {
			say("the notice has a text in %q, which is no language of the country's packs; they are %s", lang, strings.Join(languages, ", "))
		}
		for _, why := range flaws(text) {
			say("the text in %q %s", lang, why)
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(n.Instead)) {
		other := n.Instead[lang]
		switch {
		case len(languages) > 0 && !slices.Contains(languages, lang):
			say("the notice says that the text in %q stands for %q, which is no language of the country's packs; they are %s", other, lang, strings.Join(languages, ", "))
		case n.Texts[lang] != "":
			say("the notice has a text in %q and says that the one in %q stands for it; keep one of them", lang, other)
		case n.Texts[other] == "":
			say("the text in %q is to stand for %q, and there is none", other, lang)
		}
	}
	for _, lang := range languages {
		if _, ok := n.Texts[lang]; !ok && n.Instead[lang] == "" {
			say("the notice has no text in %q; write one, or say plainly which other text stands for it: [%s = %s]", lang, lang, languages[0])
		}
	}
	if len(n.Texts) == 0 && len(languages) == 0 {
		say("the notice has no text")
	}
	all := n.All(languages)
	for _, name := range channels {
		c, ok := capability.Named(name)
		if !ok || c.Body == 0 {
			continue
		}
		// One text for all is the longest that goes out: it is for those whose language nobody knows.
		if length := c.Unit.Len(all); length > c.Body {
			say("all texts together are %d characters long and %s takes %d in one message; whoever's language is not known is told all of them", length, c.Title, c.Body)
		}
	}
	return problems
}

// flaws says what is wrong with one text.
func flaws(text string) (all []string) {
	switch {
	case strings.TrimSpace(text) == "":
		return []string{"is empty"}
	case !utf8.ValidString(text):
		return []string{"is no UTF-8"}
	}
	if strings.ContainsAny(text, "{}") {
		all = append(all, "has a hole in braces, and nothing is filled in: write what people are to read")
	}
	if i := strings.IndexFunc(text, hidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		all = append(all, fmt.Sprintf("has the character U+%04X, which nobody sees", r))
	}
	return all
}

// hidden are characters that turn a text around or do nothing that can be seen. Joiners are letters' business.
func hidden(r rune) bool {
	switch r {
	case '\n', '\u200c', '\u200d', '\u200e', '\u200f':
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
}

// In is the text for who speaks a language such as "es-EC", and the language it is in; false where there is none.
func (n Notice) In(lang string) (text, in string, ok bool) {
	for lang != "" {
		if other := n.Instead[lang]; other != "" {
			text, ok = n.Texts[other]
			return text, other, ok
		}
		if text, ok = n.Texts[lang]; ok {
			return text, lang, true
		}
		cut := strings.LastIndexAny(lang, "-_")
		if cut < 0 {
			break
		}
		lang = lang[:cut]
	}
	return "", "", false
}

// All is every text one below the other, those of the languages first and in their order.
func (n Notice) All(languages []string) string {
	var texts []string
	for _, lang := range append(slices.Clone(languages), slices.Sorted(maps.Keys(n.Texts))...) {
		if text, ok := n.Texts[lang]; ok && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n\n")
}
