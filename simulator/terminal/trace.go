package terminal

import (
	"fmt"

	"baraza/engine"
)

// trace prints one thing the engine did, while it does it.
func (c *Chat) trace(e engine.TraceEvent) {
	if text := c.traceText(e); text != "" {
		c.show()
		fmt.Fprintln(c.Out, c.paint.dim(c.paint.wrapped("  | "+c.paint.visible(text))))
	}
}

func (c *Chat) traceText(e engine.TraceEvent) string {
	p := c.talk.Program
	switch e.Kind {
	case engine.TraceStep:
		s := p.Steps[e.Index]
		return fmt.Sprintf("step %s.%s (%s:%d)", p.Flows[s.Flow].Name, s.Name, s.File, s.Line)
	case engine.TraceState:
		return "waits at " + p.States[e.Index].Identity
	case engine.TraceOption:
		s := p.States[e.Index]
		if s.Ask != nil && e.Sub >= 0 && e.Sub < len(s.Ask.Options) {
			return "chose " + s.Ask.Options[e.Sub].ID
		}
		return "chose a row"
	case engine.TraceWhen:
		return "when " + p.States[e.Index].Whens[e.Sub].Kind.String()
	case engine.TraceTrigger:
		return "trigger " + p.Triggers[e.Index].Name
	case engine.TraceReply:
		return "understood " + e.Text
	}
	return ""
}
