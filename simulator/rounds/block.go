package rounds

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/dsl/syntax"
	"baraza/engine/program"
	"baraza/simulator"
	"baraza/simulator/script"
)

// Block is a session as tests of the pack: a flow file of its own, and the answers of services that it reads.
type Block struct {
	Name  string // of the file, within the pack's folder
	Text  string
	Files map[string]string // the answers, by name within the pack's folder
	// Left says, in sentences, what no test can say; each part of the tests ends before that.
	Left []string
}

// TestBlock writes a session as test blocks that pass on this version of the pack; files are the pack's own. A
// session that was begun anew in its middle is several tests. Where the flow says something else by now, the error
// is ErrChanged, and Replay shows where.
func TestBlock(s *Session, r *dsl.Result, files fs.FS) (*Block, error) {
	p := r.Program()
	if p == nil {
		return nil, errors.New("the pack has errors; correct them first")
	}
	if _, err := newTalk(*s, p, namesOf(p)); err != nil { // the persona fits no more
		return nil, err
	}
	b := blockOf(s, p)
	return b, b.prove(r, files)
}

// ErrChanged is the error of a session in which the flow says something else by now.
var ErrChanged = errors.New("the flow says something else now than in this session")

// writer writes a session down, line by line.
type writer struct {
	*Block
	s    *Session
	prog *program.Program
	at   time.Time // of the part's beginning, in the pack's time zone
	// lines are those of the part that goes on; head are the ones that have to stand before a person says anything.
	head, lines []string
	parts       int
	stopped     bool     // the rest of the part cannot be written
	did         []string // what the flow asked of the world
	ended       bool
}

// BlockName is the file of a session's tests within the pack's folder.
func BlockName(session string) string {
	return "tests/blessed-" + session[:min(len(session), 8)] + ".flow"
}

func blockOf(s *Session, p *program.Program) *Block {
	w := &writer{
		Block: &Block{Name: BlockName(s.ID), Files: map[string]string{}},
		s:     s, prog: p, at: s.Start,
	}
	if zone, err := time.LoadLocation(p.Timezone); err == nil {
		w.at = s.Start.In(zone)
	}
	now := w.at
	w.begin(now)
	for i := range s.Turns {
		t := &s.Turns[i]
		now = t.At.In(now.Location())
		if t.Does == Restart {
			w.end()
			w.begin(now)
			continue
		}
		if !w.stopped {
			w.turn(t)
		}
	}
	w.end()
	return w.Block
}

// begin begins a part with what the persona is.
func (w *writer) begin(at time.Time) {
	w.lines, w.did, w.stopped, w.ended = nil, nil, false, false
	who := &w.s.Persona
	w.head = []string{"  at " + at.Format("2006-01-02 15:04")}
	if who.Channel != "" {
		w.head = append(w.head, "  channel "+who.Channel)
	}
	if who.Language != "" {
		w.head = append(w.head, "  language "+who.Language)
	}
	for _, name := range who.Consents {
		w.head = append(w.head, "  given consent "+name)
	}
	for _, g := range who.givens(w.prog) {
		w.head = append(w.head, "  given "+g.name+" = "+g.source)
	}
	for _, service := range slices.Sorted(maps.Keys(who.Answers)) {
		w.head = append(w.head, w.fetch(service, who.Answers[service]))
	}
}

// end writes the part that goes on, where anything happened in it.
func (w *writer) end() {
	if len(w.lines) == 0 {
		return
	}
	if w.parts++; w.parts == 1 {
		w.Text = "# What a tester did, kept as a test. It shows when the flow says something else.\n"
	}
	title := "The tester " + w.s.ID[:8]
	if w.parts > 1 {
		title += ", begun anew " + strconv.Itoa(w.parts-1)
	}
	if w.ended && !w.stopped {
		w.did = append(w.did, "  expect ended")
	}
	w.Text += "\ntest " + title + "\n" + strings.Join(slices.Concat(w.head, w.lines, w.did), "\n") + "\n"
}

func (w *writer) add(lines ...string) { w.lines = append(w.lines, lines...) }

// turn writes a turn.
func (w *writer) turn(t *Turn) {
	switch {
	case t.Does != "":
		w.act(t)
	case t.PassedOn(): // its line is that of the team
	case t.Send != nil:
		w.ended = false
		w.add(script.Expecting(t.Send)...)
	case t.Effect == "ended":
		w.ended = true
	case slices.Contains([]string{"handed to", "saved", "alerted"}, t.Effect):
		if line := "  expect " + t.Effect + " " + t.Name; !slices.Contains(w.did, line) {
			w.did = append(w.did, line)
		}
	}
}

// act writes what somebody did.
func (w *writer) act(t *Turn) {
	if t.Who == Person {
		w.ended = false
	}
	switch t.Does {
	case Write:
		w.add(said("person", t.Given())...)
	case Tap:
		if t.Token != "" {
			w.stop("The tester tapped a button of an earlier message, which a newer one has as well.")
			return
		}
		w.add(said("person taps", t.Text)...)
	case SendMedia:
		line := "  person sends " + t.Kind
		if t.Place != nil {
			line += " " + decimal(t.Place.Lat) + ", " + decimal(t.Place.Lon)
		}
		w.add(line)
	case StaffReply:
		w.add(said("staff", t.Text)...)
	case StaffDone:
		w.add("  staff done")
	case Advance:
		w.add("  after " + simulator.Ago(t.For))
	case SetLanguage:
		w.add("  language " + t.Name)
	case SetChannel:
		w.add("  channel " + t.Name)
	case SetAnswer:
		w.add(w.fetch(t.Name, t.Text))
	case SetField:
		if t.Instead == "" {
			w.stop("The designer took away what was known as " + t.Name + ".")
			return
		}
		g := givenOf(w.prog, t.Name, t.Instead)
		w.add("  given " + g.name + " = " + g.source)
	case GiveConsent:
		w.add("  given consent " + t.Name)
	case GoBack:
		w.stop("The designer went back to an earlier question.")
	}
}

func (w *writer) stop(why string) {
	w.stopped = true
	w.Left = append(w.Left, why)
}

// fetch writes what a service answers from here on.
func (w *writer) fetch(service, answer string) string {
	if answer == "" {
		return "  fetch " + service + " failed"
	}
	name := fmt.Sprintf("%s-%d.json", strings.TrimSuffix(w.Name, ".flow"), len(w.Files)+1)
	for has, text := range w.Files {
		if text == answer+"\n" {
			name = has
		}
	}
	w.Files[name] = answer + "\n"
	return "  fetch " + service + ": " + name
}

// said is a line with what somebody wrote, to the letter.
func said(head, text string) []string {
	rows := strings.Split(strings.ReplaceAll(text, `\`, `\\`), "\n")
	if len(rows) == 1 {
		return []string{"  " + head + ": " + rows[0]}
	}
	out := []string{"  " + head + ":"}
	for _, row := range rows {
		if row != "" {
			row = "    " + row
		}
		out = append(out, row)
	}
	return out
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// prove runs the tests of the block on the pack.
func (b *Block) prove(r *dsl.Result, files fs.FS) error {
	if b.Text == "" {
		return errors.New("nothing happened in this session")
	}
	file, problems := syntax.ParseFile(b.Name, []byte(b.Text))
	if problems.Any(diag.Error) {
		return fmt.Errorf("what happened cannot be written as a test: %s", problems[0].Message)
	}
	for _, line := range file.Lines {
		test := &pack.Test{Title: pack.Written(line.Text), Line: line, File: file}
		result := script.Run(r.Pack, r.Program(), withFiles{files, b.Files}, test, nil)
		if !result.Passed {
			return fmt.Errorf("%w: line %d, %s", ErrChanged, lineOf(file, result.Span), result.Problem)
		}
	}
	return nil
}

func lineOf(file *ast.File, at ast.Span) int { return diag.NewLines(file.Source).LineAt(at.Start) }

// withFiles are the files of a pack with some more.
type withFiles struct {
	fs.FS
	more map[string]string
}

func (w withFiles) Open(name string) (fs.File, error) {
	if text, ok := w.more[name]; ok {
		return &memory{Reader: strings.NewReader(text)}, nil
	}
	if w.FS == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return w.FS.Open(name)
}

// memory is a file that is only read.
type memory struct{ io.Reader }

func (*memory) Close() error               { return nil }
func (*memory) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
