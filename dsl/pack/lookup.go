package pack

// Lookups of declarations by the name that a line of flow uses; flow is nil for lines outside flows. A library's
// name may stand for one of the pack's own: `safety.team staff is protection`. They are nil where there is none.

// Field finds a field.
func (p *Pack) Field(flow *Flow, name string) *Field {
	return lookup(p, flow, "field", name, func(n *names) map[string]*Field { return n.fields })
}

// HoursNamed finds opening hours.
func (p *Pack) HoursNamed(flow *Flow, name string) *Hours {
	return lookup(p, flow, "hours", name, func(n *names) map[string]*Hours { return n.hours })
}

// Team finds a team.
func (p *Pack) Team(flow *Flow, name string) *Team {
	return lookup(p, flow, "team", name, func(n *names) map[string]*Team { return n.teams })
}

// WordsNamed finds a list of words.
func (p *Pack) WordsNamed(flow *Flow, name string) *Words {
	return lookup(p, flow, "words", name, func(n *names) map[string]*Words { return n.words })
}

// Consent finds a consent.
func (p *Pack) Consent(flow *Flow, name string) *Consent {
	return lookup(p, flow, "consent", name, func(n *names) map[string]*Consent { return n.consents })
}

// Table finds a table.
func (p *Pack) Table(flow *Flow, name string) *Table {
	return lookup(p, flow, "table", name, func(n *names) map[string]*Table { return n.tables })
}

// Record finds a record.
func (p *Pack) Record(flow *Flow, name string) *Record {
	return lookup(p, flow, "record", name, func(n *names) map[string]*Record { return n.records })
}

// Template finds a template.
func (p *Pack) Template(flow *Flow, name string) *Template {
	return lookup(p, flow, "template", name, func(n *names) map[string]*Template { return n.templates })
}

// Service finds a service.
func (p *Pack) Service(flow *Flow, name string) *Service {
	return lookup(p, flow, "service", name, func(n *names) map[string]*Service { return n.services })
}

func lookup[T any](p *Pack, flow *Flow, kind, name string, of func(*names) map[string]*T) *T {
	if p.names == nil {
		return nil
	}
	return of(p.names)[p.Bound(flow, kind, name)]
}

// Bound is the pack's own name for a name that a line of a library uses, the name itself where the pack gave it
// no other. kind is "team", "hours", "field", "words", "consent", "table", "record", "template" or "service".
func (p *Pack) Bound(flow *Flow, kind, name string) string {
	if flow == nil || flow.unit >= len(p.units) {
		return name
	}
	return p.units[flow.unit].bound(kind, name)
}

// MediaFile finds the file that a line of flow names, as written below media/ or from the pack's folder: its
// path in Media. A language's own file, in a folder of the language's name, is preferred; lang may be "".
// A library's line finds the library's files first, then the pack's.
func (p *Pack) MediaFile(flow *Flow, path, lang string) (name string, ok bool) {
	prefixes := []string{""}
	if flow != nil && flow.unit > 0 && flow.unit < len(p.units) {
		prefixes = []string{p.units[flow.unit].source.prefix, ""}
	}
	path = trimMedia(path)
	for _, prefix := range prefixes {
		if name = prefix + "media/" + lang + "/" + path; lang != "" && p.hasMedia(name) {
			return name, true
		}
		if name = prefix + "media/" + path; p.hasMedia(name) {
			return name, true
		}
	}
	return prefixes[0] + "media/" + path, false
}

func (p *Pack) hasMedia(name string) bool {
	_, ok := p.Media[name]
	return ok
}

func trimMedia(path string) string {
	if len(path) > 6 && path[:6] == "media/" {
		return path[6:]
	}
	return path
}
