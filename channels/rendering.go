package channels

import "fmt"

// Rendering is a message on its way into parts: those there are, or why it cannot be sent as it is. The first reason
// counts.
type Rendering struct {
	parts   []Part
	refusal *Refusal
}

// Add adds a part.
func (r *Rendering) Add(p Part) { r.parts = append(r.parts, p) }

// Refuse says why the message cannot be sent.
func (r *Rendering) Refuse(code, what string, args ...any) {
	if r.refusal == nil {
		r.refusal = &Refusal{Code: code, What: fmt.Sprintf(what, args...)}
	}
}

// Done gives the parts in order, or a *Refusal; a message that shows nothing is one.
func (r *Rendering) Done() ([]Part, error) {
	if r.refusal == nil && len(r.parts) == 0 {
		r.Refuse("empty-message", "there is nothing to send")
	}
	if r.refusal != nil {
		return nil, r.refusal
	}
	return r.parts, nil
}
