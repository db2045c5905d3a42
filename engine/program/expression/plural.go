package expression

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The rules are CLDR's own words (see pluralrules): newer than those of x/text, which miss categories that
// Spanish, French and Portuguese have today.
//
//go:embed plurals.json
var pluralData []byte

// pluralRules are read at first use and never change.
var pluralRules = sync.OnceValue(readPlurals)

// categories are all there are, in CLDR's order, which is the order of evaluation.
var categories = []string{"zero", "one", "two", "few", "many", "other"}

// pluralRule is one category of a language: some alternative holds all of its relations.
type pluralRule struct {
	category     string
	alternatives [][]relation
}

// relation is "n % 10 != 2..4,9".
type relation struct {
	operand byte
	modulus float64 // 0: none
	not     bool
	ranges  [][2]float64
}

// Category is CLDR's plural category of a number in a language, for the number as Format shows it: one of
// zero, one, two, few, many and other. Languages that CLDR does not know have other alone.
func Category(lang string, n float64) string {
	rules := rulesOf(lang)
	if len(rules) == 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return "other"
	}
	o := operandsOf(n)
	for _, rule := range rules {
		for _, all := range rule.alternatives {
			if !slices.ContainsFunc(all, func(r relation) bool { return !r.holds(o) }) {
				return rule.category
			}
		}
	}
	return "other"
}

// Categories are the categories that a language has, in CLDR's order; "other" is always the last.
func Categories(lang string) []string {
	var found []string
	for _, rule := range rulesOf(lang) {
		found = append(found, rule.category)
	}
	return append(found, "other")
}

func rulesOf(lang string) []pluralRule {
	all := pluralRules()
	if rules, ok := all[lang]; ok {
		return rules
	}
	return all[base(lang)]
}

// operands are what rules speak of: the number itself, its whole part, how many digits stand after the point,
// and these digits as a number (with and without zeros at the end, which are never shown here).
type operands struct{ n, i, v, f float64 }

func operandsOf(n float64) operands {
	shown := strconv.FormatFloat(math.Abs(n), 'f', fractionDigits, 64)
	shown = strings.TrimRight(strings.TrimRight(shown, "0"), ".")
	if shown == "" {
		shown = "0"
	}
	whole, fraction, _ := strings.Cut(shown, ".")
	var o operands
	o.n, _ = strconv.ParseFloat(shown, 64)
	o.i, _ = strconv.ParseFloat(whole, 64)
	o.f, _ = strconv.ParseFloat(fraction, 64)
	o.v = float64(len(fraction))
	return o
}

func (r relation) holds(o operands) bool {
	var x float64 // of "c" and "e", the exponents of compact forms, which are never shown here
	switch r.operand {
	case 'n':
		x = o.n
	case 'i':
		x = o.i
	case 'v', 'w':
		x = o.v
	case 'f', 't':
		x = o.f
	}
	if r.modulus != 0 {
		x = math.Mod(x, r.modulus)
	}
	within := slices.ContainsFunc(r.ranges, func(span [2]float64) bool {
		return x == math.Trunc(x) && span[0] <= x && x <= span[1]
	})
	return within != r.not
}

func readPlurals() map[string][]pluralRule {
	var file struct {
		Groups []struct {
			Languages string
			Rules     map[string]string
		}
	}
	if err := json.Unmarshal(pluralData, &file); err != nil {
		panic(err) // unreachable: the file is embedded and a test reads it
	}
	all := map[string][]pluralRule{}
	for _, group := range file.Groups {
		var rules []pluralRule
		for _, category := range categories {
			source, ok := group.Rules[category]
			if !ok {
				continue
			}
			rule := pluralRule{category: category}
			for alternative := range strings.SplitSeq(source, " or ") {
				var relations []relation
				for part := range strings.SplitSeq(alternative, " and ") {
					relations = append(relations, readRelation(part))
				}
				rule.alternatives = append(rule.alternatives, relations)
			}
			rules = append(rules, rule)
		}
		for language := range strings.FieldsSeq(group.Languages) {
			all[language] = rules
		}
	}
	return all
}

// readRelation reads "i % 10 = 2..4,9"; the words always stand apart.
func readRelation(source string) relation {
	words := strings.Fields(source)
	r := relation{operand: words[0][0]}
	words = words[1:]
	if words[0] == "%" {
		r.modulus = readNumber(words[1])
		words = words[2:]
	}
	r.not = words[0] == "!="
	for span := range strings.SplitSeq(words[1], ",") {
		from, to, ok := strings.Cut(span, "..")
		if !ok {
			to = from
		}
		r.ranges = append(r.ranges, [2]float64{readNumber(from), readNumber(to)})
	}
	return r
}

func readNumber(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprint("plurals.json: ", err)) // unreachable: the file is embedded and a test reads it
	}
	return n
}
