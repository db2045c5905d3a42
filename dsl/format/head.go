package format

import (
	"fmt"
	"strconv"
	"strings"

	"baraza/dsl/ast"
)

// head prints the words of a line, without its text. Every kind of line has its one printing here.
func (p *page) head(h ast.Head) string {
	switch h := h.(type) {
	case *ast.Pack:
		return "pack " + h.ID.Text
	case *ast.Use:
		return "use " + h.Path + " as " + h.As.Text
	case *ast.Bind:
		return h.Library.Text + "." + h.Kind.Text + " " + h.Name.Text + " is " + h.Value.Text
	case *ast.Country:
		return "country " + h.Code.Text
	case *ast.Timezone:
		return "timezone " + h.Name
	case *ast.Languages:
		return "languages " + p.list(h.Tags)
	case *ast.Channels:
		return "channels " + p.list(h.Names)
	case *ast.Notice:
		return "notice " + h.Consent.Text
	case *ast.Start:
		return "start " + target(h.Target)
	case *ast.Fallback:
		return "fallback " + target(h.Target)
	case *ast.Silent:
		return "silent for " + duration(h.For) + " -> " + target(h.Target)
	case *ast.Example:
		return "example"
	case *ast.Needs:
		return "release needs"
	case *ast.Gate:
		if h.AtLeast != nil {
			return h.Name + " " + strconv.Itoa(*h.AtLeast)
		}
		return h.Name
	case *ast.Hours:
		return "hours " + h.Name.Text
	case *ast.Days:
		return days(h.Days) + " " + join(h.Times, times)
	case *ast.Closed:
		return "closed " + join(h.Dates, date)
	case *ast.Team:
		return "team " + h.Name.Text
	case *ast.HoursRef:
		return "hours " + h.Name.Text
	case *ast.Answer:
		return "answer within " + duration(h.Within)
	case *ast.Escalate:
		return "escalate after " + duration(h.After) + " to " + h.To.Text
	case *ast.Field:
		return "field " + h.Name.Text + ": " + p.typ(h.Type) + marks(h.Marks) + kept(h.Kept)
	case *ast.Words:
		return "words " + h.Name.Text + marks(h.Marks)
	case *ast.WordRow:
		return h.Lang.Text + ": " + p.list(h.Words)
	case *ast.Consent:
		return "consent " + h.Name.Text + ", version " + strconv.Itoa(h.Version)
	case *ast.Covers:
		return "covers " + p.list(h.Names)
	case *ast.Table:
		return "table " + h.Name.Text + " from " + h.Path
	case *ast.Column:
		return h.Name.Text + ": " + p.typ(h.Type) + marks(h.Marks)
	case *ast.Record:
		return "record " + h.Name.Text + marks(h.Marks) + kept(h.Kept)
	case *ast.ReadBy:
		return "read by " + p.list(h.Teams)
	case *ast.Template:
		return "template " + h.Name.Text + ", " + h.Category.Text
	case *ast.Sample:
		return "sample " + h.Name.Text
	case *ast.Service:
		return "service " + h.Name.Text
	case *ast.Request:
		return h.Method + " " + h.URL
	case *ast.Header:
		return "header " + h.Name + ": secret " + h.Secret
	case *ast.Timeout:
		return "timeout " + duration(h.After)
	case *ast.Send:
		return "send"
	case *ast.Returns:
		return "returns"
	case *ast.Receives:
		return "may receive " + p.list(h.Names)
	case *ast.Texts:
		return "texts"
	case *ast.TextRow:
		return h.Name.Text
	case *ast.Flow:
		return "flow " + h.Name.Text
	case *ast.Takes:
		return "takes " + h.Name.Text + ": " + p.typ(h.Type)
	case *ast.Trigger:
		return "on " + p.trigger(h)
	case *ast.Anywhere:
		if h.ThenBack {
			return "anywhere, then back"
		}
		return "anywhere"
	case *ast.Step:
		return "step " + h.Name.Text
	case *ast.Mark:
		return h.Kind + mark(h)
	}
	return p.statement(h)
}

// statement prints what stands in steps and below statements.
func (p *page) statement(h ast.Head) string {
	switch h := h.(type) {
	case *ast.Say:
		return "say" + said(h)
	case *ast.Wording:
		return "-"
	case *ast.Ask:
		return "ask" + p.asked(h)
	case *ast.Option:
		if h.ID != nil {
			return "- [" + h.ID.Text + "]"
		}
		return "-"
	case *ast.Prop:
		return h.Name + spaced(h.Path)
	case *ast.Also:
		return "also: " + p.list(h.Words)
	case *ast.OnlyIf:
		return "only if " + expr(h.Cond)
	case *ast.When:
		return "when " + when(h)
	case *ast.If:
		return "if " + expr(h.Cond)
	case *ast.ElseIf:
		return "else if " + expr(h.Cond)
	case *ast.Else:
		return "else"
	case *ast.ForEach:
		s := "for each " + h.Row.Text + " in " + expr(h.Rows) + where(h.Where)
		if h.UpTo > 0 {
			s += ", up to " + strconv.Itoa(h.UpTo)
		}
		return s
	case *ast.Set:
		return "set " + h.Name.Text + " = " + expr(h.Expr)
	case *ast.Move:
		return "-> " + target(h.Target)
	case *ast.Call:
		return "call " + target(h.Flow) + with(h.With) + as(h.As)
	case *ast.Return:
		if h.Expr != nil {
			return "return " + expr(*h.Expr)
		}
		return "return"
	case *ast.End:
		return "end"
	case *ast.Need:
		return "need consent " + h.Consent.Text
	case *ast.HandOver:
		s := "hand over to " + h.Team.Text + urgent(h.Urgent)
		if h.If != nil {
			s += " if " + expr(*h.If)
		}
		return s
	case *ast.Share:
		return "share " + p.list(h.Names)
	case *ast.Alert:
		return "alert " + h.Team.Text + urgent(h.Urgent)
	case *ast.Save:
		return "save " + h.Record.Text + as(h.As)
	case *ast.Assign:
		return h.Name.Text + " = " + expr(h.Expr)
	case *ast.Fetch:
		return "fetch " + h.Name.Text + " from " + h.Service.Text + with(h.With)
	case *ast.Remind:
		return "remind in " + duration(h.In) + " -> " + target(h.Target)
	case *ast.TemplateUse:
		return "template " + h.Name.Text + with(h.With)
	case *ast.CancelReminders:
		return "cancel reminders"
	case *ast.Wait:
		return "wait " + duration(h.For)
	case *ast.Hide:
		return "hide"
	case *ast.OptOut:
		return "opt out"
	case *ast.OptIn:
		return "opt in"
	case *ast.EraseContact:
		return "erase contact"
	case *ast.ExportContact:
		return "export contact"
	}
	return p.testLine(h)
}

// testLine prints what stands in tests.
func (p *page) testLine(h ast.Head) string {
	switch h := h.(type) {
	case *ast.Test:
		return "test"
	case *ast.Given:
		if h.Consent != nil {
			return "given consent " + h.Consent.Text
		}
		return "given " + h.Name.Text + " = " + expr(*h.Expr)
	case *ast.InLanguage:
		return "language " + h.Tag.Text
	case *ast.OnChannel:
		return "channel " + h.Name.Text
	case *ast.At:
		return "at " + date(h.Date) + " " + clock(h.Minute)
	case *ast.Person:
		return "person" + person(h)
	case *ast.Bot:
		return "bot" + p.bot(h)
	case *ast.After:
		return "after " + duration(h.For)
	case *ast.Staff:
		if h.Done {
			return "staff done"
		}
		return "staff"
	case *ast.FetchGiven:
		if h.Failed {
			return "fetch " + h.Name.Text + " failed"
		}
		return "fetch " + h.Name.Text + ": " + h.Path
	case *ast.Expect:
		return "expect " + expected(h)
	}
	panic(fmt.Sprintf("unreachable: a test prints every kind of line, %T too", h))
}

// holdsLines tells whether lines may stand below this one.
func holdsLines(l *ast.Line) bool {
	switch h := l.Head.(type) {
	case *ast.Pack, *ast.Needs, *ast.Hours, *ast.Team, *ast.Field, *ast.Words, *ast.Consent, *ast.Table, *ast.Record,
		*ast.Template, *ast.Service, *ast.Send, *ast.Returns, *ast.Texts, *ast.Trigger, *ast.Step,
		*ast.Ask, *ast.Option, *ast.If, *ast.ElseIf, *ast.Else, *ast.ForEach, *ast.Need, *ast.HandOver,
		*ast.Save, *ast.Fetch, *ast.Remind, *ast.Test:
		return true
	case *ast.Column:
		return h.Type.Name == "list"
	case *ast.Say:
		return h.Kind == "one of" || h.Kind == "link"
	case *ast.When:
		return l.Text == nil
	}
	return false
}

func (p *page) trigger(h *ast.Trigger) string {
	switch h.Kind {
	case "message":
		return "message " + p.list(h.Words)
	case "containing":
		return "message containing " + p.list(h.Words)
	case "words":
		return "words " + h.Name.Text
	case "template":
		return "template " + h.Name.Text + spaced(h.Button)
	}
	return h.Kind + as(h.As)
}

func mark(h *ast.Mark) string {
	switch {
	case h.Date != nil:
		return " " + date(*h.Date)
	case h.From != nil:
		return " " + target(*h.From)
	}
	return spaced(h.Path)
}

func said(h *ast.Say) string {
	switch h.Kind {
	case "location":
		return " location " + expr(*h.Lat) + ", " + expr(*h.Lon)
	case "contact":
		return " contact " + h.Phone
	case "link":
		return " link " + h.Address
	case "template":
		return " template " + h.Template.Text + with(h.With)
	}
	return spaced(h.Kind) + spaced(h.Path)
}

func (p *page) asked(h *ast.Ask) string {
	var s string
	if h.Several {
		s += " several"
	}
	if h.Name != nil {
		s += " " + h.Name.Text
	}
	if h.Rows != nil {
		s += " from " + expr(*h.Rows)
	}
	s += where(h.Where)
	if h.Show != nil {
		s += " show " + h.Show.Text
	}
	if h.Type != nil {
		s += " as " + p.typ(*h.Type)
	}
	return s
}

func when(h *ast.When) string {
	s := h.Kind
	switch {
	case h.Kind == "media":
		s = strings.Join(h.Media, " or ") + as(h.As)
	case h.For != nil:
		s += " for " + duration(*h.For)
	case h.Times == 1:
		s += " 1 time"
	case h.Times > 1:
		s += " " + strconv.Itoa(h.Times) + " times"
	}
	if h.Target != nil {
		s += " -> " + target(*h.Target)
	}
	return s
}

func person(h *ast.Person) string {
	switch {
	case h.Does == "taps":
		return " taps"
	case h.Lat != nil && h.Lon != nil:
		return " sends " + h.Kind + " " + number(*h.Lat) + ", " + number(*h.Lon)
	case h.Does == "sends":
		return " sends " + h.Kind
	}
	return ""
}

func (p *page) bot(h *ast.Bot) string {
	switch h.Does {
	case "says":
		return ""
	case "offers":
		return " offers: " + p.list(h.Labels)
	case "template":
		return " template " + h.Template.Text
	}
	return " " + h.Does
}

func expected(h *ast.Expect) string {
	switch h.Kind {
	case "condition":
		return expr(*h.Cond)
	case "at":
		return "at " + target(*h.Target)
	case "handed":
		return "handed to " + h.Name.Text
	case "ended":
		return "ended"
	}
	return h.Kind + " " + h.Name.Text
}
