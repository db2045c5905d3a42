package lsp

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"baraza/dsl/syntax"
)

// What can stand at a place of a line is read from the line's shape in the table, the one that messages and the
// reference print: ask ROW from ROWS [where CONDITION] [show COLUMN]: TEXT. After the word "from" stands ROWS.

var shapePart = regexp.MustCompile(`[A-Z]+|[a-z]+|->|[\[\]|=,:.]`)

// shapeOf are the parts of a kind of line behind its keyword: slots in capitals, words, signs and brackets.
func shapeOf(h *syntax.Head) []string {
	return shapePart.FindAllString(strings.TrimPrefix(h.Shape, h.Keyword), -1)
}

func isSlot(part string) bool { return part != "" && unicode.IsUpper(rune(part[0])) }

// following are the parts that may come behind the part at i of a shape; -1 is the keyword.
func following(shape []string, i int) []string {
	var out []string
	for j := i + 1; j < len(shape); j++ {
		switch shape[j] {
		case "[": // what is in it may come, or what is behind it
			out = append(out, following(shape, j)...)
			j = closing(shape, j)
		case "]":
		case "|":
			j = closing(shape, j) // one of several has come
		default:
			out = append(out, shape[j])
			for k := j + 1; k+1 < len(shape) && shape[k] == "|"; k += 2 {
				out = append(out, shape[k+1])
			}
			return out
		}
	}
	return out
}

// closing is where the bracket that is open at i is closed.
func closing(shape []string, i int) int {
	depth := 0
	for j := i; j < len(shape); j++ {
		switch shape[j] {
		case "[":
			depth++
		case "]":
			if depth--; depth <= 0 {
				return j
			}
		}
	}
	return len(shape)
}

// wanted is what may be written next: the names of slots and plain words.
type wanted struct {
	slots, words []string
}

var writtenPart = regexp.MustCompile(`"[^"]*"?|[\pL_][\pL\pM\pN_.-]*|->|[^\s\pL]`)

// expects says what may come behind what is written of a line after its keyword, for all rows that have it.
func expects(rows []*syntax.Head, written string) wanted {
	var w wanted
	parts := writtenPart.FindAllString(written, -1)
	knows := false // a row has one of the words that are written
	for _, row := range rows {
		_, known := next(shapeOf(row), parts)
		knows = knows || known
	}
	for _, row := range rows {
		come, known := next(shapeOf(row), parts)
		if known != knows {
			continue
		}
		for _, part := range come {
			switch {
			case isSlot(part):
				w.slots = append(w.slots, part)
			case part[0] >= 'a':
				w.words = append(w.words, part)
			}
		}
	}
	slices.Sort(w.slots)
	slices.Sort(w.words)
	w.slots, w.words = slices.Compact(w.slots), slices.Compact(w.words)
	return w
}

// next are the parts of a shape that may come behind what is written. The last word or sign of the shape that was
// written outside brackets decides; a value behind it is skipped, an expression goes on. known says that there was one.
func next(shape, written []string) (come []string, known bool) {
	at, behind, depth := -1, 0, 0 // place in the shape; parts written behind it
	for _, part := range written {
		switch part {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth = max(0, depth-1)
		}
		if i := slices.Index(shape[at+1:], part); depth == 0 && i >= 0 && part != "[" && part != "]" && !isSlot(part) {
			at, behind = at+1+i, 0
			continue
		}
		if depth == 0 && part == "," && at >= 0 { // one more of a list
			if i := slices.Index(shape, ","); i >= 0 && i < at {
				at, behind = i, 0
				continue
			}
		}
		behind++
	}
	come, known = following(shape, at), at >= 0
	if behind == 0 {
		return come, known
	}
	for _, part := range come {
		if isExpression(part) {
			return []string{part}, known
		}
	}
	for j := at + 1; j < len(shape); j++ { // behind the value
		if isSlot(shape[j]) {
			return following(shape, j), known
		}
	}
	return nil, known
}

// isExpression tells whether a slot takes a whole expression.
func isExpression(slot string) bool {
	switch slot {
	case "CONDITION", "EXPRESSION", "VALUE", "ROWS", "LAT", "LON":
		return true
	}
	return false
}

// names of slots that are called NAME in the shapes, by the keyword.
var namedSlots = map[string]string{
	"need consent": "CONSENT", "given consent": "CONSENT", "say template": "TEMPLATE", "template": "TEMPLATE", "on template": "TEMPLATE",
	"bot template": "TEMPLATE", "on words": "WORDSNAME", "share": "VARIABLE", "given": "FIELD", "channel": "CHANNEL", "channels": "CHANNEL",
	"hours": "HOURS", "covers": "FIELD",
}

// slotOf is a slot with the kind of name that it takes.
func slotOf(keyword, slot string, place syntax.Place) string {
	if slot == "NAME" && place != syntax.Margin {
		if named := namedSlots[keyword]; named != "" && (keyword != "hours" || place == syntax.InTeam) {
			return named
		}
	}
	if slot == "NAME" && place == syntax.Margin && strings.HasPrefix(keyword, "on ") {
		return namedSlots[keyword]
	}
	return slot
}

// snippet is a line to fill in, made of its shape: what must be written, with places to stop at.
func snippet(h *syntax.Head) string {
	if s, ok := blocks[h.Shape]; ok {
		return s
	}
	var b strings.Builder
	shape, depth, stop := h.Shape, 0, 0
	for len(shape) > 0 {
		switch c := shape[0]; {
		case c == '[':
			depth++
			shape = shape[1:]
			continue
		case c == ']':
			depth--
			shape = shape[1:]
			continue
		case depth > 0:
			shape = shape[1:]
			continue
		}
		n := 0
		for n < len(shape) && shape[n] >= 'A' && shape[n] <= 'Z' {
			n++
		}
		if n > 1 {
			stop++
			b.WriteString(stopAt(stop, strings.ToLower(shape[:n])))
			shape = shape[n:]
			continue
		}
		b.WriteByte(shape[0])
		shape = shape[1:]
	}
	if h.NeedsLines {
		b.WriteString("\n  $0")
	}
	return strings.TrimRight(b.String(), " ")
}

func stopAt(n int, word string) string { return "${" + string(rune('0'+n)) + ":" + word + "}" }

// blocks are the lines that are mostly written with others below them, by their shape.
var blocks = map[string]string{
	"flow NAME: TITLE":           "flow ${1:name}: ${2:Title}\n\nstep ${3:start}\n  say: ${4:Hello.}\n  end",
	"ask [NAME] [as TYPE]: TEXT": "ask ${1:name}: ${2:Question?}\n  - [${3:one}] ${4:First answer} -> ${5:step}\n  - [${6:two}] ${7:Second answer} -> ${8:step}\n  when not understood 2 times -> ${9:step}",
	"- [ID] LABEL [-> TARGET]":   "- [${1:id}] ${2:Label} -> ${3:step}",
	"say one of":                 "say one of\n  - ${1:Hello.}\n  - ${2:Welcome.}",
	"need consent NAME":          "need consent ${1:consent}\n  when refused -> ${2:step}",
	"if CONDITION":               "if ${1:condition}\n  ${2:say: }",
	"field NAME: TYPE[, public|personal|sensitive][, kept DURATION]": "field ${1:name}: ${2:text}, kept ${3:1 year}\n  why: ${4:Why we ask.}",
	"test TITLE": "test ${1:What must happen}\n  person: ${2:hello}\n  bot: ${3:Hello.}",
	"hand over to TEAM[, urgent][ if CONDITION]: SUMMARY": "hand over to ${1:team}: ${2:What the team reads}\n  when waiting: ${3:Somebody will answer you here.}\n  when outside hours: ${4:We will answer when we open.}",
}
