package engine

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/engine/program"
)

// someEvent draws an event that may follow what was said: taps of tokens seen, timers that were set, cases and
// fetches that are open, and much that fits nothing.
func someEvent(t *rapid.T, at time.Time, seen *seen) Event {
	ev := Event{At: at, Channel: rapid.SampledFrom([]string{"whatsapp", "sms", "telegram", "", "pigeon"}).Draw(t, "channel")}
	ev.Language = rapid.SampledFrom([]string{"", "", "es-EC", "xx"}).Draw(t, "profile")
	ev.Kind = rapid.SampledFrom([]EventKind{Message, Message, Message, Message, Message, Message, TimerDue, TimerDue, Fetched, StaffReply,
		StaffDone, GoBack, Restart, SetLanguage, Resume, 99}).Draw(t, "kind")
	number := func() uint32 { return uint32(rapid.IntRange(0, 30).Draw(t, "number")) }
	switch ev.Kind {
	case Message:
		switch rapid.IntRange(0, 9).Draw(t, "how") {
		case 0:
			ev.Media = Media{Kind: rapid.SampledFrom([]string{"image", "audio", "contact"}).Draw(t, "media"), ID: "m"}
		case 1:
			ev.Location = &LatLon{Lat: rapid.Float64().Draw(t, "lat"), Lon: rapid.Float64().Draw(t, "lon")}
		case 2, 3, 4:
			if len(seen.tokens) > 0 {
				ev.Token = rapid.SampledFrom(seen.tokens).Draw(t, "token")
				break
			}
			fallthrough
		case 5:
			ev.Text = rapid.String().Draw(t, "text")
		case 6:
			ev.Template, ev.Text = "reminder", "Yes, call me"
		default:
			ev.Text = rapid.SampledFrom([]string{"1", "2", "3", "٢", "yes", "no", "I agree", "menu", "stop", "weather", "person", "office", "camps",
				"needs", "1, 2", "done", "children", "calls", "deep", "status", "later", "rumour", "dangeros", "types", "sends", "forever",
				"flood", "note", "why", "0", "nairobi", "he hurt me", "x\xff\x00", strings.Repeat("a", 20_000), "2026-03-05"}).Draw(t, "word")
		}
	case TimerDue:
		ev.Timer = number()
		if len(seen.timers) > 0 && rapid.Bool().Draw(t, "real") {
			ev.Timer = rapid.SampledFrom(seen.timers).Draw(t, "timer")
		}
	case Fetched:
		ev.Fetch, ev.Failed = max(seen.fetch, number()%2), rapid.Bool().Draw(t, "failed")
		ev.Answer = map[string]any{"status": rapid.SampledFrom([]any{"open", 1.5, nil, []any{"x"}, strings.Repeat("y", 5000)}).Draw(t, "status")}
	case StaffReply, StaffDone:
		ev.Case, ev.Text = max(seen.caseNumber, number()%2), "Good day *all*"
	case SetLanguage:
		ev.Text = rapid.SampledFrom([]string{"en", "es", "ar", "zz"}).Draw(t, "language")
	}
	return ev
}

type seen struct {
	tokens            []string
	timers            []uint32
	fetch, caseNumber uint32
}

func (s *seen) note(effects []Effect) {
	for _, e := range effects {
		switch e.Kind {
		case Send:
			for _, c := range e.Send.Options {
				s.tokens = append(s.tokens, c.Token)
			}
		case SetTimer:
			s.timers = append(s.timers, e.Timer)
		case Fetch:
			s.fetch = e.Fetch
		case OpenCase:
			s.caseNumber = e.Case
		}
	}
}

func TestAnyConversationIsDeterministicBoundedAndSurvivesItsEncoding(t *testing.T) {
	t.Parallel()
	programs := []*program.Program{desk(t), everything(t), twoQuestions(t)}
	rapid.Check(t, func(t *rapid.T) {
		p := programs[rapid.IntRange(0, len(programs)-1).Draw(t, "program")]
		s := Session{Seed: rapid.Uint64().Draw(t, "seed")}
		if rapid.Bool().Draw(t, "known") {
			s = known(p)
		}
		at, seen := monday, &seen{}
		for range rapid.IntRange(1, 25).Draw(t, "turns") {
			at = at.Add(time.Duration(rapid.SampledFrom([]int{1, 60, 3600, 30 * 3600, 200 * 3600}).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 30).Draw(t, "release") == 0 {
				p = programs[rapid.IntRange(0, len(programs)-1).Draw(t, "other program")]
			}
			ev := someEvent(t, at, seen)
			before := s.Append(nil)
			one, effects := Step(p, s, ev)
			traced, again := StepTraced(p, s, ev, func(TraceEvent) {})
			encoded := one.Append(nil)
			if !bytes.Equal(encoded, traced.Append(nil)) || !cmp.Equal(effects, again) {
				t.Fatalf("two steps of the same differ at %+v\n%s", ev, cmp.Diff(effects, again))
			}
			if !bytes.Equal(before, s.Append(nil)) {
				t.Fatalf("the session that was given changed at %+v", ev)
			}
			bounded(t, effects, encoded)
			decoded, err := Decode(encoded)
			if err != nil {
				t.Fatalf("decode after %+v: %v", ev, err)
			}
			if !bytes.Equal(encoded, decoded.Append(nil)) {
				t.Fatalf("the session changed in its encoding after %+v", ev)
			}
			decoded.Where(p)
			decoded.Variables(p)
			seen.note(effects)
			s = decoded
		}
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

func bounded(t failer, effects []Effect, encoded []byte) {
	messages, size := 0, 0
	for i := range effects {
		if e := &effects[i]; e.Kind == Send {
			messages++
			size += len(e.Send.Text)
			if !utf8.ValidString(e.Send.Text) {
				t.Fatalf("a message is not valid UTF-8: %q", e.Send.Text)
			}
			for _, c := range e.Send.Options {
				if len(c.Token) > 48 {
					t.Fatalf("token %q is longer than 48 bytes", c.Token)
				}
			}
		}
	}
	if messages > maxMessages+2*rescueMessages || size > 2*maxTextBytes || len(effects) > 20_000 || len(encoded) > maxSessionBytes {
		t.Fatalf("a turn of %d messages, %d bytes, %d effects, a session of %d bytes", messages, size, len(effects), len(encoded))
	}
}

func TestAnotherVersionOfASessionIsAnError(t *testing.T) {
	t.Parallel()
	encoded := known(desk(t)).Append(nil)
	encoded[0]++
	if _, err := Decode(encoded); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
}

func TestADamagedSessionIsAnErrorAtEveryByte(t *testing.T) {
	t.Parallel()
	p := desk(t)
	s := known(p)
	for _, text := range []string{"menu", "1", "office"} {
		s, _ = Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
	}
	encoded := s.Append(nil)
	for i := range encoded {
		if _, err := Decode(encoded[:i]); err == nil {
			t.Errorf("the first %d of %d bytes pass for a session", i, len(encoded))
		}
	}
	if _, err := Decode(append(bytes.Clone(encoded), 0)); err == nil {
		t.Error("a byte too many passes")
	}
}

func TestAReleaseWithoutThePlaceStartsAtTheNearestStep(t *testing.T) {
	t.Parallel()
	old := desk(t)
	s := known(old)
	s, _ = Step(old, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "office"})

	changed := desk(t)
	for i := range changed.States {
		if st := &changed.States[i]; st.Identity == "offices.town.city" {
			st.Identity, st.Hash = "offices.town.town", hash("offices.town.town")
		}
	}
	changed.Hash = "fedcba9876543210"
	after := run(t, changed, s, `
		> nairobi
		bot: We have improved this service since you last wrote. Let us start this part again.
		bot: In which city are you?
		buttons: 1 Nairobi · 2 Kakuma`)
	if got := after.Where(changed).Identity; got != "offices.town.town" {
		t.Errorf("got at %q", got)
	}
	run(t, twoQuestions(t), s, `
		> nairobi
		bot: We have improved this service since you last wrote. Let us start this part again.
		bot: Welcome to the desk.
		bot: How can we help you today?
		list: 1 Find an office · 2 Ask for a call · 3 Is this news true? · 4 Papers · 5 Talk to a person`)
}

func TestWordsThatComeInAreMadeWhole(t *testing.T) {
	t.Parallel()
	family := "👨‍👩‍👧"
	tests := []struct{ name, in, want, report string }{
		{"plain", "hello", "hello", ""},
		{"not UTF-8", "a\xffb\xc3", "a\uFFFDb\uFFFD", ""},
		{"NUL", "a\x00b", "a\uFFFDb", ""},
		{"a lone surrogate", "a\xed\xa0\x80b", "a\uFFFDb", ""},
		{"a megabyte", strings.Repeat("é", 1<<19), strings.Repeat("é", maxInbound/2-1), "message-clipped"},
		{"a family across the border", strings.Repeat("x", maxInbound-8) + family + "y", strings.Repeat("x", maxInbound-8), "message-clipped"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tn := &turn{}
			if got := tn.clean(test.in); got != test.want {
				t.Errorf("got %d bytes, want %d: %.40q", len(got), len(test.want), got)
			}
			got := ""
			for _, e := range tn.effects {
				got = e.Code
			}
			if got != test.report {
				t.Errorf("reported %q, want %q", got, test.report)
			}
		})
	}
}

func TestReferencesOfAContactAreDifferentAndReadable(t *testing.T) {
	t.Parallel()
	had := map[string]bool{}
	for n := range uint32(20_000) {
		ref := reference(42, n)
		if had[ref] || !isReference(ref) || strings.ContainsAny(ref[2:], "0O1IL5S8B2ZUV") {
			t.Fatalf("reference %d is %q", n, ref)
		}
		had[ref] = true
	}
}

func TestWhatAFetchHoldsIsBoundedAndReported(t *testing.T) {
	t.Parallel()
	p := everything(t)
	s, _ := Step(p, known(p), Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "status"})
	for i := range 25 {
		next, effects := Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "hello"})
		full := len(effects) == 1 && effects[0].Code == "held-full"
		if want := i >= maxInbox; full != want || !full && len(effects) > 0 {
			t.Errorf("message %d: effects %+v", i+1, effects)
		}
		s = next
	}
	_, effects := Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: strings.Repeat("x", maxInboxBytes)})
	if len(effects) != 1 || effects[0].Code != "held-full" {
		t.Errorf("a long message: effects %+v", effects)
	}
}

func TestHeldMessagesStayWithinTheTurnsBounds(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for i := range p.States { // what comes after the fetch is a menu that understands nothing
		if p.States[i].Identity == "case.ask.more" {
			p.States[i].Ask.Type = program.ChoiceKind
		}
	}
	s, _ := Step(p, known(p), Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "status"})
	for range maxInbox {
		s, _ = Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "hello"})
	}
	s, effects := Step(p, s, Event{Kind: Fetched, At: monday, Channel: "whatsapp", Fetch: 1, Failed: true})
	codes := map[string]int{}
	messages := 0
	for _, e := range effects {
		if e.Kind == Send {
			messages++
		}
		codes[e.Code]++
	}
	if codes["turn-too-long"] != 1 || codes["held-dropped"] != 1 || messages > maxMessages+rescueMessages || !s.IsOpen() {
		t.Errorf("%d messages, reports %v, open %v", messages, codes, s.IsOpen())
	}
}
