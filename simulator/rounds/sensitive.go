package rounds

import "baraza/engine/program"

// sensitive gives the sensitive steps of a program with a hash of each, by flow.step. The hash covers what people meet
// there and where it leads (program.Work), so that it stays when other steps change.
func sensitive(p *program.Program) map[string]string {
	out := map[string]string{}
	for name, work := range p.Works(true, true) {
		out[name] = work.Hash
	}
	return out
}
