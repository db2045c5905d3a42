package pack

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
)

// What a table may be at most.
const (
	MaxRows    = 5000
	MaxColumns = 64
	MaxCell    = 4 << 10
)

// mostRowProblems of one table are reported; a file with more is the wrong file.
const mostRowProblems = 50

// sheet is a table file read with the columns of its declaration.
type sheet struct {
	rows     []program.Row
	empty    []bool // by column: some cell of it is empty
	problems diag.List
}

// sheetKey is all that a sheet depends on.
type sheetKey struct {
	file  fileKey
	shape string
}

func (b *builder) table(u *unit, line *ast.Line, h *ast.Table) {
	if !b.claim("table", h.Name, u) {
		return
	}
	if f, taken := b.at[named{"field", h.Name.Text}]; taken {
		b.report(diag.New(diag.Error, "duplicate-name", spanOf(h.Name), "a field is called %q too", h.Name.Text).
			WithNote(span(f.span), "the field is here").WithHelp("Give one of them another name."))
	}
	t := &Table{Name: h.Name.Text, Line: line, Path: h.Path, Columns: b.columnsOf(line)}
	b.names.tables[t.Name] = t
	b.p.Tables = append(b.p.Tables, t)
	file := u.source.prefix + path.Clean(h.Path)
	src, ok := b.src.files[file]
	if !ok {
		b.missingTable(u, line, h)
		return
	}
	if hasBad(line) { // a column could not be read
		return
	}
	key := sheetKey{fileKey{file, b.src.sums[file]}, t.shape(b.p.Languages)}
	s := b.cache.tables[key]
	if s == nil {
		s = readSheet(t, file, src, b.p.Languages, spanOf(h.Name))
	}
	b.sheets[key] = s
	b.problems = append(b.problems, s.problems...)
	t.Rows = s.rows
	for i := range t.Columns {
		t.Columns[i].Type.Optional = s.empty[i] && t.Columns[i].Type.Kind != program.TextKind
	}
}

// shape is what of a declaration changes how its file is read.
func (t *Table) shape(languages []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q", t.Name, languages)
	for _, c := range t.Columns {
		at := c.Line.Head.(*ast.Column).Name.Span()
		fmt.Fprintf(&b, " %s %d %q %v %s %d", c.Name, c.Type.Kind, c.Type.Values, c.Translated, at.File, at.Start)
	}
	return b.String()
}

func (b *builder) missingTable(u *unit, line *ast.Line, h *ast.Table) {
	at := span(line.Span)
	if i := strings.LastIndex(string(b.src.files[at.File][at.Start:at.End]), h.Path); i >= 0 && h.Path != "" {
		at.Start += i
		at.End = at.Start + len(h.Path)
	}
	var there []string
	for _, name := range u.source.tables {
		there = append(there, strings.TrimPrefix(name, u.source.prefix))
	}
	if slices.Contains(u.source.tables, u.source.prefix+path.Clean(h.Path)) {
		return // it was refused, which has been said
	}
	d := diag.New(diag.Error, "missing-file", at, "there is no file %q in this pack", h.Path).
		WithHelps(diag.Suggest("table file", h.Path, there, nil)...)
	if near := diag.Nearest(h.Path, there); len(near) > 0 {
		d = d.WithFix(at, near[0], false)
	} else {
		d = d.WithHelp("Put the table into the folder tables, as a CSV file.")
	}
	b.report(d)
}

// sheetReader reads one file.
type sheetReader struct {
	table  *Table
	file   string
	at     diag.Span // of the table's name
	starts []int     // of each line
	size   int
	out    *sheet
	width  int // columns of the header
	// from is the column of the file for each column of the table; by language for its translations.
	from        []int
	translation [][]int
	languages   []string
	seen        map[string]int // the line of each id
}

func readSheet(t *Table, file string, src []byte, languages []string, at diag.Span) *sheet {
	r := &sheetReader{table: t, file: file, at: at, size: len(src), languages: languages, seen: map[string]int{},
		out: &sheet{empty: make([]bool, len(t.Columns))}}
	if !utf8.Valid(src) {
		r.notText(src)
		return r.out
	}
	body := bytes.TrimPrefix(src, []byte("\ufeff"))
	r.starts = lineStarts(src, len(src)-len(body))
	in := csv.NewReader(bytes.NewReader(body))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = separator(body), -1, true
	header, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			r.problem(diag.New(diag.Error, "table-row", diag.Span{File: file}, "this table is empty").
				WithHelp("Its first line names the columns:  %s", r.headerLine()))
		} else {
			r.broken(err)
		}
		return r.out
	}
	if !r.header(header) {
		return r.out
	}
	for {
		cells, err := in.Read()
		if err == io.EOF {
			return r.out
		}
		if err != nil {
			r.broken(err)
			return r.out // where a quote is open, the lines below are not what they seem
		}
		if len(r.out.rows) == MaxRows {
			line, column := in.FieldPos(0)
			r.problem(diag.New(diag.Error, "too-large", r.span(line, column, 1), "this table has more than %d rows", MaxRows).
				WithHelp("Split it into several tables."))
			return r.out
		}
		r.row(in, cells)
		if len(r.out.problems) >= mostRowProblems {
			return r.out
		}
	}
}

func (r *sheetReader) problem(d diag.Diagnostic) { r.out.problems = append(r.out.problems, d) }

func (r *sheetReader) notText(src []byte) {
	at := 0
	for at < len(src) {
		c, n := utf8.DecodeRune(src[at:])
		if c == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	r.problem(diag.New(diag.Error, "not-utf8", diag.Span{File: r.file, Start: at, End: at + 1}, "this table is not UTF-8 text").
		WithHelp("In a spreadsheet, save it as “CSV UTF-8”."))
}

// lineStarts are the offsets of lines as the CSV reader counts them, its first one after a byte order mark.
func lineStarts(src []byte, first int) []int {
	starts := []int{first}
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// separator of a table: many spreadsheets write semicolons, since their numbers have commas.
func separator(body []byte) rune {
	header, _, _ := bytes.Cut(body, []byte{'\n'})
	for _, c := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(header, c) >= 0 {
			return rune(c)
		}
	}
	return ','
}

var separatorNames = map[rune]string{',': "a comma", ';': "a semicolon", '\t': "a tab"}

// span of n bytes at a line and a byte of it, both from 1.
func (r *sheetReader) span(line, column, n int) diag.Span {
	if line < 1 || line > len(r.starts) {
		return diag.Span{File: r.file, Start: r.size, End: r.size}
	}
	start := min(r.starts[line-1]+column-1, r.size)
	return diag.Span{File: r.file, Start: start, End: min(start+n, r.size)}
}

// broken explains what the CSV reader stumbled over.
func (r *sheetReader) broken(err error) {
	p, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		r.problem(diag.New(diag.Error, "table-row", diag.Span{File: r.file}, "this table cannot be read"))
		return
	}
	switch at := r.span(p.Line, p.Column, 1); {
	case errors.Is(p.Err, csv.ErrBareQuote):
		r.problem(diag.New(diag.Error, "table-row", at, "a quote stands inside a cell of line %d", p.Line).
			WithHelp(`Put the whole cell between quotes, and write "" for a quote inside it.`))
	case errors.Is(p.Err, csv.ErrQuote) && p.StartLine != p.Line:
		r.problem(diag.New(diag.Error, "table-row", r.span(p.StartLine, 1, 1), "a quote in line %d is not closed", p.StartLine).
			WithHelp(`Close the cell with a quote, or write "" for a quote inside it.`))
	default:
		r.problem(diag.New(diag.Error, "table-row", at, "the quotes in line %d do not fit together", p.Line).
			WithHelp(`A cell with quotes begins and ends with one; inside it write "" for a quote.`))
	}
}

func (r *sheetReader) headerLine() string {
	var names []string
	for _, c := range r.table.Columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ",")
}

// header finds the columns. Those that the table does not declare are a spreadsheet's own business.
func (r *sheetReader) header(cells []string) bool {
	if len(cells) > MaxColumns {
		r.problem(diag.New(diag.Error, "too-large", r.span(1, 1, 1), "this table has more than %d columns", MaxColumns).
			WithHelp("Take out the columns that the flows do not use."))
		return false
	}
	r.width = len(cells)
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = strings.TrimSpace(c)
		if at := slices.Index(names[:i], names[i]); at >= 0 && names[i] != "" {
			r.problem(diag.New(diag.Error, "duplicate-name", r.span(1, 1, r.lineLength()), "there are two columns called %q", names[i]).
				WithHelp("Give one of them another name."))
			return false
		}
	}
	complete := true
	r.otherTranslations(names)
	for _, c := range r.table.Columns {
		from := slices.Index(names, c.Name)
		r.from = append(r.from, from)
		var byLanguage []int
		if c.Translated {
			byLanguage = make([]int, len(r.languages))
			for i, lang := range r.languages {
				byLanguage[i] = slices.Index(names, c.Name+"."+lang)
			}
			if byLanguage[0] < 0 {
				byLanguage[0] = from
			}
			from = byLanguage[0]
			r.from[len(r.from)-1] = from
		}
		r.translation = append(r.translation, byLanguage)
		if from < 0 {
			complete = false
			name := c.Line.Head.(*ast.Column).Name
			r.problem(diag.New(diag.Error, "unknown-column", spanOf(name), "%s has no column %q", path.Base(r.file), c.Name).
				WithNote(r.span(1, 1, r.lineLength()), "its columns are named here").
				WithHelps(diag.Suggest("column", c.Name, names, nil)...))
		}
	}
	return complete
}

// otherTranslations warns of columns that look like the translation of one and are not read: name_en.
func (r *sheetReader) otherTranslations(names []string) {
	for _, c := range r.table.Columns {
		for _, lang := range r.languages {
			want := c.Name + "." + lang
			if !c.Translated || slices.Contains(names, want) {
				continue
			}
			for _, name := range names {
				if rest, ok := strings.CutPrefix(name, c.Name); ok && strings.EqualFold(strings.Trim(rest, "_- ()[].:"), lang) {
					r.problem(diag.New(diag.Warning, "table-row", r.span(1, 1, r.lineLength()), "the column %q is not read", name).
						WithHelp("A translation of %q is called:  %s", c.Name, want))
				}
			}
		}
	}
}

func (r *sheetReader) lineLength() int {
	end := r.size
	if len(r.starts) > 1 {
		end = r.starts[1] - 1
	}
	return end - r.starts[0]
}

// row reads one line below the header.
func (r *sheetReader) row(in *csv.Reader, cells []string) {
	if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
		return // what spreadsheets leave below the last row
	}
	line, _ := in.FieldPos(0)
	if len(cells) != r.width {
		last, column := in.FieldPos(len(cells) - 1)
		help := fmt.Sprintf("Put a cell that has %s in it between quotes.", separatorNames[in.Comma])
		if len(cells) < r.width {
			help = fmt.Sprintf("Some cell is missing. An empty one is written too: nothing between %s and the next.", separatorNames[in.Comma])
		}
		r.problem(diag.New(diag.Error, "table-row", r.span(last, column, max(1, len(cells[len(cells)-1]))), "line %d has %s, the header has %d", line, counted(len(cells), "column"), r.width).
			WithHelp("%s", help))
		return
	}
	row := program.Row{Table: r.table.Name, Columns: r.columnNames(), Cells: make([]any, len(r.table.Columns))}
	for i, c := range r.table.Columns {
		at := r.from[i]
		cell := strings.TrimSpace(cells[at])
		cellLine, column := in.FieldPos(at)
		value, problem := r.cell(c, cell)
		if problem != "" {
			d := diag.New(diag.Error, "table-row", r.span(cellLine, column, max(1, len(cells[at]))), "%q in line %d %s", c.Name, line, problem)
			r.problem(d.WithHelps(r.cellHelp(c, cell)...))
			continue
		}
		if cell == "" {
			r.out.empty[i] = true
		}
		row.Cells[i] = value
		if c.Name == "id" {
			row.ID = cell
		}
		row.Translated = r.translated(row.Translated, i, cells)
	}
	r.identify(&row, in, line)
	r.out.rows = append(r.out.rows, row)
}

func (r *sheetReader) translated(out [][]string, column int, cells []string) [][]string {
	from := r.translation[column]
	if from == nil {
		return out
	}
	if out == nil {
		out = make([][]string, len(r.table.Columns))
	}
	out[column] = make([]string, len(from))
	for i, at := range from {
		if at >= 0 {
			out[column][i] = strings.TrimSpace(cells[at])
		}
	}
	return out
}

func (r *sheetReader) columnNames() []string {
	if len(r.out.rows) > 0 {
		return r.out.rows[0].Columns
	}
	var names []string
	for _, c := range r.table.Columns {
		names = append(names, c.Name)
	}
	return names
}

// identify gives a row its id: that of its id column, else its number.
func (r *sheetReader) identify(row *program.Row, in *csv.Reader, line int) {
	column := slices.IndexFunc(r.table.Columns, func(c Column) bool { return c.Name == "id" })
	if column < 0 {
		row.ID = fmt.Sprint(len(r.out.rows) + 1)
		return
	}
	cellLine, at := in.FieldPos(r.from[column])
	if row.ID == "" {
		r.problem(diag.New(diag.Error, "table-row", r.span(cellLine, at, 1), `"id" in line %d is empty`, line).
			WithHelp("Give each row an id of its own. It stays the same when other columns change."))
		return
	}
	if first, taken := r.seen[row.ID]; taken {
		r.problem(diag.New(diag.Error, "table-row", r.span(cellLine, at, len(row.ID)), "the id %q stands in lines %d and %d", row.ID, first, line).
			WithHelp("Give each row an id of its own."))
		return
	}
	r.seen[row.ID] = line
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
