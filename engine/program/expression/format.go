package expression

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"baraza/engine/program"
)

// fractionDigits is how many digits after the point people are shown, and plurals are chosen by.
const fractionDigits = 3

// Format writes a value as a language does, for a text. Choices stay ids, since labels are the engine's; phone
// numbers stay E.164, so that they can be tapped. What is unset is "". Marks that keep directions apart are the
// engine's too.
func Format(v any, kind program.Kind, lang string, p *program.Program) string {
	switch v := plain(v).(type) {
	case bool:
		return yesNo(v, lang)
	case float64:
		return formatNumber(v, lang)
	case string:
		return formatText(v, kind, lang)
	case []any:
		parts := make([]string, len(v))
		for i, entry := range v {
			parts[i] = Format(entry, program.Any, lang, p)
		}
		return JoinList(parts, lang)
	case *program.Row:
		if v == nil {
			return ""
		}
		index := 0
		if p != nil {
			for i, l := range p.Languages {
				if l == lang {
					index = i
				}
			}
		}
		if name, ok := ColumnOf(v, "name", index).(string); ok {
			return name
		}
		return v.ID
	case program.Location:
		return formatNumber(v.Lat, "en") + ", " + formatNumber(v.Lon, "en")
	case *program.Table:
		return formatNumber(float64(len(v.Rows)), lang)
	}
	return ""
}

func yesNo(v bool, lang string) string {
	w := wordsOf(lang)
	if w == nil {
		w = wordings["en"]
	}
	if v {
		return w.yes
	}
	return w.no
}

func formatText(s string, kind program.Kind, lang string) string {
	switch kind {
	case program.DateKind:
		day, err := time.Parse(time.DateOnly, s)
		w := wordsOf(lang)
		if err != nil || w == nil {
			return s
		}
		return w.fill(w.date, day, lang)
	case program.TimeKind:
		return digits(s, lang)
	case program.LanguageKind:
		return LanguageName(s)
	}
	return s
}

// ungrouped are the languages that part no thousands below 10,000.
var ungrouped = map[string]bool{"es": true, "pl": true, "it": true, "bg": true, "pt-PT": true}

// otherShapes are the languages whose small whole numbers are not written 0 to 9.
var otherShapes = map[string]bool{
	"ar": true, "fa": true, "ps": true, "ur": true, "bn": true, "as": true, "mr": true, "ne": true, "my": true, "dz": true,
	"ckb": true, "sd": true, "ks": true, "uz": true, "pa": true, "mzn": true, "lrc": true, "azb": true, "sat": true, "mni": true,
}

func formatNumber(f float64, lang string) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ""
	}
	b := base(lang)
	if f == math.Trunc(f) && math.Abs(f) < 1000 && !otherShapes[b] {
		return strconv.FormatInt(int64(f), 10) // most numbers in texts; a printer costs a hundred times as much
	}
	if b == "fa" || !strings.HasPrefix(lang, b) {
		lang = b // x/text has no shapes of its own for Dari and for languages written by another code
	}
	tag, err := language.Parse(lang)
	if err != nil {
		tag = language.English
	}
	options := []number.Option{number.MaxFractionDigits(fractionDigits)}
	if math.Abs(f) < 10000 && (ungrouped[b] || ungrouped[lang]) {
		options = append(options, number.NoSeparator())
	}
	return message.NewPrinter(tag).Sprint(number.Decimal(f, options...))
}

// JoinList joins as a language does: "a, b and c".
func JoinList(parts []string, lang string) string {
	w := wordsOf(lang)
	if w == nil || len(parts) < 2 {
		return strings.Join(parts, ", ")
	}
	last := parts[len(parts)-1]
	and := w.and
	if w.andBeforeI != "" && soundsLikeI(last) {
		and = w.andBeforeI
	}
	return strings.Join(parts[:len(parts)-1], w.comma) + and + last
}

// soundsLikeI is when Spanish says "e" for "y": before i and hi, but not before hia, hie, hio.
func soundsLikeI(word string) bool {
	word = strings.ToLower(word)
	rest, h := strings.CutPrefix(word, "h")
	rest, i := strings.CutPrefix(rest, "i")
	if accented, ok := strings.CutPrefix(rest, "í"); ok && !i {
		rest, i = accented, true
	}
	return i && !(h && rest != "" && strings.ContainsRune("aeoé", []rune(rest)[0]))
}
