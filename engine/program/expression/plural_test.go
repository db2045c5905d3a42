package expression_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program/expression"
)

// Known values, from the samples of CLDR 48.
func TestPluralCategories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		langs    string
		category string
		numbers  []float64
	}{
		{"en sw", "one", []float64{1, -1}}, {"en sw", "other", []float64{0, 2, 1.5, 0.5, 1000000}},
		{"so bg", "one", []float64{1}}, {"so", "other", []float64{0, 0.5, 1.5, 2, 100}},
		{"es es-EC", "one", []float64{1}}, {"es", "many", []float64{1000000, 2000000}}, {"es", "other", []float64{0, 2, 1.5, 999999, 1000001}},
		{"fr", "one", []float64{0, 1, 1.5, 0.2}}, {"fr", "many", []float64{1000000}}, {"fr", "other", []float64{2, 100, 2.5}},
		{"pt", "one", []float64{0, 1, 1.9}}, {"pt-PT", "one", []float64{1}}, {"pt-PT", "other", []float64{0, 1.5}},
		{"hi bn fa fa-AF prs", "one", []float64{0, 1, 0.5}}, {"hi bn fa", "other", []float64{2, 1.5, 10}},
		{"ar arb ar-MA", "zero", []float64{0}}, {"ar", "one", []float64{1}}, {"ar", "two", []float64{2}}, {"ar", "few", []float64{3, 10, 103, 110, 1003}},
		{"ar", "many", []float64{11, 26, 99, 111}}, {"ar", "other", []float64{100, 102, 200, 1000, 0.1, 3.5}},
		{"ru uk", "one", []float64{1, 21, 101}}, {"ru uk", "few", []float64{2, 3, 4, 22, 104}}, {"ru uk", "many", []float64{0, 5, 11, 12, 14, 20, 111, 1000000}},
		{"ru uk", "other", []float64{1.5, 0.1, 2.25}},
		{"pl", "one", []float64{1}}, {"pl", "few", []float64{2, 4, 22, 102}}, {"pl", "many", []float64{0, 5, 12, 21, 101}}, {"pl", "other", []float64{1.5, 0.1}},
		{"he", "two", []float64{2}}, {"he", "other", []float64{0, 100}}, {"mr", "other", []float64{0}}, // where x/text differs
		{"lt", "few", []float64{2, 9, 22}}, {"lt", "many", []float64{0.5}}, {"ro", "few", []float64{0, 2, 119, 1.5}}, {"cs", "many", []float64{1.5}},
		{"ja my vi und xx", "other", []float64{0, 1, 2}},
	} {
		for lang := range strings.FieldsSeq(c.langs) {
			for _, n := range c.numbers {
				if got := expression.Category(lang, n); got != c.category {
					t.Errorf("Category(%s, %v) = %s, want %s", lang, n, got, c.category)
				}
			}
		}
	}
	if got := expression.Category("en", math.NaN()); got != "other" {
		t.Errorf("no number is %s, want other", got)
	}
	if got := expression.Category("en", 1.0004); got != "one" {
		t.Errorf("1.0004 is shown as 1 and is %s, want one", got)
	}
}

func TestCategoriesOfALanguage(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"en": "one other", "es": "one many other", "ar": "zero one two few many other", "ru": "one few many other", "my": "other", "pt-BR": "one many other",
	} {
		if diff := cmp.Diff(want, strings.Join(expression.Categories(lang), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
}

func BenchmarkCategory(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		expression.Category("ar", 103)
	}
}
