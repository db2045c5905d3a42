package capability

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestUnitsMeasureWhatTheChannelCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text                              string
		graphemes, codePoints, utf16, gsm int
	}{
		{"", 0, 0, 0, 0},
		{"Menu", 4, 4, 4, 4},
		{"¿Dónde está?", 12, 12, 12, 12}, // ó and á are outside GSM: still twelve units, of UCS-2
		{"niño", 4, 4, 4, 4},
		{"Cafe\u0301", 4, 5, 5, 5},
		{"price 5€", 8, 8, 8, 9},
		{"{name}", 6, 6, 6, 8},
		{"مرحبا", 5, 5, 5, 5},
		{"مَرْحَبًا", 5, 9, 9, 9},
		{"ሰላም", 3, 3, 3, 3},
		{"नमस्ते", 4, 6, 6, 6}, // the rules we count by end a cluster after a virama
		{"日本語", 3, 3, 3, 3},
		{"🏥", 1, 1, 2, 2},
		{"👩‍👩‍👧", 1, 5, 8, 8},
		{"🇪🇨", 1, 2, 4, 4},
		{"👍🏽 ok", 4, 5, 7, 7},
		{"\r\n", 1, 2, 2, 2},
		{"\xff", 1, 1, 1, 1},
		{"\xed\xa0\x80", 3, 3, 3, 3}, // a lone surrogate in bytes: not UTF-8
	} {
		for unit, want := range map[Unit]int{Graphemes: c.graphemes, CodePoints: c.codePoints, UTF16: c.utf16, GSM: c.gsm} {
			if got := unit.Len(c.text); got != want {
				t.Errorf("unit %d of %q: got %d, want %d", unit, c.text, got, want)
			}
		}
	}
}

func TestSegmentsOfAnSMS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		parts      int
		unicode    bool
	}{
		{"nothing", "", 0, false},
		{"one part full", strings.Repeat("a", 160), 1, false},
		{"one too many", strings.Repeat("a", 161), 2, false},
		{"two parts full", strings.Repeat("a", 306), 2, false},
		{"three parts", strings.Repeat("a", 307), 3, false},
		{"euro signs take two", strings.Repeat("€", 80), 1, false},
		{"a euro sign too many", strings.Repeat("€", 81), 2, false},
		{"an escape is not cut in half", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, false},
		{"Spanish with ñ and ¿ stays in GSM", "¿Mañana?" + strings.Repeat("a", 152), 1, false},
		{"Spanish with á does not", strings.Repeat("á", 70), 1, true},
		{"one curly quote turns all of it", "“" + strings.Repeat("a", 70), 2, true},
		{"Arabic, one part full", strings.Repeat("م", 70), 1, true},
		{"Arabic, two parts full", strings.Repeat("م", 134), 2, true},
		{"Arabic, three parts", strings.Repeat("م", 135), 3, true},
		{"an emoji takes two", strings.Repeat("🏥", 35), 1, true},
		{"an emoji is not cut in half", strings.Repeat("🏥", 67), 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parts, unicode := Segments(c.text)
			if parts != c.parts || unicode != c.unicode {
				t.Errorf("got %d parts, unicode %t; want %d, %t", parts, unicode, c.parts, c.unicode)
			}
		})
	}
}

func TestPartsHoldTheTextAndNoneIsWasted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("abc €{ñáمሰ🏥\n"))).Draw(t, "text")
		parts, unicode := Segments(s)
		room := septetsInAPart
		if unicode {
			room = unitsInAPart
		}
		units := GSM.Len(s)
		if parts > 1 && units > parts*room {
			t.Errorf("%d units do not fit in %d parts", units, parts)
		}
		if parts > 1 && units <= (parts-1)*(room-1) {
			t.Errorf("%d units would fit in fewer than %d parts", units, parts)
		}
		if _, outside := OutsideGSM(s); outside != unicode {
			t.Errorf("a character outside GSM: %t, unicode: %t", outside, unicode)
		}
	})
}

func TestUnitsNeverCountLessThanAReaderSees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		seen, points, units := Graphemes.Len(s), CodePoints.Len(s), UTF16.Len(s)
		if seen > points || points > units {
			t.Errorf("%q: graphemes %d, code points %d, UTF-16 units %d", s, seen, points, units)
		}
	})
}

func TestTheGSMAlphabetIsWholeAndWithoutDoubles(t *testing.T) {
	t.Parallel()
	// 128 places, one of them the escape to the extension.
	if got := utf8.RuneCountInString(gsmBasic); got != 127 {
		t.Errorf("the alphabet has %d characters, want 127", got)
	}
	all := []rune(gsmBasic + gsmExtension)
	slices.Sort(all)
	if got := len(slices.Compact(slices.Clone(all))); got != len(all) {
		t.Errorf("%d characters stand twice", len(all)-got)
	}
}

func TestOutsideGSMNamesTheCharacter(t *testing.T) {
	t.Parallel()
	got, ok := OutsideGSM("Write “menu”")
	if !ok || got != '“' {
		t.Errorf("got %q, %t; want the curly quote", got, ok)
	}
}

func TestEveryRecordIsConsistent(t *testing.T) {
	t.Parallel()
	// A tap on Telegram carries 64 bytes; an option's id is a token of at most 48, so it fits wherever one can tap.
	const token = 48
	for _, c := range All {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if got, ok := Named(c.Name); !ok || got.Title != c.Title || c.Title == "" {
				t.Errorf("Named(%q): got %q, %t", c.Name, got.Title, ok)
			}
			taps := c.Buttons > 0 || c.Rows > 0
			if taps != (c.TokenBytes > 0) || taps && c.TokenBytes < token {
				t.Errorf("an option's id has %d bytes, want %d where there is something to tap", c.TokenBytes, token)
			}
			if lists := c.Rows > 0; lists != (c.RowLabel > 0) || lists != (c.ListButton > 0) {
				t.Errorf("%d rows with a label of %d and a button of %d", c.Rows, c.RowLabel, c.ListButton)
			}
			if c.Body > 0 && c.BodyWithOptions > c.Body {
				t.Errorf("a body with options may be longer (%d) than one without (%d)", c.BodyWithOptions, c.Body)
			}
			captions := false
			for _, m := range c.Media {
				captions = captions || m.Caption
				if m.MaxBytes <= 0 {
					t.Errorf("%s has no size", m.Kind)
				}
				if got, ok := c.MediaOf(m.Kind); !ok || got.MaxBytes != m.MaxBytes {
					t.Errorf("%s stands twice", m.Kind)
				}
			}
			if captions != (c.Caption > 0) {
				t.Errorf("captions of %d, media that take one: %t", c.Caption, captions)
			}
			for _, kind := range c.ButtonHeaders {
				if _, ok := c.MediaOf(kind); !ok {
					t.Errorf("%s above buttons, though the channel cannot send it", kind)
				}
			}
		})
	}
}

func TestNoChannelOfAnUnknownName(t *testing.T) {
	t.Parallel()
	if c, ok := Named("pigeon"); ok {
		t.Errorf("got %q", c.Name)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		channel   string
		kind      Kind
		extension string
		want      bool
	}{
		{"whatsapp", Image, "png", true},
		{"whatsapp", Image, "gif", false},
		{"whatsapp", Audio, "ogg", true},
		{"telegram", Document, "zip", true},
		{"sms", Image, "png", false},
	} {
		channel, _ := Named(c.channel)
		limit, ok := channel.MediaOf(c.kind)
		if got := ok && limit.Takes(c.extension); got != c.want {
			t.Errorf("%s takes %s as %s: got %t, want %t", c.channel, c.extension, c.kind, got, c.want)
		}
	}
}
