package rounds

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Markdown is the session as people read it: who said what, with the remarks below the messages they are about.
// Voice notes and photos are not part of it.
func (s *Session) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Participant %d\n\n%s\n", s.Tester, s.about())
	for _, r := range s.Remarks {
		if r.Turn == 0 {
			b.WriteString("\n" + remarkLine(&r) + "\n")
		}
	}
	for i := range s.Turns {
		t := &s.Turns[i]
		if t.Does == StaffReply && s.passesOn(i) {
			continue
		}
		b.WriteString("\n" + t.markdown())
		for j := range s.Remarks {
			if s.Remarks[j].Turn == t.N {
				b.WriteString("\n" + remarkLine(&s.Remarks[j]) + "\n")
			}
		}
	}
	return b.String()
}

// passesOn says that what the team writes in the nth turn reaches the tester in one of those that follow from it.
func (s *Session) passesOn(n int) bool {
	for i := n + 1; i < len(s.Turns) && s.Turns[i].Does == ""; i++ {
		if s.Turns[i].PassedOn() {
			return true
		}
	}
	return false
}

// about says in a sentence or two what the session is.
func (s *Session) about() string {
	parts := []string{
		"Pack " + mark(s.Pack) + ", version " + mark(s.Version), "begun " + s.Begun.UTC().Format("2006-01-02 15:04") + " UTC",
	}
	if s.Language != "" {
		parts = append(parts, "language "+mark(s.Language))
	}
	if s.Ended.IsZero() {
		parts = append(parts, "not finished")
	} else {
		parts = append(parts, "took "+Spell(s.Ended.Sub(s.Begun)))
	}
	return strings.Join(parts, "; ") + ".\n\nNumbers and addresses that testers wrote are masked."
}

// Aside says that nobody said the turn: it happened.
func (t *Turn) Aside() bool {
	return t.Who == Outside || t.Who == Clock || t.Who == Studio || t.Does == StaffDone
}

func (t *Turn) markdown() string {
	switch {
	case t.Aside():
		return "_" + mark(oneLine(t.Text)) + "_\n"
	case t.Who == Bot:
		var b strings.Builder
		for line := range strings.SplitSeq(t.Text, "\n") {
			b.WriteString(strings.TrimRight("> "+mark(line), " ") + "  \n")
		}
		for _, label := range t.Options {
			b.WriteString("> - " + mark(label) + "\n")
		}
		return b.String()
	}
	text := "**" + Speakers[t.Who] + ":** " + mark(oneLine(t.Text))
	if t.Does == Tap {
		text = "**" + Speakers[t.Who] + " taps:** " + mark(t.Text)
	}
	if t.Missed {
		text += " — not understood"
	}
	return text + "\n"
}

func remarkLine(r *Remark) string {
	text := "- " + RemarkNames[r.Kind]
	if r.Author != "" {
		text += ", by " + mark(oneLine(r.Author))
	}
	if r.Text != "" {
		text += ": " + mark(oneLine(r.Text))
	}
	if r.Voice != "" {
		text += " (with a voice note)"
	}
	return text
}

// RemarkNames are what the tester chose, in words.
var RemarkNames = map[string]string{
	Unclear: "I don't understand", Wrong: "wrong", Harmful: "this could hurt someone", Better: "say it better",
}

// JSON is the session for other programs: as Markdown has it, without tokens, layout and recordings.
func (s *Session) JSON() ([]byte, error) {
	out := *s
	out.Media = nil
	out.Turns = make([]Turn, len(s.Turns))
	for i, t := range s.Turns {
		t.Send, t.Token, t.Media = nil, "", ""
		out.Turns[i] = t
	}
	out.Remarks = make([]Remark, len(s.Remarks))
	for i, r := range s.Remarks {
		if r.Voice != "" {
			r.Voice = "kept"
		}
		out.Remarks[i] = r
	}
	return json.MarshalIndent(out, "", "  ")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// mark writes a text so that Markdown shows it as it is.
func mark(s string) string { return markdownMarks.Replace(s) }

var markdownMarks = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`,
	"|", `\|`, "~", `\~`, "!", `\!`,
)

// Spell is a stretch of time as a report says it: seconds up to two minutes, then minutes, then hours.
func Spell(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
}
