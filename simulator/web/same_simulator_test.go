package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine/program"
	"baraza/engine/program/expression"
	"baraza/simulator"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// A playing is a test block on its way through the simulator's sockets: the tester's and the designer's.
type playing struct {
	*room
	prog   *program.Program
	files  fs.FS
	tester *tester
	desk   *tester
	given  map[string]any
	now    time.Time // of the conversation
}

// played is what became of a test block in the simulator.
type played struct {
	began time.Time
	given map[string]any // of the person, by the field's name
	kept  rounds.Session
	lines string // what the tester's page showed
}

// play does what the people of a test do. What the test gives beforehand is the persona of a round made for it.
func (r *room) play(v *web.Version, pack string, test *pack.Test) played {
	r.t.Helper()
	p := &playing{room: r, prog: v.Program, files: v.Files}
	who, rest := p.before(test)
	r.clock.pass(p.now.Sub(r.clock.Now()))
	made, token := r.invite(rounds.Round{Pack: pack, Persona: who, Uses: 1}, "")
	p.tester = r.begin(token, true)
	all, err := r.rounds.Sessions(made.ID)
	if err != nil || len(all) != 1 {
		r.t.Fatalf("%d sessions, %v", len(all), err)
	}
	watch, _, err := r.dial("/watch/socket", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer watch.Close()
	p.desk = &tester{t: r.t, room: r, ws: watch}
	p.desk.say(map[string]any{"type": "follow", "id": all[0].ID})
	p.desk.until("session")
	began := p.now
	for _, line := range rest {
		p.line(line)
	}
	p.tester.ws.Close()
	again := r.hello(map[string]any{"secret": p.tester.secret, "seen": 0})
	again.n = int(again.until("resumed")["heard"].(float64))
	again.act("face", map[string]any{"face": 3}) // whatever is shown came before its answer
	lines := r.written(again.seen)
	again.act("finish", nil)
	again.ws.Close()
	kept, err := r.rounds.Session(all[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return played{began, p.given, kept, lines}
}

// before reads what a test gives before anything happens: the persona and the time. rest is what follows.
func (p *playing) before(test *pack.Test) (who rounds.Persona, rest []*ast.Line) {
	p.t.Helper()
	zone, err := time.LoadLocation(p.prog.Timezone)
	if err != nil {
		p.t.Fatal(err)
	}
	p.now = time.Date(2026, 1, 5, 10, 0, 0, 0, zone)
	who.Fields, p.given = map[string]string{}, map[string]any{}
	begun := false
	for _, line := range test.Line.Children {
		switch h := line.Head.(type) {
		case *ast.Given:
			p.give(&who, h)
			continue
		case *ast.InLanguage:
			if !begun {
				who.Language = h.Tag.Text
				continue
			}
		case *ast.OnChannel:
			if !begun {
				who.Channel = h.Name.Text
				continue
			}
		case *ast.At:
			if !begun {
				p.now = p.at(h)
				continue
			}
		case *ast.FetchGiven:
		default:
			begun = true
		}
		rest = append(rest, line)
	}
	return who, rest
}

func (p *playing) at(h *ast.At) time.Time {
	return time.Date(h.Date.Year, time.Month(h.Date.Month), h.Date.Day, h.Minute/60, h.Minute%60, 0, 0, p.now.Location())
}

// give puts a stored value or a consent into the persona.
func (p *playing) give(who *rounds.Persona, h *ast.Given) {
	p.t.Helper()
	if h.Consent != nil {
		who.Consents = append(who.Consents, h.Consent.Text)
		return
	}
	x, err := expression.Compile(h.Expr.Source)
	if err != nil {
		p.t.Fatal(err)
	}
	v, err := x.Eval(&expression.Env{Program: p.prog, At: p.now, Zone: p.now.Location(), Var: func(string) (any, bool) { return nil, false }})
	if err != nil {
		p.t.Fatal(err)
	}
	text, ok := v.(string)
	if h.Name.Text == "language" {
		who.Language = text
		return
	}
	if !ok {
		text = simulator.ValueText(v)
	}
	who.Fields[h.Name.Text], p.given[h.Name.Text] = text, v
}

// line does what a line of the test says; those about what the bot does are for those who run tests.
func (p *playing) line(line *ast.Line) {
	p.t.Helper()
	switch h := line.Head.(type) {
	case *ast.Person:
		p.tester.person(line, h)
	case *ast.After:
		p.advance(time.Duration(pack.Seconds(h.For)) * time.Second)
	case *ast.At:
		p.advance(p.at(h).Sub(p.now))
	case *ast.InLanguage:
		p.desk.command(map[string]any{"type": "language", "text": h.Tag.Text})
	case *ast.OnChannel:
		p.desk.command(map[string]any{"type": "channel", "text": h.Name.Text})
	case *ast.FetchGiven:
		if answer, ok := p.answer(h); ok {
			p.desk.command(map[string]any{"type": "answer", "name": h.Name.Text, "text": answer})
		}
	case *ast.Staff:
		if h.Done {
			p.desk.command(map[string]any{"type": "done"})
		} else {
			p.desk.command(map[string]any{"type": "reply", "text": typed(line.Text)})
		}
	}
}

// advance moves the clock; one that would go back stays.
func (p *playing) advance(d time.Duration) {
	p.t.Helper()
	if d > 0 {
		p.desk.command(map[string]any{"type": "advance", "to": d.String()})
		p.now = p.now.Add(d)
	}
}

// answer is the file that a service answers with, "" where it fails; ok is false for a file that is no answer, as in
// the tests about that.
func (p *playing) answer(h *ast.FetchGiven) (text string, ok bool) {
	if h.Failed {
		return "", true
	}
	b, err := fs.ReadFile(p.files, h.Path)
	if err != nil {
		return "", false
	}
	_, err = simulator.ReadAnswer(strings.NewReader(string(b)))
	return string(b), err == nil
}

func (p *tester) person(line *ast.Line, h *ast.Person) {
	p.t.Helper()
	switch h.Does {
	case "taps":
		p.act("tap", map[string]any{"text": typed(line.Text)})
	case "sends":
		if h.Kind != "location" {
			p.act("media", map[string]any{"kind": h.Kind})
			return
		}
		at := map[string]any{"lat": 0.0, "lon": 0.0}
		if h.Lat != nil && h.Lon != nil {
			at["lat"], at["lon"] = *h.Lat, *h.Lon
		}
		p.act("place", map[string]any{"place": at})
	default:
		p.act("say", map[string]any{"text": typed(line.Text)})
	}
}

// command does something as a designer, and waits until it is done or refused: what a page says is taken in order.
func (p *tester) command(c map[string]any) {
	p.t.Helper()
	p.say(c)
	p.say(map[string]any{"type": "ping"})
	p.until("pong")
}

// typed is a text as a person types it: to the letter.
func typed(t *ast.Text) string {
	var b strings.Builder
	if t != nil {
		for _, p := range t.Parts {
			if p.Hole != nil {
				b.WriteString("{" + p.Hole.Source + "}")
			}
			b.WriteString(p.Literal)
		}
	}
	return b.String()
}

// written writes what the tester's page was shown.
func (r *room) written(seen []map[string]any) string {
	r.t.Helper()
	var b strings.Builder
	for _, m := range seen {
		raw, err := json.Marshal(m)
		if err != nil {
			r.t.Fatal(err)
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			r.t.Fatal(err)
		}
		switch {
		case e.Type == "mine":
			fmt.Fprintf(&b, "person %s\n", e.Text)
		case e.Type == "note" && e.Code == "later":
			fmt.Fprintf(&b, "clock %s\n", e.Text)
		case e.Type == "message":
			e.onPage(r.content).write(&b)
		}
	}
	return b.String()
}

// content fetches a file that a page shows.
func (r *room) content(url string) []byte {
	r.t.Helper()
	response, err := http.Get(r.server.URL + url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.t.Fatalf("a file of the page: %s, %v", response.Status, err)
	}
	return b
}
