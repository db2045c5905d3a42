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
	OpSayContact: "say contact", OpSayTemplate: "say template", OpAsk: "ask", OpNeed: "need", OpHandOver: "hand over",
	OpFetch: "fetch", OpWait: "wait", OpKeep: "keep waiting", OpJump: "jump", OpJumpUnless: "jump unless",
	OpStep: "step", OpMove: "move", OpEnd: "end", OpCall: "call", OpReturn: "return", OpForEach: "for each",
	OpNext: "next", OpBack: "back", OpSet: "set", OpSave: "save", OpAlert: "alert", OpRemind: "remind",
	OpCancelReminders: "cancel reminders", OpHide: "hide", OpOptOut: "opt out", OpOptIn: "opt in",
	OpErase: "erase", OpExport: "export", OpResume: "resume",
}

func (c OpCode) String() string {
	if int(c) < len(names) && names[c] != "" {
		return names[c]
	}
	return fmt.Sprintf("op %d", uint8(c))
}

func (l *lister) op(pc int, op *Op) {
	if op.Code == OpStep {
		s := l.p.Steps[op.Ref]
		fmt.Fprintf(&l.b, "%s.%s\n", l.p.Flows[s.Flow].Name, s.Name)
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch op.Code {
	case OpStep:
		add("%s", l.marks(op.Ref))
	case OpMove, OpCall:
		add("%s", l.target(op))
	case OpForEach:
		add("%s in %s", op.Name, l.expr(op.Expr))
		if op.Ref != None {
			add("where %s", l.expr(op.Ref))
		}
		add("else %d", op.To)
	case OpSave:
		add("%s", l.p.Records[op.Ref].Name)
		if op.Name != "" {
			add("as %s", op.Name)
		}
	case OpAlert:
		add("%s", l.p.Teams[op.Ref].Name)
	default:
		if op.Name != "" {
			add("%s", op.Name)
		}
		if op.Expr != None {
			add("%s", l.expr(op.Expr))
		}
		if op.To != None {
			add("to %d", op.To)
		}
	}
	if op.Path != "" {
		add("%s", op.Path)
	}
	for _, a := range op.Args {
		add("%s=%s", a.Name, l.expr(a.Expr))
	}
	if op.Text != None {
		add("%s %q", l.p.Strings[op.Text].ID, l.text(op.Text))
	}
	if op.State != None {
		add("%s", l.state(&l.p.States[op.State]))
	}
	line := fmt.Sprintf("%4d %s %s", pc, op.Code, strings.Join(parts, " "))
	l.b.WriteString(strings.TrimRight(line, " ") + "\n")
	if op.State != None && op.Code != OpKeep {
		l.blocks(&l.p.States[op.State])
	}
}

func (l *lister) marks(step int) string {
	s := l.p.Steps[step]
	var marks []string
	for _, m := range []struct {
		on   bool
		name string
	}{{s.Public, "public"}, {s.Sensitive, "sensitive"}, {s.ForChildren, "for children"}, {s.EveryLanguage, "in every language"}} {
		if m.on {
			marks = append(marks, m.name)
		}
	}
	return strings.Join(marks, ", ")
}

func (l *lister) target(op *Op) string {
	if op.Code == OpCall {
		return l.p.Flows[op.Ref].Name
	}
	s := l.p.Steps[op.Ref]
	return l.p.Flows[s.Flow].Name + "." + s.Name
}

func (l *lister) expr(i int) string {
	if i == None {
		return "-"
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

func (l *lister) state(s *State) string {
	return fmt.Sprintf("%s (below: %d)", s.Identity, s.Next)
}

func (l *lister) blocks(s *State) {
	if s.Ask != nil {
		fmt.Fprintf(&l.b, "       %q\n", l.text(s.Ask.Text))
		for _, o := range s.Ask.Options {
			fmt.Fprintf(&l.b, "       - %s %q at %d\n", o.ID, l.text(o.Label), o.PC)
		}
		if s.Ask.Rows != nil {
			fmt.Fprintf(&l.b, "       - rows of %s by %s\n", l.expr(s.Ask.Rows.Expr), s.Ask.Rows.Show)
		}
	}
	for _, w := range s.Whens {
		fmt.Fprintf(&l.b, "       when %s", w.Kind)
		if w.Times > 0 {
			fmt.Fprintf(&l.b, " %d times", w.Times)
		}
		if w.Seconds > 0 {
			fmt.Fprintf(&l.b, " for %d s", w.Seconds)
		}
		if w.Text != None {
			fmt.Fprintf(&l.b, " %q", l.text(w.Text))
		}
		if w.PC != None {
			fmt.Fprintf(&l.b, " at %d", w.PC)
		}
		l.b.WriteString("\n")
	}
	if len(s.Reads) > 0 {
		fmt.Fprintf(&l.b, "       reads %s\n", strings.Join(s.Reads, ", "))
	}
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
