package locale

import "strings"

// Append appends the catalogue in its one canonical form: what Read gives back is equal to it.
func (f *File) Append(dst []byte) []byte {
	for _, c := range f.HeaderComments {
		dst = comment(dst, "#", c)
	}
	if f.Header != "" {
		dst = field(dst, "", id, "")
		dst = field(dst, "", str, f.Header)
		dst = append(dst, '\n')
	} else if len(f.HeaderComments) > 0 {
		dst = append(dst, '\n')
	}
	for i, e := range f.Entries {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = e.append(dst)
	}
	return dst
}

func (e *Entry) append(dst []byte) []byte {
	for _, c := range e.Comments {
		dst = comment(dst, "#", c)
	}
	for _, c := range e.Notes {
		dst = comment(dst, "#.", c)
	}
	for _, c := range e.References {
		dst = comment(dst, "#:", c)
	}
	if flags := e.flags(); len(flags) > 0 {
		dst = comment(dst, "#,", strings.Join(flags, ", "))
	}
	for _, c := range e.Previous {
		dst = comment(dst, "#|", c)
	}
	before := ""
	if e.Obsolete {
		before = "#~ "
	}
	dst = field(dst, before, context, e.ID)
	dst = field(dst, before, id, e.Source)
	return field(dst, before, str, e.Text)
}

func (e *Entry) flags() []string {
	if e.Fuzzy {
		return append([]string{"fuzzy"}, e.Flags...)
	}
	return e.Flags
}

// comment writes one line. What a comment cannot hold is left out, so that no comment becomes something else.
func comment(dst []byte, mark, text string) []byte {
	text = strings.TrimRight(strings.NewReplacer("\r", "", "\n", " ").Replace(text), " \t")
	dst = append(dst, mark...)
	if text != "" {
		dst = append(append(dst, ' '), text...)
	}
	return append(dst, '\n')
}

// field writes a text on one line, or, where it has several, below an empty first piece, one a line.
func field(dst []byte, before, word, text string) []byte {
	dst = append(append(dst, before...), word...)
	dst = append(dst, ' ')
	if strings.IndexByte(text, '\n') < 0 {
		return quote(dst, text)
	}
	dst = append(dst, "\"\"\n"...)
	for line := range strings.Lines(text) {
		dst = quote(append(dst, before...), line)
	}
	return dst
}

var quoting = strings.NewReplacer("\\", `\\`, "\"", `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`)

func quote(dst []byte, text string) []byte {
	dst = append(dst, '"')
	dst = append(dst, quoting.Replace(text)...)
	return append(dst, '"', '\n')
}
