package script_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
)

// What a test block cannot show: old buttons, lone events, effects, and what a session holds. The packs are those
// of testdata/language, with changes where a test says so.

// talk is one contact of a program, event by event, with everything the engine asked for.
type talk struct {
	t       *testing.T
	p       *program.Program
	s       engine.Session
	now     time.Time
	channel string
	effects []engine.Effect // of the last event
}

func talkTo(t *testing.T, pack string, changes ...string) *talk {
	t.Helper()
	return &talk{t: t, p: compiled(t, pack, changes...), s: engine.Session{Seed: 7}, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), channel: "whatsapp"}
}

// compiled is a pack of testdata/language in which each first of two changes stands as the second.
func compiled(t *testing.T, pack string, changes ...string) *program.Program {
	t.Helper()
	data, err := os.ReadFile("testdata/language/" + pack + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%s has no %q", pack, changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	over := diag.Example{Files: map[string]string{}}
	for _, f := range txtar.Parse([]byte(text)).Files {
		over.Files[f.Name] = string(f.Data)
	}
	var fsys fs.FS = over.FS()
	p, problems := dsl.Compile(fsys, diag.ExampleDir)
	if p == nil {
		for _, d := range problems {
			t.Errorf("%v: %s", d.Span, d.Message)
		}
		t.FailNow()
	}
	return p
}

func (k *talk) step(ev engine.Event) []string {
	k.t.Helper()
	k.now = k.now.Add(time.Second)
	ev.At, ev.Channel = k.now, k.channel
	k.s, k.effects = engine.Step(k.p, k.s, ev)
	var said []string
	for _, e := range k.effects {
		if e.Kind == engine.Send {
			said = append(said, e.Send.Text)
		}
	}
	return said
}

func (k *talk) write(text string) []string {
	k.t.Helper()
	return k.step(engine.Event{Kind: engine.Message, Text: text})
}

// says writes each text and wants the answer of the last.
func (k *talk) says(texts []string, want ...string) {
	k.t.Helper()
	var got []string
	for _, text := range texts {
		got = k.write(text)
	}
	k.wants(got, want...)
}

func (k *talk) wants(got []string, want ...string) {
	k.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		k.t.Errorf("said (-want +got):\n%s", diff)
	}
}

// token of the option with this label in what was said last.
func (k *talk) token(label string) string {
	k.t.Helper()
	for _, e := range k.effects {
		if e.Kind == engine.Send {
			for _, o := range e.Send.Options {
				if o.Label == label {
					return o.Token
				}
			}
		}
	}
	k.t.Fatalf("nothing offers %q", label)
	return ""
}

// did are the effects of a kind of the last event.
func (k *talk) did(kind engine.EffectKind) []engine.Effect {
	var out []engine.Effect
	for _, e := range k.effects {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func (k *talk) holds(text string) bool { return bytes.Contains(k.s.Append(nil), []byte(text)) }

const oldButton = "That button belongs to an earlier question. Here is the present one:"

func TestATapOfAnOlderAskingOfTheSameQuestionIsAnOldOne(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "back")
	k.write("hello")
	first := k.token("Y")
	k.says([]string{"x", "back"}, "First?")
	k.wants(k.step(engine.Event{Kind: engine.Message, Token: first, Text: "Y"}), oldButton, "First?")
	if v := k.s.Variables(k.p); len(v) != 2 || v[0] != (engine.Value{Name: "a", Value: "x"}) {
		t.Errorf("variables %v, want a as it was", v)
	}
	now := k.token("Y")
	k.wants(k.step(engine.Event{Kind: engine.Message, Token: now, Text: "Y"}), "Second?")
}

func TestATapOfAConsentAskedBeforeRecordsNothing(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "back")
	k.says([]string{"hello", "x", "x", "x"}, "May we keep it?\nhttps://example.org/privacy")
	first := k.token("Yes, keep it")
	k.write("what")
	k.wants(k.step(engine.Event{Kind: engine.Message, Token: first, Text: "Yes, keep it"}), oldButton, "May we keep it?\nhttps://example.org/privacy")
	if r := k.did(engine.RecordConsent); len(r) > 0 {
		t.Errorf("recorded %+v", r)
	}
	k.wants(k.step(engine.Event{Kind: engine.Message, Token: k.token("Yes, keep it")}), "Third?")
	if r := k.did(engine.RecordConsent); len(r) != 1 || !r[0].Flag || r[0].Name != "callback" || r[0].Version != 1 || r[0].Hash == 0 || r[0].Text != "en" {
		t.Errorf("recorded %+v", r)
	}
}

func TestARefusalIsRecordedAndWordsThatAreNoAnswerAreNot(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "back")
	k.says([]string{"hello", "x", "x", "x", "no"}, "Third?")
	if r := k.did(engine.RecordConsent); len(r) != 1 || r[0].Flag {
		t.Errorf("recorded %+v", r)
	}
	k = talkTo(t, "back")
	k.says([]string{"hello", "x", "x", "x", "hm", "yes of course", "👍"}, "Third?")
	if r := k.did(engine.RecordConsent); len(r) != 0 {
		t.Errorf("recorded %+v", r)
	}
}

func TestBeforeTheNoticeNoFieldLeavesTheConversationAndNothingStaysAfterIt(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "notice")
	for _, text := range []string{"hello", "no", "office", "kakuma"} {
		k.write(text)
		if f := k.did(engine.SetField); len(f) > 0 {
			t.Errorf("after %q the fields %+v left the conversation", text, f)
		}
		if r := k.did(engine.RecordConsent); len(r) > 0 {
			t.Errorf("after %q recorded %+v", text, r)
		}
	}
	if !k.holds("kakuma") {
		t.Error("the field is not there while the conversation lasts")
	}
	timers := k.did(engine.SetTimer)
	k.now = k.now.Add(25 * time.Hour)
	k.step(engine.Event{Kind: engine.TimerDue, Timer: timers[len(timers)-1].Timer})
	if k.s.IsOpen() || k.holds("kakuma") || k.holds("service_notice") {
		t.Errorf("after the end: open %v, session %q", k.s.IsOpen(), k.s.Append(nil))
	}
}

func TestALatePlaceIsForgottenAfterEightDays(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "late")
	k.says([]string{"hello", "own words"}, "Where?")
	k.now = k.now.Add(3 * time.Hour)
	silent := k.did(engine.SetTimer)
	k.wants(k.step(engine.Event{Kind: engine.TimerDue, Timer: silent[len(silent)-1].Timer}), "Write again when you like.")
	if k.s.IsOpen() || !k.holds("people") {
		t.Fatalf("open %v, session %q", k.s.IsOpen(), k.s.Append(nil))
	}
	due := k.did(engine.SetTimer)
	if len(due) != 1 || due[0].Due.Sub(k.now) != 8*24*time.Hour {
		t.Fatalf("timers %+v, want one in 8 days", due)
	}
	k.now = due[0].Due
	k.step(engine.Event{Kind: engine.TimerDue, Timer: due[0].Timer})
	if k.holds("people") {
		t.Errorf("after 8 days the session is %q", k.s.Append(nil))
	}
	k.says([]string{"in the camp"}, "How can we help you today?")
}

func TestWhatIsPutIntoATextIsNeverMarkup(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "texts")
	k.says([]string{"hello", "1", "2", `*b* _i_ ~s~ \ {c} ` + "\u202eabc"},
		"*Our office* at 08:30\n\n# not a comment: {no hole} \\*no mark\\* \\*b\\* \\_i\\_ \\~s\\~ \\\\ {c} abc", "1 office for him.", `Good bye, \*b\* \_i\_ \~s\~ \\ {c} abc.`)
}

func TestNumbersAndCodesAreSetApartInARightToLeftText(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "texts", `msgctxt "welcome.one.say.2"`, "msgctxt \"welcome.one.say\"\nmsgid \"\"\n\"*Our office* at 08:30\\n\"\n\"\\n\"\n\"# not a comment: \\\\{no hole\\\\} \\\\*no mark\\\\* {note}\"\nmsgstr \"رقمك {note}\"\n\nmsgctxt \"welcome.one.say.2\"")
	k.s.Contact.Language = "ar"
	k.write("hello")
	k.write("5")
	k.write("2")
	got := k.write("R-3A4 C6")
	if len(got) != 3 || got[0] != "رقمك \u2066R-3A4 C6\u2069" {
		t.Errorf("got %q", got)
	}
	k.write("hello")
	k.write("5")
	k.write("2")
	if got = k.write("كلام"); len(got) != 3 || got[0] != "رقمك كلام" {
		t.Errorf("got %q", got)
	}
}

func TestPeopleReachWhoLetsThemAndNobodyElse(t *testing.T) {
	t.Parallel()
	reply := func(k *talk, number uint32) []string {
		return k.step(engine.Event{Kind: engine.StaffReply, Case: number, Text: "Good day, *Ana*"})
	}
	const words = `Good day, \*Ana\*`
	opened := func(k *talk) uint32 {
		k.write("person")
		cases := k.did(engine.OpenCase)
		if len(cases) != 1 {
			t.Fatalf("cases %+v", cases)
		}
		return cases[0].Case
	}

	k := talkTo(t, "rights")
	number := opened(k)
	k.wants(reply(k, number), words)
	k.step(engine.Event{Kind: engine.StaffDone, Case: number})
	k.wants(reply(k, number), words) // one word more after they closed it
	for _, leaving := range []string{"stop", "delete", "weather"} {
		k = talkTo(t, "rights")
		number = opened(k)
		k.write(leaving)
		if c := k.did(engine.CloseCase); len(c) != 1 {
			t.Errorf("%s: the case is not closed: %+v", leaving, k.effects)
		}
		k.wants(reply(k, number))
		if r := k.did(engine.Report); len(r) != 1 || r[0].Code != "not-sent" {
			t.Errorf("%s: reports %+v", leaving, r)
		}
	}
	// Who has opted out and writes again gets the answer.
	k = talkTo(t, "rights")
	k.write("stop")
	number = opened(k)
	k.wants(reply(k, number), words)
	k.wants(k.step(engine.Event{Kind: engine.StaffDone, Case: number}), "Thank you for writing. Write *menu* at any time.")
}

func TestAMessageDuringAFetchIsHeldForTheNextPlaceAndASafetyWordCancelsIt(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "fetch")
	k.says([]string{"hello", "12"}, "One moment, please.")
	number := k.did(engine.Fetch)[0].Fetch
	k.says([]string{"permit"})
	answer := map[string]any{"status": "open", "next_visit": "2026-12-03", "papers": []any{
		map[string]any{"title": "Certificate", "ready": false}, map[string]any{"title": "Permit", "ready": false}}}
	k.wants(k.step(engine.Event{Kind: engine.Fetched, Fetch: number, Answer: answer}),
		"Your case is open, the next visit on 3 December 2026.", "No paper is ready.", "Which paper?", "Permit, then.")

	k.says([]string{"hello", "12"}, "One moment, please.")
	number = k.did(engine.Fetch)[0].Fetch
	k.says([]string{"permit"})
	k.says([]string{"they will kill me"}, "If you are in danger now, call 999.", "A colleague will answer you here.")
	k.wants(k.step(engine.Event{Kind: engine.Fetched, Fetch: number, Answer: answer}))
}

func TestALoopKeepsItsRowWhenTheTableChanges(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "loops")
	k.says([]string{"ask"}, "Do you know Alba?")
	k.p = compiled(t, "loops", "a,Alba,north\nb,Bela,south\nc,Cora,north\nd,Dola,north\n", "d,Dola,north\nx,Xena,north\na,Alba,north\nc,Cora,north\n")
	k.says([]string{"yes"}, "Good, Alba.", "That was Alba: Yes.", "Do you know Cora?")
	k.says([]string{"next"}, "All towns.")
}

func TestATextOfANewerReleaseThatReadsWhatIsNotHeldSaysNothingThere(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "late")
	k.says([]string{"hello", "own words"}, "Where?")
	k.p = compiled(t, "late", "  set people = 7\n", "  set people = 7\n  set rooms = 3\n", "{people} people in {place}.", "{people} people, {rooms} rooms in {place}, {rooms, plural, one {one} other {# rooms}}.")
	k.says([]string{"Town"}, "7 people,  rooms in Town,  rooms.")
}

func TestAnAnonymousRecordHasANumberThatNothingKeptOfThePersonTells(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "records")
	k.says([]string{"hello", "x"}, "Where?")
	if k.s.Seed != 7 {
		t.Error("the seed changed with a record that is not anonymous")
	}
	k.write("Busia")
	saved := k.did(engine.SaveRecord)
	if len(saved) != 2 || saved[1].Name != "complaint" || k.s.Seed == 7 || k.holds(saved[1].Ref) {
		t.Errorf("saved %+v, seed %d, session %q", saved, k.s.Seed, k.s.Append(nil))
	}
}

func TestAWhenBlockThatAsksComesBackToTheQuestion(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "media", "    when image or audio as sent: Please write it.\n",
		"    when image or audio as sent\n      ask sure as yes or no: Is it yours?\n        when not understood 2 times -> person_word\n      if sure\n        say: Yours, then.\n")
	k.write("hello")
	k.wants(k.step(engine.Event{Kind: engine.Message, Media: engine.Media{Kind: "image", ID: "1"}}), "Is it yours?")
	k.says([]string{"yes"}, "Yours, then.", "What do you see?")
	k.says([]string{"A"}, "A")

	k = talkTo(t, "hand-over", "    when waiting: A colleague will answer you here.\n",
		"    when waiting\n      ask place as text up to 60: Where are you?\n        when not understood 2 times -> person_word\n      say: In {place}. Please wait.\n")
	k.says([]string{"hello", "Ana", "2"}, "Where are you?")
	number := k.did(engine.OpenCase)[0].Case
	k.says([]string{"Town"}, "In Town. Please wait.")
	k.says([]string{"are you there"})
	if m := k.did(engine.CaseMessage); len(m) != 1 || m[0].Case != number {
		t.Errorf("messages to the team %+v, want one in case %d", m, number)
	}
	k.wants(k.step(engine.Event{Kind: engine.StaffDone, Case: number}), "They closed it.", "What else?")
}

func TestAVeryLongAnswerIsCutAndReported(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a megabyte": strings.Repeat("word ", 1<<18), "marks": strings.Repeat("\u0301", 64<<10),
	} {
		k := talkTo(t, "questions")
		k.write("hello")
		k.wants(k.write(text), "That is longer than we can take. Please write it shorter.", "A word?")
		if r := k.did(engine.Report); len(r) != 1 || r[0].Code != "message-clipped" {
			t.Errorf("%s: reports %+v", name, r)
		}
	}
}

func TestAPlaceThatOpenedTheConversationIsNotKeptWhileTheNoticeIsAsked(t *testing.T) {
	t.Parallel()
	k := talkTo(t, "notice", "-- child.flow --\n", "-- child.flow --\nflow where: Where\n\non location as here\n\nstep one\n  public\n  say: {distance_km(here, here)} km.\n  end\n\n")
	k.step(engine.Event{Kind: engine.Message, Location: &engine.LatLon{Lat: 1, Lon: 2}})
	k.says([]string{"go on"}, "How can we help you today?")
	k.says([]string{"stop"}, "We will not write to you again. Write *menu* if you need us.")
	k.wants(k.step(engine.Event{Kind: engine.Message, Location: &engine.LatLon{Lat: 1, Lon: 2}}), "0 km.")
}

func TestTheSameConversationReadsTheSame(t *testing.T) {
	t.Parallel()
	run := func() (said []string, session []byte) {
		k := talkTo(t, "texts")
		for range 3 {
			for _, text := range []string{"hello", "3", "1", "x"} {
				said = append(said, k.write(text)...)
			}
		}
		return said, k.s.Append(nil)
	}
	said, session := run()
	again, sessionAgain := run()
	if diff := cmp.Diff(said, again); diff != "" || !bytes.Equal(session, sessionAgain) {
		t.Errorf("the second time (-first +second):\n%s\n%x\n%x", diff, session, sessionAgain)
	}
}

func TestWhoLeavesFromWithinAnInterruptionLeavesTheCaseToo(t *testing.T) {
	t.Parallel()
	changes := []string{"on words danger\n  anywhere\n", "on words danger\n  anywhere, then back\n",
		"  say: If you are in danger now, call 999.\n  end\n", "  ask safe as yes or no: Are you safe? Call 999.\n    when not understood 2 times -> person_word\n  if safe\n    say: Good.\n"}
	k := talkTo(t, "safety-words", changes...)
	k.s.Contact.Language = "en"
	k.says([]string{"person"}, "A colleague will answer you here.")
	number := k.did(engine.OpenCase)[0].Case
	k.says([]string{"he hurt me"}, "Are you safe? Call 999.")
	k.wants(k.step(engine.Event{Kind: engine.StaffReply, Case: number, Text: "We are here."}), "We are here.")
	k.says([]string{"yes"}, "Good.")
	k.says([]string{"thank you"})
	if m := k.did(engine.CaseMessage); len(m) != 1 || m[0].Case != number {
		t.Errorf("messages to the team %+v", m)
	}
	k.says([]string{"he hurt me", "weather"}, "Sunny, 24 degrees.")
	if c := k.did(engine.CloseCase); len(c) != 1 || c[0].Case != number || k.s.IsOpen() {
		t.Errorf("closed %+v, open %v", c, k.s.IsOpen())
	}
	k.wants(k.step(engine.Event{Kind: engine.StaffReply, Case: number, Text: "Are you there?"}))
}
