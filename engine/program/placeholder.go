package program

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A placeholder stands where the real contact is not known yet. It is right while a flow is written; in front of people
// it leads nowhere. Only what cannot be real counts, for a number that is refused wrongly keeps a release from people:
//
//	mails, addresses   at example.org, .com, .net and below them; below .example, .invalid, .test, .localhost behind @ or ://
//	numbers of zeros   what begins with +0 or 000 and has six zeros: +00 000 000 0001; eight zeros in a row where + or 0 begins
//	                   it: 0700 000 000 (100 000 000 is an amount)
//	counted numbers    123 456 789 and 1234567890 alone
//	numbers of films   which plans give to nobody: (202) 555-0123, +1 202 555 0123, +44 7700 900…, +44 20 7946 0…, +33 6 39 98 …
//	words              xxx, XXXX (XXX is a number of the Romans), lorem ipsum
//
// A number behind wa.me/ or phone= counts as one that begins with +. Digits of every script are read, whatever people
// write between them.
var (
	placeholderWords = regexp.MustCompile(`(?i)(?:[\w.+-]+@)?(?:[\w-]+\.)*\bexample\.(?:org|com|net)\b|\blorem ipsum\b|\b(?-i:x{3,}|X{4,})\b`)
	reservedHosts    = regexp.MustCompile(`(?i)[\w.+-]*@(?:[\w-]+\.)*[\w-]+|https?://(?:[\w-]+\.)*[\w-]+`)
	reservedEndings  = regexp.MustCompile(`(?i)[@/.](?:example|invalid|test|localhost)$`)
	numberLike       = regexp.MustCompile(`(wa\.me/|[?&]phone=)?\+?\(?\p{Nd}(?:[ \x{a0}\x{202f}().\-‐‑–/]{0,3}\p{Nd}){6,}`)
	// ofFilms are digits that begin with those of the country.
	ofFilms = regexp.MustCompile(`^(?:1\d{3}55501\d\d|440?7700900\d{3}|440?2079460\d{3}|330?63998\d{4})$`)
	// inAmerica is how such a number is written there without the country.
	inAmerica = regexp.MustCompile(`^(?:1[ .-])?(?:\(?\d{3}\)?[ .-])?555[ .-]01\d\d$`)
)

// Placeholder finds the first placeholder of a text: where it begins and ends in bytes; false where there is none.
func Placeholder(text string) (begin, end int, found bool) {
	first := func(b, e int) {
		if !found || b < begin {
			begin, end, found = b, e, true
		}
	}
	if at := placeholderWords.FindStringIndex(text); at != nil {
		first(at[0], at[1])
	}
	for _, at := range reservedHosts.FindAllStringIndex(text, -1) {
		if reservedEndings.MatchString(text[at[0]:at[1]]) {
			first(at[0], at[1])
		}
	}
	for _, at := range numberLike.FindAllStringSubmatchIndex(text, -1) {
		link := at[2] >= 0
		if (link || alone(text[:at[0]], text[at[1]:])) && nobodys(text[at[0]:at[1]], link) {
			first(at[0], at[1])
		}
	}
	return begin, end, found
}

// alone says that a number is no part of a word, as that of a paper may be.
func alone(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return !unicode.IsLetter(last) && !unicode.IsLetter(next)
}

// nobodys says that a number is one that nobody can have. That of a link has its country.
func nobodys(text string, link bool) bool {
	digits := digitsOf(text)
	country := link || strings.HasPrefix(text, "+")
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !country {
		digits, country = rest, true // many dial 00 before the country
	}
	switch {
	case country && strings.HasPrefix(digits, "0"): // no country's numbers begin with it
		return strings.Count(digits, "0") >= 6
	case strings.Contains(digits, "00000000"):
		return country || strings.HasPrefix(digits, "0")
	case country:
		return ofFilms.MatchString(digits)
	}
	return digits == "123456789" || digits == "1234567890" || inAmerica.MatchString(text)
}

// digitsOf are the digits of a text, of whatever script, in those of this line: 0 to 9.
func digitsOf(text string) string {
	var b strings.Builder
	for _, r := range text {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		zero := r
		for unicode.Is(unicode.Nd, zero-1) {
			zero--
		}
		b.WriteByte('0' + byte((r-zero)%10)) // digits stand in tens, from zero on
	}
	return b.String()
}

// Placed is a placeholder in what people are sent.
type Placed struct {
	Where    string // "offices.town.ask", "table partners, row desk, phone"
	Language string // "" where it is the same in all
	Text     string
}

func (p Placed) String() string {
	if p.Language == "" {
		return fmt.Sprintf("%q in %s", p.Text, p.Where)
	}
	return fmt.Sprintf("%q in %s (%s)", p.Text, p.Where, p.Language)
}

// Placeholders are those of texts in every language, contacts, links and tables: the first of each text.
func (p *Program) Placeholders() []Placed { return placed(p.shown) }

// Placeholders are those of a table; languages are the program's.
func (t *Table) Placeholders(languages []string) []Placed {
	return placed(func(yield func(Placed, string) bool) { t.shown(languages, yield) })
}

func placed(shown iter.Seq2[Placed, string]) (all []Placed) {
	for at, text := range shown {
		if begin, end, found := Placeholder(text); found {
			all = append(all, Placed{at.Where, at.Language, text[begin:end]})
		}
	}
	return all
}

// shown are the texts that may reach people, with their places.
func (p *Program) shown(yield func(Placed, string) bool) {
	for i := range p.Strings {
		for lang := range p.Strings[i].Texts {
			if p.Strings[i].Texts[lang] != nil && !yield(Placed{Where: p.Strings[i].ID, Language: p.Languages[lang]}, p.Written(i, lang)) {
				return
			}
		}
	}
	for pc := range p.Code {
		text := ""
		switch op := &p.Code[pc]; op.Code {
		case OpSayContact:
			text = op.Name
		case OpSayLink:
			text = op.Path
		}
		if text != "" && !yield(Placed{Where: p.stepAt(pc)}, text) {
			return
		}
	}
	for i := range p.Tables {
		if !p.Tables[i].shown(p.Languages, yield) {
			return
		}
	}
}

func (t *Table) shown(languages []string, yield func(Placed, string) bool) bool {
	for r := range t.Rows {
		row := &t.Rows[r]
		for c := range t.Columns {
			where := Placed{Where: "table " + t.Name + ", row " + row.ID + ", " + t.Columns[c].Name}
			if c < len(row.Translated) && row.Translated[c] != nil {
				for lang, text := range row.Translated[c] {
					if where.Language = languages[lang]; !yield(where, text) {
						return false
					}
				}
				continue
			}
			if c < len(row.Cells) {
				if text, ok := row.Cells[c].(string); ok && !yield(where, text) {
					return false
				}
			}
		}
	}
	return true
}

// stepAt is the whole name of the step in whose lines an instruction is.
func (p *Program) stepAt(pc int) string {
	last := None
	for i := range p.Steps {
		if p.Steps[i].PC <= pc && (last < 0 || p.Steps[i].PC > p.Steps[last].PC) {
			last = i
		}
	}
	if last < 0 {
		return "pack"
	}
	return p.Flows[p.Steps[last].Flow].Name + "." + p.Steps[last].Name
}
