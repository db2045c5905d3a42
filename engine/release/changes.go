package release

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"baraza/engine/program"
)

// Change is one thing that is different in another release, in words. Old or New is "" where it was not, or is no more.
type Change struct {
	What     string `json:"what"`  // text, question, step, consent, field, record, team, trigger, table, service, medium, setting
	Where    string `json:"where"` // its name: offices.town.city
	Language string `json:"language,omitempty"`
	Old      string `json:"old,omitempty"`
	New      string `json:"new,omitempty"`
	// Note says what it means for those who are in the middle of a conversation, or for their data.
	Note string `json:"note,omitempty"`
}

// Changes compares two releases of a pack: first what concerns people's data, then what they are asked, then words. before is
// nil for the first release, which changes nothing for anybody.
func Changes(before, after *program.Program) []Change {
	if before == nil {
		return nil
	}
	c := &comparing{before: before, after: after}
	c.consents()
	c.fields()
	c.records()
	c.teams()
	c.services()
	c.steps()
	c.works()
	c.states()
	c.triggers()
	c.tables()
	c.settings()
	c.texts()
	return c.all
}

type comparing struct {
	before, after *program.Program
	all           []Change
}

// each compares what has names: describe says what counts of one.
func each[T any](c *comparing, what string, before, after []T, name func(*T) string, describe func(*program.Program, *T) string) {
	was, is := described(c.before, before, name, describe), described(c.after, after, name, describe)
	for _, n := range slices.Sorted(maps.Keys(was)) {
		if now, ok := is[n]; !ok {
			c.all = append(c.all, Change{What: what, Where: n, Old: was[n], Note: "it is gone"})
		} else if now != was[n] {
			c.all = append(c.all, Change{What: what, Where: n, Old: was[n], New: now})
		}
	}
	for _, n := range slices.Sorted(maps.Keys(is)) {
		if _, had := was[n]; !had {
			c.all = append(c.all, Change{What: what, Where: n, New: is[n], Note: "it is new"})
		}
	}
}

func described[T any](p *program.Program, all []T, name func(*T) string, describe func(*program.Program, *T) string) map[string]string {
	out := make(map[string]string, len(all))
	for i := range all {
		out[name(&all[i])] = describe(p, &all[i])
	}
	return out
}

func (c *comparing) consents() {
	each(c, "consent", c.before.Consents, c.after.Consents, func(x *program.Consent) string { return x.Name },
		func(p *program.Program, x *program.Consent) string {
			return fmt.Sprintf("version %d, covers %s: %s", x.Version, orNone(strings.Join(x.Covers, ", ")), p.Written(x.Ask, 0))
		})
}

func (c *comparing) fields() {
	each(c, "field", c.before.Fields, c.after.Fields, func(x *program.Field) string { return x.Name },
		func(p *program.Program, x *program.Field) string {
			return fmt.Sprintf("%s, kept %s, for %s, reaches %s", class(x.Class), days(x.KeptDays), orNone(strings.Join(x.Purposes, ", ")), orNone(strings.Join(x.FlowsTo, ", ")))
		})
}

func (c *comparing) records() {
	each(c, "record", c.before.Records, c.after.Records, func(x *program.Record) string { return x.Name },
		func(p *program.Program, x *program.Record) string {
			return fmt.Sprintf("%s, kept %s, columns %s, reaches %s", class(x.Class), days(x.KeptDays), columns(x.Columns), orNone(strings.Join(x.FlowsTo, ", ")))
		})
}

func (c *comparing) teams() {
	each(c, "team", c.before.Teams, c.after.Teams, func(x *program.Team) string { return x.Name },
		func(p *program.Program, x *program.Team) string {
			out := fmt.Sprintf("%s, open %s, answers within %s", x.Title, open(p, x.Hours), within(x.AnswerIn))
			for _, e := range x.Escalations {
				if e.To >= 0 && e.To < len(p.Teams) {
					out += fmt.Sprintf(", escalates after %s to %s", within(e.Seconds), p.Teams[e.To].Name)
				}
			}
			return out
		})
}

func (c *comparing) services() {
	each(c, "service", c.before.Services, c.after.Services, func(x *program.Service) string { return x.Name },
		func(p *program.Program, x *program.Service) string {
			return fmt.Sprintf("%s, sends %s, may receive %s", x.Method, columns(x.Send), orNone(strings.Join(x.Receives, ", ")))
		})
}

func (c *comparing) steps() {
	was, is := stepNames(c.before), stepNames(c.after)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[name]; !ok {
			c.all = append(c.all, Change{What: "step", Where: name, Old: name, Note: "it is gone"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if _, had := was[name]; !had {
			note := "it is new"
			if len(is[name]) > 0 {
				note = "it takes over from " + strings.Join(is[name], ", ")
			}
			c.all = append(c.all, Change{What: "step", Where: name, New: name, Note: note})
		}
	}
}

// stepNames are the whole names of steps, with those that they took over from.
func stepNames(p *program.Program) map[string][]string {
	out := map[string][]string{}
	for i := range p.Steps {
		out[p.Flows[p.Steps[i].Flow].Name+"."+p.Steps[i].Name] = p.Steps[i].MovedFrom
	}
	return out
}

// states finds the places where conversations wait and cannot go on as they are.
func (c *comparing) states() {
	was := map[string]*program.State{}
	for i := range c.before.States {
		was[c.before.States[i].Identity] = &c.before.States[i]
	}
	for i := range c.after.States {
		now := &c.after.States[i]
		old := was[now.Identity]
		if old == nil || old.Signature == now.Signature {
			continue
		}
		c.all = append(c.all, Change{What: "question", Where: now.Identity, Old: choices(c.before, old), New: choices(c.after, now),
			Note: "whoever is asked this now finishes it as it was"})
	}
}

// choices are what can be answered at a state.
func choices(p *program.Program, s *program.State) string {
	if s.Ask == nil {
		return ""
	}
	var all []string
	for _, o := range s.Ask.Options {
		all = append(all, p.Written(o.Label, 0))
	}
	return strings.Join(all, ", ")
}

func (c *comparing) triggers() {
	each(c, "trigger", c.before.Triggers, c.after.Triggers, func(x *program.Trigger) string { return x.Name },
		func(p *program.Program, x *program.Trigger) string {
			out := ""
			if x.Flow >= 0 && x.Flow < len(p.Flows) {
				out = "leads to " + p.Flows[x.Flow].Name
			}
			if x.Anywhere {
				out += ", anywhere"
			}
			if x.ThenBack {
				out += ", then back"
			}
			if x.Ref >= 0 && x.Ref < len(p.Words) && strings.HasPrefix(x.Name, "words ") {
				for i, list := range p.Words[x.Ref].Lists {
					if i < len(p.Languages) {
						out += fmt.Sprintf("; %s: %s", p.Languages[i], strings.Join(list.Words, ", "))
					}
				}
			}
			return out
		})
}

func (c *comparing) tables() {
	each(c, "table", c.before.Tables, c.after.Tables, func(x *program.Table) string { return x.Name },
		func(p *program.Program, x *program.Table) string { return "columns " + columns(x.Columns) })
	was, is := rowsOf(c.before), rowsOf(c.after)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if was[name] == nil {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(was[name])) {
			old := was[name][id]
			if now, has := is[name][id]; !has {
				c.all = append(c.all, Change{What: "table", Where: name + ", row " + id, Old: cells(old, nil), Note: "it is gone"})
			} else if said, says := cells(old, now), cells(now, old); said != says {
				c.all = append(c.all, Change{What: "table", Where: name + ", row " + id, Old: said, New: says})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(is[name])) {
			if _, had := was[name][id]; !had {
				c.all = append(c.all, Change{What: "table", Where: name + ", row " + id, New: cells(is[name][id], nil), Note: "it is new"})
			}
		}
	}
}

// rowsOf are the rows of each table, by their ids: the cells by their columns, and by language where they are translated.
func rowsOf(p *program.Program) map[string]map[string]map[string]string {
	out := map[string]map[string]map[string]string{}
	for _, t := range p.Tables {
		out[t.Name] = map[string]map[string]string{}
		for _, r := range t.Rows {
			row := map[string]string{}
			for i, column := range r.Columns {
				if i < len(r.Cells) && r.Cells[i] != nil {
					row[column] = fmt.Sprint(r.Cells[i])
				}
				if i >= len(r.Translated) {
					continue
				}
				for l, text := range r.Translated[i] {
					if l > 0 && l < len(p.Languages) {
						row[column+"."+p.Languages[l]] = text
					}
				}
			}
			out[t.Name][r.ID] = row
		}
	}
	return out
}

// cells are those of a row that are others in another one.
func cells(row, other map[string]string) string {
	var all []string
	for _, column := range slices.Sorted(maps.Keys(row)) {
		if value := row[column]; value != other[column] {
			all = append(all, column+": "+value)
		}
	}
	return strings.Join(all, "; ")
}

func (c *comparing) settings() {
	say := func(where, old, now string) {
		if old != now {
			c.all = append(c.all, Change{What: "setting", Where: where, Old: old, New: now})
		}
	}
	b, a := c.before, c.after
	say("title", b.Title, a.Title)
	say("notice", notice(b), notice(a))
	say("start", leadsAt(b, b.Start), leadsAt(a, a.Start))
	say("fallback", leadsAt(b, b.Fallback), leadsAt(a, a.Fallback))
	say("languages", strings.Join(b.Languages, ", "), strings.Join(a.Languages, ", "))
	say("timezone", b.Timezone, a.Timezone)
	say("channels", channelNames(b), channelNames(a))
	say("silence", silence(b), silence(a))
	say("release needs", needs(b), needs(a))
	say("example", fmt.Sprint(b.Example), fmt.Sprint(a.Example))
}

// texts compares the words in every language of both.
func (c *comparing) texts() {
	was := map[string]int{}
	for i := range c.before.Strings {
		was[c.before.Strings[i].ID] = i
	}
	has := map[string]bool{}
	for i := range c.after.Strings {
		id := c.after.Strings[i].ID
		has[id] = true
		old, had := was[id]
		for lang, name := range c.after.Languages {
			now, before := c.after.Written(i, lang), ""
			if at := slices.Index(c.before.Languages, name); had && at >= 0 {
				before = c.before.Written(old, at)
			}
			if now != before && (had || lang == 0) {
				c.all = append(c.all, Change{What: "text", Where: id, Language: name, Old: before, New: now})
			}
		}
	}
	var gone []Change
	for id, i := range was {
		if !has[id] && len(c.before.Languages) > 0 {
			gone = append(gone, Change{What: "text", Where: id, Language: c.before.Languages[0], Old: c.before.Written(i, 0)})
		}
	}
	slices.SortFunc(gone, func(a, b Change) int { return cmp.Compare(a.Where, b.Where) })
	c.all = append(c.all, gone...)
}

func orNone(s string) string { return cmp.Or(s, "nothing") }

// class is how careful one has to be with a value, in the language's word.
func class(c program.Class) string {
	switch c {
	case program.Public:
		return "public"
	case program.Personal:
		return "personal"
	case program.Sensitive:
		return "sensitive"
	}
	return "no class"
}

// open are hours of a team: mon 08:30-17:00, tue …
func open(p *program.Program, hours int) string {
	if hours < 0 || hours >= len(p.Hours) || p.Hours[hours].Always {
		return "always"
	}
	var all []string
	for day, spans := range p.Hours[hours].Days {
		for _, s := range spans {
			all = append(all, fmt.Sprintf("%s %02d:%02d-%02d:%02d", strings.ToLower(time.Weekday(day).String()[:3]), s.From/60, s.From%60, s.To/60, s.To%60))
		}
	}
	if closed := p.Hours[hours].Closed; len(closed) > 0 {
		all = append(all, "closed on "+strings.Join(closed, ", "))
	}
	return orNone(strings.Join(all, ", "))
}

func days(n int) string {
	if n == 0 {
		return "without a date"
	}
	return fmt.Sprintf("%d days", n)
}

func within(seconds int) string {
	if seconds == 0 {
		return "no promised time"
	}
	all := (time.Duration(seconds) * time.Second).String() // 2h0m0s
	if strings.HasSuffix(all, "m0s") {
		all = strings.TrimSuffix(all, "0s")
	}
	if strings.HasSuffix(all, "h0m") {
		all = strings.TrimSuffix(all, "0m")
	}
	return all
}

func columns(all []program.Column) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return orNone(strings.Join(names, ", "))
}

func channelNames(p *program.Program) string {
	var names []string
	for _, c := range p.Channels {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// needs are the gates of a pack: what is taken out of them nobody looks at any more.
func needs(p *program.Program) string {
	var lines []string
	for _, n := range p.Needs {
		lines = append(lines, n.String())
	}
	return orNone(strings.Join(lines, ", "))
}
