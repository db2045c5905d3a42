package quote_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/quote"
)

func TestATextIsQuotedAsTheStandardLibraryQuotesIt(t *testing.T) {
	t.Parallel()
	all := ""
	for c := range 256 {
		all += string([]byte{byte(c)})
	}
	for _, s := range []string{"", "Hola", "a \"word\" \\ and <b>&</b>", "one\ntwo\r\n\tthree\b\f\v\x00\x1f\x7f", "مرحبا 👋🏽 Ελλάδα",
		"\u2028 and \u2029", "\ufffd stays", "cut \xe2\x80", "\xe2\x80\xa8\xff", "\xed\xa0\x80", all} {
		check(t, s)
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("a\u2028<\x01\xff")
	f.Fuzz(check)
}

func check(t *testing.T, s string) {
	t.Helper()
	want, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(quote.Append(nil, s))); diff != "" {
		t.Errorf("%q (-want +got):\n%s", s, diff)
	}
}

func BenchmarkQuote(b *testing.B) {
	const s = "Welcome. Which town are you in?\nReply with a number, or write the name of it."
	b.ReportAllocs()
	buf := make([]byte, 0, 256)
	for b.Loop() {
		buf = quote.Append(buf[:0], s)
	}
}
