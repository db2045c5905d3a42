package answer

import (
	"math"
	"strings"
	"testing"
)

func TestTokensAreShortAndReadBack(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "nairobi", "a_rather_long_option_id_x", strings.Repeat("long", 100), "oficina_ñ", "مكتب", "", "Has Space", "0991234567", "row-7"} {
		for _, asking := range []uint32{0, 1, math.MaxUint32} {
			for _, identity := range []uint64{0, 35, math.MaxUint64} {
				token := string(AppendToken([]byte(nil), asking, identity, id))
				if len(token) > 48 || strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
					t.Errorf("token of %q is %q, %d bytes", id, token, len(token))
				}
				a, i, option, ok := ParseToken(token)
				if !ok || a != asking || i != identity || option != OptionKey(id) {
					t.Errorf("ParseToken(%q) = %d %d %q %t, want %d %d %q", token, a, i, option, ok, asking, identity, OptionKey(id))
				}
			}
		}
	}
}

func TestTokensHoldNoNumberOrText(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"0991234567", "+593991234567", "case_1234567", "Ana Lopez", "ana@example.org"} {
		if token := string(AppendToken(nil, 1, 2, id)); strings.Contains(token, id) {
			t.Errorf("token %q shows %q", token, id)
		}
	}
	for _, id := range []string{"yes", "nairobi_west", "row-12345"} {
		if got := OptionKey(id); got != id {
			t.Errorf("OptionKey(%q) = %q, want itself", id, got)
		}
	}
}

func TestOtherTextIsNoToken(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "b", "b1.2", "b1.2.", "b1..yes", "b.2.yes", "b01.2.yes", "bA.2.yes", "b1.2.Yes", "b1.2.yes ", "x1.2.yes", "b1.2.yes.no", "b+1.2.yes",
		"b1z141z4.0.yes", "b0.3w5e11264sgsg.yes", "b1.2.~short", "b1.2.~" + strings.Repeat("A", 21), "b1.2." + strings.Repeat("a", 25), "nairobi"} {
		if _, _, option, ok := ParseToken(s); ok {
			t.Errorf("ParseToken(%q) = %q", s, option)
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add(uint32(1), uint64(2), "nairobi", "b1.2.nairobi")
	f.Add(uint32(math.MaxUint32), uint64(math.MaxUint64), "Ana Lopez +593 99 123 4567", "b1z141z3.3w5e11264sgsf.~aaaaaaaaaaaaaaaaaaaaa")
	f.Add(uint32(0), uint64(0), "", "b0.0.")
	f.Fuzz(func(t *testing.T, asking uint32, identity uint64, id, s string) {
		token := AppendToken(nil, asking, identity, id)
		if len(token) > 48 {
			t.Fatalf("token %q has %d bytes", token, len(token))
		}
		a, i, option, ok := ParseToken(string(token))
		if !ok || a != asking || i != identity || option != OptionKey(id) || OptionKey(option) != option {
			t.Fatalf("token %q of %d %d %q reads as %d %d %q %t", token, asking, identity, id, a, i, option, ok)
		}
		if a, i, option, ok := ParseToken(s); ok {
			if again := string(AppendToken(nil, a, i, option)); again != s {
				t.Fatalf("token %q is written again as %q", s, again)
			}
		}
	})
}
