package freeze

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// MostNotice is how long the file of a notice may be, in bytes.
const MostNotice = 64 << 10

var (
	// heading begins the text of a language: [es], or says that another one stands for it: [qu = es].
	heading  = regexp.MustCompile(`^\[\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:=\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*)?\]$`)
	brackets = regexp.MustCompile(`^\[[^\[\]]*\]$`)
)

// ReadFile reads the notice in a file.
func ReadFile(name string) (Notice, error) {
	f, err := os.Open(name)
	if err != nil {
		return Notice{}, err
	}
	defer f.Close()
	n, err := Read(f)
	if err != nil {
		return Notice{}, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// Read reads a notice as people write it: a line with a language in brackets, and its text below. What stands before the
// first of them is for those who read the file. Errors are sentences that name the line.
//
//	[es]
//	Este servicio está en pausa. Si está en peligro, escriba *peligro*.
//
//	[en]
//	This service is paused. If you are in danger, write *danger*.
//
//	[qu = es]
func Read(r io.Reader) (Notice, error) {
	b, err := io.ReadAll(io.LimitReader(r, MostNotice+1))
	switch {
	case err != nil:
		return Notice{}, err
	case len(b) > MostNotice:
		return Notice{}, fmt.Errorf("the notice is longer than %d bytes; it is a short text in each language", MostNotice)
	case !utf8.Valid(b):
		return Notice{}, fmt.Errorf("the notice is no text in UTF-8; save it as such")
	}
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	n := Notice{Texts: map[string]string{}, Instead: map[string]string{}}
	at := ""     // the language whose text is being read
	closed := -1 // the line of a heading that takes no text
	number := 0  // of the line
	begun := false
	for line := range strings.Lines(strings.ReplaceAll(string(b), "\r\n", "\n")) {
		number++
		line = strings.TrimRight(line, " \t\n")
		m := heading.FindStringSubmatch(line)
		switch {
		case m == nil && brackets.MatchString(line):
			return Notice{}, fmt.Errorf("line %d: %s is no language; write it as the pack does, such as [es], or [qu = es] where the text in es stands for qu", number, line)
		case m == nil && closed >= 0 && line != "":
			return Notice{}, fmt.Errorf("line %d: below %q stands no text; write it below the heading of its own language", number, "[… = …]")
		case m == nil && begun:
			n.Texts[at] += line + "\n"
		case m == nil: // for who reads the file
		default:
			if _, twice := n.Texts[m[1]]; twice || n.Instead[m[1]] != "" {
				return Notice{}, fmt.Errorf("line %d: %q stands there twice", number, m[1])
			}
			at, begun, closed = m[1], m[2] == "", -1
			if begun {
				n.Texts[at] = ""
			} else {
				n.Instead[at], closed = m[2], number
			}
		}
	}
	if len(n.Texts) == 0 {
		return Notice{}, fmt.Errorf("the notice has no text; write a line with a language in brackets, such as [es], and its text below")
	}
	for lang, text := range n.Texts {
		n.Texts[lang] = strings.TrimSpace(text)
	}
	if len(n.Instead) == 0 {
		n.Instead = nil
	}
	return n, nil
}
