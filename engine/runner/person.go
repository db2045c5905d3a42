package runner

import (
	"errors"
	"slices"
	"time"

	"baraza/engine"
)

// personFormat is the first byte of a kept person; a build reads only its own.
const personFormat = 1

// errFormat: a later build wrote it. It is never replaced, for the later build can read it.
var errFormat = errors.New("the conversation is kept in a format this build does not know")

// person is the session and what the runner knows beside it: where to answer, and what has yet to be done outside.
// It is kept as one sealed value. Fields are kept apart, each with its own date, and join it when it is read.
type person struct {
	session engine.Session

	channel, account string // the last message came by these
	to               []Identity
	last             time.Time // of the person's last message, as the provider says
	message          string    // the provider's id of it

	counter uint32 // of notices; never goes back
	fetches []pending
	notices []waitingNotice
}

// pending is a fetch without its answer.
type pending struct {
	number  uint32
	service string
	args    []engine.Value
	tries   int
}

// waitingNotice is a word to a team that has not been said.
type waitingNotice struct {
	number uint32 // of its timer
	notice Notice // without pack, contact and number, which are the conversation's
	tries  int
}

// clone is a person that can change while p stays.
func (p *person) clone() person {
	c := *p
	c.to, c.fetches, c.notices = slices.Clone(p.to), slices.Clone(p.fetches), slices.Clone(p.notices)
	return c
}

func (p *person) append(dst []byte) []byte {
	w := writer{b: append(dst, personFormat)}
	bare := p.session
	bare.Contact.Fields = ""
	at := len(w.b)
	w.b = bare.Append(w.b)
	w.measured(at)
	w.str(p.channel)
	w.str(p.account)
	w.identities(p.to)
	w.time(p.last)
	w.str(p.message)
	w.num(uint64(p.counter))
	w.num(uint64(len(p.fetches)))
	for _, f := range p.fetches {
		w.num(uint64(f.number))
		w.str(f.service)
		w.num(uint64(f.tries))
		appendValues(&w, f.args)
	}
	w.num(uint64(len(p.notices)))
	for _, n := range p.notices {
		w.num(uint64(n.number))
		w.num(uint64(n.tries))
		w.num(uint64(n.notice.Kind))
		w.str(n.notice.Team)
		w.str(n.notice.To)
		w.num(uint64(n.notice.Case))
		w.flag(n.notice.Urgent)
		w.time(n.notice.At)
	}
	return w.b
}

func readPerson(b []byte) (person, error) {
	var p person
	if len(b) == 0 || b[0] != personFormat {
		if len(b) > 0 {
			return p, errFormat
		}
		return p, errWire
	}
	r := reader{b: b[1:]}
	session := r.bytes()
	p.channel, p.account = r.str(), r.str()
	p.to = r.identities()
	p.last, p.message = r.time(), r.str()
	p.counter = uint32(r.num())
	for range r.count() {
		f := pending{number: uint32(r.num()), service: r.str(), tries: int(r.num())}
		f.args = readValues(&r)
		p.fetches = append(p.fetches, f)
	}
	for range r.count() {
		n := waitingNotice{number: uint32(r.num()), tries: int(r.num())}
		n.notice = Notice{Kind: NoticeKind(r.num()), Team: r.str(), To: r.str(), Case: uint32(r.num()), Urgent: r.flag(), At: r.time()}
		p.notices = append(p.notices, n)
	}
	if err := r.err(); err != nil {
		return person{}, err
	}
	var err error
	if p.session, err = engine.Decode(session); errors.Is(err, engine.ErrFormat) {
		return person{}, errFormat
	} else if err != nil {
		return person{}, errWire
	}
	return p, nil
}

// appendValues keeps named values in the form that sessions give them.
func appendValues(w *writer, values []engine.Value) {
	var s engine.Session
	w.num(uint64(len(values)))
	for _, v := range values {
		w.str(v.Name)
		s.SetField(v.Name, v.Value)
	}
	w.str(string(s.Contact.Fields))
}

// readValues gives a row of a table as its id.
func readValues(r *reader) []engine.Value {
	var names []string
	for range r.count() {
		names = append(names, r.str())
	}
	kept := engine.Values(r.str())
	var values []engine.Value
	for _, name := range names {
		v, _ := kept.Get(name)
		values = append(values, engine.Value{Name: name, Value: v})
	}
	return values
}

// fieldBytes is one field as it is kept: an entry of engine.Values. Entries one behind the other are the fields.
func fieldBytes(name string, value any) []byte {
	var s engine.Session
	s.SetField(name, value)
	return []byte(s.Contact.Fields)
}

// notify adds a word to a team, and returns the timer that says it.
func (p *person) notify(n Notice) uint32 {
	p.counter++
	number := noticeTimer | p.counter
	p.notices = append(p.notices, waitingNotice{number: number, notice: n})
	return number
}

// dropNotices takes back what was to be said, and returns the timers.
func (p *person) dropNotices(which func(Notice) bool) []uint32 {
	var numbers []uint32
	p.notices = slices.DeleteFunc(p.notices, func(n waitingNotice) bool {
		if !which(n.notice) {
			return false
		}
		numbers = append(numbers, n.number)
		return true
	})
	return numbers
}
