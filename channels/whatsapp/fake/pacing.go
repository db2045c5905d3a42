package fake

import "time"

// Pacing is how fast a number may send. A zero field leaves its limit out.
type Pacing struct {
	PerSecond int           // messages of one number in any second, in and out together; more are refused with 130429
	PairEvery time.Duration // time that each message to one person costs
	PairBurst int           // messages to one person within PairEvery, borrowed from the time after; then 131056
}

// Unpaced has no limit.
var Unpaced = Pacing{PerSecond: 1 << 30}

// platformPacing is that of a number that was not upgraded: WhatsApp Cloud API, throughput, and "about the
// platform", pair rate limits.
var platformPacing = Pacing{PerSecond: 80, PairEvery: 6 * time.Second, PairBurst: 45}

// pace counts the messages of one number over the last second.
type pace struct {
	times []time.Time
	head  int // the oldest within the second
}

func (p *pace) within(now time.Time) int {
	for p.head < len(p.times) && !p.times[p.head].After(now.Add(-time.Second)) {
		p.head++
	}
	if p.head > 1000 && p.head*2 > len(p.times) {
		p.times = append(p.times[:0], p.times[p.head:]...)
		p.head = 0
	}
	return len(p.times) - p.head
}

func (p *pace) count(now time.Time) { p.times = append(p.times, now) }

// pairPace lets a burst go within one interval, then makes the sender wait until each of its messages has had
// its interval.
type pairPace struct {
	start time.Time
	count int
}

// allows reports whether one more message may go to the person now, without counting it.
func (p *pairPace) allows(now time.Time, limit Pacing) bool {
	if limit.PairEvery <= 0 || p.count == 0 {
		return true
	}
	passed := now.Sub(p.start)
	if passed < limit.PairEvery {
		return p.count < max(limit.PairBurst, 1)
	}
	return passed >= time.Duration(p.count)*limit.PairEvery
}

func (p *pairPace) take(now time.Time, limit Pacing) {
	if p.count == 0 || now.Sub(p.start) >= limit.PairEvery {
		p.start, p.count = now, 0
	}
	p.count++
}
