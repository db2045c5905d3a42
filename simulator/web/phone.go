package web

import (
	"baraza/engine"
	"baraza/simulator"
	"baraza/simulator/editor"
)

// phone is what the phone beside the editor shows, as the page gets it.
type phone struct {
	Ready   bool               `json:"ready"`  // a program is there to talk to
	Errors  bool               `json:"errors"` // the text on the screen has some; the lines are from before
	Lines   []phoneLine        `json:"lines"`
	Differs *editor.Difference `json:"differs,omitempty"`

	Title     string   `json:"title,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Channels  []string `json:"channels,omitempty"`
}

type phoneLine struct {
	Who  string `json:"who"` // "person", "message" or "outside"
	Text string `json:"text,omitempty"`
	Sent *shown `json:"sent,omitempty"` // of a message
}

// phoneShows is the notification to the page. Files have no address: the phone names them.
func phoneShows(v editor.View) any {
	p := phone{Ready: v.Program != nil, Errors: v.Errors, Differs: v.Differs, Lines: []phoneLine{}}
	if v.Program != nil {
		p.Title, p.Languages = v.Program.Title, v.Program.Languages
		for _, c := range v.Program.Channels {
			p.Channels = append(p.Channels, c.Name)
		}
	}
	for _, l := range v.Lines {
		switch {
		case l.Send != nil:
			m := message(l.Send, func(engine.Media) string { return "" })
			p.Lines = append(p.Lines, phoneLine{Who: "message", Sent: &m})
		case l.Who == simulator.Person:
			p.Lines = append(p.Lines, phoneLine{Who: "person", Text: l.Text})
		default:
			p.Lines = append(p.Lines, phoneLine{Who: "outside", Text: l.Said(v.Program)})
		}
	}
	return map[string]any{"jsonrpc": "2.0", "method": "phone/shows", "params": p}
}
