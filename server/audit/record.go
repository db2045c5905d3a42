// Package audit keeps who did what: a file of one line a record, to which is only ever added. Each record holds the hash
// of the one before it, so that one that was changed, taken out, put in or moved is found. Nothing in it was written by a
// person that the service is for, and it names none of them but by keyed hashes.
//
// Whoever may write to the file can also write a whole new one. Against that helps a hash that was noted elsewhere: the
// log of the process has that of every record.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Record is one action of an operator, or one that was refused.
type Record struct {
	Number  uint64    `json:"number"` // from 1
	At      time.Time `json:"at"`
	Who     string    `json:"who"`               // as the operator is called; "" where nobody said it
	Account string    `json:"account,omitempty"` // of the machine that asked, or the token
	What    string    `json:"what"`              // the action in its words: "release activate"
	Country string    `json:"country,omitempty"`
	Pack    string    `json:"pack,omitempty"`
	// About is what it was done to: the key of a contact, CONTACT-NUMBER for a case, a sender, the hash of a release.
	About string `json:"about,omitempty"`
	Why   string `json:"why,omitempty"`
	// Before and After are hashes of what served.
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
	Outcome string `json:"outcome"`
	Status  int    `json:"status,omitempty"` // of what was not done, as HTTP counts
	// Previous is the hash of the record before, of 64 zeros for the first.
	Previous string `json:"previous"`
	// Hash is SHA-256 over the line's bytes before ,"hash": in hexadecimal digits.
	Hash string `json:"hash,omitempty"`
}

// Outcomes of an action.
const (
	Done    = "done"
	Refused = "refused" // nothing changed
	Failed  = "failed"  // it may have been done, in part
)

// Torn is what a record says that stands behind a line which a killed process left unfinished. Its Before is the hash of
// that line.
const Torn = "log torn"

// maxLine bounds a line: all fields at their longest with every character escaped are below it.
const maxLine = 16 << 10

// bounded cuts what is too long for a record.
func (r *Record) bounded() {
	for _, f := range []struct {
		text *string
		most int
	}{{&r.Who, 200}, {&r.Account, 200}, {&r.What, 100}, {&r.Country, 64}, {&r.Pack, 64}, {&r.About, 400}, {&r.Why, 1000},
		{&r.Before, 200}, {&r.After, 200}, {&r.Outcome, 20}} {
		*f.text = clip(strings.ToValidUTF8(*f.text, "\uFFFD"), f.most)
	}
	r.At = r.At.UTC().Truncate(time.Millisecond)
}

// clip cuts a text to so many bytes and shows that it did.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

const hashField = `,"hash":"`

// tail is how many bytes of a line its hash takes.
const tail = len(hashField) + 2*sha256.Size + len(`"}`)

// zero stands before the first record.
var zero = strings.Repeat("0", 2*sha256.Size)

// line seals a record and gives its line, with the end of it.
func (r *Record) line() ([]byte, error) {
	r.bounded()
	r.Hash = ""
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1]
	r.Hash = sum(b)
	return append(b, hashField+r.Hash+"\"}\n"...), nil
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

var errChanged = errors.New("the line is not as it was written")

// parse reads a line without its end. Every byte of it counts: what is before the hash is under the hash, and the rest
// has one form.
func parse(line []byte) (r Record, err error) {
	if len(line) <= tail || len(line) >= maxLine {
		return r, errChanged
	}
	body, end := line[:len(line)-tail], line[len(line)-tail:]
	if !bytes.Equal(end, []byte(hashField+sum(body)+`"}`)) {
		return r, errChanged
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, errChanged
	}
	return r, nil
}
