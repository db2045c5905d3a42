package rounds

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"baraza/engine/program"
)

// names finds the strings and steps of a program by their names.
type names struct {
	prog    *program.Program
	strings map[string]int       // index by id
	steps   map[string][2]string // flow and step by flow.step
	asks    map[int]*program.Ask

	mu     sync.Mutex
	hashes map[string]string
	// sensitive are the steps that are, with their hashes; nil until they are asked for.
	sensitive map[string]string
}

// programs is how many programs a file remembers the names of: drafts follow each other fast.
const programs = 8

// namesOf gives the names of a program, made once for all sessions.
func (f *File) namesOf(p *program.Program) *names {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.names {
		if n.prog == p {
			return n
		}
	}
	n := namesOf(p)
	f.names = append(f.names, n)
	if len(f.names) > programs {
		f.names = slices.Delete(f.names, 0, 1)
	}
	return n
}

func namesOf(p *program.Program) *names {
	n := &names{
		prog: p, strings: make(map[string]int, len(p.Strings)), steps: make(map[string][2]string, len(p.Steps)),
		asks: map[int]*program.Ask{}, hashes: map[string]string{},
	}
	for i := range p.Strings {
		n.strings[p.Strings[i].ID] = i
	}
	for i := range p.Steps {
		n.steps[n.step(i)] = [2]string{p.Flows[p.Steps[i].Flow].Name, p.Steps[i].Name}
	}
	for i := range p.States {
		if ask := p.States[i].Ask; ask != nil {
			n.asks[ask.Text] = ask
		}
	}
	return n
}

func (n *names) step(i int) string {
	s := &n.prog.Steps[i]
	return n.prog.Flows[s.Flow].Name + "." + s.Name
}

// of tells the step that a string stands in: its id begins with the step's name.
func (n *names) of(id string) (flow, step string, ok bool) {
	for i := strings.LastIndexByte(id, '.'); i > 0; i = strings.LastIndexByte(id[:i], '.') {
		if at, ok := n.steps[id[:i]]; ok {
			return at[0], at[1], true
		}
	}
	return "", "", false
}

// wording tells one wording of a string from another, in a language: 16 hex characters, "" where there is no such
// string. What else a person sees of a question counts with it: its options, header and footer.
func (n *names) wording(id, language string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if hash, ok := n.hashes[id+"\x00"+language]; ok {
		return hash
	}
	i, ok := n.strings[id]
	if !ok {
		return ""
	}
	lang := max(0, slices.Index(n.prog.Languages, language))
	var b strings.Builder
	n.write(&b, i, lang)
	if ask := n.asks[i]; ask != nil {
		n.write(&b, ask.Header, lang)
		n.write(&b, ask.Footer, lang)
		for _, o := range ask.Options {
			n.write(&b, o.Label, lang)
			n.write(&b, o.About, lang)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	hash := hex.EncodeToString(sum[:8])
	n.hashes[id+"\x00"+language] = hash
	return hash
}

// text is a string as it is written, with its holes in braces.
func (n *names) text(id, language string) string {
	i, ok := n.strings[id]
	if !ok {
		return ""
	}
	return n.prog.Written(i, max(0, slices.Index(n.prog.Languages, language)))
}

func (n *names) write(b *strings.Builder, i, lang int) {
	b.WriteString(n.prog.Written(i, lang))
	b.WriteByte(0)
}

// tried are the sensitive steps among those that were visited, with their hashes; nil for none.
func (n *names) tried(visited []string) (out map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sensitive == nil {
		n.sensitive = sensitive(n.prog)
	}
	for _, step := range visited {
		if hash, ok := n.sensitive[step]; ok {
			if out == nil {
				out = map[string]string{}
			}
			out[step] = hash
		}
	}
	return out
}
