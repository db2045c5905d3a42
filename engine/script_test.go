package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program"
)

// A script is a conversation as lines: what happens (see input) and, below each, what came of it. Running it
// writes the same lines anew, and the two must be equal.
type script struct {
	t       testing.TB
	p       *program.Program
	session []byte
	now     time.Time
	channel string
	timers  map[uint32]time.Time
	tokens  map[string]string // of every option ever shown, by label: the latest
	first   map[string]string // the same: the first
	out     []string
}

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func newScript(t testing.TB, p *program.Program, s Session) *script {
	return &script{t: t, p: p, session: s.Append(nil), now: monday, channel: "whatsapp",
		timers: map[uint32]time.Time{}, tokens: map[string]string{}, first: map[string]string{}}
}

// run plays the lines against the program.
func run(t *testing.T, p *program.Program, s Session, lines string) Session {
	t.Helper()
	sc := newScript(t, p, s)
	var want []string
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		want = append(want, line)
		sc.input(line)
	}
	if diff := cmp.Diff(want, sc.out); diff != "" {
		t.Errorf("conversation (-want +got):\n%s", diff)
	}
	return sc.decoded()
}

func (sc *script) decoded() Session {
	s, err := Decode(sc.session)
	if err != nil {
		sc.t.Fatalf("decode the session: %v", err)
	}
	return s
}

// input runs a line that makes something happen; other lines are what is expected.
func (sc *script) input(line string) {
	word, rest, _ := strings.Cut(line, " ")
	ev := Event{At: sc.now, Channel: sc.channel}
	switch word {
	case ">":
		ev.Kind, ev.Text = Message, strings.ReplaceAll(rest, `\n`, "\n")
	case "tap":
		ev.Kind, ev.Token, ev.Text = Message, sc.tokens[rest], rest
	case "tap-old":
		ev.Kind, ev.Token, ev.Text = Message, sc.first[rest], rest
	case "send":
		ev.Kind, ev.Media = Message, Media{Kind: rest, ID: "m1"}
	case "place":
		var l LatLon
		fmt.Sscanf(rest, "%g,%g", &l.Lat, &l.Lon)
		ev.Kind, ev.Location = Message, &l
	case "button":
		name, text, _ := strings.Cut(rest, " ")
		ev.Kind, ev.Template, ev.Text = Message, name, text
	case "after":
		d, err := time.ParseDuration(rest)
		if err != nil {
			sc.t.Fatalf("%s: %v", line, err)
		}
		sc.out = append(sc.out, line)
		sc.wait(d)
		return
	case "staff":
		name, text, _ := strings.Cut(rest, ": ")
		n, _ := strconv.Atoi(name)
		ev.Kind, ev.Case, ev.Text = StaffReply, uint32(n), text
		if text == "done" {
			ev.Kind = StaffDone
		}
	case "fetched":
		name, text, _ := strings.Cut(rest, ": ")
		n, _ := strconv.Atoi(name)
		ev.Kind, ev.Fetch = Fetched, uint32(n)
		if text == "failed" {
			ev.Failed = true
			break
		}
		ev.Answer = map[string]any{}
		for pair := range strings.SplitSeq(text, ", ") {
			k, v, _ := strings.Cut(pair, "=")
			ev.Answer[k] = v
		}
	case "channel":
		sc.out = append(sc.out, line)
		sc.channel = rest
		return
	case "speak":
		ev.Kind, ev.Text = SetLanguage, rest
	case "back":
		ev.Kind = GoBack
	case "restart":
		ev.Kind = Restart
	case "resumed":
		ev.Kind = Resume
	case "displaced":
		ev.Kind, ev.Displaced = Resume, true
	default:
		return
	}
	sc.out = append(sc.out, line)
	sc.happen(ev)
}

// wait lets time pass, firing timers in order.
func (sc *script) wait(d time.Duration) {
	end := sc.now.Add(d)
	for range 100 {
		next, found := uint32(0), false
		for _, n := range sortedKeys(sc.timers) {
			if at := sc.timers[n]; !at.After(end) && (!found || at.Before(sc.timers[next])) {
				next, found = n, true
			}
		}
		if !found {
			break
		}
		sc.now = sc.timers[next]
		delete(sc.timers, next)
		sc.happen(Event{Kind: TimerDue, Timer: next, At: sc.now, Channel: sc.channel})
	}
	sc.now = end
}

func sortedKeys(m map[uint32]time.Time) []uint32 {
	var keys []uint32
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// happen steps twice, to see that nothing is remembered outside the session and that it is left as it was.
func (sc *script) happen(ev Event) {
	s := sc.decoded()
	before := s.Append(nil)
	after, effects := Step(sc.p, s, ev)
	again, _ := Step(sc.p, s, ev)
	encoded := after.Append(nil)
	if !bytes.Equal(before, s.Append(nil)) {
		sc.t.Errorf("the session that was given changed at %+v", ev)
	}
	if !bytes.Equal(encoded, again.Append(nil)) {
		sc.t.Errorf("two steps of the same differ at %+v", ev)
	}
	sc.session = encoded
	for i := range effects {
		sc.effect(&effects[i])
	}
}

func (sc *script) print(format string, args ...any) {
	sc.out = append(sc.out, strings.TrimSpace(strings.NewReplacer("\n\n", " / ", "\n", " / ").Replace(fmt.Sprintf(format, args...))))
}

func (sc *script) effect(e *Effect) {
	switch e.Kind {
	case Send:
		sc.message(e.Send)
	case SetTimer:
		sc.timers[e.Timer] = e.Due
	case CancelTimer:
		delete(sc.timers, e.Timer)
	case Pause:
		sc.print("* pause %d", e.Seconds)
	case Fetch:
		sc.print("* fetch %d %s%s", e.Fetch, e.Name, args(e.Args))
	case OpenCase:
		urgent := ""
		if e.Flag {
			urgent = " urgent"
		}
		sc.print("* case %d for %s%s: %s %s%s", e.Case, e.Name, urgent, e.Text, e.More, args(e.Args))
	case CaseMessage:
		sc.print("* case %d gets: %s%s", e.Case, e.Text, e.Media.Kind)
	case CloseCase:
		sc.print("* case %d closed", e.Case)
	case SaveRecord:
		verb := "saved"
		if e.Flag {
			verb = "updated"
		}
		sc.print("* %s %s %s%s", verb, e.Name, e.Ref, args(e.Args))
	case SetField:
		sc.print("* field %s = %v", e.Name, e.Value)
	case RecordConsent:
		sc.print("* consent %s %d %v %s", e.Name, e.Version, e.Flag, e.Text)
	case Alert:
		sc.print("* alert %s: %s", e.Name, e.Text)
	case Report:
		sc.print("* report %s %s", e.Code, e.Text)
	case Unsend:
		sc.print("* unsend %s", map[bool]string{true: "everything", false: "what people wrote"}[e.Flag])
	default:
		names := map[EffectKind]string{OptOut: "opted out", OptIn: "opted in", Erase: "erase", Export: "export", Ended: "ended"}
		sc.print("* %s", names[e.Kind])
	}
}

func args(list []Value) string {
	s := ""
	for _, v := range list {
		value := v.Value
		if row, ok := value.(*program.Row); ok {
			value = "row " + row.ID
		}
		s += fmt.Sprintf(" %s=%v", v.Name, value)
	}
	return s
}

func (sc *script) message(o *Outgoing) {
	who := "bot"
	if o.Staff {
		who = "(staff)"
	}
	what := ""
	switch {
	case o.Template != "":
		what = " template " + o.Template + args(o.Args)
	case o.Media.Kind != "":
		what = " " + o.Media.Kind + " " + o.Media.ID
	case o.Place != nil:
		what = fmt.Sprintf(" at %g,%g", o.Place.Lat, o.Place.Lon)
	case o.Contact != "":
		what = " card " + o.Contact
	case o.Link != "":
		what = " link " + o.Link + " (" + o.LinkLabel + ")"
	}
	sc.print("%s%s: %s", who, what, o.Text)
	if len(o.Options) == 0 {
		return
	}
	var labels []string
	for _, c := range o.Options {
		label := c.Label
		if c.About != "" {
			label += " (" + c.About + ")"
		}
		if c.Number >= 0 {
			label = fmt.Sprintf("%d %s", c.Number, label)
		}
		labels = append(labels, label)
		sc.tokens[c.Label] = c.Token
		if _, ok := sc.first[c.Label]; !ok {
			sc.first[c.Label] = c.Token
		}
		if len(c.Token) > 48 {
			sc.t.Errorf("token %q has %d bytes", c.Token, len(c.Token))
		}
	}
	style := map[Style]string{Buttons: "buttons", List: "list", Numbers: "numbers"}[o.Style]
	sc.print("%s: %s", style, strings.Join(labels, " · "))
}
