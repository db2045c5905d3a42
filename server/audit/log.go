package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// lastEnding is that of the file which names the last record, so that one taken off the end is missed. It has one line
// of fixed size, written in place: a number of 20 digits, and the hash.
const (
	lastEnding = ".last"
	markSize   = 20 + 1 + 64 + 1
)

// Log is an open log. One process has it: the store's lock sees to that. It is safe for concurrent use.
type Log struct {
	path   string
	now    func() time.Time
	broken func(Report)

	mu      sync.Mutex
	file    *os.File
	last    *os.File
	at      mark
	size    int64
	settled bool // false: what lies at the end has to be looked at first
}

// Open opens the log at path, or begins one. A log that is not as it was written is given to broken and goes on: who
// serves must not fall silent because somebody touched a file, and a log that cannot be added to would hide what is done
// next as well. Verify is for those who must not go on. What a killed process left at the end is marked, not taken away.
// With an error the log is not ready, and tries again at each record.
func Open(path string, now func() time.Time, broken func(Report)) (*Log, error) {
	l := &Log{path: path, now: now, broken: broken}
	if err := l.settle(); err != nil {
		return l, fmt.Errorf("the log of who did what: %w", err)
	}
	return l, nil
}

// Verify reads the log, as the function of that name does.
func (l *Log) Verify(noted string, each func(Record)) (Report, error) {
	return Verify(l.path, noted, each)
}

// Close ends the use of the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.close()
}

func (l *Log) close() error {
	var errs []error
	for _, f := range []*os.File{l.file, l.last} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	l.file, l.last, l.settled = nil, nil, false
	return errors.Join(errs...)
}

// Ready tells whether a record could be added, so that nothing is done of which there would be none.
func (l *Log) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready()
}

// ready opens the file anew after an error, and where it is no longer the file that was written to.
func (l *Log) ready() error {
	if l.settled {
		there, err := os.Stat(l.path)
		if err == nil {
			var mine os.FileInfo
			if mine, err = l.file.Stat(); err == nil && os.SameFile(there, mine) && mine.Size() == l.size {
				return nil
			}
		}
	}
	return l.settle()
}

// Append adds a record, and gives it with its number and its hash. It is on the disk when it returns.
func (l *Log) Append(r Record) (Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return r, err
	}
	return l.add("", r)
}

// add writes a record behind what ends the line before.
func (l *Log) add(end string, r Record) (Record, error) {
	r.Number, r.Previous, r.At = l.at.number+1, l.at.hash, l.now()
	line, err := r.line()
	if err != nil {
		return r, err
	}
	if err := l.write(append([]byte(end), line...)); err != nil {
		return r, err
	}
	l.at = mark{r.Number, r.Hash}
	return r, l.remember()
}

func (l *Log) write(b []byte) error {
	l.settled = false
	if _, err := l.file.Write(b); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.size += int64(len(b))
	l.settled = true
	return nil
}

// remember names the last record in the file beside the log. A process that is killed before has it name an earlier one.
func (l *Log) remember() error {
	l.settled = false
	if _, err := l.last.WriteAt(fmt.Appendf(nil, "%020d %s\n", l.at.number, l.at.hash), 0); err != nil {
		return err
	}
	if err := l.last.Sync(); err != nil {
		return err
	}
	l.settled = true
	return nil
}

// settle opens the files, reads the log and puts its end in order.
func (l *Log) settle() error {
	known := l.at
	if err := l.close(); err != nil {
		return err
	}
	var err error
	if l.file, err = os.OpenFile(l.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if l.last, err = os.OpenFile(l.path+lastEnding, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(l.path)); err != nil {
		return err
	}
	last, sound := readMark(l.path)
	if last.number > known.number {
		known = last
	}
	w := newWalk(known, "")
	if err := w.through(l.file); err != nil {
		return err
	}
	w.beside(sound)
	if w.Loose && w.at.number > 1 { // the first one is written before the file that names it
		w.problem(w.at.number, "no file beside the log, %s, names the last record: it was taken away, and nobody can say whether records were taken off the end", lastEnding)
	}
	l.size, l.at = w.size, w.at
	if err := l.mend(w); err != nil {
		return err
	}
	if len(w.Problems) > 0 && l.broken != nil {
		l.broken(w.Report)
	}
	return nil
}

// mend ends the last line. Of a record that was known to be there and is not, the number is not given again: the gap
// tells of it for ever.
func (l *Log) mend(w *walk) error {
	end := ""
	if !w.whole() {
		end = "\n"
	}
	if w.odd.lines > 0 && !w.odd.ended && !w.lost() {
		_, err := l.add(end, Record{What: Torn, Before: hex.EncodeToString(w.odd.bytes.Sum(nil)), Outcome: Done,
			Why: "A process was killed while it wrote the line before. What it had written stands there."})
		return err
	}
	if w.odd.lines > 0 || w.lost() {
		w.end()
	}
	switch {
	case w.last.number > 0 && w.last.number >= w.at.number: // also where another record has taken its place
		l.at = w.last
	case w.odd.lines > 0:
		l.at.number++
	}
	if err := l.write([]byte(end)); err != nil {
		return err
	}
	if l.at.number == 0 {
		return nil // nothing was written yet
	}
	return l.remember()
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
