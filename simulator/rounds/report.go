package rounds

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"baraza/engine/program"
	"baraza/simulator/script"
)

// Report is what a round found.
type Report struct {
	Round   Round
	At      time.Time
	Version string // of the program that wordings and coverage are compared with

	Participants int // recorded sessions that are still kept
	Finished     int
	Faces        [4]int // sessions by rating; those without one first
	Time         time.Duration
	Turns        int // of the person; Time and Turns are medians of the finished sessions
	Tasks        []TaskReport
	Missed       []MissedReport
	Findings     []Finding
	Coverage     []script.Part // what nobody tried, in steps, choices and when branches
	// Unplayed are sessions that the program cannot play from their beginning: their persona fits it no more.
	Unplayed int
}

// TaskReport is how a task went. Each participant counts once, with the last try.
type TaskReport struct {
	Task Task
	N    int // participants who began it
	// Succeeded were done and reached the step that counts.
	Succeeded                                int
	Done, GaveUp, NeededHelp, Reached, Going int
	Time                                     time.Duration // medians of those who succeeded
	Turns                                    int
	Missed                                   int // replies that were not understood, of all
}

// MissedReport is where people were not understood.
type MissedReport struct {
	Flow, Step   string
	Times        int
	Participants int
	Wrote        []string // some of what they wrote, masked
}

// Finding is what people said about one message in one language.
type Finding struct {
	String, Flow, Step, Language string
	Message                      string // as it was shown last
	Now                          string // as the string is written now; "" where it is gone or has no id
	Participants                 int
	Remarks                      []FindingRemark
}

// FindingRemark is a remark with whom it is by.
type FindingRemark struct {
	Remark
	Tester  int
	Session string
	Older   bool // on an older wording than the one of now
}

// someTexts is how many of the replies that were not understood a report shows at a place.
const someTexts = 5

// Report tells what a round found. Wordings and coverage are those of the program given; nil where there is none.
func (f *File) Report(round string, p *program.Program) (*Report, error) {
	r, err := f.Round(round)
	if err != nil {
		return nil, err
	}
	heads, err := f.Sessions(round)
	if err != nil {
		return nil, err
	}
	var all []Session
	for _, h := range heads {
		s, err := f.Session(h.ID)
		if errors.Is(err, ErrNoSession) {
			continue // deleted meanwhile
		} else if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	out := &Report{Round: r, At: f.now(), Participants: len(all)}
	out.sum(all)
	for _, t := range r.Tasks {
		out.Tasks = append(out.Tasks, taskReport(t, all))
	}
	out.Missed = missedReport(all)
	var n *names
	if p != nil {
		n, out.Version = f.namesOf(p), p.Hash
	}
	out.Findings = findings(all, n)
	if p != nil {
		if out.Coverage, out.Unplayed, err = covered(all, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func covered(all []Session, p *program.Program) ([]script.Part, int, error) {
	unplayed := 0
	for i := range all {
		if _, err := newTalk(all[i], p, namesOf(p)); err != nil {
			unplayed++
		}
	}
	cover, err := Cover(all, p)
	if err != nil {
		return nil, 0, err
	}
	return cover.Parts(), unplayed, nil
}

func (r *Report) sum(all []Session) {
	var times []time.Duration
	var turns []int
	for i := range all {
		s := &all[i]
		r.Faces[s.Face]++
		if s.Ended.IsZero() {
			continue
		}
		r.Finished++
		times = append(times, s.Ended.Sub(s.Begun))
		n := 0
		for j := range s.Turns {
			if s.Turns[j].Who == Person {
				n++
			}
		}
		turns = append(turns, n)
	}
	r.Time, r.Turns = median(times), median(turns)
}

func taskReport(task Task, all []Session) TaskReport {
	out := TaskReport{Task: task}
	var times []time.Duration
	var turns []int
	for i := range all {
		last := -1
		for j := range all[i].Tasks {
			if all[i].Tasks[j].ID == task.ID {
				last = j
				out.Missed += all[i].Tasks[j].Missed
			}
		}
		if last < 0 {
			continue
		}
		t := &all[i].Tasks[last]
		out.N++
		switch t.Outcome {
		case Done:
			out.Done++
		case GaveUp:
			out.GaveUp++
		case NeededHelp:
			out.NeededHelp++
		default:
			out.Going++
		}
		if t.Reached {
			out.Reached++
		}
		if t.Outcome == Done && t.Reached {
			out.Succeeded++
			times = append(times, t.Ended.Sub(t.Begun))
			turns = append(turns, t.Turns)
		}
	}
	out.Time, out.Turns = median(times), median(turns)
	return out
}

// median is the middle value, of two the lower one: somebody had it.
func median[T cmp.Ordered](all []T) T {
	var none T
	if len(all) == 0 {
		return none
	}
	all = slices.Sorted(slices.Values(all))
	return all[(len(all)-1)/2]
}

func missedReport(all []Session) []MissedReport {
	var out []MissedReport
	for i := range all {
		counted := map[int]bool{}
		for j := range all[i].Turns {
			t := &all[i].Turns[j]
			if !t.Missed {
				continue
			}
			at := slices.IndexFunc(out, func(m MissedReport) bool { return m.Flow == t.Flow && m.Step == t.Step })
			if at < 0 {
				at = len(out)
				out = append(out, MissedReport{Flow: t.Flow, Step: t.Step})
			}
			m := &out[at]
			m.Times++
			if !counted[at] {
				counted[at] = true
				m.Participants++
			}
			if text := oneLine(t.Text); len(m.Wrote) < someTexts && !slices.Contains(m.Wrote, text) {
				m.Wrote = append(m.Wrote, text)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b MissedReport) int { return cmp.Compare(b.Times, a.Times) })
	return out
}

// findings groups remarks by the message they are about, the graver ones first.
func findings(all []Session, n *names) []Finding {
	var out []Finding
	at := map[[3]string]int{}
	for i := range all {
		s := &all[i]
		for j := range s.Remarks {
			r := FindingRemark{Remark: s.Remarks[j], Tester: s.Tester, Session: s.ID}
			key := [3]string{r.String, r.Language}
			if r.String == "" {
				key[2] = r.Message
			}
			k, ok := at[key]
			if !ok {
				k = len(out)
				at[key] = k
				out = append(out, Finding{String: r.String, Flow: r.Flow, Step: r.Step, Language: r.Language})
			}
			if n != nil && r.Hash != "" {
				r.Older = n.wording(r.String, r.Language) != r.Hash
			}
			out[k].Message = r.Message
			out[k].Remarks = append(out[k].Remarks, r)
		}
	}
	for i := range out {
		testers := map[string]bool{}
		for _, r := range out[i].Remarks {
			testers[r.Session] = true
		}
		out[i].Participants = len(testers)
		if n != nil {
			out[i].Now = n.text(out[i].String, out[i].Language)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.harms(), a.harms()), cmp.Compare(b.Participants, a.Participants), strings.Compare(a.String, b.String))
	})
	return out
}

// harms counts who said that the message could hurt someone.
func (f *Finding) harms() int {
	n := 0
	for _, r := range f.Remarks {
		if r.Kind == Harmful {
			n++
		}
	}
	return n
}

// fewest is how many participants a share is told of: among fewer, one more or less changes everything.
const fewest = 5

// share says how many of how many, and from five on the share in percent, with the range in which it lies among all
// people like these in 19 rounds of 20 (Wilson's).
func share(k, n int) (of string, percent, low, high int) {
	of = itoa(k) + " of " + itoa(n)
	if n < fewest {
		return of, -1, 0, 0
	}
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	whole := func(f float64) int { return int(math.Round(100 * f)) }
	return of, whole(p), max(0, whole(middle-half)), min(100, whole(middle+half))
}
