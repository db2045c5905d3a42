// Package script runs the test blocks of a pack: each on a conversation of its own, with a clock that moves when
// the test says so, and tells where expected and actual part.
package script

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/program/expression"
	"baraza/simulator"
)

// Start is when a test begins that says nothing of it: a Monday at ten, in the pack's time zone.
var start = [...]int{2026, 1, 5, 10, 0}

// Result is the outcome of one test.
type Result struct {
	Test   *pack.Test
	Passed bool
	// Problem says what differs, in one sentence; Span is the line of the test it is about.
	Problem string
	Span    ast.Span
	// Rows are expected and actual side by side, up to the difference.
	Rows []Row
}

// Row is one line of both transcripts. Either side may be empty.
type Row struct {
	Expected, Actual string
	Differs          bool
}

// Run runs one test. files are the pack's own, for the answers of fetch lines; cover may be nil.
func Run(p *pack.Pack, prog *program.Program, files fs.FS, test *pack.Test, cover *Coverage) Result {
	zone, err := time.LoadLocation(prog.Timezone)
	if err != nil {
		zone = time.UTC
	}
	now := time.Date(start[0], time.Month(start[1]), start[2], start[3], start[4], 0, 0, zone)
	r := &runner{pack: p, prog: prog, files: files, zone: zone, answers: map[string]fetchAnswer{}}
	r.talk = simulator.Start(prog, now)
	r.talk.Fetched = r.answer
	if cover != nil {
		r.talk.Trace = cover.add
	}
	result := Result{Test: test, Passed: true}
	for _, line := range test.Line.Children {
		if problem := r.line(line); problem != "" {
			result.Passed, result.Problem, result.Span = false, problem, line.Span
			break
		}
	}
	if result.Passed {
		if problem := r.nothingMore(); problem != "" {
			result.Passed, result.Problem, result.Span = false, problem, lastLine(test)
		}
	}
	result.Rows = r.rows
	return result
}

func lastLine(t *pack.Test) ast.Span {
	if n := len(t.Line.Children); n > 0 {
		return t.Line.Children[n-1].Span
	}
	return t.Line.Span
}

// fetchAnswer is what a "fetch NAME: FILE" or "fetch NAME failed" line gives.
type fetchAnswer struct {
	answer map[string]any
	failed bool
}

type runner struct {
	pack    *pack.Pack
	prog    *program.Program
	files   fs.FS
	zone    *time.Location
	talk    *simulator.Conversation
	answers map[string]fetchAnswer

	read int // Lines of the conversation that were looked at
	// last is the message that the newest bot line was about.
	last *engine.Outgoing
	rows []Row
}

func (r *runner) answer(service string, _ []engine.Value) (map[string]any, bool) {
	a, ok := r.answers[service]
	return a.answer, ok && !a.failed
}

// line runs one line of the test; the result is what differs, "" for nothing.
func (r *runner) line(l *ast.Line) string {
	switch h := l.Head.(type) {
	case *ast.Given:
		return r.given(h)
	case *ast.InLanguage:
		return r.language(h)
	case *ast.OnChannel:
		r.talk.Channel = h.Name.Text
	case *ast.At:
		return r.at(h)
	case *ast.FetchGiven:
		return r.fetch(h)
	case *ast.Person:
		return r.person(l, h)
	case *ast.Staff:
		return r.staff(l, h)
	case *ast.After:
		if problem := r.nothingMore(); problem != "" {
			return problem
		}
		r.talk.Advance(time.Duration(pack.Seconds(h.For)) * time.Second)
		r.both("after " + simulator.Ago(time.Duration(pack.Seconds(h.For))*time.Second))
	case *ast.Bot:
		return r.bot(l, h)
	case *ast.Expect:
		return r.expect(l, h)
	}
	return ""
}

// both adds a row that stands on both sides.
func (r *runner) both(text string) { r.rows = append(r.rows, Row{Expected: text, Actual: text}) }

func (r *runner) differ(expected, actual, problem string) string {
	r.rows = append(r.rows, Row{Expected: expected, Actual: actual, Differs: true})
	return problem
}

func (r *runner) given(h *ast.Given) string {
	if h.Consent != nil {
		r.talk.Session.GiveConsent(r.prog, h.Consent.Text)
		return ""
	}
	v, err := r.eval(h.Expr)
	if err != nil {
		return fmt.Sprintf("%q has no value here: %v", h.Expr.Source, err)
	}
	r.talk.Session.SetField(h.Name.Text, v)
	return ""
}

func (r *runner) language(h *ast.InLanguage) string {
	if len(r.talk.Lines) > 0 {
		r.talk.Event(engine.Event{Kind: engine.SetLanguage, Text: h.Tag.Text})
		return ""
	}
	r.talk.Session.Contact.Language = h.Tag.Text
	return ""
}

func (r *runner) at(h *ast.At) string {
	to := time.Date(h.Date.Year, time.Month(h.Date.Month), h.Date.Day, h.Minute/60, h.Minute%60, 0, 0, r.zone)
	if len(r.talk.Lines) == 0 {
		r.talk.Now = to
		return ""
	}
	if to.Before(r.talk.Now) {
		return "this time is before the one the test has reached"
	}
	if problem := r.nothingMore(); problem != "" {
		return problem
	}
	r.talk.Advance(to.Sub(r.talk.Now))
	return ""
}

func (r *runner) fetch(h *ast.FetchGiven) string {
	if h.Failed {
		r.answers[h.Name.Text] = fetchAnswer{failed: true}
		return ""
	}
	data, err := fs.ReadFile(r.files, h.Path)
	if err != nil {
		return fmt.Sprintf("there is no file %q in the pack", h.Path)
	}
	var answer map[string]any
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Sprintf("%q is not a JSON object: %v", h.Path, err)
	}
	r.answers[h.Name.Text] = fetchAnswer{answer: answer}
	return ""
}

func (r *runner) person(l *ast.Line, h *ast.Person) string {
	if problem := r.nothingMore(); problem != "" {
		return problem
	}
	switch h.Does {
	case "taps":
		label := pattern(l.Text)
		if !r.talk.Tap(label) && !r.tapTemplate(label) {
			return r.differ("person taps: "+label, offered(r.last), fmt.Sprintf("no message offers %q", label))
		}
		r.both("person taps: " + label)
	case "sends":
		var place *engine.LatLon
		if h.Kind == "location" {
			place = &engine.LatLon{}
			if h.Lat != nil && h.Lon != nil {
				place.Lat, place.Lon = *h.Lat, *h.Lon
			}
		}
		r.talk.Send(h.Kind, place)
		r.both("person sends " + h.Kind)
	default:
		text := pattern(l.Text)
		r.talk.Write(text)
		r.both("person: " + text)
	}
	return ""
}

// tapTemplate taps a button of a template that was sent.
func (r *runner) tapTemplate(label string) bool {
	for _, line := range slices.Backward(r.talk.Lines) {
		if line.Send == nil || line.Send.Template == "" {
			continue
		}
		for _, t := range r.prog.Template {
			if t.Name == line.Send.Template && slices.ContainsFunc(t.Buttons, func(b int) bool { return r.reads(b, label) }) {
				r.talk.TapTemplate(t.Name, label)
				return true
			}
		}
	}
	return false
}

// reads says that a string has this wording in some language.
func (r *runner) reads(s int, label string) bool {
	return s != program.None && slices.ContainsFunc(r.prog.Strings[s].Texts, func(t program.Text) bool {
		return wording(t) == label
	})
}

func offered(m *engine.Outgoing) string {
	if m == nil || len(m.Options) == 0 {
		return "nothing is offered"
	}
	return "bot offers: " + strings.Join(labels(m), ", ")
}

func (r *runner) staff(l *ast.Line, h *ast.Staff) string {
	if problem := r.nothingMore(); problem != "" {
		return problem
	}
	if h.Done {
		if !r.talk.StaffDone() {
			return r.differ("staff done", "no case is open", "people do not own the conversation here")
		}
		r.both("staff done")
		return ""
	}
	text := pattern(l.Text)
	if !r.talk.StaffReply(text) {
		return r.differ("staff: "+text, "no case is open", "people do not own the conversation here")
	}
	r.both("staff: " + text)
	return ""
}

// next is the next message of the bot that no line was about, nil for none.
func (r *runner) next() *engine.Outgoing {
	for r.read < len(r.talk.Lines) {
		line := r.talk.Lines[r.read]
		r.read++
		if line.Who == simulator.Bot {
			return line.Send
		}
	}
	return nil
}

// nothingMore says what the bot also said before the test goes on.
func (r *runner) nothingMore() string {
	if m := r.next(); m != nil {
		return r.differ("", actual(m), "the bot also says something that the test has no line for")
	}
	return ""
}

func (r *runner) bot(l *ast.Line, h *ast.Bot) string {
	if h.Does == "offers" {
		return r.offers(h)
	}
	expected := expectedText(l, h)
	if h.Does != "says" && r.last != nil && kindOf(r.last) == h.Does && !r.spent() {
		r.both(expected)
		return ""
	}
	m := r.next()
	if m == nil {
		return r.differ(expected, "the bot says nothing more", "the bot says nothing here")
	}
	r.last = m
	if h.Does == "says" {
		want := pattern(l.Text)
		if matches(want, actualText(m)) || r.otherWording(want, m) {
			r.rows = append(r.rows, Row{Expected: expected, Actual: actual(m)})
			return ""
		}
		return r.differ(expected, actual(m), "the bot says something else")
	}
	if kindOf(m) != h.Does || (h.Template != nil && m.Template != h.Template.Text) {
		return r.differ(expected, actual(m), "the bot sends something else")
	}
	r.rows = append(r.rows, Row{Expected: expected, Actual: actual(m)})
	return ""
}

// spent says that a newer message waits for its line, so a "bot image" is about that one.
func (r *runner) spent() bool {
	return slices.ContainsFunc(r.talk.Lines[r.read:], func(l simulator.Line) bool { return l.Who == simulator.Bot })
}

func (r *runner) offers(h *ast.Bot) string {
	var want []string
	for _, n := range h.Labels {
		want = append(want, n.Text)
	}
	expected := "bot offers: " + strings.Join(want, ", ")
	if r.last == nil {
		r.last = r.next()
	}
	// Compared as written, since a label may hold a comma.
	if r.last == nil || strings.Join(labels(r.last), ", ") != strings.Join(want, ", ") {
		return r.differ(expected, offered(r.last), "the bot offers something else")
	}
	r.both(expected)
	return ""
}

func (r *runner) expect(l *ast.Line, h *ast.Expect) string {
	expected := strings.TrimSpace(string(l.Source(r.fileOf(l))))
	now := func(ok bool, actual, problem string) string {
		if ok {
			return ""
		}
		return r.differ(expected, actual, problem)
	}
	where := r.talk.Session.Where(r.prog)
	switch h.Kind {
	case "ended":
		return now(!r.talk.Session.IsOpen(), "waiting at "+where.Identity, "the conversation has not ended")
	case "at":
		at := where.Flow + "." + where.Step
		if !r.talk.Session.IsOpen() {
			at = "the conversation has ended"
		}
		return now(at == strings.Join(h.Target.Parts, "."), at, "the conversation waits somewhere else")
	case "saved":
		return now(r.did(engine.SaveRecord, h.Name.Text), "nothing of that name was saved", "no such record was saved")
	case "handed":
		return now(r.did(engine.OpenCase, h.Name.Text), "no case was opened for that team", "the conversation was not handed over to that team")
	case "alerted":
		return now(r.did(engine.Alert, h.Name.Text), "that team was not told", "that team was not alerted")
	}
	v, err := r.eval(h.Cond)
	if err != nil {
		return now(false, err.Error(), "this condition has no value here")
	}
	yes, _ := v.(bool)
	return now(yes, r.values(h.Cond), "this does not hold")
}

func (r *runner) fileOf(l *ast.Line) []byte {
	for _, f := range r.pack.Files {
		if f.Name == l.Span.File {
			return f.Source
		}
	}
	return nil
}

func (r *runner) did(kind engine.EffectKind, name string) bool {
	return slices.ContainsFunc(r.talk.Lines, func(l simulator.Line) bool {
		return l.Effect != nil && l.Effect.Kind == kind && l.Effect.Name == name
	})
}

// eval runs an expression of a test against what the contact and the conversation hold.
func (r *runner) eval(e *ast.Expr) (any, error) {
	x, err := expression.Compile(e.Source)
	if err != nil {
		return nil, err
	}
	return x.Eval(&expression.Env{Program: r.prog, At: r.talk.Now, Var: r.variable})
}

func (r *runner) variable(name string) (any, bool) {
	for _, v := range r.talk.Session.Variables(r.prog) {
		if v.Name == name {
			return v.Value, true
		}
	}
	return nil, false
}

// values tells what the names of a condition are.
func (r *runner) values(e *ast.Expr) string {
	var parts []string
	for _, name := range expression.Names(e.Source) {
		v, _ := r.variable(name)
		parts = append(parts, name+" is "+simulator.ValueText(v))
	}
	if len(parts) == 0 {
		return "no"
	}
	return strings.Join(parts, ", ")
}
