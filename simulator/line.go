package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"baraza/channels"
	"baraza/channels/markup"
	"baraza/engine"
	"baraza/engine/program"
)

// Who speaks in a transcript.
type Who uint8

const (
	Person Who = iota + 1
	Bot
	Staff
	// Outside is what the flow asked of the world: a hand-over, a saved record, an alert.
	Outside
	// Clock is time passing.
	Clock
)

// Line is one entry of a transcript. Send is set for Bot and Staff, Effect for most of Outside.
type Line struct {
	Who    Who
	At     time.Time
	Text   string // of Person and Clock, and of Outside without an effect
	Send   *engine.Outgoing
	Effect *engine.Effect
}

// Said is what a line says in plain words, without marks; the options of a question follow on lines of their own.
func (l Line) Said(p *program.Program) string {
	switch {
	case l.Send != nil:
		return SentText(l.Send)
	case l.Effect != nil:
		return effectText(p, l.Effect)
	}
	return l.Text
}

// SentText is a message as plain text.
func SentText(m *engine.Outgoing) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if m.Media.Kind != "" {
		add("[" + m.Media.Kind + " " + m.Media.ID + "]")
	}
	if m.Place != nil {
		add("[location " + decimal(m.Place.Lat) + ", " + decimal(m.Place.Lon) + "]")
	}
	if m.Contact != "" {
		add("[contact " + m.Contact + "]")
	}
	if m.Template != "" {
		add("[template " + m.Template + values(m.Args) + "]")
	}
	add(markup.Plain(m.Header))
	add(markup.Plain(m.Text))
	add(markup.Plain(channels.Linked(*m)))
	add(markup.Plain(m.Footer))
	for _, o := range m.Options {
		add(optionText(o))
	}
	return strings.Join(parts, "\n")
}

// optionText is an option as a line of numbered text.
func optionText(o engine.Choice) string {
	text := OptionSign(o) + markup.Plain(o.Label)
	if o.About != "" {
		text += " (" + markup.Plain(o.About) + ")"
	}
	return text
}

// OptionSign is what stands before an option: its number, or a stroke where only its label can be answered, since
// a number is asked for.
func OptionSign(o engine.Choice) string {
	if o.Number < 0 {
		return "  -  "
	}
	return fmt.Sprintf("%3d. ", o.Number)
}

// decimal is a number with as many digits as it has.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func values(args []engine.Value) string {
	if len(args) == 0 {
		return ""
	}
	var parts []string
	for _, a := range args {
		parts = append(parts, a.Name+" = "+ValueText(a.Value))
	}
	return ": " + strings.Join(parts, ", ")
}

// ValueText is a value as a designer reads it.
func ValueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "unset"
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return decimal(v)
	case string:
		return strconv.Quote(v)
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, ValueText(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *program.Row:
		if v == nil {
			return "unset"
		}
		if v.Table != "" {
			return v.Table + " " + v.ID
		}
		var parts []string
		for i, name := range v.Columns {
			if i < len(v.Cells) {
				parts = append(parts, name+" "+ValueText(v.Cells[i]))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case engine.Media:
		return v.Kind
	case program.Location:
		return decimal(v.Lat) + ", " + decimal(v.Lon)
	}
	return fmt.Sprint(v)
}

// effectText is an effect in one bracketed line, "" for those that only a trace shows.
func effectText(p *program.Program, e *engine.Effect) string {
	urgent := ""
	if e.Flag {
		urgent = ", urgent"
	}
	switch e.Kind {
	case engine.OpenCase:
		text := "[handed to " + teamTitle(p, e.Name) + urgent + ": " + markup.Plain(e.Text) + "]"
		if e.More != "" {
			text += "\n[" + markup.Plain(e.More) + "]"
		}
		if len(e.Args) > 0 {
			text += "\n[shared" + values(e.Args) + "]"
		}
		return text
	case engine.CaseMessage:
		if e.Media.Kind != "" {
			return "[passed on to the team: " + e.Media.Kind + "]"
		}
		return "[passed on to the team: " + e.Text + "]"
	case engine.CloseCase:
		return "[the case is closed]"
	case engine.SaveRecord:
		did := "saved "
		if e.Flag {
			did = "updated "
		}
		return "[" + did + e.Name + " " + e.Ref + values(e.Args) + "]"
	case engine.RecordConsent:
		answer := "refused"
		if e.Flag {
			answer = "agreed"
		}
		return "[consent " + e.Name + ", version " + strconv.Itoa(e.Version) + ": " + answer + "]"
	case engine.Alert:
		return "[alert to " + teamTitle(p, e.Name) + urgent + ": " + markup.Plain(e.Text) + "]"
	case engine.Fetch:
		return "[asked " + e.Name + values(e.Args) + "]"
	case engine.OptOut:
		return "[opted out]"
	case engine.OptIn:
		return "[opted in]"
	case engine.Erase:
		return "[everything about this person is erased]"
	case engine.Export:
		return "[a copy of what is held is prepared]"
	case engine.SetTimer:
		return reminderText(p, e)
	case engine.Pause:
		return "[typing for " + strconv.Itoa(e.Seconds) + " seconds]"
	case engine.Ended:
		return "[the conversation ended]"
	case engine.Report:
		return "[reported: " + e.Code + "]"
	}
	return ""
}

// reminderText is a planned reminder; other timers are for a trace only.
func reminderText(p *program.Program, e *engine.Effect) string {
	if e.Name == "" {
		return ""
	}
	due := e.Due
	if zone, err := time.LoadLocation(p.Timezone); err == nil {
		due = due.In(zone)
	}
	text := "[reminder on " + due.Format("2006-01-02 15:04") + ": " + e.Name
	if e.Ref != "" {
		text += ", with the template " + e.Ref
	}
	return text + "]"
}

// TraceText is any effect in one line, for --trace.
func TraceText(p *program.Program, e *engine.Effect) string {
	switch e.Kind {
	case engine.SetTimer:
		return "set timer " + strconv.FormatUint(uint64(e.Timer), 10) + " for " + e.Due.UTC().Format(time.RFC3339)
	case engine.CancelTimer:
		return "cancel timer " + strconv.FormatUint(uint64(e.Timer), 10)
	case engine.SetField:
		return "set field " + e.Name + " = " + ValueText(e.Value)
	case engine.Unsend:
		return "what waits to be sent is dropped"
	}
	text := effectText(p, e) // in brackets, as all of them are
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"), "]\n[", "; ")
}

// teamTitle is a team's title, else its name.
func teamTitle(p *program.Program, name string) string {
	for _, t := range p.Teams {
		if t.Name == name && t.Title != "" {
			return t.Title
		}
	}
	return name
}
