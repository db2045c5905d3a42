package expression_test

import (
	"testing"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    any
		kind program.Kind
		lang string
		want string
	}{
		{nil, program.TextKind, "en", ""},
		{"Ana *x*", program.TextKind, "en", "Ana *x*"},
		{"+254700123456", program.PhoneKind, "sw", "+254700123456"},
		{"nairobi", program.ChoiceKind, "sw", "nairobi"},
		{true, program.YesNo, "es", "sí"}, {false, program.YesNo, "ar", "لا"}, {true, program.YesNo, "xx", "yes"},
		{3.0, program.NumberKind, "en", "3"}, {-999.0, program.NumberKind, "es", "-999"}, {1234.0, program.NumberKind, "en", "1,234"},
		{1234.0, program.NumberKind, "es", "1234"}, {12345.0, program.NumberKind, "es", "12.345"}, {1234.5678, program.NumberKind, "en", "1,234.568"},
		{2.5, program.NumberKind, "es", "2,5"}, {0.1 + 0.2, program.NumberKind, "en", "0.3"}, {7.0, program.NumberKind, "ar", "٧"}, {1234.0, program.NumberKind, "ar", "١٬٢٣٤"},
		{12.0, program.NumberKind, "fa-AF", "۱۲"}, {1234567.0, program.NumberKind, "bn", "১২,৩৪,৫৬৭"}, {5, program.NumberKind, "en", "5"}, {1e21, program.NumberKind, "en", "1,000,000,000,000,000,000,000"},
		{"2027-03-01", program.DateKind, "en", "1 March 2027"}, {"2027-03-01", program.DateKind, "fr", "1er mars 2027"}, {"2027-03-02", program.DateKind, "fr", "2 mars 2027"},
		{"2027-03-31", program.DateKind, "es-EC", "31 de marzo de 2027"}, {"2027-03-31", program.DateKind, "ar", "٣١ مارس ٢٠٢٧"}, {"2027-03-31", program.DateKind, "ar-MA", "31 مارس 2027"},
		{"2027-03-31", program.DateKind, "so", "31 Maarso 2027"}, {"2027-03-31", program.DateKind, "sw", "31 Machi 2027"}, {"2027-03-31", program.DateKind, "prs", "۳۱ مارس ۲۰۲۷"},
		{"2027-03-31", program.DateKind, "pt", "31 de março de 2027"}, {"2027-03-31", program.DateKind, "uk", "2027-03-31"}, {"soon", program.DateKind, "en", "soon"},
		{"08:30", program.TimeKind, "en", "08:30"}, {"08:30", program.TimeKind, "fa", "۰۸:۳۰"},
		{"sw", program.LanguageKind, "en", "Kiswahili"}, {"es-EC", program.LanguageKind, "en", "Español"}, {"fa-AF", program.LanguageKind, "en", "دری"}, {"tlh", program.LanguageKind, "en", "tlh"},
		{[]any{"food"}, program.ListKind, "en", "food"}, {[]any{"food", "water"}, program.ListKind, "en", "food and water"},
		{[]any{"food", "water", 3.0}, program.ListKind, "en", "food, water and 3"}, {[]any{"agua", "higiene"}, program.ListKind, "es", "agua e higiene"},
		{[]any{"agua", "hielo"}, program.ListKind, "es", "agua y hielo"}, {[]any{"ماء", "غذاء", "مأوى"}, program.ListKind, "ar", "ماء وغذاء ومأوى"}, {[]any{"a", "b"}, program.ListKind, "uk", "a, b"},
		{[]any{}, program.ListKind, "en", ""}, {program.Location{Lat: -1.2921, Lon: 36.8219}, program.LocationKind, "es", "-1.292, 36.822"},
		{&pack.Tables[0].Rows[0], program.RowKind, "sw", "Ofisi ya Nairobi"}, {&program.Row{ID: "7"}, program.RowKind, "en", "7"}, {(*program.Row)(nil), program.RowKind, "en", ""},
	} {
		if got := expression.Format(c.v, c.kind, c.lang, pack); got != c.want {
			t.Errorf("Format(%v, %d, %s) = %q, want %q", c.v, c.kind, c.lang, got, c.want)
		}
	}
}

func BenchmarkFormatNumber(b *testing.B) {
	for _, c := range []struct {
		name string
		n    float64
	}{{"small", 12}, {"thousands", 12345.5}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				expression.Format(c.n, program.NumberKind, "es", pack)
			}
		})
	}
}
