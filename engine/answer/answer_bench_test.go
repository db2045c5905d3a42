package answer

import (
	"strings"
	"testing"
)

// tenOptions is a menu of ten in two languages, each option with a synonym.
func tenOptions() *Choices {
	en := []string{"Find an office", "Ask for a call", "Renew a document", "Health", "School", "Work", "Legal help", "Is this news true?", "Make a complaint", "Talk to a person"}
	es := []string{"Buscar una oficina", "Pedir una llamada", "Renovar un documento", "Salud", "Escuela", "Trabajo", "Ayuda legal", "¿Es cierta esta noticia?", "Poner una queja", "Hablar con una persona"}
	also := []string{"office", "call", "papers", "doctor", "education", "job", "lawyer", "rumour", "complaint", "human"}
	var options []Option
	for i := range en {
		options = append(options, Option{ID: also[i], Number: i + 1, Words: []Words{
			{Lang: "en", Exact: []string{en[i], also[i]}}, {Lang: "es", Exact: []string{es[i]}},
		}})
	}
	return Prepare(options)
}

func BenchmarkMatch(b *testing.B) {
	choices := tenOptions()
	for _, c := range []struct{ name, text string }{
		{"number", "7"},
		{"arabic number", "٧"},
		{"label", "Talk to a person"},
		{"accents", "¿Es CIERTA esta notícia?"},
		{"emoji", "👍🏽 Health"},
		{"inside", "hello, I would like to talk to a person about my papers office"},
		{"one inside", "I need a doctor for my child"},
		{"slip", "Talk to a presona"},
		{"nothing", "I do not know what to say here"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := choices.Exact("en", c.text); !ok {
					choices.Inexact("en", c.text, false)
				}
			}
		})
	}
}

func BenchmarkWords(b *testing.B) {
	words := safetyWords()
	for _, c := range []struct{ name, text string }{{"whole", "Menu"}, {"no word", "I would like an appointment"}, {"arabic", "القائمة"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				words.Whole(c.text)
				words.Inside(c.text)
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"plain", "talk to a person"}, {"ascii", "Talk to a person!"}, {"accents", "¿Es cierta esta notícia?"}, {"arabic", "أريد أن أتحدّث مع شخص"},
		{"hindi", "हाँ, मुझे मदद चाहिए"}, {"1 MB of letters", strings.Repeat("Añ ", 1<<18)}, {"64 KB of marks", "a" + strings.Repeat("\u0301", 1<<15)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				Fold(c.text)
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		tenOptions()
	}
}
