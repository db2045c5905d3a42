// Package answer understands what a person wrote: which option was meant, which word was called out, which
// number, date or address was given. Engine's Step asks it, in the order the language fixes: safety words
// (WordList.Whole), then Choices.Exact, then triggers (WordList.Whole, WordList.Inside), then Choices.Inexact.
//
// It is pure and knows nothing of programs, sessions or channels. What a question offers is prepared once
// (Prepare, PrepareWords); the results are immutable and safe for concurrent use. Everything is compared in
// the form that Fold gives. No function guesses: where two readings are possible, there is none.
//
// Every function is linear in its input and total: any bytes may be passed. Callers clip messages; those
// functions that look at less than the whole message say so.
package answer

// An Option is one thing that can be chosen.
type Option struct {
	ID string
	// Number is the option's number as the person sees it, from 1; 0 where it has none.
	Number int
	Words  []Words
}

// Words are the ways to name an option in one language.
type Words struct {
	Lang string
	// Exact holds the label first, then the also-words, as written.
	Exact []string
}

// How says in which way a reply was understood, or why it was not.
type How uint8

const (
	// NotUnderstood: nothing fits.
	NotUnderstood How = iota
	// ByNumber: the option's number, in any script's digits.
	ByNumber
	// ByLabel: the label or an also-word in the conversation's language.
	ByLabel
	// ByOtherLanguage: the label or an also-word in another language of the pack.
	ByOtherLanguage
	// Inside: the option's words stand in a longer answer.
	Inside
	// Slip: the option's words but for one edit.
	Slip
	// Ambiguous: more than one option fits, so none is taken.
	Ambiguous
)

// String is the name used in transcripts and tests.
func (h How) String() string {
	names := [...]string{"not understood", "number", "label", "other language", "inside", "slip", "ambiguous"}
	if int(h) < len(names) {
		return names[h]
	}
	return "unknown"
}

// A Match is what Choices made of a reply.
type Match struct {
	// Index is the option's place in the list given to Prepare; -1 where nothing was understood.
	Index int
	How   How
	// Ask is set where the option must not be taken before the person said that it was meant: a slip on a
	// sensitive step.
	Ask bool
}
