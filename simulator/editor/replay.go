package editor

import (
	"time"

	"baraza/engine/program"
	"baraza/simulator"
)

// Word is one thing that the person said: a text, or the label of an option that was tapped.
type Word struct {
	Text string `json:"text"`
	Tap  bool   `json:"tap,omitempty"`
}

// Difference is the first line in which two conversations are not the same. Before or After is "" where one of them
// has ended by then.
type Difference struct {
	Line   int    `json:"line"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Replay says everything again on a program. An option that is no longer offered is written as text, as somebody
// with the old message on the phone would; the words stay what was said.
func Replay(p *program.Program, start time.Time, words []Word) *simulator.Conversation {
	c := simulator.Start(p, start)
	for _, w := range words {
		if !w.Tap || !c.Tap(w.Text) {
			c.Write(w.Text)
		}
	}
	return c
}

// Differs is the first difference between two conversations, as people read them; nil where there is none.
func Differs(before, after *simulator.Conversation) *Difference {
	old, now := said(before), said(after)
	for i := range max(len(old), len(now)) {
		var b, a string
		if i < len(old) {
			b = old[i]
		}
		if i < len(now) {
			a = now[i]
		}
		if a != b {
			return &Difference{i, b, a}
		}
	}
	return nil
}

// said are the lines that somebody can see.
func said(c *simulator.Conversation) []string {
	var all []string
	for _, l := range c.Lines {
		if text := l.Said(c.Program); text != "" {
			all = append(all, text)
		}
	}
	return all
}
