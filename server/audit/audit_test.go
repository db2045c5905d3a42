package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/server/audit"
)

// clock moves on by a minute each time that it is looked at.
func clock() func() time.Time {
	var mu sync.Mutex
	at := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Minute)
		return at
	}
}

var actions = []audit.Record{
	{Who: "ana", What: "release activate", Country: "ke", Pack: "sample", Before: strings.Repeat("a", 64), After: strings.Repeat("b", 64), Why: "a new office", Outcome: audit.Done},
	{Who: "ben", What: "contact erase", Country: "ke", About: strings.Repeat("0f", 16), Outcome: audit.Done},
	{Who: "ben", What: "release rollback", Country: "ke", Outcome: audit.Refused, Status: 409},
	{Who: "Zoë <>&\u2028\n", What: "case done", About: strings.Repeat("0f", 16) + "-4", Outcome: audit.Done},
	{What: "key rotate", Account: "root", Outcome: audit.Failed, Status: 500},
}

func opened(t testing.TB, path string) *audit.Log {
	t.Helper()
	l, err := audit.Open(path, clock(), func(r audit.Report) { t.Errorf("found broken: %+v", r.Problems) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// written is a log of the actions, closed.
func written(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.log")
	l := opened(t, path)
	for _, r := range actions {
		if _, err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func body(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func found(t testing.TB, path string) audit.Report {
	t.Helper()
	r, err := audit.Verify(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// numbers are those of the problems.
func numbers(r audit.Report) (all []uint64) {
	for _, p := range r.Problems {
		all = append(all, p.Number)
	}
	return all
}

func TestWhatWasWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	path := written(t)
	var got []audit.Record
	r, err := audit.Verify(path, "", func(r audit.Record) { got = append(got, r) })
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) > 0 || r.Records != len(actions) || r.Number != 5 || r.First.Minute() != 1 || r.Last.Minute() != 5 || r.Hash != got[4].Hash {
		t.Errorf("got %+v", r)
	}
	for i := range got {
		want := actions[i]
		want.Number, want.At, want.Previous, want.Hash = got[i].Number, got[i].At, got[i].Previous, got[i].Hash
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i+1, diff)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is open to others: %v", info.Mode())
	}
	noted, err := audit.Verify(path, got[2].Hash[:16], nil)
	if err != nil || !noted.Noted {
		t.Errorf("the hash of record 3 is not found: %v", err)
	}
	if noted, _ = audit.Verify(path, "ffff", nil); noted.Noted {
		t.Error("a hash of no record is found")
	}
}

// Each bit of each byte matters, with and without the file that names the last record.
func TestOneChangedByteIsFoundAndItsRecordNamed(t *testing.T) {
	t.Parallel()
	path := written(t)
	whole := body(t, path)
	bare := filepath.Join(t.TempDir(), "bare.log")
	for at := range whole {
		record := uint64(bytes.Count(whole[:at], []byte("\n")) + 1)
		for _, bit := range []byte{1, 0x20, 0x80} {
			changed := bytes.Clone(whole)
			changed[at] ^= bit
			put(t, path, changed)
			if at == len(whole)-1 {
				continue // the end of the last line looks unfinished for a while; see below
			}
			r := found(t, path)
			if !slices.Contains(numbers(r), record) {
				t.Fatalf("byte %d changed by %#x: record %d is not named, but %+v", at, bit, record, r.Problems)
			}
			if bit == 1 {
				put(t, bare, changed)
				if r := found(t, bare); !slices.Contains(numbers(r), record) {
					t.Fatalf("byte %d of the bare file: record %d is not named, but %+v", at, record, r.Problems)
				}
			}
		}
	}
	put(t, path, append(bytes.Clone(whole[:len(whole)-1]), 'x'))
	if got := numbers(found(t, path)); !slices.Equal(got, []uint64{5}) {
		t.Errorf("the end of the last line: got %v", got)
	}
}

func TestLinesTakenOutPutInMovedOrForgedAreNamed(t *testing.T) {
	t.Parallel()
	path := written(t)
	whole := body(t, path)
	lines := bytes.SplitAfter(whole, []byte("\n"))[:5]
	// forged is record 3 with another name and a hash that is right in itself.
	var records []audit.Record
	if _, err := audit.Verify(path, "", func(r audit.Record) { records = append(records, r) }); err != nil {
		t.Fatal(err)
	}
	forge := func(i int) []byte {
		r := records[i]
		r.Who = "eve"
		return audit.Line(r)
	}
	of := func(order ...any) []byte {
		var out []byte
		for _, o := range order {
			switch o := o.(type) {
			case int:
				out = append(out, lines[o-1]...)
			case []byte:
				out = append(out, o...)
			}
		}
		return out
	}
	cases := []struct {
		name string
		file []byte
		want []uint64
		says string
	}{
		{"the first is missing", of(2, 3, 4, 5), []uint64{1}, "record 1 is missing before record 2 of 2026-11-28T08:02:00Z"},
		{"one is missing", of(1, 2, 4, 5), []uint64{3}, "record 3 is missing before record 4 of 2026-11-28T08:04:00Z"},
		{"two are missing", of(1, 4, 5), []uint64{2}, "records 2 to 3 are missing"},
		{"the last is missing", of(1, 2, 3, 4), []uint64{5}, "record 5 is missing at the end, behind 2026-11-28T08:04:00Z"},
		{"all are missing", nil, []uint64{1}, "records 1 to 5 are missing at the end"},
		{"two are swapped", of(1, 3, 2, 4, 5), []uint64{2, 2}, "record 2 of 2026-11-28T08:02:00Z stands behind record 3"},
		{"one stands twice", of(1, 2, 2, 3, 4, 5), []uint64{2}, "record 2 of 2026-11-28T08:02:00Z stands behind record 2"},
		{"a line is put in", of(1, 2, []byte("{}\n"), 3, 4, 5), []uint64{3}, "a line that is no record was put in before record 3"},
		{"a long line is put in", of(1, 2, bytes.Repeat([]byte("x"), 100_000), []byte("\n"), 3, 4, 5), []uint64{3}, "a line that is no record was put in"},
		{"an empty line is put in", of([]byte("\n"), 1, 2, 3, 4, 5), []uint64{1}, "a line that is no record was put in before record 1"},
		{"one is forged", of(1, 2, forge(2), 4, 5), []uint64{3}, "record 3 of 2026-11-28T08:03:00Z was replaced, or record 4"},
		{"the first is forged", of(forge(0), 2, 3, 4, 5), []uint64{1}, "record 1 of 2026-11-28T08:01:00Z was replaced"},
		{"the last is forged", of(1, 2, 3, 4, forge(4)), []uint64{5}, "record 5 of 2026-11-28T08:05:00Z is not the one that was written"},
		{"a line is cut in the middle", of(1, 2, lines[2][:50], []byte("\n"), 4, 5), []uint64{3}, "record 3, written after 2026-11-28T08:02:00Z, was changed"},
		{"a word is changed", bytes.Replace(whole, []byte(`"who":"ana"`), []byte(`"who":"eve"`), 1), []uint64{1}, "record 1 of 2026-11-28T08:01:00Z was changed"},
	}
	for _, c := range cases {
		put(t, path, c.file)
		r := found(t, path)
		if diff := cmp.Diff(c.want, numbers(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s%+v", c.name, diff, r.Problems)
		}
		if !slices.ContainsFunc(r.Problems, func(p audit.Problem) bool { return strings.Contains(p.Says, c.says) }) {
			t.Errorf("%s: got %+v, want %q", c.name, r.Problems, c.says)
		}
		// Serving goes on over it, told once, and what was wrong stays to be seen.
		told := 0
		l, err := audit.Open(path, clock(), func(audit.Report) { told++ })
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for range 2 {
			if _, err := l.Append(actions[0]); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		after := found(t, path)
		if told != 1 || len(after.Problems) == 0 || !slices.Contains(numbers(after), c.want[0]) {
			t.Errorf("%s: told %d times; afterwards %+v", c.name, told, after.Problems)
		}
		put(t, path+".last", fmt.Appendf(nil, "%020d %s\n", 5, records[4].Hash))
	}
}

func TestAKillInTheMiddleOfARecordIsMarkedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	path := written(t)
	whole := body(t, path)
	last := bytes.SplitAfter(whole, []byte("\n"))[4]
	var fourth string
	_, err := audit.Verify(path, "", func(r audit.Record) {
		if r.Number == 4 {
			fourth = r.Hash
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := len(whole) - len(last)
	for cut := begin; cut <= len(whole); cut++ {
		put(t, path, whole[:cut])
		put(t, path+".last", fmt.Appendf(nil, "%020d %s\n", 4, fourth))
		l := opened(t, path)
		if _, err := l.Append(actions[0]); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if now := body(t, path); !bytes.HasPrefix(now, whole[:cut]) {
			t.Fatalf("cut at %d: what was there was changed", cut)
		}
		r := found(t, path)
		want := audit.Report{Records: 6, Number: 6, Torn: 1}
		switch cut {
		case begin: // nothing of it was written
			want = audit.Report{Records: 5, Number: 5}
		case len(whole) - 1, len(whole): // all of it was
			want = audit.Report{Records: 6, Number: 6}
		}
		if len(r.Problems) > 0 || r.Records != want.Records || r.Number != want.Number || r.Torn != want.Torn {
			t.Fatalf("cut at %d: got %+v, want %+v", cut, r, want)
		}
		if want.Torn == 0 {
			continue
		}
		// What the torn line held is under the chain too.
		torn := body(t, path)
		torn[begin] ^= 1
		put(t, path, torn)
		if got := numbers(found(t, path)); !slices.Equal(got, []uint64{5}) {
			t.Fatalf("cut at %d: a changed torn line: got %v", cut, got)
		}
	}
}

// A copy of the log alone is sound, and says what it cannot say. Where a process wrote, the file beside it is missed.
func TestWithoutTheFileThatNamesTheLastRecordNobodyBelievesTheEnd(t *testing.T) {
	t.Parallel()
	path := written(t)
	whole := body(t, path)
	mark := body(t, path+".last")
	if r := found(t, path); r.Loose || len(r.Problems) > 0 {
		t.Errorf("as it was written: %+v", r)
	}
	for name, beside := range map[string][]byte{"junk": []byte("junk"), "cut": mark[:20], "another sign": bytes.Replace(mark, []byte(" "), []byte("-"), 1), "one more": append(bytes.Clone(mark), '\n')} {
		put(t, path+".last", beside)
		if r := found(t, path); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Says, "does not name the last record any more") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if err := os.Remove(path + ".last"); err != nil {
		t.Fatal(err)
	}
	begin := len(whole) - len(bytes.SplitAfter(whole, []byte("\n"))[4])
	put(t, path, whole[:begin])
	if r := found(t, path); !r.Loose || r.Number != 4 || len(r.Problems) > 0 {
		t.Errorf("a copy: %+v", r)
	}
	told := ""
	l, err := audit.Open(path, clock(), func(r audit.Report) { told = r.Problems[0].Says })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !strings.Contains(told, "nobody can say whether records were taken off the end") {
		t.Errorf("the process says %q", told)
	}
}

func TestALogThatIsNotMendedYetSaysWhatItsEndIs(t *testing.T) {
	t.Parallel()
	path := written(t)
	whole := body(t, path)
	put(t, path, whole[:len(whole)-20])
	put(t, path+".last", nil)
	r := found(t, path)
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Says, "record 5, written after 2026-11-28T08:04:00Z, is not whole. A process that was killed") {
		t.Errorf("got %+v", r.Problems)
	}
	put(t, path, whole[:len(whole)-1])
	r = found(t, path)
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Says, "record 5 of 2026-11-28T08:05:00Z lacks the end of its line") {
		t.Errorf("got %+v", r.Problems)
	}
}

func TestManyAtOnceAreOneChain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := opened(t, path)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				if _, err := l.Append(audit.Record{Who: fmt.Sprint(i), What: "case done", About: fmt.Sprint(n), Outcome: audit.Done}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	// Who verifies meanwhile finds a log that is as it was written.
	for range 10 {
		if r, err := audit.Verify(path, "", nil); err != nil || len(r.Problems) > 0 {
			t.Errorf("while it is written: %v %+v", err, r.Problems)
		}
	}
	all.Wait()
	if r := found(t, path); r.Records != 160 || r.Number != 160 || len(r.Problems) > 0 {
		t.Errorf("got %+v", r)
	}
}

func TestAFileThatIsChangedWhileItIsOpenIsNoticedAtTheNextRecord(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string, whole []byte){
		"cut": func(path string, whole []byte) { put(t, path, whole[:len(whole)-10]) },
		"replaced": func(path string, whole []byte) {
			_ = os.Remove(path)
			put(t, path, whole[:bytes.IndexByte(whole, '\n')+1])
		},
		"gone": func(path string, _ []byte) { _ = os.Remove(path); _ = os.Remove(path + ".last") },
	} {
		path := filepath.Join(t.TempDir(), "audit.log")
		told := 0
		l, err := audit.Open(path, clock(), func(audit.Report) { told++ })
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range actions {
			if _, err := l.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		change(path, body(t, path))
		r, err := l.Append(actions[0])
		if err != nil || r.Number != 6 || told != 1 {
			t.Errorf("%s: record %d, told %d times, %v", name, r.Number, told, err)
		}
		if after := found(t, path); len(after.Problems) == 0 {
			t.Errorf("%s: nothing is found", name)
		}
		_ = l.Close()
	}
}

func TestALineIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := opened(t, path)
	for _, sign := range []string{"\x00", "é", "\xff", "\u2028", "<"} {
		long := strings.Repeat(sign, 1<<20)
		r := audit.Record{Who: long, Account: long, What: long, Country: long, Pack: long, About: long, Why: long, Before: long, After: long, Outcome: long}
		if _, err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if r := found(t, path); r.Records != 5 || len(r.Problems) > 0 {
		t.Errorf("got %+v", r)
	}
}

func TestALogThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	told := 0
	l, err := audit.Open(path, clock(), func(audit.Report) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(actions[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(); err == nil {
		t.Error("it is said to be ready")
	}
	if _, err := l.Append(actions[0]); err == nil {
		t.Error("a record is said to be kept")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	// It comes right by itself, and the gap tells of what was lost.
	if r, err := l.Append(actions[0]); err != nil || r.Number != 2 {
		t.Errorf("got record %d, %v", r.Number, err)
	}
	if got := numbers(found(t, path)); !slices.Equal(got, []uint64{1}) || told != 1 {
		t.Errorf("got %v, told %d times", got, told)
	}
}
