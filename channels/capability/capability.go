// Package capability is what each channel can show and how much of it: lengths, numbers of options, media,
// marks. It is data and a leaf. The checker measures every text of a pack with it before release, the compiler
// decides between buttons, a list and numbered text, and rendering reads the same record, so that what passed
// the check is what the provider accepts.
//
// Lengths are in the channel's own Unit. Where a provider's page and its working clients disagree, the record
// takes the smaller number: a label refused at release costs a minute, a message refused by the provider is
// never read by the person who waits for it.
package capability

// A Channel is the record of one channel. Counts decide what exists: a channel with Buttons 0 has no reply
// buttons, whatever its label lengths say.
type Channel struct {
	Name  string // the word in a pack and on the command line: "whatsapp"
	Title string // the name people read: "WhatsApp"
	Unit  Unit   // what every length below counts

	Body            int // a message of text alone; 0: no limit
	BodyWithOptions int // the text above buttons or a list; 0: no limit
	Caption         int // the text under an image, video or document; 0: the channel takes no caption
	Header          int // the line above a question; 0: none, it becomes the first line of the body
	Footer          int // the small line below a question; 0: none, it becomes the last line of the body
	ButtonLabel     int // one reply button; 0 with Buttons above 0: no limit is published
	ListButton      int // the button that opens a list; 0: there are no lists
	RowLabel        int // one row of a list; 0: there are no lists
	RowAbout        int // the second line of a row; 0: none, `about` is left to numbered text

	Buttons    int // reply buttons under one message at most; 0: none
	Rows       int // rows of one list at most, over all its sections; 0: none
	TokenBytes int // bytes of an option's id, which comes back with the tap; 0: there is nothing to tap

	// ButtonHeaders are the kinds of media that may stand above reply buttons in the same message. Above a list
	// or on any other channel the media goes ahead as a message of its own.
	ButtonHeaders []Kind
	Media         []MediaLimit // what can be sent; a kind that is not named cannot

	Location bool // a place on a map can be sent and asked for
	Contact  bool // a contact card can be sent
	// Links: a button can open a page. The text above it is measured as one above options. Elsewhere the label and the
	// address stand below the text.
	Links     bool
	LinkLabel int  // that button; 0 with Links: no limit is published
	Templates bool // texts approved beforehand exist, and alone may open a conversation

	// Marks put around bold, italic and struck text; "" drops the mark and keeps the words.
	Bold, Italic, Strike string

	MessagesInARow int // messages between two answers before the checker warns; 0: any number
	Parts          int // parts of one text before the checker warns, where each is paid; 0: texts have no parts
}

// Kind is a kind of media, by its word in the language.
type Kind string

// The kinds of media a flow can send.
const (
	Image    Kind = "image"
	Audio    Kind = "audio"
	Video    Kind = "video"
	Document Kind = "document"
	Sticker  Kind = "sticker"
)

// A MediaLimit says which files of one kind a channel takes.
type MediaLimit struct {
	Kind     Kind
	Types    []string // file name extensions in lower case, without the dot; none: any file
	MaxBytes int64
	Caption  bool // a caption can stand under it
}

// Takes reports whether a file with this extension (lower case, without the dot) is of an accepted type.
func (m MediaLimit) Takes(extension string) bool {
	if len(m.Types) == 0 {
		return true
	}
	for _, t := range m.Types {
		if t == extension {
			return true
		}
	}
	return false
}

// MediaOf returns the limits of one kind; false where the channel cannot send it at all.
func (c Channel) MediaOf(kind Kind) (MediaLimit, bool) {
	for _, m := range c.Media {
		if m.Kind == kind {
			return m, true
		}
	}
	return MediaLimit{}, false
}

// Named returns the channel a pack calls by this name; false where there is none.
func Named(name string) (Channel, bool) {
	for _, c := range All {
		if c.Name == name {
			return c, true
		}
	}
	return Channel{}, false
}
