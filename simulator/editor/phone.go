package editor

import (
	"encoding/json"
	"sync"
	"time"

	"baraza/engine/program"
	"baraza/simulator"
)

// What a phone takes at most.
const (
	MaxWords = 200     // that were said in one conversation
	MaxWord  = 4 << 10 // bytes of one
)

// Phone stands beside an editor. It has one conversation, and says it again whenever the pack changes on the screen.
// A pack with errors cannot be talked to; the conversation stays as it was then. A nil Phone takes no messages.
type Phone struct {
	start time.Time
	show  func(View)

	mu      sync.Mutex
	program *program.Program // the newest that can run; nil before there is one
	errors  bool             // the pack as it is on the screen has some
	talk    Talk
	// before is the conversation as it was when the person last did something: changes are seen against it, so that
	// a mark stays while somebody types on.
	before, now *simulator.Conversation
}

// View is what a phone shows.
type View struct {
	Program *program.Program // that the conversation runs on; nil where there is none yet
	Lines   []simulator.Line
	Differs *Difference // from what was there when the person last did something; Line counts Lines from 0
	Errors  bool        // the pack has errors now, and the conversation is from before them
}

// NewPhone is a phone whose conversations all begin at start. It is shown by show, which must not wait.
func NewPhone(start time.Time, show func(View)) *Phone { return &Phone{start: start, show: show} }

// Changed gives the phone the pack as it is now; nil where it has errors.
func (p *Phone) Changed(now *program.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	errors, same := now == nil, now == nil || p.program != nil && now.Hash == p.program.Hash
	if same && errors == p.errors {
		return
	}
	if p.errors = errors; !same {
		p.program = now
		p.now = Replay(now, p.start, p.talk)
		if p.before == nil {
			p.before = p.now
		}
	}
	p.tell()
}

// Say makes a conversation the one that the phone has.
func (p *Phone) Say(talk Talk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talk = talk
	if p.program != nil {
		p.now = Replay(p.program, p.start, talk)
		p.before = p.now
	}
	p.tell()
}

func (p *Phone) tell() {
	v := View{Program: p.program, Errors: p.errors}
	if p.now != nil {
		v.Lines, v.Differs = visible(p.now), Differs(p.before, p.now)
	}
	p.show(v)
}

// talkMethod is what the page calls its word to the phone. Its parameters are a Talk.
const talkMethod = "phone/talk"

// heard takes a message of the page that is for the phone. It is not ok where the page asks for more than there is.
func (p *Phone) heard(message []byte) (mine, ok bool) {
	var m struct {
		Method string
		Params json.RawMessage
	}
	if p == nil || json.Unmarshal(message, &m) != nil || m.Method != talkMethod {
		return false, true
	}
	var talk Talk
	if json.Unmarshal(m.Params, &talk) != nil || len(talk.Words) > MaxWords {
		return true, false
	}
	for i := range talk.Words {
		if len(talk.Words[i].Text) > MaxWord {
			return true, false
		}
	}
	p.Say(talk)
	return true, true
}
