package rounds

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"baraza/engine"
	"baraza/simulator"
)

// outcome is what an act leads to, without the values that were put into texts.
type outcome struct {
	lines  []string
	traced []engine.TraceEvent
	where  string
	open   bool
	missed bool
}

// tried does something to a copy of the conversation.
func (t *Talk) tried(do func(*simulator.Conversation)) outcome {
	var o outcome
	c := t.talk.Clone()
	c.Lines = nil
	c.Trace = func(e engine.TraceEvent) {
		o.traced = append(o.traced, e)
		o.missed = o.missed || e.Kind == engine.TraceMissed
	}
	do(c)
	for _, l := range c.Lines {
		switch {
		case l.Send != nil:
			says := l.Send.String
			if says == "" {
				says = l.Send.Text
			}
			o.lines = append(o.lines, "says "+says+l.Send.Template)
			for _, choice := range l.Send.Options {
				o.lines = append(o.lines, "offers "+choice.Label)
			}
		case l.Effect != nil:
			o.lines = append(o.lines, effectNames[l.Effect.Kind]+" "+l.Effect.Name)
		}
	}
	o.where, o.open = c.Session.Where(c.Program).Identity, c.Session.IsOpen()
	return o
}

// same says that two replies led to the same.
func (o *outcome) same(other *outcome) bool {
	return o.where == other.where && o.open == other.open && slices.Equal(o.lines, other.lines) && slices.Equal(o.traced, other.traced)
}

// alike says that two replies led to the same place, and that both were understood there or neither.
func (o *outcome) alike(other *outcome) bool {
	return o.where == other.where && o.open == other.open && o.missed == other.missed
}

// standIn finds what the flow is given for what was written: the masked text, else something made up that leads to
// the same as what was written. Where nothing does, the masked text is given, and the tester sees how the flow
// takes that.
func (t *Talk) standIn(raw, masked string) string {
	would := t.tried(func(c *simulator.Conversation) { c.Write(raw) })
	alike := ""
	for _, text := range t.standIns(raw, masked) {
		o := t.tried(func(c *simulator.Conversation) { c.Write(text) })
		if o.same(&would) {
			return text
		}
		if alike == "" && o.alike(&would) {
			alike = text
		}
	}
	if alike != "" {
		return alike
	}
	return masked
}

// madeUpMail is no one's: example.org is kept free for that.
const madeUpMail = "person@example.org"

var year = regexp.MustCompile(`(19|20)[0-9]{2}`)

// standIns are made-up answers in the order in which they are tried: the less they keep of what was written, the
// earlier.
func (t *Talk) standIns(raw, masked string) []string {
	// Addresses go in any case; their length may be what the flow minds.
	digits := latinDigits(maskMails(raw, func(mail string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("@.", r) {
				return r
			}
			return 'x'
		}, mail)
	}))
	out := []string{masked, madeUpMail}
	for keep := range 9 {
		out = append(out, zeroed(digits, keep, digitsMasked))
	}
	if n := phonenumbers.GetExampleNumberForType(strings.ToUpper(t.talk.Program.Country), phonenumbers.MOBILE); n != nil {
		out = append(out, phonenumbers.Format(n, phonenumbers.NATIONAL))
	}
	out = append(out, strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '1'
		}
		return r
	}, digits))
	now := t.talk.Now
	out = append(out, "2000-01-01", "1970-01-01", "2015-01-01")
	if y := year.FindString(digits); y != "" {
		out = append(out, y+"-01-01", y+"-12-31")
	}
	for _, days := range []int{0, 1, 3, 7, 30, -1, -7, -30} {
		out = append(out, now.AddDate(0, 0, days).Format(time.DateOnly))
	}
	// A number that was asked for: its size at least.
	out = append(out, "99999", "0", zeroed(digits, 1, 0))
	return out
}

// latinDigits writes the digits of any script as 0 to 9.
func latinDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return r
		}
		n := rune(0) // digits of a script are ten in a row
		for n < 9 && unicode.IsDigit(r-n-1) {
			n++
		}
		return '0' + n
	}, s)
}

// zeroed writes 0 for every digit of each number but the first ones; at least so many become 0.
func zeroed(s string, keep, least int) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		end, digits := number(s[i:])
		if digits == 0 {
			_, end = utf8.DecodeRuneInString(s[i:])
		}
		left := min(keep, digits-least)
		for _, r := range s[i : i+end] {
			if r >= '0' && r <= '9' {
				if left--; left < 0 {
					r = '0'
				}
			}
			b.WriteRune(r)
		}
		i += end
	}
	return b.String()
}

// coarse rounds a place as far as leads to the same.
func (t *Talk) coarse(at engine.LatLon) engine.LatLon {
	would := t.tried(func(c *simulator.Conversation) { c.Send("location", &at) })
	for _, digits := range []float64{10, 100} {
		rounded := engine.LatLon{Lat: math.Round(at.Lat*digits) / digits, Lon: math.Round(at.Lon*digits) / digits}
		o := t.tried(func(c *simulator.Conversation) { c.Send("location", &rounded) })
		if o.same(&would) {
			return rounded
		}
	}
	return engine.LatLon{Lat: math.Round(at.Lat*1000) / 1000, Lon: math.Round(at.Lon*1000) / 1000}
}
