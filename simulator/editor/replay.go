package editor

import (
	"slices"
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

// Talk is a conversation as the person had it: on which channel, in which language, and what was said. What is ""
// is as the pack has it.
type Talk struct {
	Channel  string `json:"channel"`
	Language string `json:"language"`
	Words    []Word `json:"words"`
}

// Replay says everything again on a program. An option that is no longer offered is written as text, as somebody
// with the old message on the phone would; the words stay what was said.
func Replay(p *program.Program, start time.Time, talk Talk) *simulator.Conversation {
	c := simulator.Start(p, start)
	c.Language = talk.Language
	if slices.ContainsFunc(p.Channels, func(ch program.Channel) bool { return ch.Name == talk.Channel }) {
		c.Channel = talk.Channel
	}
	for _, w := range talk.Words {
		if !w.Tap || !c.Tap(simulator.Unisolated(w.Text)) {
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

// said are the lines that somebody can see, in words.
func said(c *simulator.Conversation) []string {
	var all []string
	for _, l := range visible(c) {
		all = append(all, l.Said(c.Program))
	}
	return all
}

// visible are the lines that somebody can see.
func visible(c *simulator.Conversation) []simulator.Line {
	var all []simulator.Line
	for _, l := range c.Lines {
		if l.Said(c.Program) != "" {
			all = append(all, l)
		}
	}
	return all
}
