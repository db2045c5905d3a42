package syntax

import (
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
)

// gateLines are the gates that something checks.
func gateLines() (heads []*Head) {
	numbered := grammar[ast.Gate]()
	for _, g := range program.Gates() {
		h := &Head{Keyword: g.Name, Shape: g.Name, Example: g.Name, Below: []Place{InNeeds}, Means: g.Means, kind: g.Name, bare: bare[ast.Gate]}
		if g.Number {
			h.Shape, h.Example, h.read, h.bare = g.Name+" PERCENT", g.Name+" 90", numbered, nil
		}
		heads = append(heads, h)
	}
	return heads
}

// nearGate refuses a gate with a slip before it is taken for a line of another place: "test pass" is no test.
func (s *scan) nearGate(l *line, text []byte, p Place) bool {
	return p == InNeeds && similarGate(text) != "" && s.unknownGate(l, text, p)
}

// similarGate is the gate that looks like what is written; "" for none.
func similarGate(text []byte) string {
	written := strings.TrimRight(string(text[:min(len(text), maxName)]), " .:0123456789%")
	if near := diag.Nearest(written, gateNames()); len(near) > 0 {
		return near[0]
	}
	return ""
}

func gateNames() (names []string) {
	for _, g := range program.Gates() {
		names = append(names, g.Name)
	}
	return names
}

// unknownGate refuses a gate that nothing checks: a release would wait for it for ever, or nobody would notice that it was
// never looked at.
func (s *scan) unknownGate(l *line, text []byte, p Place) bool {
	if p != InNeeds {
		return false
	}
	d := diag.New(diag.Error, "unknown-gate", s.at(l.start, l.end), `no release can need "%s": nothing checks that`, clip(text))
	if near := similarGate(text); near != "" {
		d = d.WithHelp("A gate with a similar name exists: %s.", near)
	}
	s.report(l.number, d.WithHelp("A release can need: %s.", strings.Join(gateNames(), ", ")))
	return true
}
