package expression

// A Piece is a name, value or sign of a source and where it stands, for editors. Start and End are bytes.
type Piece struct {
	Kind       PieceKind
	Text       string
	Start, End int
}

// PieceKind says what a piece is.
type PieceKind uint8

const (
	NamePiece PieceKind = iota + 1 // a variable, field, table, column, function or word such as "and"
	NumberPiece
	QuotePiece // a text with its quotes
	SignPiece
)

// Pieces cuts a source up to the first thing that has no place in an expression. One that is too long has none.
func Pieces(source string) []Piece {
	if len(source) > MaxBytes {
		return nil
	}
	tokens, _ := scan(source)
	pieces := make([]Piece, len(tokens))
	for i, t := range tokens {
		pieces[i] = Piece{PieceKind(t.kind), t.text, t.start, t.end}
	}
	return pieces
}
