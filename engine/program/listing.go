package program

import (
	"fmt"
	"io"
	"strings"
)

// List writes the code of a program for people: one instruction a line, by flow and step, with what it refers
// to by name. It is for goldens and for looking inside; nothing reads it back.
func List(w io.Writer, p *Program) error {
	l := lister{p: p}
	for pc := range p.Code {
		l.op(pc, &p.Code[pc])
	}
	_, err := io.WriteString(w, l.b.String())
	return err
}

type lister struct {
	p *Program
	b strings.Builder
}

// names of the instructions, as a listing shows them.
var names = [...]string{
	OpSay: "say", OpSayOneOf: "say one of", OpSayMedia: "say media", OpSayLocation: "say location",
	OpSayContact: "say contact", OpSayLink: "say link", OpSayTemplate: "say template", OpAsk: "ask", OpNeed: "need", OpHandOver: "hand over",
	OpFetch: "fetch", OpWait: "wait", OpKeep: "keep waiting", OpJump: "jump", OpJumpUnless: "jump unless",
	OpStep: "step", OpMove: "move", OpEnd: "end", OpCall: "call", OpReturn: "return", OpForEach: "for each",
	OpNext: "next", OpBack: "back", OpSet: "set", OpSave: "save", OpAlert: "alert", OpRemind: "remind",
	OpCancelReminders: "cancel reminders", OpHide: "hide", OpOptOut: "opt out", OpOptIn: "opt in",
	OpErase: "erase", OpExport: "export",
}

func (c OpCode) String() string {
	if int(c) < len(names) && names[c] != "" {
		return names[c]
	}
	return fmt.Sprintf("op %d", uint8(c))
}

func (l *lister) op(pc int, op *Op) {
	if op.Code == OpStep {
		fmt.Fprintf(&l.b, "%s%s\n", l.step(op.Ref), l.marks(op.Ref))
	}
	line := fmt.Sprintf("%4d %s", pc, op.Code)
	for _, part := range l.parts(op) {
		if part != "" {
			line += " " + part
		}
	}
	l.b.WriteString(line + "\n")
	if op.State != None && op.Code != OpKeep {
		l.blocks(&l.p.States[op.State])
	}
}

// parts are what an instruction says after its name; empty ones are left out.
func (l *lister) parts(op *Op) []string {
	switch op.Code {
	case OpStep, OpEnd, OpBack, OpCancelReminders, OpOptOut, OpOptIn, OpErase, OpExport:
		return nil
	case OpSay, OpHide:
		return []string{l.string(op.Text)}
	case OpSayOneOf:
		return []string{fmt.Sprintf("place %d: %s", op.N, l.strings(op.Texts))}
	case OpSayMedia:
		return []string{op.Name, op.Path, strings.Join(op.Paths, " "), marked(op.Flag, "the step read aloud"), l.string(op.Text)}
	case OpSayLocation:
		return []string{l.args(op.Args), l.string(op.Text)}
	case OpSayContact:
		return []string{op.Name, l.string(op.Text)}
	case OpSayLink:
		return []string{op.Path, l.string(op.Text), "button: " + l.strings(op.Texts)}
	case OpSayTemplate:
		return []string{l.template(op.Ref), l.args(op.Args)}
	case OpAsk, OpNeed, OpHandOver, OpFetch:
		return []string{l.state(op.State), l.detail(&l.p.States[op.State])}
	case OpKeep:
		return []string{l.p.States[op.State].Identity}
	case OpWait:
		return []string{fmt.Sprintf("%d s", op.N)}
	case OpJump:
		return []string{fmt.Sprintf("to %d", op.To)}
	case OpJumpUnless:
		return []string{l.expr(op.Expr), fmt.Sprintf("to %d", op.To)}
	case OpMove:
		return []string{l.step(op.Ref), marked(op.N == 1, "(another flow)")}
	case OpCall:
		return []string{l.p.Flows[op.Ref].Name, l.args(op.Args), named("as", op.Name), "back at " + l.place(op.N)}
	case OpReturn:
		return []string{l.expr(op.Expr)}
	case OpForEach:
		return []string{op.Name, "in " + l.expr(op.Expr), named("where", l.expr(op.Ref)), l.place(op.N), fmt.Sprintf("else to %d", op.To)}
	case OpNext:
		return []string{l.p.Places[op.N].Identity, fmt.Sprintf("else to %d", op.To)}
	case OpSet:
		return []string{marked(op.Flag, "field"), op.Name, "= " + l.expr(op.Expr)}
	case OpSave:
		return []string{l.p.Records[op.Ref].Name, named("as", op.Name), l.args(op.Args)}
	case OpAlert:
		return []string{l.p.Teams[op.Ref].Name, marked(op.Flag, "urgent"), l.string(op.Text)}
	case OpRemind:
		return []string{fmt.Sprintf("in %d s of %s at %d", op.N, op.Name, op.To), l.template(op.Ref), l.args(op.Args)}
	}
	return nil
}

func marked(on bool, word string) string {
	if on {
		return word
	}
	return ""
}

func named(word, name string) string {
	if name == "" {
		return ""
	}
	return word + " " + name
}

func (l *lister) step(i int) string {
	s := &l.p.Steps[i]
	return l.p.Flows[s.Flow].Name + "." + s.Name
}

func (l *lister) place(i int) string {
	p := &l.p.Places[i]
	text := fmt.Sprintf("%d (%s)", p.PC, p.Identity)
	if p.UpTo > 0 {
		text += fmt.Sprintf(" up to %d", p.UpTo)
	}
	if p.None != None {
		text += fmt.Sprintf(" none at %d", p.None)
	}
	return text
}

func (l *lister) template(i int) string {
	if i == None {
		return ""
	}
	return "template " + l.p.Template[i].Name
}

func (l *lister) args(args []Arg) string {
	var parts []string
	for _, a := range args {
		parts = append(parts, a.Name+"="+l.expr(a.Expr))
	}
	return strings.Join(parts, ", ")
}

// string is a text by its id and its wording.
func (l *lister) string(i int) string {
	if i == None {
		return ""
	}
	return fmt.Sprintf("%s %q", l.p.Strings[i].ID, l.text(i))
}

func (l *lister) strings(texts []int) string {
	var parts []string
	for _, i := range texts {
		parts = append(parts, fmt.Sprintf("%q", l.text(i)))
	}
	return strings.Join(parts, " ")
}

func (l *lister) marks(step int) string {
	s := &l.p.Steps[step]
	marks := ""
	for _, m := range []string{
		marked(s.Public, "public"), marked(s.Sensitive, "sensitive"), marked(s.ForChildren, "for children"),
		marked(s.EveryLanguage, "in every language"), named("review by", s.ReviewBy),
		named("source", strings.Join(s.Sources, " ")), named("moved from", strings.Join(s.MovedFrom, " ")),
	} {
		if m != "" {
			marks += ", " + m
		}
	}
	return marks
}

// expr is the source of an expression, "" for none.
func (l *lister) expr(i int) string {
	if i == None {
		return ""
	}
	return l.p.Exprs[i].Source
}

// text is the source wording, shortened.
func (l *lister) text(i int) string {
	if i == None || len(l.p.Strings[i].Texts) == 0 {
		return ""
	}
	var b strings.Builder
	for _, s := range l.p.Strings[i].Texts[0] {
		switch s.Kind {
		case Literal:
			b.WriteString(s.Literal)
		case Number:
			b.WriteString("#")
		default:
			b.WriteString("{" + l.expr(s.Expr) + "}")
		}
	}
	if r := []rune(b.String()); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return b.String()
}

func (l *lister) state(i int) string {
	s := &l.p.States[i]
	return fmt.Sprintf("%s (below: %d)", s.Identity, s.Next)
}

// detail is what a state waits for, in one line.
func (l *lister) detail(s *State) string {
	switch {
	case s.Ask != nil:
		a := s.Ask
		bounds := ""
		if a.UpTo > 0 {
			bounds = fmt.Sprintf("up to %d", a.UpTo)
		}
		if a.From != nil && a.To != nil {
			bounds = fmt.Sprintf("from %g to %g", *a.From, *a.To)
		}
		kind := ""
		if a.Type != Any {
			kind = kinds[a.Type]
		}
		return strings.Join(strings.Fields(strings.Join([]string{
			marked(a.Several, "several"), kind, strings.Join(a.Media, " "), bounds, marked(a.Field, "into the field"),
		}, " ")), " ")
	case s.Fetch != nil:
		return "from " + l.p.Services[s.Fetch.Service].Name + " " + l.args(s.Fetch.Args)
	case s.HandOver != nil:
		h := s.HandOver
		urgent := marked(h.Urgent, "urgent ")
		if h.If != None {
			urgent += "if " + l.expr(h.If) + " "
		}
		return strings.TrimSpace(urgent + l.string(h.Summary))
	}
	return fmt.Sprintf("version %d", l.p.Consents[s.Consent].Version)
}

// kinds of values, as a listing shows them.
var kinds = [...]string{
	Any: "any", TextKind: "text", NumberKind: "number", YesNo: "yes or no", DateKind: "date", TimeKind: "time",
	PhoneKind: "phone", EmailKind: "email", LocationKind: "location", MediaKind: "media", LanguageKind: "language",
	ChoiceKind: "choice", ListKind: "list", RowKind: "row", HoursKind: "hours",
}

// blocks are the lines of a state: its texts, its options, its when lines, and what may be read from here on.
func (l *lister) blocks(s *State) {
	line := func(format string, args ...any) { fmt.Fprintf(&l.b, "       "+format+"\n", args...) }
	if h := s.HandOver; h != nil {
		l.property("text", h.Text)
		if len(h.Share) > 0 {
			line("share %s", strings.Join(h.Share, ", "))
		}
	}
	if a := s.Ask; a != nil {
		line("%s", l.string(a.Text))
		if a.Image != "" {
			line("image %s", a.Image)
		}
		l.property("header", a.Header)
		l.property("footer", a.Footer)
		l.property("list button", a.ListButton)
		l.property("why", a.Why)
		if a.Rows != nil {
			line("- rows of %s%s by %s", l.expr(a.Rows.Expr), marked(a.Rows.Where != None, " where "+l.expr(a.Rows.Where)), a.Rows.Show)
		}
		for i := range a.Options {
			line("%s", l.option(&a.Options[i]))
		}
		l.property("skip", a.Skip)
	}
	for i := range s.Whens {
		line("%s", l.when(&s.Whens[i]))
	}
	if len(s.Reads) > 0 {
		line("reads %s", strings.Join(s.Reads, ", "))
	}
}

func (l *lister) property(name string, text int) {
	if text != None {
		fmt.Fprintf(&l.b, "       %s %q\n", name, l.text(text))
	}
}

func (l *lister) option(o *Option) string {
	text := fmt.Sprintf("- %s %q at %d", o.ID, l.text(o.Label), o.PC)
	if o.About != None {
		text += fmt.Sprintf(" about %q", l.text(o.About))
	}
	for _, a := range o.Also {
		text += " also " + a.Lang + " " + strings.Join(a.Words, ", ")
	}
	if o.If != None {
		text += " only if " + l.expr(o.If)
	}
	return text
}

func (l *lister) when(w *When) string {
	text := "when " + w.Kind.String()
	if len(w.Media) > 0 {
		text = "when " + strings.Join(w.Media, " or ")
	}
	if w.Var != "" {
		text += " as " + w.Var
	}
	if w.Times > 0 {
		text += fmt.Sprintf(" %d times", w.Times)
	}
	if w.Seconds > 0 {
		text += fmt.Sprintf(" for %d s", w.Seconds)
	}
	if w.Text != None {
		text += fmt.Sprintf(" %q", l.text(w.Text))
	}
	if w.PC != None {
		text += fmt.Sprintf(" at %d", w.PC)
	}
	return text
}

func (k WhenKind) String() string {
	kinds := [...]string{
		WhenNotUnderstood: "not understood", WhenSilent: "silent", WhenRefused: "refused", WhenNone: "none",
		WhenFailed: "failed", WhenWaiting: "waiting", WhenOutsideHours: "outside hours", WhenAnswered: "answered",
		WhenNoAnswer: "no answer", WhenDone: "done", WhenMedia: "media",
	}
	if int(k) < len(kinds) && kinds[k] != "" {
		return kinds[k]
	}
	return fmt.Sprintf("when %d", uint8(k))
}
