package fake

import (
	"container/heap"
	"sync"
	"time"
)

// A Clock is the time the server lives in: everything it does later, it does by AfterFunc. The system's clock
// (System) also follows the bubble of testing/synctest; a Manual one moves when a test says so.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once d has passed, never within the call itself.
	AfterFunc(d time.Duration, f func())
}

// System is the clock of the machine. Each function runs in a goroutine of its own.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time                      { return time.Now() }
func (system) AfterFunc(d time.Duration, f func()) { time.AfterFunc(d, f) }

// Manual is a clock that stands still until Advance. What is due runs one after the other in the goroutine that
// advances, by due time and then by the order in which it was asked for: the same calls give the same run.
type Manual struct {
	mu     sync.Mutex
	now    time.Time
	asked  int
	alarms alarms
}

// NewManual is a clock that stands at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t} }

// Now is where the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc asks for f to be called when the clock has advanced by d.
func (m *Manual) AfterFunc(d time.Duration, f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	heap.Push(&m.alarms, alarm{due: m.now.Add(max(d, 0)), order: m.asked, call: f})
}

// Advance moves the clock by d and runs what falls due on the way, each at its time.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	target := m.now.Add(d)
	for len(m.alarms) > 0 && !m.alarms[0].due.After(target) {
		next := heap.Pop(&m.alarms).(alarm)
		if next.due.After(m.now) {
			m.now = next.due
		}
		m.mu.Unlock()
		next.call()
		m.mu.Lock()
	}
	if target.After(m.now) {
		m.now = target
	}
	m.mu.Unlock()
}

// Next is when the next function falls due; false when nothing is asked for.
func (m *Manual) Next() (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.alarms) == 0 {
		return time.Time{}, false
	}
	return m.alarms[0].due, true
}

type alarm struct {
	due   time.Time
	order int
	call  func()
}

type alarms []alarm

func (a alarms) Len() int      { return len(a) }
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(alarm)) }

func (a alarms) Less(i, j int) bool {
	if !a[i].due.Equal(a[j].due) {
		return a[i].due.Before(a[j].due)
	}
	return a[i].order < a[j].order
}

func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
