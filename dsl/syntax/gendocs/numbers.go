package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"baraza/channels/capability"
)

// channels is the table of what each channel takes.
func channels(string, string) (string, error) {
	head := []string{""}
	for _, c := range capability.All {
		head = append(head, c.Title)
	}
	var rows [][]string
	row := func(title string, value func(c capability.Channel) string) {
		cells := []string{title}
		for _, c := range capability.All {
			cells = append(cells, value(c))
		}
		rows = append(rows, cells)
	}
	number := func(title string, value func(c capability.Channel) int) {
		row(title, func(c capability.Channel) string { return atMost(value(c)) })
	}
	row("name in a pack", func(c capability.Channel) string { return code(c.Name) })
	row("a length counts", func(c capability.Channel) string { return units[c.Unit] })
	row("text", func(c capability.Channel) string { return noLimit(c.Body) })
	row("text above options", func(c capability.Channel) string { return noLimit(c.BodyWithOptions) })
	number("caption", func(c capability.Channel) int { return c.Caption })
	number("header", func(c capability.Channel) int { return c.Header })
	number("footer", func(c capability.Channel) int { return c.Footer })
	number("buttons", func(c capability.Channel) int { return c.Buttons })
	row("label of a button", func(c capability.Channel) string {
		if c.Buttons == 0 {
			return atMost(0)
		}
		return noLimit(c.ButtonLabel)
	})
	row("button of a link", func(c capability.Channel) string {
		if !c.Links {
			return "below the text"
		}
		return noLimit(c.LinkLabel)
	})
	number("rows of a list", func(c capability.Channel) int { return c.Rows })
	number("label of a row", func(c capability.Channel) int { return c.RowLabel })
	number("`about` of a row", func(c capability.Channel) int { return c.RowAbout })
	number("button of a list", func(c capability.Channel) int { return c.ListButton })
	for _, kind := range []capability.Kind{capability.Image, capability.Audio, capability.Video, capability.Document, capability.Sticker} {
		row(string(kind), func(c capability.Channel) string { return files(c, kind) })
	}
	row("templates", func(c capability.Channel) string { return map[bool]string{true: "yes", false: "–"}[c.Templates] })
	number("messages in a row before a warning", func(c capability.Channel) int { return c.MessagesInARow })
	number("parts of a text before a warning", func(c capability.Channel) int { return c.Parts })
	return table(head, rows), nil
}

var units = map[capability.Unit]string{
	capability.Graphemes: "what a reader sees as one character", capability.CodePoints: "Unicode code points",
	capability.UTF16: "UTF-16 units", capability.GSM: "GSM or UCS-2 units",
}

func atMost(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func noLimit(n int) string {
	if n == 0 {
		return "no limit"
	}
	return strconv.Itoa(n)
}

func files(c capability.Channel, kind capability.Kind) string {
	m, ok := c.MediaOf(kind)
	if !ok {
		return "–"
	}
	size := fmt.Sprintf("%d MB", m.MaxBytes/1_000_000)
	if m.MaxBytes < 1_000_000 {
		size = fmt.Sprintf("%d kB", m.MaxBytes/1000)
	}
	if len(m.Types) == 0 {
		return "any type, " + size
	}
	return strings.Join(m.Types, " ") + ", " + size
}

// A limit is a constant of the code with what it bounds.
type limit struct {
	folder, name string
	bounds       string
	unit         unit
}

type unit uint8

const (
	count unit = iota
	bytes
	duration
	years // of 365 days, from seconds
)

var allLimits = []struct {
	title  string
	limits []limit
}{
	{"A pack", []limit{
		{"dsl/pack", "MaxFiles", "flow files, those of libraries included", count},
		{"dsl/pack", "MaxBytes", "all files together, without media", bytes},
		{"dsl/pack", "MaxEntries", "files and folders of every kind", count},
		{"dsl/pack", "MaxDepth", "folders within folders", count},
		{"dsl/pack", "MaxLanguages", "languages", count},
		{"dsl/pack", "MaxLibraries", "libraries, with those they use", count},
		{"dsl/pack", "MaxTable", "a table", bytes},
		{"dsl/pack", "MaxRows", "rows of a table", count},
		{"dsl/pack", "MaxColumns", "columns of a table", count},
		{"dsl/pack", "MaxCell", "a cell", bytes},
		{"dsl/pack", "MaxLocale", "a file of translations", bytes},
		{"dsl/locale", "MaxEntries", "texts in one", count},
		{"dsl/locale", "MaxText", "one translation", bytes},
	}},
	{"A flow file", []limit{
		{"dsl/syntax", "maxFile", "the file", bytes},
		{"dsl/syntax", "maxRows", "lines that are not blank", count},
		{"dsl/syntax", "maxHead", "a line that is not text", bytes},
		{"dsl/syntax", "maxDepth", "levels of indentation", count},
		{"dsl/syntax", "maxName", "characters of a name", count},
		{"dsl/syntax", "maxBrackets", "brackets within brackets in a line", count},
		{"dsl/syntax", "maxAddress", "the address of a link", bytes},
		{"dsl/syntax", "maxHoles", "holes in a text", count},
		{"dsl/syntax", "maxCases", "plurals and selects in each other", count},
		{"dsl/syntax", "maxProblems", "problems kept of the file", count},
		{"dsl/pack", "maxDuration", "a duration", years},
		{"dsl/pack", "maxValues", "values of a choice that the checks follow", count},
		{"dsl/pack", "MaxVariables", "variables of a flow", count},
	}},
	{"An expression", []limit{
		{"engine/program/expression", "MaxBytes", "the expression", bytes},
		{"engine/program/expression", "MaxTokens", "words, values and signs", count},
		{"engine/program/expression", "MaxDepth", "open brackets", count},
		{"engine/program/expression", "MaxUnary", "`not` and `-` in a row", count},
		{"engine/program/expression", "MaxText", "a text value", bytes},
		{"engine/program/expression", "MaxList", "entries of a list", count},
	}},
	{"A reply", []limit{
		{"engine/answer", "maxExactBytes", "compared with labels as a whole", bytes},
		{"engine/answer", "maxInexactBytes", "looked through for an option's words", bytes},
		{"engine/answer", "maxInexactWords", "words looked through", count},
		{"engine/answer", "maxSeveralBytes", "read as a list of answers", bytes},
		{"engine/answer", "maxMarks", "combining marks on one letter that count", count},
		{"engine", "consentTries", "times a consent is asked again after a reply that is no answer", count},
	}},
	{"A turn", []limit{
		{"engine", "maxInbound", "a message of a person; the rest is cut and reported", bytes},
		{"engine", "maxOps", "instructions", count},
		{"engine", "maxMessages", "messages sent", count},
		{"engine", "maxTextBytes", "text sent", bytes},
		{"engine", "maxRows", "rows of a loop, and rows offered", count},
		{"engine", "maxFetched", "a fetched answer", bytes},
	}},
	{"A conversation", []limit{
		{"engine", "maxValueBytes", "one value", bytes},
		{"engine", "maxCalls", "open calls", count},
		{"engine", "maxLoops", "loops within loops", count},
		{"engine", "maxReminders", "reminders of a person", count},
		{"engine", "maxTimers", "timers of a question", count},
		{"engine", "maxInbox", "messages held during a fetch", count},
		{"engine", "maxInboxBytes", "their size together", bytes},
		{"engine", "maxHeldBytes", "variables of one run of flows", bytes},
		{"engine", "lateFor", "how long a late answer is offered to go on", duration},
		{"engine", "reminderWaits", "how long a due reminder waits for an open question", duration},
		{"engine", "messagingWindow", "how long after the person's last message a reminder without a template may run", duration},
		{"engine", "maxSessionBytes", "a session that is read", bytes},
	}},
}

// limits are the tables of the constants, each with the file that holds it.
func limits(root, _ string) (string, error) {
	var b strings.Builder
	packages := map[string]map[string]held{}
	for i, section := range allLimits {
		var rows [][]string
		for _, l := range section.limits {
			constants := packages[l.folder]
			if constants == nil {
				var err error
				if constants, err = constantsOf(root, l.folder); err != nil {
					return "", err
				}
				packages[l.folder] = constants
			}
			c, ok := constants[l.name]
			if !ok {
				return "", fmt.Errorf("there is no constant %s in %s", l.name, l.folder)
			}
			rows = append(rows, []string{l.bounds, c.show(l.unit), fmt.Sprintf("[%s](../%s)", code(l.name), c.file)})
		}
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(table([]string{section.title, "At most", "Held by"}, rows))
	}
	return b.String(), nil
}

// held is a constant and the file that holds it, from the root.
type held struct {
	value int64
	file  string
}

func (h held) show(u unit) string {
	switch {
	case u == years:
		return strconv.FormatInt(h.value/(365*86400), 10) + " years"
	case u == duration:
		if d := time.Duration(h.value); d%(24*time.Hour) == 0 && d > 24*time.Hour {
			return strconv.Itoa(int(d/(24*time.Hour))) + " days"
		}
		return strconv.Itoa(int(time.Duration(h.value)/time.Hour)) + " hours"
	case u == bytes && h.value%(1<<20) == 0:
		return strconv.FormatInt(h.value>>20, 10) + " MiB"
	case u == bytes && h.value%(1<<10) == 0:
		return strconv.FormatInt(h.value>>10, 10) + " KiB"
	case u == bytes:
		return strconv.FormatInt(h.value, 10) + " bytes"
	}
	digits := strconv.FormatInt(h.value, 10)
	if len(digits) > 3 {
		digits = digits[:len(digits)-3] + "," + digits[len(digits)-3:]
	}
	return digits
}

// constantsOf reads the whole-number constants of a package from its source, so that none has to be exported for
// the sake of a document.
func constantsOf(root, folder string) (map[string]held, error) {
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		return nil, err
	}
	found := map[string]held{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, spec := range decl.Specs {
				s := spec.(*ast.ValueSpec)
				for i, value := range s.Values {
					v, err := whole(value)
					if err == nil {
						found[s.Names[i].Name] = held{v, folder + "/" + filepath.Base(path)}
					}
				}
			}
		}
	}
	return found, nil
}

var errNotWhole = errors.New("not a whole number of literals")

// durations are the units of package time that limits are written in.
var durations = map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}

// whole is the value of an expression of literals and units of time.
func whole(e ast.Expr) (int64, error) {
	v, err := evaluate(e)
	if err != nil {
		return 0, err
	}
	n, exact := constant.Int64Val(constant.ToInt(v))
	if !exact {
		return 0, errNotWhole
	}
	return n, nil
}

func evaluate(e ast.Expr) (constant.Value, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.INT {
			return constant.MakeFromLiteral(e.Value, e.Kind, 0), nil
		}
	case *ast.ParenExpr:
		return evaluate(e.X)
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "time" && durations[e.Sel.Name] != 0 {
			return constant.MakeInt64(int64(durations[e.Sel.Name])), nil
		}
	case *ast.BinaryExpr:
		x, err := evaluate(e.X)
		if err != nil {
			return nil, err
		}
		y, err := evaluate(e.Y)
		if err != nil {
			return nil, err
		}
		switch e.Op {
		case token.SHL:
			n, _ := constant.Uint64Val(y)
			return constant.Shift(x, e.Op, uint(n)), nil
		case token.ADD, token.SUB, token.MUL:
			return constant.BinaryOp(x, e.Op, y), nil
		}
	}
	return nil, errNotWhole
}
