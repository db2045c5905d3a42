package rounds

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/channels/markup"
	"baraza/simulator"
)

// Plain is a text of a flow without marks.
func Plain(s string) string { return simulator.Unisolated(markup.Plain(s)) }

func itoa(n int) string { return strconv.Itoa(n) }

// Share says how many of how many, with a share only where it says something.
func Share(k, n int) string {
	of, percent, low, high := share(k, n)
	if percent < 0 {
		return of
	}
	return fmt.Sprintf("%s (%d %%; likely between %d and %d %%)", of, percent, low, high)
}

// Markdown is the report as a page.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", mark(r.Round.Title))
	fmt.Fprintf(&b, "Pack %s, version %s. As of %s.\n\n", mark(r.Round.Pack), mark(r.Round.Version), r.At.UTC().Format(time.DateOnly))
	r.people(&b)
	r.tasks(&b)
	r.missed(&b)
	r.findings(&b)
	r.coverage(&b)
	return b.String()
}

func (r *Report) people(b *strings.Builder) {
	b.WriteString("## Who took part\n\n")
	fmt.Fprintf(b, "- Recorded: %d, of these finished: %d. Tried without being recorded: %d.\n", r.Participants, r.Finished, r.Round.Unrecorded)
	if gone := r.Round.Participants - r.Participants; gone > 0 {
		fmt.Fprintf(b, "- Deleted by the tester or since: %d. They count nowhere below.\n", gone)
	}
	if r.Finished > 0 {
		fmt.Fprintf(b, "- Half of the finished sessions took up to %s and %s.\n", Spell(r.Time), counted(r.Turns, "turn"))
	}
	if rated := r.Faces[1] + r.Faces[2] + r.Faces[3]; rated > 0 {
		fmt.Fprintf(b, "- Faces: good %d, so so %d, bad %d, of %d.\n", r.Faces[3], r.Faces[2], r.Faces[1], rated)
	}
	if r.Participants > 0 && r.Participants < fewest {
		fmt.Fprintf(b, "- With fewer than %d people, read what they said, not how many.\n", fewest)
	}
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return itoa(n) + " " + word + "s"
}

func (r *Report) tasks(b *strings.Builder) {
	if len(r.Tasks) == 0 {
		return
	}
	b.WriteString("\n## Tasks\n\n| Task | Succeeded | Gave up | Needed help | Time | Turns | Not understood |\n|---|---|---|---|---|---|---|\n")
	for _, t := range r.Tasks {
		text, _ := t.Words()
		took, turns := "–", "–"
		if t.Succeeded > 0 {
			took, turns = Spell(t.Time), itoa(t.Turns)
		}
		fmt.Fprintf(b, "| %s | %s | %d | %d | %s | %s | %d |\n", mark(oneLine(text)), Share(t.Succeeded, t.N), t.GaveUp, t.NeededHelp, took, turns, t.Missed)
	}
	b.WriteString("\nWho was done and reached the step that counts has succeeded. Time and turns are medians of these.\n")
	for _, t := range r.Tasks {
		if thought := t.Done - t.Succeeded; thought > 0 {
			text, _ := t.Words()
			fmt.Fprintf(b, "\n%s: %d said to be done and had not come to %s.\n", mark(oneLine(text)), thought, mark(t.Task.Reach))
		}
	}
}

// Words are the task and their language: English where it has that, else the first of its languages.
func (t *TaskReport) Words() (text, language string) {
	if text := t.Task.Text["en"]; text != "" {
		return text, "en"
	}
	languages := make([]string, 0, len(t.Task.Text))
	for l := range t.Task.Text {
		languages = append(languages, l)
	}
	if len(languages) == 0 {
		return t.Task.ID, ""
	}
	language = slices.Min(languages)
	return t.Task.Text[language], language
}

func (r *Report) missed(b *strings.Builder) {
	if len(r.Missed) == 0 {
		return
	}
	b.WriteString("\n## Where people were not understood\n\n")
	for _, m := range r.Missed {
		var wrote []string
		for _, text := range m.Wrote {
			wrote = append(wrote, "“"+mark(text)+"”")
		}
		fmt.Fprintf(b, "- %s: %s, %s. They wrote %s.\n", mark(Place(m.Flow, m.Step)), counted(m.Times, "time"), people(m.Participants), strings.Join(wrote, ", "))
	}
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return itoa(n) + " people"
}

// Place is a step as people read it.
func Place(flow, step string) string {
	if flow == "" && step == "" {
		return "at the beginning"
	}
	return flow + "." + step
}

func (r *Report) findings(b *strings.Builder) {
	b.WriteString("\n## What people said\n")
	if len(r.Findings) == 0 {
		b.WriteString("\nNobody remarked anything.\n")
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(b, "\n### %s\n\n", mark(f.Title()))
		if f.Message != "" {
			fmt.Fprintf(b, "> %s\n\n", mark(oneLine(f.Message)))
		}
		if f.Older() && f.Now != "" {
			fmt.Fprintf(b, "Now: %s\n\n", mark(oneLine(Plain(f.Now))))
		}
		for _, remark := range f.Remarks {
			line := remarkLine(&remark.Remark)
			fmt.Fprintf(b, "%s (participant %d, version %s", line, remark.Tester, mark(remark.Version))
			if remark.Older {
				b.WriteString(", on older wording")
			}
			b.WriteString(")\n")
			if done := remark.Settled; done != nil {
				fmt.Fprintf(b, "  - settled by %s on %s: %s\n", mark(done.By), done.At.UTC().Format(time.DateOnly), mark(oneLine(done.Why)))
			}
		}
	}
}

// Title is which message in which language a finding is about.
func (f *Finding) Title() string {
	switch {
	case f.Message == "":
		return "On the whole"
	case f.String == "":
		return Place(f.Flow, f.Step) + ", " + f.Language
	}
	return f.String + ", " + f.Language
}

// Older says that somebody spoke about another wording than the one of now.
func (f *Finding) Older() bool {
	return slices.ContainsFunc(f.Remarks, func(r FindingRemark) bool { return r.Older })
}

func (r *Report) coverage(b *strings.Builder) {
	if len(r.Coverage) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## What nobody tried\n\nCompared with version %s.\n", mark(r.Version))
	if r.Unplayed > 0 {
		fmt.Fprintf(b, "Left out: %d whose persona does not fit this version.\n", r.Unplayed)
	}
	for _, p := range r.Coverage {
		fmt.Fprintf(b, "\n%s: %d of %d were tried.\n", strings.ToUpper(p.Name[:1])+p.Name[1:], p.Total-len(p.Unseen), p.Total)
		if len(p.Unseen) > 0 {
			b.WriteByte('\n')
		}
		for _, name := range p.Unseen {
			fmt.Fprintf(b, "- %s\n", mark(oneLine(name)))
		}
	}
}

// columns of the table of findings. The last four are for the team to fill in.
var columns = []string{
	"flow", "step", "language", "remark", "what they said", "participant", "message as shown", "message now", "older wording",
	"string", "version", "voice note", "severity 1-4", "owner", "status", "tested again",
}

// CSV is what people said as a table for a spreadsheet, one remark a row, in UTF-8 with a mark that Excel needs.
// Cells that a spreadsheet would take for a formula begin with an apostrophe.
func (r *Report) CSV() []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = cell(cells[i])
		}
		_ = w.Write(cells) // into memory
	}
	row(slices.Clone(columns)...)
	for _, f := range r.Findings {
		for _, k := range f.Remarks {
			row(f.Flow, f.Step, f.Language, RemarkNames[k.Kind], k.Text, itoa(k.Tester), k.Message, Plain(f.Now), yes(k.Older),
				f.String, k.Version, yes(k.Voice != ""), "", "", "", "")
		}
	}
	w.Flush()
	return b.Bytes()
}

func yes(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

// cell keeps a spreadsheet from running what a tester wrote.
func cell(s string) string {
	if s != "" && strings.ContainsAny(firstRune(s), "=+-@\t\r\n＝＋－＠") {
		return "'" + s
	}
	return s
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
