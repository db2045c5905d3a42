// Package locale reads and writes the catalogues of translations of a pack: PO files as Poedit, Weblate and
// other tools of translators keep them. It knows entries, comments and marks, not what the texts mean;
// dsl/pack brings them together with the strings of the flows.
package locale

// File is one catalogue.
type File struct {
	Name string // locale/sw.po
	// Header is the text of the entry without an id: "Key: value" lines.
	Header         string
	HeaderComments []string // without "# "
	Entries        []*Entry // in the order of the file
}

// Entry is one string.
type Entry struct {
	ID     string // msgctxt
	Source string // msgid: the text as the translator saw it
	Text   string // msgstr; "" where it is not translated yet

	Comments   []string // of the translator, without "# "
	Notes      []string // of the writer, without "#. "
	References []string // "offices.flow:12", without "#: "
	Fuzzy      bool
	Flags      []string // the others
	Previous   []string // what stood there before a change, without "#| ", as written
	Obsolete   bool     // "#~": kept by a tool, no longer in the pack

	// Where it stands; not written. Line is the number of the first line that is no comment, from 1.
	Line               int
	IDSpan, SourceSpan Span
	TextSpan           Span

	idSeen, sourceSeen, textSeen bool
}

// Span is a place in the file: byte offsets of everything from the first quote to the last.
type Span struct{ Start, End int }

// Problem is what cannot be read, in words for a person.
type Problem struct {
	Span    Span
	Line    int // from 1
	Message string
	Help    string
}

// Find gives the entry of an id that is not obsolete, nil where there is none.
func (f *File) Find(id string) *Entry {
	for _, e := range f.Entries {
		if e.ID == id && !e.Obsolete {
			return e
		}
	}
	return nil
}
