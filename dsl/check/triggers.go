package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/answer"
)

func sortedVars(vars map[string]*pack.Var) []*pack.Var {
	return slices.SortedFunc(maps.Values(vars), func(a, b *pack.Var) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Name, b.Name))
	})
}

// spoken is a word that a trigger waits for.
type spoken struct {
	trigger *pack.Trigger
	word    string    // as written
	folded  string    //
	lang    string    // "" for a word of the line itself, which counts in every language
	at      diag.Span // of the word
}

// eachSpoken visits the words of every trigger, in the order of the source.
func (w *whole) eachSpoken(visit func(spoken)) {
	for _, f := range w.pack.Flows {
		for _, t := range f.Triggers {
			for _, word := range t.Head.Words {
				visit(spoken{t, word.Text, answer.Fold(word.Text), "", diag.Span(word.Span())})
			}
			if t.Words == nil {
				continue
			}
			for _, list := range t.Words.Lists {
				for _, word := range list.Words {
					visit(spoken{t, word.Text, answer.Fold(word.Text), list.Lang, diag.Span(word.Span())})
				}
			}
		}
	}
}

func ofSafety(t *pack.Trigger) bool { return t.Words != nil && t.Words.Safety }

// hidesSafetyWord: safety words are looked at before all else, so another trigger on one would never act.
func hidesSafetyWord(w *whole) {
	w.eachSpoken(func(s spoken) {
		if s.folded == "" || ofSafety(s.trigger) {
			return
		}
		list := w.safety[s.folded]
		for _, inside := range w.inside {
			if list == nil && strings.Contains(" "+s.folded+" ", " "+inside+" ") {
				list = w.safety[inside]
			}
		}
		if list == nil {
			return
		}
		d := diag.New(diag.Error, "hides-safety-word", s.at, "%q is a safety word, so this line can never act", s.word)
		if s.trigger.Words != nil {
			d = diag.New(diag.Error, "hides-safety-word", s.at, "%q is a safety word too, so it can never start this flow", s.word)
		}
		w.add(d.WithNote(span(list.Line), "the safety words %q have it", list.Name).
			WithHelp("Take another word here."))
	})
}

// safetyLabels are the options of a flow whose label is a safety word.
func (c *flow) safetyLabels() []*ast.Line {
	var out []*ast.Line
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if _, ok := l.Head.(*ast.Option); ok && l.Text != nil && c.safety[answer.Fold(label(l))] != nil {
			out = append(out, l)
		}
	})
	return out
}

// labelIsSafetyWord: who writes the label gets the safety flow, and only a tap gets the option.
func labelIsSafetyWord(w *whole) {
	for i, found := range w.found {
		for _, l := range found.safetyLabels {
			list := w.safety[answer.Fold(label(l))]
			if t := l.Head.(*ast.Option).Target; t != nil && startedBy(list, w.pack.Resolve(w.pack.Flows[i], *t)) {
				continue
			}
			w.add(diag.New(diag.Warning, "label-is-safety-word", diag.Span(l.Text.Span), "who writes %q gets the safety words %q instead", label(l), list.Name).
				WithNote(span(list.Line), "the safety words are here").
				WithHelp("Change the label in a word, or let the option go to the flow that begins on words %s.", list.Name))
		}
	}
}

// startedBy says that a target is in the flow that a list of words starts.
func startedBy(list *pack.Words, d *pack.Dest) bool {
	if d == nil || d.Flow == nil {
		return false
	}
	return slices.ContainsFunc(d.Flow.Triggers, func(t *pack.Trigger) bool { return t.Words == list })
}

// duplicateTrigger: which of two flows begins must never be left to chance. Exact words and words within a
// message are looked at one after the other, so they do not meet.
func duplicateTrigger(w *whole) {
	type level struct{ kind, lang, folded string }
	first := map[level]spoken{}
	reported := map[*pack.Trigger]bool{}
	meet := func(s, before spoken) {
		if before.trigger == s.trigger || reported[s.trigger] || ofSafety(before.trigger) != ofSafety(s.trigger) {
			return // a safety word that another trigger waits for is reported as hidden
		}
		reported[s.trigger] = true
		w.add(diag.New(diag.Error, "duplicate-trigger", s.at, "%q starts two flows", s.word).
			WithNote(before.at, "here it starts the flow %q", before.trigger.Flow.Full()).
			WithHelp("Remove the word from one of them, or let it start one flow that asks which is meant."))
	}
	// Words of a line count in every language, and a language's word meets them too.
	any := map[[2]string]spoken{}
	w.eachSpoken(func(s spoken) {
		if s.folded == "" {
			return
		}
		kind := "exact"
		if s.trigger.Head.Kind == "containing" {
			kind = "containing"
		}
		if before, ok := first[level{kind, s.lang, s.folded}]; ok {
			meet(s, before)
			return
		}
		first[level{kind, s.lang, s.folded}] = s
		before, ok := any[[2]string{kind, s.folded}]
		if ok && (s.lang == "" || before.lang == "") {
			meet(s, before)
		}
		if !ok {
			any[[2]string{kind, s.folded}] = s
		}
	})
	type event struct{ kind, name string }
	events := map[event]*pack.Trigger{}
	for _, f := range w.pack.Flows {
		for _, t := range f.Triggers {
			e := event{t.Head.Kind, t.Head.Name.Text + "\x00" + t.Head.Button}
			switch t.Head.Kind {
			case "message", "containing", "words":
				continue
			}
			before := events[e]
			if before == nil {
				events[e] = t
				continue
			}
			w.add(diag.New(diag.Error, "duplicate-trigger", span(t.Line), "%q starts two flows", "on "+t.Head.Kind).
				WithNote(span(before.Line), "here it starts the flow %q", before.Flow.Full()).
				WithHelp("Keep one of the two lines."))
		}
	}
}

// missingSafetyTrigger: a safety word that does nothing is worse than none.
func missingSafetyTrigger(w *whole) {
	triggers := map[*pack.Words][]*pack.Trigger{}
	for _, f := range w.pack.Flows {
		for _, t := range f.Triggers {
			if t.Words != nil {
				triggers[t.Words] = append(triggers[t.Words], t)
			}
		}
	}
	for _, list := range w.pack.Words {
		if !list.Safety {
			continue
		}
		all := triggers[list]
		if len(all) == 0 {
			w.add(diag.New(diag.Error, "missing-safety-trigger", span(list.Line), "the safety words %q start no flow", list.Name).
				WithHelp("Begin a flow with these two lines below its name:").
				WithHelp("  on words %s", list.Name).
				WithHelp("    anywhere"))
			continue
		}
		if !all[0].Anywhere {
			w.add(diag.New(diag.Error, "missing-safety-trigger", span(all[0].Line), "the safety words %q do not act inside a question", list.Name).
				WithHelp("Write below this line, indented:  anywhere"))
		}
	}
}
