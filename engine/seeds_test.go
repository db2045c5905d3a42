package engine

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"baraza/engine/program"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The committed seeds of FuzzDecode and FuzzStep: sessions in the middle of things, and what may happen to them
// next. They are made from conversations, so that they are sessions still when the encoding changes.
func TestTheSeedsOfFuzzingAreWhatTheseConversationsLeave(t *testing.T) {
	t.Parallel()
	desk, all := desk(t), everything(t)
	day := 24 * time.Hour
	seeds := []struct {
		name  string
		p     *program.Program
		new   bool // somebody whose language and consent are unknown
		way   []string
		event Event
		after time.Duration
	}{
		{name: "language-question", p: desk, new: true, way: []string{"hello"}, event: Event{Kind: Message, Text: "2"}},
		{name: "notice", p: desk, new: true, way: []string{"office", "1"}, event: Event{Kind: Message, Text: "no"}},
		{name: "notice-in-danger", p: desk, new: true, way: []string{"hello", "1"}, event: Event{Kind: Message, Text: "he hurt me again"}},
		{name: "menu", p: desk, way: []string{"menu"}, event: Event{Kind: Message, Text: "٢"}},
		{name: "people", p: desk, way: []string{"person"}, event: Event{Kind: StaffReply, Text: "*Good* day", Case: 1}},
		{name: "people-finish", p: desk, way: []string{"person", "are you there"}, event: Event{Kind: StaffDone, Case: 1}},
		{name: "people-are-left", p: desk, way: []string{"person"}, event: Event{Kind: Message, Text: "weather"}},
		{name: "opted-out", p: desk, way: []string{"menu", "stop"}, event: Event{Kind: Message, Text: "person"}},
		{name: "hidden", p: desk, way: []string{"menu", "weather"}, event: Event{Kind: Message, Token: "b1.1.office"}},
		{name: "interrupted", p: desk, way: []string{"menu", "1", "office"}, event: Event{Kind: GoBack}},
		{name: "other-language", p: desk, way: []string{"menu"}, event: Event{Kind: SetLanguage, Text: "es"}},
		{name: "paged", p: all, way: []string{"camps", "0"}, event: Event{Kind: Message, Text: "more"}},
		{name: "several", p: all, way: []string{"needs", "food"}, event: Event{Kind: Message, Text: "1, 3 and 2"}},
		{name: "loop", p: all, way: []string{"children", "yes", "no"}, event: Event{Kind: Message, Text: "👍🏽"}},
		{name: "called", p: all, way: []string{"calls"}, event: Event{Kind: GoBack}},
		{name: "deep", p: all, way: []string{"first"}, event: Event{Kind: Message, Text: "deep"}},
		{name: "fetch-with-held", p: all, way: []string{"status", "one", "two"}, event: Event{Kind: Fetched, Fetch: 1, Failed: true}},
		{name: "sensitive-slip", p: all, way: []string{"rumour", "x", "dangeros"}, event: Event{Kind: Message, Text: "2"}},
		{name: "reminders", p: all, way: []string{"later"}, event: Event{Kind: TimerDue, Timer: 1}, after: 3 * day},
		{name: "interrupter-asks", p: all, way: []string{"first", "note"}, event: Event{Kind: Message, Text: "a\x00\xff" + strings.Repeat("e\u0301", 50)}},
		{name: "types", p: all, way: []string{"types", "12", "2026-03-05"}, event: Event{Kind: Message, Text: "۱۴:۳۰"}},
		{name: "restart", p: all, way: []string{"children"}, event: Event{Kind: Restart}},
		{name: "silence", p: desk, way: []string{"menu"}, event: Event{Kind: TimerDue, Timer: 1}, after: 2 * day},
	}
	for _, seed := range seeds {
		s := New()
		if !seed.new {
			s = known(seed.p)
		}
		for _, text := range seed.way {
			s, _ = Step(seed.p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		}
		session, ev := s.Append(nil), seed.event
		seconds := int64(seed.after / time.Second)
		if number := max(ev.Timer, ev.Case, ev.Fetch); number > 0 { // FuzzStep takes these from the seconds
			seconds = int64(number)
		}
		golden(t, "FuzzDecode/"+seed.name, "[]byte("+strconv.Quote(string(session))+")")
		golden(t, "FuzzStep/"+seed.name, "[]byte("+strconv.Quote(string(session))+")", "byte("+strconv.QuoteRune(rune(ev.Kind))+")",
			"string("+strconv.Quote(ev.Text)+")", "string("+strconv.Quote(ev.Token)+")", "int64("+strconv.FormatInt(seconds, 10)+")")
	}
}

func golden(t *testing.T, name string, lines ...string) {
	t.Helper()
	file := filepath.Join("testdata", "fuzz", name)
	want := "go test fuzz v1\n" + strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the conversation leaves; write it with -update", file)
	}
}
