package syntax

// A View is a flow file as an editor needs it while somebody types: every line with its row of the table, and the
// pieces that it is made of. It comes from the scanner alone, so it is there for any text, and needs no grammar.
type View struct {
	Lines []ViewLine
	// Pieces are in the order of the source; white space and ends of lines have none.
	Pieces []Piece
}

// ViewLine is one line that is neither blank nor comment nor text. Offsets are bytes of the file.
type ViewLine struct {
	Head       *Head // nil where it is not known what the line is
	Start, End int   // without indentation and trailing spaces
	Keyword    int   // where its keyword ends; Start where it has none
	HeadEnd    int   // where the text begins, or the colon before it; End where there is none
	Indent     int   // columns
	Block      bool  // its text stands on the lines below
	After      int   // after the last line of its text
}

// A Piece is some bytes of a file and what they are.
type Piece struct {
	Kind       PieceKind
	Start, End int
}

// PieceKind says what a piece is.
type PieceKind uint8

const (
	// WordPiece is a word of the language, a name or a code.
	WordPiece PieceKind = iota + 1
	// NumberPiece is a number, a date or a time.
	NumberPiece
	// PathPiece is a path or an address.
	PathPiece
	// ExprPiece is a whole expression.
	ExprPiece
	// SignPiece is a comma, a colon, an arrow.
	SignPiece
	// TextPiece is one line of what people read.
	TextPiece
	// CommentPiece is from # to the line's end.
	CommentPiece
)

var pieceKinds = map[kind]PieceKind{
	wordToken: WordPiece, numberToken: NumberPiece, dateToken: NumberPiece, timeToken: NumberPiece, phraseToken: TextPiece,
	pathToken: PathPiece, exprToken: ExprPiece, commaToken: SignPiece, opToken: SignPiece, colonToken: SignPiece,
	textToken: TextPiece, commentToken: CommentPiece,
}

// Look reads a file for an editor. A file that is refused as a whole, by its size or because it is no text, has
// no lines.
func Look(src []byte) *View {
	s := newScan("", src)
	s.check()
	if !s.refused {
		s.run()
	}
	v := &View{}
	if s.refused {
		return v
	}
	for i := range s.lines {
		l := &s.lines[i]
		line := ViewLine{Head: l.head, Start: int(l.start), End: int(l.end), Keyword: int(l.start), HeadEnd: int(l.headEnd),
			Indent: int(l.indent), Block: l.block, After: int(l.after)}
		if l.head != nil && l.head.row == "" {
			line.Keyword += s.keywordLen(l)
		}
		v.Lines = append(v.Lines, line)
	}
	for _, t := range s.tokens {
		if k, ok := pieceKinds[t.kind]; ok {
			v.Pieces = append(v.Pieces, Piece{k, int(t.start), int(t.end)})
		}
	}
	return v
}

// LineAt is the line whose characters, or the end of them, are at an offset; nil where there is none.
func (v *View) LineAt(offset int) *ViewLine {
	for i := range v.Lines {
		if l := &v.Lines[i]; l.Start <= offset && offset <= l.End {
			return l
		}
	}
	return nil
}

// PlaceOf says where a line would stand that begins after all lines of the view with this indentation, and below
// which line, nil at the margin. inText says that it would be part of a text.
func (v *View) PlaceOf(indent int) (p Place, below *ViewLine, inText bool) {
	if indent == 0 {
		return Margin, nil, false
	}
	for i := len(v.Lines) - 1; i >= 0; i-- {
		l := &v.Lines[i]
		if l.Indent >= indent {
			continue
		}
		switch {
		case l.Head == nil:
			return Nowhere, l, false
		case l.Block:
			return Nowhere, l, true
		case l.Head.Text == MayBlock && l.HeadEnd < l.End:
			return Nowhere, l, false // it has its text, so nothing stands below
		}
		return l.Head.Opens, l, false
	}
	return Margin, nil, false
}

// Same returns every row of the table that has the keyword of h and can stand where h can: the ways to write one line.
func (h *Head) Same() []*Head {
	if h.Keyword == "" {
		return []*Head{h}
	}
	var all []*Head
	for _, other := range table().all {
		if other.Keyword == h.Keyword && len(other.Below) > 0 && other.Below[0] == h.Below[0] {
			all = append(all, other)
		}
	}
	return all
}

// Targets are the places to go to that are no names.
func Targets() []string { return targetWords }

// Types are the types of values that need nothing behind their name.
func Types() []string { return typeNames }

// NameProblem says why a text cannot be the name of something new, such as "has capital letters"; "" where it can.
func NameProblem(text string) string {
	if text != "" && wordLen([]byte(text)) != len(text) {
		return "has a sign or a space in it"
	}
	if kind := taken[text]; kind != "" {
		return "is " + kind + " already"
	}
	return misshapen(text)
}
