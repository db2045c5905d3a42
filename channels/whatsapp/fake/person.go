package fake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Person uses WhatsApp. With a UserID and no Phone it is one who hides the number behind a username: webhooks
// then have neither wa_id nor from.
type Person struct {
	Phone        string // with +, or ""
	UserID       string // business-scoped, such as EC.13491208655302741918, or ""
	ParentUserID string
	WaID         string // the number as webhooks have it; Phone without + unless given (Brazil, Mexico, Argentina differ)
	Name         string
	Username     string
	IdentityHash string // sent as identity_key_hash when given

	NoReceipts    bool // read receipts are off
	NotOnWhatsApp bool // accepted messages fail with 131026
	Stopped       bool // stopped marketing messages: they fail with 131050
}

// person is one with everything it has seen.
type person struct {
	Person
	offline bool
	waiting []*sent
	threads map[string]*thread // by number id
}

// thread is what one person and one number of the business say to each other.
type thread struct {
	number *Number
	who    *person
	scope  string    // names the pair in draws and ids
	opened time.Time // when the person last wrote; the window counts from it
	pair   pairPace
	typing time.Time // until when the phone shows that an answer is being written
	seen   []*Message
}

// Meet makes a person known, or changes one who is: found by Phone, else by UserID.
func (s *Server) Meet(p Person) *Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.meet(p)
	p.WaID = cmp.Or(p.WaID, who.WaID)
	p.Phone = cmp.Or(p.Phone, who.Phone)
	p.UserID = cmp.Or(p.UserID, who.UserID)
	who.Person = p
	s.index(who)
	return &Phone{server: s, who: who, number: s.numbers[0]}
}

// Phone is the phone with a number, such as +593987654321; whoever is not known yet is met with it, and gets a
// business-scoped id unless Config.NoUserIDs is set.
func (s *Server) Phone(number string) *Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Phone{server: s, who: s.meet(Person{Phone: number}), number: s.numbers[0]}
}

// People are all who are known, in the order they were met.
func (s *Server) People() []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Person, 0, len(s.everyone))
	for _, who := range s.everyone {
		all = append(all, who.Person)
	}
	return all
}

func (s *Server) meet(p Person) *person {
	if who := s.byPhone[p.Phone]; p.Phone != "" && who != nil {
		return who
	}
	if who := s.byUser[p.UserID]; p.UserID != "" && who != nil {
		return who
	}
	p.WaID = cmp.Or(p.WaID, digits(p.Phone))
	if p.UserID == "" && !s.config.NoUserIDs {
		p.UserID = fmt.Sprintf("ZZ.%d", s.chance.bits("user id", p.Phone, 0))
	}
	who := &person{Person: p, threads: map[string]*thread{}}
	s.everyone = append(s.everyone, who)
	s.index(who)
	return who
}

func (s *Server) index(who *person) {
	if who.Phone != "" {
		s.byPhone[who.Phone] = who
	}
	if who.UserID != "" {
		s.byUser[who.UserID] = who
	}
}

func (s *Server) thread(number *Number, who *person) *thread {
	t := who.threads[number.ID]
	if t == nil {
		name := who.Phone
		if name == "" {
			name = who.UserID
		}
		t = &thread{number: number, who: who, scope: number.ID + " " + name}
		who.threads[number.ID] = t
	}
	return t
}

func (t *thread) find(id string) *Message {
	for _, m := range slices.Backward(t.seen) {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// card is the person as webhooks introduce them.
func (p *person) card() fields {
	name := p.Name
	if name == "" {
		name = "Somebody"
	}
	profile := fields{"name": name}
	if p.Username != "" {
		profile["username"] = p.Username
	}
	card := fields{"profile": profile}
	for key, value := range map[string]string{
		"user_id": p.UserID, "parent_user_id": p.ParentUserID, "identity_key_hash": p.IdentityHash,
	} {
		if value != "" {
			card[key] = value
		}
	}
	if p.Phone != "" {
		card["wa_id"] = p.WaID
	}
	return card
}

// A Message is one as the phone shows it.
type Message struct {
	ID           string
	FromBusiness bool
	At           time.Time // when it was shown
	Kind         string    // type of the request, for interactive ones also its type: interactive/list
	Header       string
	Text         string // the body or caption, or a line that stands for what has none
	Footer       string
	ListButton   string // opens the options of a list
	Options      []Option
	Link         string // of a call to action, or of media by link
	Media        string // media id
	Reaction     string
	Context      string // id of the message it replies to
	Status       string // of the person's own: "" or read
	Edited       bool
	Revoked      bool
	Raw          json.RawMessage // the request, of the business's
}

// An Option can be tapped.
type Option struct{ ID, Title, About, Section string }

// show puts a message on the phone. A reaction shows at the message it is for.
func (t *thread) show(now time.Time, m *sent, templates []Template) {
	if m.Kind == "reaction" {
		block := m.body["reaction"].(fields)
		if target := t.find(block["message_id"].(string)); target != nil {
			target.Reaction = block["emoji"].(string)
		}
		return
	}
	shown := render(m.body, templates)
	shown.ID, shown.At, shown.FromBusiness, shown.Raw = m.ID, now, true, m.Body
	t.seen = keep(t.seen, &shown)
}
