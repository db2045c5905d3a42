package fake

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault says when one misbehaviour strikes. The zero Fault never does.
type Fault struct {
	Chance float64       // from 0 to 1, drawn from the seed
	At     []int         // strikes at these occasions in any case, counted over all scopes; 1 is the first
	For    time.Duration // once it has struck, it strikes the same scope for this long: a storm
}

// Chance is a fault that strikes with probability p.
func Chance(p float64) Fault { return Fault{Chance: p} }

// At is a fault that strikes at the named occasions, 1 being the first.
func At(occasions ...int) Fault { return Fault{At: occasions} }

// Always is a fault that strikes each time.
func Always() Fault { return Chance(1) }

func (f Fault) asleep() bool { return f.Chance <= 0 && len(f.At) == 0 }

// Faults are how the server misbehaves. Each draw depends on Seed, the fault, what it is about (one pair of
// number and person, one update) and how often it was drawn for that: what other people do at the same time does
// not change it.
type Faults struct {
	Seed uint64

	// Answers to requests for messages and media. Those named by a code answer with that code.
	TokenLost   Fault // 190, for the whole account
	HTMLBody    Fault // a 502 with a page of HTML
	Status5xx   Fault // a 500 or 503 with code 131000, 131016 or 2
	CutBefore   Fault // the connection ends without an answer, and nothing was accepted
	Throttle429 Fault // 130429, for the number
	Pair131056  Fault // for the pair
	// Window131047 is the window error inside the window, one half at once, the other by a failed status.
	Window131047 Fault
	// TimeoutAfterAccept accepts the message and ends the connection without an answer.
	TimeoutAfterAccept   Fault
	StatusBeforeResponse Fault // the webhook of `sent` is delivered before the answer
	MediaExpired         Fault // a media id is refused, or a media address gives 404

	// What becomes of accepted messages.
	Vanish        Fault // never delivered, and no status ever says so
	SkipDelivered Fault // `read` comes without `delivered`
	NoRead        Fault // `read` does not come
	Shuffle       Fault // the message reaches the phone late, after those sent later

	// Webhooks.
	Duplicate    Fault // the update is delivered a second time
	Reorder      Fault // the update is held back for 1 to 10 seconds, so that later ones overtake it
	Delay        Fault // the update is held back for up to an hour
	Batch        Fault // the update waits a quarter of a second and shares a webhook with others that do
	Lost200      Fault // the answer 200 is lost on its way, so that the webhook is retried
	BadSignature Fault // a copy with one bit of its signature turned comes first; it must not be answered 200

	// Refuse answers with the code, Fail accepts and sends a failed status with the code. Codes are drawn in
	// ascending order, the first that strikes counts.
	Refuse, Fail map[int]Fault
}

// named are the faults by the names that the log and the command line use.
func (f *Faults) named() map[string]*Fault {
	return map[string]*Fault{
		"token-lost":             &f.TokenLost,
		"html-body":              &f.HTMLBody,
		"status-5xx":             &f.Status5xx,
		"cut-before":             &f.CutBefore,
		"throttle-429":           &f.Throttle429,
		"pair-131056":            &f.Pair131056,
		"window-131047":          &f.Window131047,
		"timeout-after-accept":   &f.TimeoutAfterAccept,
		"status-before-response": &f.StatusBeforeResponse,
		"media-expired":          &f.MediaExpired,
		"vanish":                 &f.Vanish,
		"skip-delivered":         &f.SkipDelivered,
		"no-read":                &f.NoRead,
		"shuffle":                &f.Shuffle,
		"duplicate":              &f.Duplicate,
		"reorder":                &f.Reorder,
		"delay":                  &f.Delay,
		"batch":                  &f.Batch,
		"lost-200":               &f.Lost200,
		"bad-signature":          &f.BadSignature,
	}
}

// FaultNames are the names that Set knows, sorted.
func FaultNames() []string { return slices.Sorted(maps.Keys(new(Faults).named())) }

// Set makes a fault strike with probability p by its name: one of FaultNames, or `refuse-CODE` and `fail-CODE`
// with an error code of the contract.
func (f *Faults) Set(name string, p float64) error {
	if p < 0 || p > 1 {
		return fmt.Errorf("the probability of %q is %v, but it must be from 0 to 1", name, p)
	}
	if fault, ok := f.named()[name]; ok {
		*fault = Chance(p)
		return nil
	}
	for prefix, codes := range map[string]*map[int]Fault{"refuse-": &f.Refuse, "fail-": &f.Fail} {
		number, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		code, err := strconv.Atoi(number)
		if _, known := errorTitles[code]; err != nil || !known {
			return fmt.Errorf("%q names no error code of the contract", name)
		}
		if *codes == nil {
			*codes = map[int]Fault{}
		}
		(*codes)[code] = Chance(p)
		return nil
	}
	return fmt.Errorf("there is no fault %q; the faults are %s, refuse-CODE and fail-CODE",
		name, strings.Join(FaultNames(), ", "))
}

// A Decision is one draw of a fault that is configured. The log of all of them is what a run with another
// outcome differs in.
type Decision struct {
	At     time.Time
	Fault  string // as FaultNames has it
	About  string // the scope: a number and a person, an update, or "" for the account
	Nth    int    // of this fault and scope; 1 is the first
	Struck bool
}

// chance draws faults and remembers the draws. Its owner locks.
type chance struct {
	faults    Faults
	byName    map[string]*Fault
	occasions map[string]int       // of a fault, and of a fault and scope
	storms    map[string]time.Time // fault and scope to when it ends
	log       []Decision
}

func newChance(f Faults) *chance {
	c := &chance{faults: f, occasions: map[string]int{}, storms: map[string]time.Time{}}
	c.faults.Refuse, c.faults.Fail = maps.Clone(f.Refuse), maps.Clone(f.Fail)
	c.byName = c.faults.named()
	return c
}

// strikes draws the named fault for a scope.
func (c *chance) strikes(now time.Time, name, scope string) bool {
	return c.draw(now, *c.byName[name], name, scope)
}

// code draws the coded faults and returns the code of the first that strikes, 0 for none.
func (c *chance) code(now time.Time, kind string, codes map[int]Fault, scope string) int {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if c.draw(now, codes[code], kind+"-"+strconv.Itoa(code), scope) {
			return code
		}
	}
	return 0
}

func (c *chance) draw(now time.Time, f Fault, name, scope string) bool {
	if f.asleep() {
		return false
	}
	place := name + " " + scope
	c.occasions[name]++
	c.occasions[place]++
	nth := c.occasions[place]
	struck := slices.Contains(f.At, c.occasions[name]) || now.Before(c.storms[place]) ||
		c.fraction(name, scope, nth) < f.Chance
	if struck && f.For > 0 && !now.Before(c.storms[place]) {
		c.storms[place] = now.Add(f.For)
	}
	c.log = keep(c.log, Decision{At: now, Fault: name, About: scope, Nth: nth, Struck: struck})
	return struck
}

// fraction is a number from 0 up to 1 that depends on the seed and the words alone.
func (c *chance) fraction(what, scope string, nth int) float64 {
	return float64(c.bits(what, scope, nth)>>11) / (1 << 53)
}

// between is a time from low to high that depends on the seed and the words alone.
func (c *chance) between(low, high time.Duration, what, scope string) time.Duration {
	return low + time.Duration(c.fraction(what, scope, 0)*float64(high-low))
}

func (c *chance) bits(what, scope string, nth int) uint64 {
	h := fnv.New64a()
	var numbers [16]byte
	binary.LittleEndian.PutUint64(numbers[:8], c.faults.Seed)
	binary.LittleEndian.PutUint64(numbers[8:], uint64(nth))
	h.Write(numbers[:])
	h.Write([]byte(what))
	h.Write([]byte{0})
	h.Write([]byte(scope))
	// FNV leaves neighbours close together; two rounds of a finaliser spread them.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// most is how many entries each of the server's records keeps, so that one that runs for days does not grow.
const most = 100_000

// keep appends, and lets the older half go when there are too many.
func keep[T any](all []T, one T) []T {
	if len(all) >= most {
		all = slices.Clone(all[len(all)/2:])
	}
	return append(all, one)
}
