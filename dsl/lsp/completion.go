package lsp

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/dsl/syntax"
)

// typing is a place where somebody types, with what is known of it.
type typing struct {
	server *server
	at     *spot
	walker *walker // nil where the file belongs to no pack
	line   string  // what is written of the line, without its indentation
	start  int     // where that begins
	place  syntax.Place
	inText bool // the line is part of a text that began above
	items  []completionItem
	seen   map[string]bool
}

// completion says what can be written next: lines that can stand here, names that are legal here, words of the line.
func (s *server) completion(p documentPosition) (*completionList, error) {
	t := s.typingAt(p)
	if t == nil {
		return &completionList{Items: []completionItem{}}, nil
	}
	t.complete()
	return &completionList{Items: t.items}, nil
}

func (s *server) typingAt(p documentPosition) *typing {
	at := s.spotOf(p)
	if at == nil {
		key, _ := keyOf(p.TextDocument.URI)
		d := s.docs[key]
		if d == nil || !d.alone {
			return nil
		}
		at = &spot{lone(d), path.Base(key), d.text, d.text.offset(p.Position, s.encoding)}
	} else if !strings.HasSuffix(strings.ToLower(at.file), ".flow") {
		return nil
	}
	begin, _ := at.text.bounds(at.text.line(at.offset))
	written := string(at.text.src[begin:at.offset])
	line := strings.TrimLeft(written, " ")
	t := &typing{server: s, at: at, line: line, start: at.offset - len(line), items: []completionItem{}, seen: map[string]bool{}}
	above := syntax.Look(at.text.src[:begin])
	t.place, _, t.inText = above.PlaceOf(len(written) - len(line))
	if at.folder.result.Pack != nil {
		t.walker = at.folder.namesOf().walkerAt(at.file, at.offset)
	}
	return t
}

// complete finds what the line is so far.
func (t *typing) complete() {
	if t.inText {
		t.hole(t.line)
		return
	}
	if strings.HasPrefix(t.line, "#") || t.place == syntax.Nowhere {
		return
	}
	t.keywords()
	head := t.head()
	if head == nil {
		return
	}
	rest := t.line[len(head.Keyword):]
	if arrow := arrowBefore.FindStringSubmatch(t.line); arrow != nil && strings.Contains(head.Shape, "TARGET") {
		t.targets(arrow[1])
		return
	}
	if colon := textBegins(rest); colon >= 0 && head.Text != syntax.NoText || head.Text == syntax.Rest || head.Text == syntax.Label {
		t.hole(rest)
		return
	}
	if head.Keyword != "" && !strings.HasPrefix(rest, " ") {
		return
	}
	word := lastWord.FindString(rest)
	w := expects(head.Same(), strings.TrimSuffix(rest, word))
	for _, slot := range w.slots {
		t.slot(head, slotOf(head.Keyword, slot, t.place), rest, word)
	}
	for _, next := range w.words {
		t.word(next, word, "")
	}
}

var (
	arrowBefore = regexp.MustCompile(`(?:^|\s)->\s*([\pL\pM\pN_.]*)$`)
	lastWord    = regexp.MustCompile(`[\pL_][\pL\pM\pN_.]*$`)
)

// textBegins is where the text of a line begins, -1 where it has not yet.
func textBegins(rest string) int {
	if i := strings.Index(rest, ": "); i >= 0 {
		return i
	}
	if strings.HasSuffix(rest, ":") {
		return len(rest) - 1
	}
	return -1
}

// head is the kind of line that is written here: the one with the longest keyword, or the place's row.
func (t *typing) head() *syntax.Head {
	var best, row *syntax.Head
	for _, h := range syntax.HeadsAt(t.place) {
		switch {
		case h.Keyword == "" && h.Name() != "library line":
			row = h
		case h.Keyword != "" && strings.HasPrefix(t.line, h.Keyword) && (best == nil || len(h.Keyword) > len(best.Keyword)):
			if rest := t.line[len(h.Keyword):]; rest == "" || rest[0] == ' ' || rest[0] == ':' {
				best = h
			}
		}
	}
	if best == nil {
		return row
	}
	return best
}

// keywords offers the lines that can stand here and begin with what is written.
func (t *typing) keywords() {
	for i, h := range syntax.HeadsAt(t.place) {
		if h.Keyword == "" || !strings.HasPrefix(h.Keyword, strings.ToLower(t.line)) || t.seen[h.Keyword] {
			continue
		}
		t.seen[h.Keyword] = true
		item := completionItem{
			Label: h.Keyword, Kind: itemKeyword, Detail: h.Shape, Documentation: &markup{"markdown", describeLine(h)},
			SortText: fmt.Sprintf("0%03d", i), FilterText: h.Keyword,
		}
		text := h.Keyword
		if t.server.editor.TextDocument.Completion.CompletionItem.SnippetSupport {
			text, item.Format = snippet(h), 2
		} else if h.Shape != h.Keyword {
			text += " "
		}
		item.TextEdit = &textEdit{t.at.text.span(t.start, t.at.offset, t.server.encoding), text}
		t.items = append(t.items, item)
	}
}

// offer adds something to write in the place of a word that is begun.
func (t *typing) offer(label, begun string, kind int, detail, sort string) {
	if t.seen[label] {
		return
	}
	t.seen[label] = true
	t.items = append(t.items, completionItem{Label: label, Kind: kind, Detail: detail, SortText: sort + label,
		TextEdit: &textEdit{t.at.text.span(t.at.offset-len(begun), t.at.offset, t.server.encoding), label}})
}

func (t *typing) word(word, begun, detail string) { t.offer(word, begun, itemKeyword, detail, "1") }

// things offers all that is declared of a kind.
func (t *typing) things(k kind, begun string) {
	if t.walker == nil {
		return
	}
	for _, thing := range t.walker.all(t.at.file, k) {
		detail := k.String()
		if typ := t.at.folder.typeOf(thing); typ != "" {
			detail += ": " + typ
		} else if title := titleOf(thing.line); title != "" {
			detail += ": " + title
		}
		t.offer(thing.name, begun, itemKinds[k], detail, "2")
	}
}

var itemKinds = map[kind]int{flowName: itemModule, stepName: itemStep, variableName: itemVariable, rowName: itemVariable, fieldName: itemProperty,
	columnName: itemProperty, optionName: itemConstant, tableName: itemClass, recordName: itemClass, teamName: itemClass, hoursName: itemConstant,
	wordsName: itemConstant, consentName: itemConstant, templateName: itemConstant, serviceName: itemFunction, libraryName: itemModule}

// slotKinds are the slots that take a declared name.
var slotKinds = map[string]kind{"TEAM": teamName, "CONSENT": consentName, "FIELD": fieldName, "RECORD": recordName, "SERVICE": serviceName,
	"TEMPLATE": templateName, "WORDSNAME": wordsName, "HOURS": hoursName}

// slot offers what a slot of a line takes. rest is the line behind its keyword, begun the word at the cursor.
func (t *typing) slot(head *syntax.Head, slot, rest, begun string) {
	if k := slotKinds[slot]; k != 0 {
		t.things(k, begun)
		return
	}
	switch {
	case isExpression(slot):
		t.expression(head, rest)
	case slot == "TARGET":
		t.targets(begun)
	case slot == "FLOW":
		t.flows(begun)
	case slot == "TYPE":
		for _, name := range syntax.Types() {
			t.word(name, begun, "type")
		}
	case slot == "VARIABLE":
		t.variables(begun)
	case slot == "COLUMN":
		t.columns(rest, begun)
	case slot == "PATH":
		t.paths(head)
	case t.walker == nil:
	case slot == "CODE" && head.Keyword == "language", slot == "LANGUAGE":
		for _, tag := range t.walker.pack.Languages {
			t.word(tag, begun, "language")
		}
	case slot == "CHANNEL":
		for _, name := range channelNames() {
			t.word(name, begun, "channel")
		}
	case slot == "NAME" && strings.Contains(rest, "with "):
		t.parameters(rest, begun)
	}
}

// targets offers places to go to: after "flow." its steps.
func (t *typing) targets(begun string) {
	if t.walker == nil {
		return
	}
	w := t.walker
	if i := strings.LastIndexByte(begun, '.'); i >= 0 {
		for _, f := range w.pack.Flows {
			if name := t.flowName(f); name == begun[:i] {
				for _, s := range f.Steps {
					t.offer(s.Name, begun[i+1:], itemStep, "step of "+name, "1")
				}
			} else if rest, ok := strings.CutPrefix(name, begun[:i+1]); ok {
				t.offer(rest, begun[i+1:], itemModule, "flow: "+f.Title, "2")
			}
		}
		return
	}
	if w.flow != nil {
		for _, s := range w.flow.Steps {
			t.offer(s.Name, begun, itemStep, "step of "+w.flow.Name, "1")
		}
	}
	t.flows(begun)
	for _, word := range syntax.Targets() {
		t.offer(word, begun, itemKeyword, "", "3")
	}
}

func (t *typing) flows(begun string) {
	if t.walker == nil {
		return
	}
	for _, f := range t.walker.pack.Flows {
		t.offer(t.flowName(f), begun, itemModule, "flow: "+f.Title, "2")
	}
}

// flowName is how a line of this file names a flow: without its library's name within the library.
func (t *typing) flowName(f *pack.Flow) string {
	if t.walker.unitOf(f.File.Name) == t.walker.unitOf(t.at.file) {
		return f.Name
	}
	return f.Full()
}

// paths offers the files that a line can name.
func (t *typing) paths(head *syntax.Head) {
	if t.walker == nil {
		return
	}
	begun := t.line[strings.LastIndexByte(t.line, ' ')+1:]
	f := t.at.folder
	if head.Keyword == "table" {
		for _, name := range f.result.Sources.Files() {
			if strings.HasSuffix(strings.ToLower(name), ".csv") && !strings.HasPrefix(name, "../") {
				t.offer(name, begun, itemFile, "table", "1")
			}
		}
		return
	}
	if head.Keyword == "use" {
		for _, other := range t.server.packs {
			if other != f && path.Dir(other.dir) == path.Dir(f.dir) {
				t.offer("../"+path.Base(other.dir), begun, itemFile, "pack", "1")
			}
		}
		return
	}
	for _, name := range sortedNames(f.result.Pack.Media) {
		t.offer(name, begun, itemFile, "", "1")
	}
}

// parameters offers what a flow takes, or what is sent to a service.
func (t *typing) parameters(rest, begun string) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return
	}
	for _, f := range t.walker.pack.Flows {
		if t.flowName(f) == words[0] {
			for _, v := range f.Takes {
				t.offer(v.Name, begun, itemVariable, typeWords(v.Type), "1")
			}
		}
	}
	if len(words) > 2 && words[1] == "from" {
		if s := t.walker.pack.Service(t.walker.flow, words[2]); s != nil {
			for _, c := range s.Send {
				t.offer(c.Name, begun, itemProperty, typeWords(c.Type), "1")
			}
		}
	}
	if tmpl := t.walker.pack.Template(t.walker.flow, words[0]); tmpl != nil {
		for _, name := range tmpl.Params {
			t.offer(name, begun, itemProperty, "of the template", "1")
		}
	}
}

// walkerAt is a walker as it would be at an offset: in its flow, with the rows of the loops around.
func (n *names) walkerAt(file string, offset int) *walker {
	w := &walker{names: n, file: n.files[file]}
	if w.file == nil {
		return nil
	}
	for _, line := range w.file.Lines {
		if line.Span.Start > offset {
			break
		}
		switch line.Head.(type) {
		case *ast.Flow:
			w.flow, w.test = n.flows[line], false
		case *ast.Step, *ast.Trigger, *ast.Takes, *ast.Bad:
		case *ast.Test:
			w.flow, w.test = nil, true
		default:
			w.flow, w.test = nil, false
		}
	}
	lines := w.file.Lines
	for len(lines) > 0 {
		var inner []*ast.Line
		for _, line := range lines {
			if line.Span.Start > offset || offset > line.End {
				continue
			}
			inner = line.Children
			if h, ok := line.Head.(*ast.ForEach); ok {
				w.rows = append(w.rows, row{w.thing(rowName, h.Row, line, w.flow), w.elementOf(w.valueOf(&h.Rows))})
			}
		}
		lines = inner
	}
	return w
}
