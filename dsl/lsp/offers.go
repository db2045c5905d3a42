package lsp

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/syntax"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

var (
	comparedWith = regexp.MustCompile(`([\pL_][\pL\pM\pN_]*)\s*(?:==|!=)\s*"([^"]*)$`)
	rowNamed     = regexp.MustCompile(`^\s*([\pL_][\pL\pM\pN_]*) (?:from|in) ([\pL_][\pL\pM\pN_.]*)`)
)

// hole offers values inside an open {…} of a text.
func (t *typing) hole(written string) {
	open := strings.LastIndexByte(written, '{')
	if open < 0 || strings.IndexByte(written[open:], '}') >= 0 || open > 0 && written[open-1] == '\\' {
		return
	}
	t.expression(nil, written[open+1:])
}

// expression offers what can stand in an expression of which so much is written: a column after a dot, an answer in
// quotes, else names, functions and words.
func (t *typing) expression(head *syntax.Head, written string) {
	if t.walker == nil {
		return
	}
	if head != nil && (head.Keyword == "ask" || head.Keyword == "for each") {
		t.rowOfLine(written)
	}
	if m := comparedWith.FindStringSubmatch(written); m != nil {
		t.answers(m[1], m[2])
		return
	}
	if strings.Count(written, `"`)%2 == 1 {
		return
	}
	word := lastWord.FindString(written)
	if i := strings.LastIndexByte(word, '.'); i >= 0 {
		t.columnsOf(t.path(word[:i]), word[i+1:])
		return
	}
	t.variables(word)
	t.things(tableName, word)
	for _, f := range expression.Functions() {
		t.function(f, word)
	}
	for _, w := range []string{"and", "or", "not", "in", "contains", "yes", "no", "language"} {
		t.offer(w, word, itemKeyword, "", "6")
	}
	t.things(hoursName, word)
	t.things(teamName, word)
}

func (t *typing) function(f expression.Function, begun string) {
	t.offer(f.Name, begun, itemFunction, f.Signature()+" → "+f.Result, "5")
	item := &t.items[len(t.items)-1]
	if item.Label != f.Name || item.Kind != itemFunction {
		return // a name of the pack has taken its place
	}
	item.Documentation = &markup{"markdown", describeFunction(f)}
	if t.server.editor.TextDocument.Completion.CompletionItem.SnippetSupport {
		item.Format, item.TextEdit.NewText = 2, f.Name+"($1)"
	}
}

// variables offers the names of values: rows of loops, what the flow sets, fields.
func (t *typing) variables(begun string) {
	w := t.walker
	if w == nil {
		return
	}
	for _, r := range w.rows {
		if r.thing != nil {
			t.offer(r.thing.name, begun, itemVariable, "row", "0")
		}
	}
	if w.flow != nil {
		for _, name := range slices.Sorted(maps.Keys(w.flow.Vars)) {
			t.offer(name, begun, itemVariable, typeWords(w.flow.Vars[name].Type), "1")
		}
	}
	t.things(fieldName, begun)
}

// answers offers what the value of a name can be.
func (t *typing) answers(name, begun string) {
	_, v := t.walker.resolve(name)
	if v.typ.Kind != program.ChoiceKind {
		return
	}
	for _, id := range v.typ.Values {
		detail := "answer to " + name
		if a := t.walker.answer(name, id); a != nil && a.line != nil {
			if title := titleOf(a.line); title != "" {
				detail = title
			}
		}
		t.offer(id, begun, itemConstant, detail, "1")
	}
}

// path is the value of names with dots between them.
func (t *typing) path(path string) value {
	parts := strings.Split(path, ".")
	_, v := t.walker.resolve(parts[0])
	for _, p := range parts[1:] {
		v = t.walker.columnValue(v, p)
	}
	return v
}

func (t *typing) columnsOf(v value, begun string) {
	for _, c := range v.typ.Columns {
		t.offer(c.Name, begun, itemProperty, typeWords(c.Type), "1")
	}
	if v.lines == nil {
		return
	}
	for _, line := range v.lines.Children {
		if h, ok := line.Head.(*ast.Column); ok {
			t.offer(h.Name.Text, begun, itemProperty, h.Type.Name, "1")
		}
	}
}

// columns offers the columns of the record that is saved, or of the rows that are shown.
func (t *typing) columns(rest, begun string) {
	if t.walker == nil {
		return
	}
	if m := rowNamed.FindStringSubmatch(rest); m != nil {
		t.columnsOf(t.walker.elementOf(t.path(m[2])), begun)
		return
	}
	if t.place != syntax.InSave {
		return
	}
	if above := lineAt(t.walker.file, t.start-1); above != nil {
		for above != nil {
			if h, ok := above.Head.(*ast.Save); ok {
				if r := t.walker.find(t.at.file, recordName, h.Record.Text); r != nil {
					t.columnsOf(value{lines: r.line}, begun)
				}
				return
			}
			above = parentOf(t.walker.file, above)
		}
	}
}

// rowOfLine makes the row known that the line itself names: in "for each office in offices where office.", office.
func (t *typing) rowOfLine(written string) {
	m := rowNamed.FindStringSubmatch(written)
	if m == nil {
		return
	}
	v := t.path(m[2])
	if v.typ.Elem == nil && v.lines == nil {
		return
	}
	t.walker.rows = append(t.walker.rows, row{&thing{kind: rowName, name: m[1]}, t.walker.elementOf(v)})
}

func channelNames() []string {
	var names []string
	for _, c := range capability.All {
		names = append(names, c.Name)
	}
	return names
}

func sortedNames(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
