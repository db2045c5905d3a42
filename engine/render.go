package engine

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

func (t *turn) wording() *wording { return &t.m.wordings[t.lang] }

// engineText is one of the engine's own texts: the pack's, else the built-in one.
func (t *turn) engineText(str int, builtIn string) string {
	if str >= 0 && str < len(t.p.Strings) {
		return t.render(str)
	}
	return builtIn
}

func (t *turn) stringID(i int) string {
	if i < 0 || i >= len(t.p.Strings) {
		return ""
	}
	return t.p.Strings[i].ID
}

// render gives a string in the person's language; "" for None.
func (t *turn) render(i int) string { return t.renderIn(i, t.lang) }

// renderIn gives a string in a language, or in the source language where that has none. A string without holes
// costs nothing.
func (t *turn) renderIn(i, lang int) string {
	if i < 0 || i >= len(t.p.Strings) {
		return ""
	}
	texts := t.p.Strings[i].Texts
	if len(texts) == 0 {
		return ""
	}
	if lang >= len(texts) || texts[lang] == nil {
		lang = 0
	}
	text := texts[lang]
	if len(text) == 0 {
		return ""
	}
	if len(text) == 1 && text[0].Kind == program.Literal {
		return text[0].Literal
	}
	t.text = t.appendText(t.text[:0], text, lang, "")
	return string(t.text)
}

func (t *turn) appendText(dst []byte, text program.Text, lang int, number string) []byte {
	for i := range text {
		seg := &text[i]
		switch seg.Kind {
		case program.Literal:
			dst = append(dst, seg.Literal...)
		case program.Value:
			dst = t.appendHole(dst, seg.Expr, lang)
		case program.Number:
			dst = t.appendValueText(dst, number, lang)
		case program.Plural, program.Select:
			dst = t.appendCase(dst, seg, lang)
		}
		if len(dst) > maxTextBytes {
			return dst[:maxTextBytes]
		}
	}
	return dst
}

// appendHole writes the value of {…}. A name alone is read where it lies, without a machine.
func (t *turn) appendHole(dst []byte, expr, lang int) []byte {
	if expr < 0 || expr >= len(t.p.Exprs) {
		return dst
	}
	kind := t.p.Exprs[expr].Type
	if name := t.m.exprs[expr].bare; name != "" {
		if e, ok := t.entryOf(name); ok {
			if s, ok := e.text(); ok {
				if label, ok := t.label(name, s, lang); ok {
					return t.appendValueText(dst, label, lang)
				}
				switch kind {
				case program.Any, program.TextKind, program.EmailKind, program.ChoiceKind:
					return t.appendValueText(dst, s, lang)
				}
			}
		}
	}
	v := t.eval(expr)
	if v == nil {
		return dst
	}
	if list, ok := v.([]any); ok {
		return t.appendList(dst, t.m.exprs[expr].bare, list, lang)
	}
	return t.appendValueText(dst, expression.Format(v, kind, t.p.Languages[lang], t.p), lang)
}

// appendList writes the values of a list as the language joins them, those of a question by their labels.
func (t *turn) appendList(dst []byte, name string, list []any, lang int) []byte {
	parts := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if ok {
			s, ok = t.label(name, s, lang)
		}
		if !ok {
			s = expression.Format(v, program.Any, t.p.Languages[lang], t.p)
		}
		parts[i] = string(t.appendValueText(nil, s, lang))
	}
	return append(dst, expression.JoinList(parts, t.p.Languages[lang])...)
}

// label is what a person saw when the value was chosen.
func (t *turn) label(name, id string, lang int) (string, bool) {
	labels, ok := t.m.labels[labelKey{t.flow, name}]
	if !ok {
		labels, ok = t.m.labels[labelKey{program.None, name}]
	}
	if !ok {
		return "", false
	}
	str, ok := labels[id]
	if !ok {
		return "", false
	}
	texts := t.p.Strings[str].Texts
	if lang >= len(texts) || texts[lang] == nil {
		lang = 0
	}
	text := texts[lang]
	if len(text) != 1 || text[0].Kind != program.Literal {
		return "", false
	}
	return plainText(text[0].Literal), true
}

// plainText takes the escapes out of a literal, so that it can be escaped as a value.
func plainText(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`*_~\`, s[i+1]) >= 0 {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

func (t *turn) appendCase(dst []byte, seg *program.Segment, lang int) []byte {
	v := t.eval(seg.Expr)
	number := ""
	key := ""
	switch x := v.(type) {
	case float64:
		number = expression.Format(x, program.NumberKind, t.p.Languages[lang], t.p)
		key = expression.Category(t.p.Languages[lang], x)
		if seg.Kind == program.Plural {
			exact := "=" + strconv.FormatFloat(x, 'f', -1, 64)
			for i := range seg.Cases {
				if seg.Cases[i].Key == exact {
					return t.appendText(dst, seg.Cases[i].Text, lang, number)
				}
			}
		} else {
			key = strconv.FormatFloat(x, 'f', -1, 64)
		}
	case bool:
		key = "no"
		if x {
			key = "yes"
		}
	case string:
		key = x
	}
	var other program.Text
	for i := range seg.Cases {
		switch seg.Cases[i].Key {
		case key:
			return t.appendText(dst, seg.Cases[i].Text, lang, number)
		case "other":
			other = seg.Cases[i].Text
		}
	}
	return t.appendText(dst, other, lang, number)
}

const (
	isolate    = "\u2066"
	endIsolate = "\u2069"
)

// appendValueText writes a value into a text: never as markup, and in a right-to-left text set apart where it
// reads left to right, since 0700 123 456 would else show its groups the wrong way round.
func (t *turn) appendValueText(dst []byte, s string, lang int) []byte {
	apart := t.m.rtl[lang] && readsLeftToRight(s)
	if apart {
		dst = append(dst, isolate...)
	}
	dst = appendEscaped(dst, s)
	if apart {
		dst = append(dst, endIsolate...)
	}
	return dst
}

// appendEscaped writes s so that no character of it is markup and no control turns the text around it.
func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c == '*' || c == '_' || c == '~' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 { // half a character, from whoever set the value
			dst = utf8.AppendRune(dst, r)
			i++
			continue
		}
		if r < 0x202A || r > 0x202E && r < 0x2066 || r > 0x2069 {
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

func escaped(s string) string {
	if !strings.ContainsAny(s, "*_~\\\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") && utf8.ValidString(s) {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+8), s))
}

// readsLeftToRight tells numbers, codes, links and the like from words of a right-to-left script.
func readsLeftToRight(s string) bool {
	some := false
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			some = some || r > ' '
		case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam) && !unicode.IsDigit(r):
			return false
		default:
			some = true
		}
	}
	return some
}

// outgoing makes room for one more message and returns it, or nil where none may be sent: then it is reported.
func (t *turn) outgoing() *Outgoing {
	if t.s.Contact.OptedOut && !t.isReply() {
		t.report("not-sent", "opted out")
		return nil
	}
	if t.messages++; t.messages > t.maxMessages || t.bytes > maxTextBytes {
		t.over = true
		return nil
	}
	t.add(Send)
	t.sends = append(t.sends, Outgoing{Language: t.p.Languages[t.lang], Safety: t.saysSafety()})
	return &t.sends[len(t.sends)-1]
}

// isReply tells whether what is sent answers a message of the person: at once, after a fetch, or by people. A case
// that is open for somebody who has opted out was opened since, as stop closes the one before.
func (t *turn) isReply() bool {
	switch t.ev.Kind {
	case Message, Fetched, GoBack, Restart, SetLanguage, Resume:
		return true
	case StaffReply, StaffDone:
		return t.ev.Case > t.s.closedUpTo
	}
	return false
}

// say sends a text of the engine's own.
func (t *turn) say(text string) { t.sayAs(text, "") }

func (t *turn) sayAs(text, id string) {
	if text == "" {
		return
	}
	t.bytes += len(text)
	if o := t.outgoing(); o != nil {
		o.Text, o.String = text, id
	}
}

func (t *turn) sayString(i int) {
	if i >= 0 {
		t.sayAs(t.render(i), t.stringID(i))
	}
}

// sayOneOf chooses by contact and count, and by place, so that two places vary apart.
func (t *turn) sayOneOf(op *program.Op) {
	if len(op.Texts) == 0 {
		return
	}
	t.s.said++
	n := mix(t.s.Seed^uint64(op.N)*0x9E3779B97F4A7C15) + uint64(t.s.said)
	t.sayString(op.Texts[n%uint64(len(op.Texts))])
}

// mix scatters a number (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	return x ^ x>>31
}

func (t *turn) sayMedia(op *program.Op) {
	if op.Flag && (t.channel == program.None || !t.p.Channels[t.channel].Audio) {
		return
	}
	path := op.Path
	if t.lang < len(op.Paths) && op.Paths[t.lang] != "" {
		path = op.Paths[t.lang]
	}
	caption := t.render(op.Text)
	t.bytes += len(caption)
	if o := t.outgoing(); o != nil {
		o.Media = Media{Kind: op.Name, ID: path}
		o.Text, o.String = caption, t.stringID(op.Text)
	}
}

func (t *turn) sayLocation(op *program.Op) {
	at := LatLon{Lat: math.NaN(), Lon: math.NaN()}
	for i, v := range t.values(op.Args) {
		f, ok := v.Value.(float64)
		if !ok {
			f = math.NaN()
		}
		if v.Name == "lon" || v.Name == "" && i == 1 {
			at.Lon = f
		} else {
			at.Lat = f
		}
	}
	name := t.render(op.Text)
	if !(math.Abs(at.Lat) <= 90 && math.Abs(at.Lon) <= 180) {
		t.report("no-location", t.stepName())
		return
	}
	t.bytes += len(name)
	if o := t.outgoing(); o != nil {
		o.Place, o.Text, o.String = &at, name, t.stringID(op.Text)
	}
}

func (t *turn) sayLink(op *program.Op) {
	if len(op.Texts) == 0 {
		return
	}
	text, label := t.render(op.Text), t.render(op.Texts[0])
	t.bytes += len(text) + len(label) + len(op.Path)
	if o := t.outgoing(); o != nil {
		o.Link, o.LinkLabel = op.Path, label
		o.Text, o.String = text, t.stringID(op.Text)
	}
}

// sayTemplate sends a template with its body as text for channels that have no templates.
func (t *turn) sayTemplate(ref int, args []Value) {
	if ref < 0 || ref >= len(t.p.Template) {
		return
	}
	if t.s.Contact.OptedOut { // also as an answer
		t.report("not-sent", "opted out")
		return
	}
	tpl := &t.p.Template[ref]
	// The body's holes are the parameters: they are read like variables, and only here.
	vars := t.s.here.vars
	for _, a := range args {
		t.s.here.vars = t.s.here.vars.with(&t.scratch, a.Name, a.Value)
	}
	text, header, footer := t.render(tpl.Body), t.render(tpl.Header), t.render(tpl.Footer)
	params := t.templateParams(tpl)
	t.s.here.vars = vars
	t.bytes += len(text)
	o := t.outgoing()
	if o == nil {
		return
	}
	o.Template, o.Args, o.Params = tpl.Name, args, params
	o.Text, o.String, o.Header, o.Footer = text, t.stringID(tpl.Body), header, footer
	if len(tpl.Buttons) > 0 {
		o.Style = Buttons
		o.Options = make([]Choice, len(tpl.Buttons))
		for i, b := range tpl.Buttons {
			o.Options[i] = Choice{Label: t.render(b), Number: i + 1}
		}
	}
}

// templateParams writes each parameter as the body shows it.
func (t *turn) templateParams(tpl *program.Template) []string {
	if len(tpl.Params) == 0 || tpl.Body < 0 || tpl.Body >= len(t.p.Strings) || len(t.p.Strings[tpl.Body].Texts) == 0 {
		return nil
	}
	out := make([]string, len(tpl.Params))
	body := t.p.Strings[tpl.Body].Texts[0]
	for i, name := range tpl.Params {
		for j := range body {
			if e := body[j].Expr; body[j].Kind != program.Literal && e >= 0 && e < len(t.p.Exprs) && t.p.Exprs[e].Var == name {
				out[i] = string(t.appendHole(nil, e, t.lang))
				break
			}
		}
	}
	return out
}
