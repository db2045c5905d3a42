package rounds

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	bolt "go.etcd.io/bbolt"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/simulator/script"
)

// Difference is where a program first says something else than was recorded.
type Difference struct {
	Act  Turn         // what was done last, before the two part; its number is that of the session
	Was  []Turn       // what followed in the session
	Now  []Turn       // what follows now
	Rows []script.Row // both beside each other, line by line
}

// Replay does everything of a session once more, on a program, and gives the first difference; nil where there is
// none.
func Replay(s *Session, p *program.Program) (*Difference, error) {
	t, err := newTalk(*s, p, namesOf(p))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(s.Turns); {
		act, end := s.Turns[i], i+1
		for end < len(s.Turns) && s.Turns[end].Does == "" {
			end++
		}
		was := s.Turns[i+1 : end]
		now, err := t.again(&act)
		switch {
		case errors.Is(err, ErrNotThere):
			note := Turn{Who: Outside, Text: "[" + err.Error() + "]"}
			return difference(act, was, []Turn{note}), nil
		case err != nil:
			return nil, err
		case len(now) > 0: // a change of the draft does nothing here
			if d := difference(act, was, now[1:]); d != nil {
				return d, nil
			}
		}
		i = end
	}
	return nil, nil
}

func difference(act Turn, was, now []Turn) *Difference {
	d := &Difference{Act: act, Was: was, Now: now}
	differs := false
	said := Speakers[act.Who] + ": " + act.Text
	d.Rows = append(d.Rows, script.Row{Expected: said, Actual: said})
	for i := range max(len(was), len(now)) {
		var row script.Row
		if i < len(was) {
			row.Expected = was[i].said()
		}
		if i < len(now) {
			row.Actual = now[i].said()
		}
		row.Differs = row.Expected != row.Actual && !differs
		differs = differs || row.Differs
		d.Rows = append(d.Rows, row)
	}
	if !differs {
		return nil
	}
	return d
}

// said is a turn of the flow as a comparison shows it.
func (t *Turn) said() string {
	if t.Send == nil {
		return t.Text
	}
	if t.PassedOn() {
		return "staff: " + t.Text
	}
	lines := script.Expecting(t.Send)
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Write prints the difference side by side.
func (d *Difference) Write(w io.Writer) {
	fmt.Fprintf(w, "The flow says something else after turn %d.\n\n", d.Act.N)
	script.WriteRows(w, "in the session", "now", d.Rows)
}

// Replayed is the session as it goes on a program.
func Replayed(s *Session, p *program.Program) (*Session, error) {
	t, err := newTalk(*s, p, namesOf(p))
	if err != nil {
		return nil, err
	}
	t.session.Version = p.Hash
	for i := range s.Turns {
		if _, err := t.again(&s.Turns[i]); err != nil && !errors.Is(err, ErrNotThere) {
			return nil, err
		}
	}
	after := t.session
	after.Turns = t.turns
	return &after, nil
}

// Cover counts what sessions visit of a program: cover.Add is its trace.
func Cover(sessions []Session, p *program.Program) (*script.Coverage, error) {
	cover := script.NewCoverage(p)
	n := namesOf(p)
	for i := range sessions {
		t, err := newTalk(sessions[i], p, n)
		if err != nil {
			continue // its persona fits this version no more
		}
		t.Trace = cover.Add
		for j := range sessions[i].Turns {
			if _, err := t.again(&sessions[i].Turns[j]); err != nil && !errors.Is(err, ErrNotThere) {
				return nil, err
			}
		}
	}
	return cover, nil
}

// Bless says that a session is right as it goes on this version of the pack: it is written as tests, for the pack's
// folder. Who blesses has seen what Replay shows.
func (f *File) Bless(session string, r *dsl.Result, files fs.FS) (*Block, error) {
	p := r.Program()
	if p == nil {
		return nil, errors.New("the pack has errors; correct them first")
	}
	s, err := f.Session(session)
	if err != nil {
		return nil, err
	}
	now, err := Replayed(&s, p)
	if err != nil {
		return nil, err
	}
	b, err := TestBlock(now, r, files)
	if err != nil {
		return nil, err
	}
	_, err = f.change(session, func(_ *bolt.Tx, _ id, s *Session) error {
		s.Blessed = true
		return nil
	})
	return b, err
}

// Save writes the tests into a pack's folder, in the place of what this session had there.
func (b *Block) Save(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(b.Name), 0o755); err != nil {
		return err
	}
	for name, text := range b.Files {
		if err := root.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return root.WriteFile(b.Name, []byte(b.Text), 0o644)
}

// Speakers are how transcripts name who speaks.
var Speakers = map[string]string{Person: "Tester", Bot: "Bot", Staff: "Team", Outside: "Flow", Clock: "Clock", Studio: "Designer"}
