// Package script runs the test blocks of a pack: each on a conversation of its own, with a clock that moves when
// the test says so, and tells where expected and actual part.
package script

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// start is when a test begins that says nothing of it: a Monday at ten, in the pack's time zone.
var start = [...]int{2026, 1, 5, 10, 0}

// Result is the outcome of one test.
type Result struct {
	Test   *pack.Test
	Passed bool
	// Problem says what differs, in one sentence; Span is the line of the test it is about. Help says what to
	// write where that is known, else it is "".
	Problem, Help string
	Span          ast.Span
	// Rows are expected and actual side by side, up to the difference, and what the bot said after it.
	Rows []Row
}

// Row is one line of both transcripts. Either side may be empty.
type Row struct {
	Expected, Actual string
	Differs          bool
}

// problem is what is wrong with a line of a test; nil where nothing is.
type problem struct{ says, help string }

func wrong(format string, args ...any) *problem { return &problem{says: fmt.Sprintf(format, args...)} }

// Run runs one test. files are the pack's own, for the answers of fetch lines; cover may be nil.
func Run(p *pack.Pack, prog *program.Program, files fs.FS, test *pack.Test, cover *Coverage) Result {
	zone, err := time.LoadLocation(prog.Timezone)
	if err != nil {
		zone = time.UTC
	}
	now := time.Date(start[0], time.Month(start[1]), start[2], start[3], start[4], 0, 0, zone)
	r := &runner{pack: p, prog: prog, files: files, source: test.File.Source, answers: map[string]fetchAnswer{}}
	r.talk = simulator.Start(prog, now)
	r.talk.Fetched = r.answer
	if cover != nil {
		r.talk.Trace = cover.Add
	}
	at, wrong := test.Line.Span, (*problem)(nil)
	for _, line := range test.Line.Children {
		at = line.Span
		if wrong = r.line(line); wrong != nil {
			break
		}
	}
	if wrong == nil {
		wrong = r.nothingMore()
	}
	if wrong == nil {
		return Result{Test: test, Passed: true, Rows: r.rows}
	}
	for m := r.next(); m != nil; m = r.next() {
		r.rows = append(r.rows, Row{Actual: actual(m)})
	}
	return Result{Test: test, Problem: wrong.says, Help: wrong.help, Span: at, Rows: r.rows}
}

// fetchAnswer is what a "fetch SERVICE: FILE" or "fetch SERVICE failed" line gives.
type fetchAnswer struct {
	answer map[string]any
	failed bool
}

type runner struct {
	pack    *pack.Pack
	prog    *program.Program
	files   fs.FS
	source  []byte // of the test's file
	talk    *simulator.Conversation
	answers map[string]fetchAnswer

	read int // Lines of the conversation that were looked at
	// last is the message that the newest bot line was about; told says that its kind had a line.
	last *engine.Outgoing
	told bool
	rows []Row
}

func (r *runner) answer(service string, _ []engine.Value) (map[string]any, bool) {
	a, ok := r.answers[service]
	return a.answer, ok && !a.failed
}

// line runs one line of the test.
func (r *runner) line(l *ast.Line) *problem {
	switch h := l.Head.(type) {
	case *ast.Given:
		return r.given(h)
	case *ast.InLanguage:
		return r.language(h)
	case *ast.OnChannel:
		r.talk.Channel = h.Name.Text
	case *ast.At:
		return r.at(l, h)
	case *ast.FetchGiven:
		return r.fetch(h)
	case *ast.Person:
		return r.person(l, h)
	case *ast.Staff:
		return r.staff(l, h)
	case *ast.After:
		return r.after(l, time.Duration(pack.Seconds(h.For))*time.Second)
	case *ast.Bot:
		return r.bot(l, h)
	case *ast.Expect:
		return r.expect(l, h)
	}
	return nil
}

// both adds a row that stands on both sides.
func (r *runner) both(text string) { r.rows = append(r.rows, Row{Expected: text, Actual: text}) }

func (r *runner) differ(expected, actual string, p *problem) *problem {
	r.rows = append(r.rows, Row{Expected: expected, Actual: actual, Differs: true})
	return p
}

// written is a line as it stands in the test.
func (r *runner) written(l *ast.Line) string { return strings.TrimSpace(string(l.Source(r.source))) }

func (r *runner) given(h *ast.Given) *problem {
	if h.Consent != nil {
		r.talk.Session.GiveConsent(r.prog, h.Consent.Text)
		return nil
	}
	v, err := r.eval(h.Expr)
	switch {
	case err != nil:
		return wrong("%s has no value here", h.Expr.Source)
	case h.Name.Text != language:
		r.talk.Session.SetField(h.Name.Text, v)
	default:
		r.talk.Session.Contact.Language, _ = v.(string)
	}
	return nil
}

func (r *runner) language(h *ast.InLanguage) *problem {
	if len(r.talk.Lines) == 0 {
		r.talk.Session.Contact.Language = h.Tag.Text
		return nil
	}
	if p := r.nothingMore(); p != nil {
		return p
	}
	r.talk.Event(engine.Event{Kind: engine.SetLanguage, Text: h.Tag.Text})
	r.both("language " + h.Tag.Text)
	return nil
}

func (r *runner) at(l *ast.Line, h *ast.At) *problem {
	to := time.Date(h.Date.Year, time.Month(h.Date.Month), h.Date.Day, h.Minute/60, h.Minute%60, 0, 0, r.talk.Now.Location())
	if len(r.talk.Lines) == 0 {
		r.talk.Now = to
		return nil
	}
	if to.Before(r.talk.Now) {
		reached := r.talk.Now.Format("2006-01-02 15:04")
		return r.differ(r.written(l), "it is already "+reached, wrong("a test cannot go back in time; it has reached %s", reached))
	}
	return r.after(l, to.Sub(r.talk.Now))
}

// after lets time pass, once everything that was said had its line.
func (r *runner) after(l *ast.Line, d time.Duration) *problem {
	if p := r.nothingMore(); p != nil {
		return p
	}
	r.talk.Advance(d)
	r.both(r.written(l))
	return nil
}

func (r *runner) fetch(h *ast.FetchGiven) *problem {
	if h.Failed {
		r.answers[h.Name.Text] = fetchAnswer{failed: true}
		return nil
	}
	file, err := r.files.Open(h.Path)
	if err != nil {
		return &problem{fmt.Sprintf("there is no file %q in the pack", h.Path), "Write its path from the pack's folder, such as tests/case.json."}
	}
	defer file.Close()
	answer, err := simulator.ReadAnswer(file)
	if err != nil {
		return wrong("%q %v", h.Path, err)
	}
	r.answers[h.Name.Text] = fetchAnswer{answer: answer}
	return nil
}

func (r *runner) person(l *ast.Line, h *ast.Person) *problem {
	if p := r.nothingMore(); p != nil {
		return p
	}
	switch h.Does {
	case "taps":
		label := typed(l.Text)
		if !r.talk.Tap(label) {
			return r.differ("person taps: "+label, offered(r.last), wrong("no message offers %q", label))
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
		r.both(r.written(l))
	default:
		text := typed(l.Text)
		r.talk.Write(text)
		r.both("person: " + text)
	}
	return nil
}

func (r *runner) staff(l *ast.Line, h *ast.Staff) *problem {
	if p := r.nothingMore(); p != nil {
		return p
	}
	does, ok := "staff done", false
	if h.Done {
		ok = r.talk.StaffDone()
	} else {
		text := typed(l.Text)
		does, ok = "staff: "+text, r.talk.StaffReply(text)
	}
	if !ok {
		return r.differ(does, "no case is open", wrong("people do not own the conversation here"))
	}
	r.both(does)
	return nil
}
