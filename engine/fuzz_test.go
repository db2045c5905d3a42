package engine

import (
	"bytes"
	"testing"
	"time"
)

// FuzzDecode: no bytes make Decode panic, and what it takes is written back as it was.
func FuzzDecode(f *testing.F) {
	p := desk(f)
	s := known(p)
	f.Add([]byte{})
	f.Add([]byte{sessionFormat})
	f.Add(s.Append(nil))
	for _, text := range []string{"office", "weather", "person", "hello"} {
		next, _ := Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		f.Add(next.Append(nil))
	}
	all := everything(f)
	for _, text := range []string{"rumour", "children", "calls", "status", "later", "camps", "note"} {
		next, _ := Step(all, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		f.Add(next.Append(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode(data)
		if err != nil {
			return
		}
		if got := s.Append(nil); !bytes.Equal(got, data) {
			t.Errorf("decoded and encoded again:\n%x\n%x", data, got)
		}
		s.Where(p)
		s.Variables(p)
		Step(p, s, Event{Kind: Message, At: monday, Text: "1"})
	})
}

// FuzzStep: any message to any session ends within its bounds.
func FuzzStep(f *testing.F) {
	p := everything(f)
	s := known(p)
	for _, text := range []string{"camps", "1, 2", "flood", "deep", "later", "status", "x\xff\x00", "👍🏽", "٢", "bx.y.z"} {
		f.Add(s.Append(nil), uint8(Message), text, "", int64(60))
		next, effects := Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		token := ""
		for _, e := range effects {
			if e.Kind == Send && len(e.Send.Options) > 0 {
				token = e.Send.Options[len(e.Send.Options)-1].Token
			}
		}
		f.Add(next.Append(nil), uint8(Message), "2", token, int64(3600))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, text, token string, seconds int64) {
		s, err := Decode(data)
		if err != nil {
			return
		}
		ev := Event{Kind: EventKind(kind), At: monday.Add(time.Duration(seconds%(1<<30)) * time.Second), Channel: "whatsapp",
			Text: text, Token: token, Timer: uint32(seconds), Case: uint32(seconds), Fetch: uint32(seconds)}
		after, effects := Step(p, s, ev)
		if _, err := Decode(after.Append(nil)); err != nil && len(data) < 1<<18 {
			t.Errorf("the session after it cannot be read: %v", err)
		}
		bounded(t, effects, nil)
	})
}
