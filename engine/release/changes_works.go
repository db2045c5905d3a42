package release

import (
	"maps"
	"path"
	"slices"
	"strings"

	"baraza/engine/program"
)

// works finds the steps of both releases that do something else, though their words may be the same: a choice that leads
// elsewhere shows in no text.
func (c *comparing) works() {
	was, is := c.before.Works(false, false), c.after.Works(false, false)
	marked, marks := stepMarks(c.before), stepMarks(c.after)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		old, had := was[name]
		now := is[name]
		if !had || old.Hash == now.Hash && marked[name] == marks[name] {
			continue
		}
		change := Change{What: "step", Where: name, Old: marked[name] + leads(old.Leads), New: marks[name] + leads(now.Leads)}
		if old.Hash != now.Hash {
			change.Note = "it does something else than before"
		}
		c.all = append(c.all, change)
	}
}

func leads(to []string) string { return "leads to " + orNone(strings.Join(to, ", ")) }

// stepMarks are what stands below the heads of steps, by flow.step.
func stepMarks(p *program.Program) map[string]string {
	out := map[string]string{}
	for i := range p.Steps {
		s, text := &p.Steps[i], ""
		for _, mark := range []struct {
			on   bool
			word string
		}{{s.Public, "public"}, {s.Sensitive, "sensitive"}, {s.ForChildren, "for children"}, {s.EveryLanguage, "in every language"},
			{s.ReviewBy != "", "review by " + s.ReviewBy}, {len(s.Sources) > 0, "source " + strings.Join(s.Sources, " ")}} {
			if mark.on {
				text += mark.word + "; "
			}
		}
		out[p.Flows[s.Flow].Name+"."+s.Name] = text
	}
	return out
}

// leadsAt is where an instruction leads that belongs to no step.
func leadsAt(p *program.Program, pc int) string {
	if pc < 0 || pc >= len(p.Code) {
		return "end"
	}
	if op := &p.Code[pc]; op.Code == program.OpMove {
		return p.Flows[p.Steps[op.Ref].Flow].Name + "." + p.Steps[op.Ref].Name
	}
	for i := range p.Steps {
		if p.Steps[i].PC == pc {
			return p.Flows[p.Steps[i].Flow].Name + "." + p.Steps[i].Name
		}
	}
	for i := range p.Flows {
		if p.Flows[i].PC == pc {
			return p.Flows[i].Name
		}
	}
	return "a place of its own"
}

// notice is what people agree to before anything else.
func notice(p *program.Program) string {
	if p.Notice < 0 || p.Notice >= len(p.Consents) {
		return "none"
	}
	return p.Consents[p.Notice].Name
}

func silence(p *program.Program) string {
	if p.Silent.Seconds == 0 {
		return "none"
	}
	return within(p.Silent.Seconds) + ", then " + leadsAt(p, p.Silent.PC)
}

// OfFiles are the changes of what a pack is written as that its program does not show: media of which the name stayed.
func OfFiles(before, after *Manifest) (all []Change) {
	was, is := media(before), media(after)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if old, had := was[name]; had && old != is[name] {
			all = append(all, Change{What: "medium", Where: name, Old: "SHA-256 " + old[:12], New: "SHA-256 " + is[name][:12], Note: "it is another file"})
		}
	}
	return all
}

// media are the checksums of the files that are no texts of the pack, by their names from its folder.
func media(m *Manifest) map[string]string {
	out := map[string]string{}
	for _, f := range m.Files[1:] {
		if !slices.Contains([]string{".flow", ".po", ".csv", ".json"}, path.Ext(f.Name)) {
			out[strings.TrimPrefix(f.Name, sourcesDir+"/"+m.Folder+"/")] = f.SHA256
		}
	}
	return out
}
