package syntax

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// lexRule says that what follows a word or sign of a line is not plain words.
type lexRule struct {
	after  string   // the word or sign; "" the keyword
	kind   kind     // exprToken, pathToken, phraseToken, restToken or plainToken
	until  []string // what ends an expression: a word, "," or ", up to"
	skip   int      // plain words before it
	last   bool     // no rule applies behind it
	behind bool     // only behind an expression, so that a name may be the same word
}

func ruleAfter(rules []lexRule, word string) *lexRule {
	for i := range rules {
		if rules[i].after == word {
			return &rules[i]
		}
	}
	return nil
}

// headAndText cuts a known line into the tokens of its head, the colon and the text.
func (s *scan) headAndText(l *line) {
	keyword := l.start + int32(s.keywordLen(l))
	switch l.head.Text {
	case NoText:
		s.keywordColon(l, keyword)
		s.expected(l, keyword)
		s.lexHead(l, keyword, l.end)
		return
	case Rest:
		s.lexHead(l, keyword, keyword)
		s.inlineText(l, keyword, l.end)
		return
	case Label:
		s.lexOption(l, keyword)
		return
	}
	colon, width := s.findColon(l, keyword)
	if colon < 0 {
		s.lexHead(l, keyword, l.end)
		l.hush = l.head.Text == Block
		return
	}
	s.lexHead(l, keyword, colon)
	l.headEnd, l.colon = colon, colon
	s.colonBeforeMove(l, colon, colon+width)
	s.emit(colonToken, colon, colon+width, l.number)
	s.inlineText(l, colon+width, l.end)
	if l.texts > 0 {
		return
	}
	switch l.head.Text {
	case Block, MayBlock:
		l.block = true
	case OneLine:
		s.report(l.number, diag.New(diag.Error, "unfinished-line", s.at(l.start, l.end), `the text of this "%s" line stands on the same line`, l.head.Name()).
			WithHelp(`A text of several lines goes below a "text:" line, and this line has no colon then.`).
			WithHelp("For example: %s", l.head.Example))
		l.guessed = true
	}
}

// colonBeforeMove: "when refused: -> menu".
func (s *scan) colonBeforeMove(l *line, colon, after int32) {
	at := after + int32(spaceLen(s.src[after:l.end]))
	n := int32(arrowLen(s.src[at:l.end]))
	if n == 0 || !strings.Contains(l.head.Shape, "-> TARGET") || !isTarget(bytes.TrimSpace(s.src[at+n:l.end])) {
		return
	}
	s.report(l.number, diag.New(diag.Error, "unexpected-words", s.at(colon, after), `no colon stands before "->"`).
		WithHelp("A colon begins a text, and people would read the arrow.").
		WithFix(s.at(colon, at+n), " ->", false))
}

func (s *scan) keywordLen(l *line) int {
	text := s.src[l.start:l.end]
	if l.bad {
		return 0
	}
	if l.head.Keyword == "->" {
		return arrowLen(text)
	}
	return l.head.match(text)
}

// inlineText emits the text that stands on the line, from an offset to another.
func (s *scan) inlineText(l *line, at, end int32) {
	first := at + int32(spaceLen(s.src[at:end]))
	s.emit(spaceToken, at, first, l.number)
	if first == end {
		return
	}
	l.headEnd = min(l.headEnd, at)
	s.emit(textToken, first, end, l.number)
	s.texts = append(s.texts, textRow{first, end, l.number, false})
	l.texts = 1
}

// findColon returns the colon that starts the line's text and its bytes, -1 where there is none: the first one
// before white space or the line's end, outside "…" and {…}. A colon that only lacks the space, or is full-width,
// is reported and taken.
func (s *scan) findColon(l *line, from int32) (colon, width int32) {
	text := s.src[from:l.end]
	depth, wordStart := 0, 0
	lastClose := bytes.LastIndexByte(text, '}')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			if n := bytes.IndexByte(text[i+1:], '"'); n >= 0 {
				i += n + 1
			}
		case '{':
			if lastClose > i {
				depth++
			}
		case '}':
			depth = max(0, depth-1)
		case ' ', '\t':
			wordStart = i + 1
		case ':':
			if depth > 0 {
				continue
			}
			at := from + int32(i)
			if i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t' {
				return at, 1
			}
			if n := wideSpaceLen(text[i+1:]); n > 0 {
				s.reportSpace(l.number, at+1, int32(n))
				return at, 1 + int32(n)
			}
			if plainWord(text[wordStart:i]) && !bytes.HasPrefix(text[i:], []byte("://")) {
				s.report(l.number, diag.New(diag.Error, "missing-space-after-colon", s.at(at, at+1), `there is no space after the colon of this "%s" line`, l.head.Name()).
					WithFix(s.at(at+1, at+1), " ", true))
				return at, 1
			}
		case 0xef:
			if bytes.HasPrefix(text[i:], []byte("：")) && depth == 0 {
				at := from + int32(i)
				n := int32(len("："))
				plain := ": "
				if int32(i)+n < int32(len(text)) && text[i+int(n)] == ' ' {
					plain = ":"
				}
				s.report(l.number, diag.New(diag.Error, "full-width-punctuation", s.at(at, at+n), `the colon of this "%s" line is a full-width one`, l.head.Name()).
					WithFix(s.at(at, at+n), plain, true))
				return at, n
			}
		}
	}
	return -1, 0
}

// plainWord tells whether a text is letters only, so that a colon behind it can only be the one of the line. It
// may be empty: behind a keyword the colon stands at once.
func plainWord(text []byte) bool {
	for _, r := range string(text) {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '_' {
			return false
		}
	}
	return true
}

// lexHead emits the tokens of a head: its keyword, and what the line's rules say up to the end.
func (s *scan) lexHead(l *line, keyword, end int32) {
	l.headEnd = end
	if l.bad {
		s.emit(mutedToken, l.start, end, l.number)
		return
	}
	for at := l.start; at < keyword; {
		at = s.lexOne(l, at, keyword)
	}
	rules := l.head.lex
	rule := ruleAfter(rules, "")
	expressions := 0
	for at := keyword; at < end; {
		if n := s.whiteSpace(l, at, end); n > 0 {
			at += n
			continue
		}
		if rule != nil && rule.skip == 0 {
			if rule.kind == exprToken {
				expressions++
			}
			at = s.lexSpecial(l, rule, at, end)
			rule = nil
			continue
		}
		start := at
		at = s.lexOne(l, at, end)
		if rule != nil { // words are skipped before it applies
			skipped := *rule
			skipped.skip--
			rule = &skipped
			continue
		}
		rule = ruleAfter(rules, string(s.src[start:at]))
		if rule != nil && rule.behind && expressions == 0 {
			rule = nil
		}
		if rule != nil && rule.last {
			rules, rule = nil, nil
		}
	}
}

// whiteSpace emits the white space at an offset and returns its length. White space that does not look like any
// other is reported.
func (s *scan) whiteSpace(l *line, at, end int32) int32 {
	n := int32(0)
	for at+n < end {
		if w := spaceLen(s.src[at+n : end]); w > 0 {
			n += int32(w)
			continue
		}
		w := int32(wideSpaceLen(s.src[at+n : end]))
		if w == 0 {
			w = int32(hiddenLen(s.src[at+n : end]))
		}
		if w == 0 {
			break
		}
		s.reportSpace(l.number, at+n, w)
		n += w
	}
	s.emit(spaceToken, at, at+n, l.number)
	return n
}

// reportSpace says that n bytes look like a space and are none, or are not seen at all.
func (s *scan) reportSpace(number, at, n int32) {
	r, _ := utf8.DecodeRune(s.src[at:])
	switch {
	case r == '　':
		s.report(number, diag.New(diag.Error, "full-width-punctuation", s.at(at, at+n), "there is a full-width space here").
			WithFix(s.at(at, at+n), " ", true))
	case unicode.Is(unicode.Zs, r):
		s.report(number, diag.New(diag.Error, "hidden-character", s.at(at, at+n), "there is a non-breaking space here").
			WithHelp("It looks like a space and is another character; often it comes with text copied from elsewhere.").
			WithFix(s.at(at, at+n), " ", true))
	default:
		s.report(number, hiddenCharacter(s.at(at, at+n), r))
	}
}

// lexSpecial emits what a rule asks for.
func (s *scan) lexSpecial(l *line, rule *lexRule, at, end int32) int32 {
	switch rule.kind {
	case exprToken:
		return s.lexExpr(l, rule.until, at, end)
	case pathToken:
		n := int32(0)
		for at+n < end && s.src[at+n] != ' ' && s.src[at+n] != '\t' {
			n++
		}
		s.emit(pathToken, at, at+n, l.number)
		return at + n
	case phraseToken:
		return s.lexPhrases(l, at, end)
	}
	stop := trimEnd(s.src, at, end)
	s.emit(phraseToken, at, stop, l.number)
	s.emit(spaceToken, stop, end, l.number)
	return end
}

// lexPhrases emits words between commas.
func (s *scan) lexPhrases(l *line, at, end int32) int32 {
	s.semicolons(l, at, end)
	for at < end {
		n := int32(0)
		for at+n < end && commaLen(s.src[at+n:end]) == 0 {
			n++
		}
		stop := trimEnd(s.src, at, at+n)
		s.emit(phraseToken, at, stop, l.number)
		s.emit(spaceToken, stop, at+n, l.number)
		at += n
		if at == end {
			break
		}
		n = int32(commaLen(s.src[at:end]))
		s.emit(commaToken, at, at+n, l.number)
		at += n
		n = int32(spaceLen(s.src[at:end]))
		s.emit(spaceToken, at, at+n, l.number)
		at += n
	}
	return at
}

// semicolons reports words that a semicolon divides. In labels it may be a sign like any other.
func (s *scan) semicolons(l *line, at, end int32) {
	i := bytes.IndexAny(s.src[at:end], ";؛；")
	if i < 0 || l.head.kind == "offers" {
		return
	}
	r, n := utf8.DecodeRune(s.src[at+int32(i) : end])
	from := at + int32(i)
	fixed := strings.NewReplacer(";", ",", "؛", "،", "；", "，").Replace(string(s.src[from:end]))
	s.report(l.number, diag.New(diag.Error, "unexpected-words", s.at(from, from+int32(n)), `a comma stands between words, not "%c"`, r).
		WithFix(s.at(from, end), fixed, false))
}

func trimEnd(src []byte, at, end int32) int32 {
	for end > at && (src[end-1] == ' ' || src[end-1] == '\t') {
		end--
	}
	return end
}

// commaLen returns the length of the comma, of any script, that the text begins with.
func commaLen(text []byte) int {
	switch text[0] {
	case ',':
		return 1
	case 0xd8, 0xe3, 0xef:
		for _, c := range [...]string{"،", "、", "，"} {
			if len(text) >= len(c) && string(text[:len(c)]) == c {
				return len(c)
			}
		}
	}
	return 0
}

// lexOne emits the token at an offset and returns where the next begins.
func (s *scan) lexOne(l *line, at, end int32) int32 {
	if n := s.whiteSpace(l, at, end); n > 0 {
		return at + n
	}
	text := s.src[at:end]
	k, n := opToken, 0
	if n = wordLen(text); n > 0 {
		k = wordToken
	} else if n = arrowLen(text); n > 0 {
		s.checkArrow(l, at, int32(n))
	} else if k, n = s.number(l, at, end); n > 0 {
	} else if n = commaLen(text); n > 0 {
		k = commaToken
	} else {
		k, n = opToken, s.sign(l, at, end)
	}
	s.emit(k, at, at+int32(n), l.number)
	return at + int32(n)
}

func (s *scan) checkArrow(l *line, at, n int32) {
	if n == 2 && s.src[at] == '-' {
		return
	}
	d := diag.New(diag.Error, "wrong-arrow", s.at(at, at+n), `an arrow is written "->", not "%s"`, s.src[at:at+n])
	s.report(l.number, d.WithFix(s.at(at, at+n), "->", true))
}

// sign measures any other sign; those that only look like ours are reported.
func (s *scan) sign(l *line, at, end int32) int {
	text := s.src[at:end]
	if len(text) > 1 && text[1] == '=' && bytes.IndexByte([]byte("=<>!"), text[0]) >= 0 {
		return 2
	}
	if text[0] == '"' {
		if i := bytes.IndexByte(text[1:], '"'); i >= 0 {
			return i + 2
		}
	}
	r, n := utf8.DecodeRune(text)
	switch {
	case isCurly(r):
		s.report(l.number, s.curlyQuotes(at, end, r))
	case narrow(r) != r:
		s.report(l.number, fullWidth(s.at(at, at+int32(n)), r))
	case r == '–' || r == '—' || r == '−':
		s.report(l.number, diag.New(diag.Error, "unexpected-words", s.at(at, at+int32(n)), `the dash "%c" is not the plain one`, r).
			WithFix(s.at(at, at+int32(n)), "-", true))
	}
	return n
}

func isCurly(r rune) bool {
	switch r {
	case '“', '”', '„', '‟', '«', '»', '‘', '’', '‚', '″', '＂':
		return true
	}
	return false
}

// curlyQuotes reports the first of the curly quotes up to an end; the fix replaces all of them.
func (s *scan) curlyQuotes(at, end int32, r rune) diag.Diagnostic {
	last := at
	plain := strings.Map(func(r rune) rune {
		if !isCurly(r) {
			return r
		}
		return '"'
	}, string(s.src[at:end]))
	for i, r := range string(s.src[at:end]) {
		if isCurly(r) {
			last = at + int32(i+utf8.RuneLen(r))
		}
	}
	plain = plain[:len(plain)-int(end-last)]
	return diag.New(diag.Error, "curly-quotes", s.at(at, at+int32(utf8.RuneLen(r))), `these quotes are curly; a value needs the plain quote "`).
		WithFix(s.at(at, last), plain, true)
}

func fullWidth(at diag.Span, r rune) diag.Diagnostic {
	return diag.New(diag.Error, "full-width-punctuation", at, `"%c" is a full-width character`, r).
		WithFix(at, string(narrow(r)), true)
}
