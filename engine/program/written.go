package program

import (
	"strconv"
	"strings"
)

// Written is a text as a designer wrote it, with its holes in braces; a language where it is not translated has the
// source's.
func (p *Program) Written(i, lang int) string {
	if i < 0 || i >= len(p.Strings) {
		return ""
	}
	var b strings.Builder
	p.write(&b, p.Strings[i].In(lang))
	return b.String()
}

// In is the text in a language, by index of Program.Languages, else in the source language.
func (s *String) In(lang int) Text {
	if lang >= 0 && lang < len(s.Texts) && s.Texts[lang] != nil {
		return s.Texts[lang]
	}
	if len(s.Texts) > 0 {
		return s.Texts[0]
	}
	return nil
}

func (p *Program) write(b *strings.Builder, t Text) {
	for _, s := range t {
		switch s.Kind {
		case Literal:
			b.WriteString(s.Literal)
		case Number:
			b.WriteByte('#')
		default:
			b.WriteString("{" + p.Exprs[s.Expr].Source)
			for _, c := range s.Cases {
				b.WriteString(" " + strconv.Quote(c.Key) + " {")
				p.write(b, c.Text)
				b.WriteByte('}')
			}
			b.WriteByte('}')
		}
	}
}
