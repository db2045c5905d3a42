package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"baraza/engine/program"
	"baraza/engine/release"
)

// unknownGates refuses a release with a gate that nothing here checks.
func unknownGates(p *program.Program) error {
	known := program.Gates()
	for _, n := range p.Needs {
		if !slices.ContainsFunc(known, func(g program.Gate) bool { return g.Name == n.Gate }) {
			return fmt.Errorf("it needs %q, and this baraza cannot check that; update it", clipped(n.Gate))
		}
	}
	return nil
}

// inspect finds out what does not depend on what operators say: by Inspect, which knows the language, and by the program.
// What it gives is in the order of the needs. Nothing is found where Inspect is missing, so that no gate opens by itself.
func (d *Desk) inspect(ctx context.Context, p ReleasedPack, k *release.Kept) ([]Finding, error) {
	out := make([]Finding, len(k.Program.Needs))
	var asked []program.Need
	var at []int
	for i, n := range k.Program.Needs {
		switch n.Gate {
		case program.NotAnExample:
			out[i] = Finding{!k.Program.Example, "the pack is not marked as an example"}
			if k.Program.Example {
				out[i].Says = `the pack is marked as an example; replace its made-up contacts, then remove the line "example" from pack.flow`
			}
		case program.NothingPastReview:
			out[i] = reviewed(k.Program, d.now())
		case program.AllLanguages:
			out[i] = translated(k.Program)
		case program.ApprovalGiven:
		default:
			out[i].Says = "this process cannot check it"
			asked, at = append(asked, n), append(at, i)
		}
	}
	if len(asked) == 0 || p.Inspect == nil {
		return out, nil
	}
	found, err := p.Inspect(ctx, Inspection{Kept: k, Needs: asked})
	for i := range found {
		out[at[i]] = found[i]
	}
	return out, err
}

// unsigned stands in for Inspect where nobody who counts has signed the bundle.
func unsigned(_ context.Context, in Inspection) ([]Finding, error) {
	out := make([]Finding, len(in.Needs))
	for i := range out {
		out[i].Says = "it is looked at when the bundle is signed by somebody who may release here"
	}
	return out, nil
}

// mostNamed is how many steps a gate names.
const mostNamed = 5

// reviewed looks whether a step is past the day by which somebody was to look at it again, on the clock of the pack.
func reviewed(p *program.Program, now time.Time) Finding {
	if zone, err := time.LoadLocation(p.Timezone); err == nil {
		now = now.In(zone)
	}
	today := now.Format(time.DateOnly)
	var late []string
	for i := range p.Steps {
		if s := &p.Steps[i]; s.ReviewBy != "" && s.ReviewBy < today {
			late = append(late, fmt.Sprintf("%s.%s (%s)", p.Flows[s.Flow].Name, s.Name, s.ReviewBy))
		}
	}
	if len(late) == 0 {
		return Finding{true, "no step is past its review"}
	}
	return Finding{false, fmt.Sprintf("past review: %s; compare each step with its source, correct it, and write a new date", fewOf(late, mostNamed))}
}

// translated looks whether every text and every translated cell has words in each language. What was translated from older
// words has none: it was left out when the pack was compiled.
func translated(p *program.Program) Finding {
	var missing []string
	for lang, name := range p.Languages {
		if lang == 0 {
			continue
		}
		n := 0
		var first string
		lacks := func(id string) {
			if n++; n == 1 {
				first = id
			}
		}
		for i := range p.Strings {
			if s := &p.Strings[i]; hasWords(s.In(0)) && (lang >= len(s.Texts) || s.Texts[lang] == nil) {
				lacks(s.ID)
			}
		}
		for i := range p.Tables {
			for _, row := range p.Tables[i].Rows {
				for column, cells := range row.Translated {
					if source, _ := row.Cells[column].(string); lang < len(cells) && cells[lang] == "" && source != "" {
						lacks(fmt.Sprintf("%s of %s in the table %s", p.Tables[i].Columns[column].Name, row.ID, p.Tables[i].Name))
					}
				}
			}
		}
		if n > 0 {
			missing = append(missing, fmt.Sprintf("%d in %s, the first is %s", n, name, first))
		}
	}
	switch {
	case len(missing) > 0:
		return Finding{false, "texts are not translated, or were translated from older words: " + strings.Join(missing, "; ") + "; baraza strings PACK --lang LANGUAGE prints what there is to do"}
	case len(p.Languages) == 1:
		return Finding{true, "the pack has one language"}
	}
	return Finding{true, "every text is translated into " + strings.Join(p.Languages[1:], ", ")}
}

// hasWords tells whether a text has letters of its own: what is only a hole or a sign is the same in every language.
func hasWords(t program.Text) bool {
	return slices.ContainsFunc(t, func(s program.Segment) bool {
		return s.Kind == program.Literal && strings.ContainsFunc(s.Literal, unicode.IsLetter) ||
			slices.ContainsFunc(s.Cases, func(c program.Case) bool { return hasWords(c.Text) })
	})
}

// fewOf joins words and says of how many more there are.
func fewOf(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
