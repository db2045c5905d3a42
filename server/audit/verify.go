package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Report is what a log is found to be.
type Report struct {
	Records int       `json:"records"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Number  uint64    `json:"number"` // of the last record
	Hash    string    `json:"hash"`   // of the last record
	Torn    int       `json:"torn"`   // lines that a killed process left; a record says so of each
	// Loose: no file beside the log names the last record, as with a copy; what was taken off its end is not missed.
	Loose bool `json:"loose,omitempty"`
	// Noted tells whether there is a record with the hash that was asked for.
	Noted    bool      `json:"noted,omitempty"`
	Problems []Problem `json:"problems"`
	More     int       `json:"more,omitempty"` // problems beyond those listed
}

// Problem is one place where a log is not as it was written.
type Problem struct {
	Number uint64 `json:"number"` // of the record, or of the first of several
	Says   string `json:"says"`
}

// mostProblems are listed.
const mostProblems = 100

// Verify reads the log at path from its first to its last byte. noted is the hash of a record that was noted elsewhere,
// or its beginning; "" for none. each is given every record that is as it was written; nil for nobody. Somebody may be
// writing meanwhile. An error is one of reading; what is found is in the report.
func Verify(path, noted string, each func(Record)) (Report, error) {
	var w *walk
	var err error
	for range 5 {
		if w, err = read(path, noted, each != nil); err != nil || w.whole() && w.sound {
			break
		}
		time.Sleep(50 * time.Millisecond) // a record that is being written now is whole soon
	}
	if err != nil {
		return Report{}, err
	}
	w.end()
	for _, r := range w.records {
		each(r)
	}
	return w.Report, nil
}

// read walks through a log.
func read(path, noted string, keep bool) (*walk, error) {
	last, sound := readMark(path) // before the log: what is added in between is behind it
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no log at %s: nobody has changed anything there yet, or it was taken away: %w", path, err)
		}
		return nil, err
	}
	defer f.Close()
	w := newWalk(last, noted)
	w.keep = keep
	if err := w.through(f); err != nil {
		return nil, err
	}
	w.beside(sound)
	return w, nil
}

// mark is a record's number and hash.
type mark struct {
	number uint64
	hash   string
}

// beside says what is wrong with the file that names the last record.
func (w *walk) beside(sound bool) {
	w.Loose, w.sound = w.last == mark{}, sound
	if !sound {
		w.problem(w.at.number, "the file beside the log, %s, does not name the last record any more: it was changed, and nobody would miss what was taken off the end", lastEnding)
	}
}

// readMark is the record that the file beside the log names as the last; the zero mark where there is none. It is not sound
// where there is something else in it.
func readMark(path string) (m mark, sound bool) {
	b, err := os.ReadFile(path + lastEnding)
	for range 3 { // it may be written at this moment
		again, wrong := os.ReadFile(path + lastEnding)
		if err == nil && wrong == nil && bytes.Equal(b, again) {
			break
		}
		b, err = again, wrong
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 { // of a process that was killed before its first record
		return m, true
	}
	if err != nil || len(b) != markSize {
		return m, false
	}
	number, err := strconv.ParseUint(string(b[:20]), 10, 64)
	if err != nil || b[20] != ' ' || b[markSize-1] != '\n' {
		return m, false
	}
	return mark{number, string(b[21 : markSize-1])}, true
}

// walk goes through the lines of a log.
type walk struct {
	Report
	last  mark // the record that is known to be there
	sound bool // the file that names it has nothing else in it
	noted string
	keep  bool
	// records are those that are as they were written, if they are kept.
	records []Record
	at      mark  // the record before
	size    int64 // bytes that were read
	// unfinished: the last record lacks the end of its line.
	unfinished bool
	odd        odd
}

// odd are lines behind a record that are none.
type odd struct {
	lines int
	bytes hash.Hash // of them all, with what is between the lines
	at    string    // the time that the first of them tells
	ended bool      // the last of them has its end
}

func newWalk(last mark, noted string) *walk {
	return &walk{Report: Report{Hash: zero, Problems: []Problem{}}, last: last, noted: noted, at: mark{0, zero}, odd: odd{bytes: sha256.New()}}
}

// whole tells whether the last line has its end and no record is missing behind it.
func (w *walk) whole() bool { return !w.unfinished && (w.odd.lines == 0 || w.odd.ended) }

func (w *walk) problem(number uint64, format string, args ...any) {
	if len(w.Problems) == mostProblems {
		w.More++
		return
	}
	w.Problems = append(w.Problems, Problem{number, fmt.Sprintf(format, args...)})
}

func (w *walk) through(from io.Reader) error {
	r := bufio.NewReaderSize(from, maxLine)
	within := false // a line that is too long
	for {
		line, err := r.ReadSlice('\n')
		w.size += int64(len(line))
		ended := err == nil
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return err
		}
		if len(line) > 0 {
			if ended {
				line = line[:len(line)-1]
			}
			switch record, wrong := parse(line); {
			case within:
				w.odd.bytes.Write(line)
				w.odd.ended = ended
			case wrong != nil || err == bufio.ErrBufferFull:
				w.strange(line, ended)
			default:
				w.record(record)
				w.unfinished = !ended
			}
		}
		if err == io.EOF {
			return nil
		}
		within = err == bufio.ErrBufferFull
	}
}

// strange is a line, or the beginning of one, that is no record.
func (w *walk) strange(line []byte, ended bool) {
	if w.odd.lines == 0 {
		var r Record
		if json.Unmarshal(line, &r) == nil && !r.At.IsZero() {
			w.odd.at = " of " + stamp(r.At)
		} else if !w.Last.IsZero() {
			w.odd.at = ", written after " + stamp(w.Last) + ","
		}
	} else {
		w.odd.bytes.Write([]byte{'\n'})
	}
	w.odd.lines++
	w.odd.bytes.Write(line)
	w.odd.ended = ended
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// record is one whose own hash is right; whether it stands where it was written is to be seen.
func (w *walk) record(r Record) {
	before := w.at
	next := r.Number == before.number+1
	follows := next && r.Previous == before.hash
	switch {
	case follows && w.odd.lines == 0:
	case follows && r.What == Torn && r.Before == hex.EncodeToString(w.odd.bytes.Sum(nil)):
		w.Torn++
	case follows:
		w.problem(r.Number, "a line that is no record was put in before record %d of %s", r.Number, stamp(r.At))
	case r.Number <= before.number:
		w.problem(r.Number, "record %d of %s stands behind record %d: it was moved, or put in", r.Number, stamp(r.At), before.number)
	case !next && w.odd.lines == 0:
		w.problem(before.number+1, "%s missing before record %d of %s", several(before.number+1, r.Number-1, "is", "are"), r.Number, stamp(r.At))
	case !next && r.Number == before.number+2:
		w.problem(before.number+1, "record %d%s was changed", before.number+1, w.odd.at)
	case !next:
		w.problem(before.number+1, "%s changed or missing before record %d of %s", several(before.number+1, r.Number-1, "is", "are"), r.Number, stamp(r.At))
	case before.number == 0:
		w.problem(r.Number, "record %d of %s does not begin the log: it was replaced", r.Number, stamp(r.At))
	default:
		w.problem(before.number, "record %d of %s was replaced, or record %d of %s was: the second was not written behind the first",
			before.number, stamp(w.Last), r.Number, stamp(r.At))
	}
	w.odd = odd{bytes: sha256.New()}
	if r.Number == w.last.number && r.Hash != w.last.hash {
		w.problem(r.Number, "record %d of %s is not the one that was written: the file beside the log names another", r.Number, stamp(r.At))
	}
	w.Records++
	w.Noted = w.Noted || w.noted != "" && strings.HasPrefix(r.Hash, w.noted)
	if w.keep {
		w.records = append(w.records, r)
	}
	if r.Number <= before.number {
		return
	}
	w.at = mark{r.Number, r.Hash}
	w.Number, w.Hash, w.Last = r.Number, r.Hash, r.At
	if w.First.IsZero() {
		w.First = r.At
	}
}

func several(from, to uint64, one, many string) string {
	if from == to {
		return fmt.Sprintf("record %d %s", from, one)
	}
	return fmt.Sprintf("records %d to %d %s", from, to, many)
}

// lost tells whether a record that is known to have been written last is not there.
func (w *walk) lost() bool { return w.last.number > w.at.number }

// end says what is wrong behind the last record.
func (w *walk) end() {
	next := w.at.number + 1
	switch {
	case w.odd.lines > 0 && w.last.number > next:
		w.problem(next, "%s changed or missing at the end", several(next, w.last.number, "is", "are"))
	case w.odd.lines > 0 && (w.odd.ended || w.lost()):
		w.problem(next, "record %d%s was changed", next, w.odd.at)
	case w.odd.lines > 0:
		w.problem(next, "record %d%s is not whole. A process that was killed leaves such a line, and the next start marks it; otherwise somebody changed it", next, w.odd.at)
	case w.lost():
		behind := "behind " + stamp(w.Last)
		if w.Last.IsZero() {
			behind = "where no record is left"
		}
		w.problem(next, "%s missing at the end, %s", several(next, w.last.number, "is", "are"), behind)
	case w.unfinished:
		w.problem(w.at.number, "record %d of %s lacks the end of its line. A process that was killed leaves such a line, and the next start ends it; otherwise somebody changed it",
			w.at.number, stamp(w.Last))
	}
}
