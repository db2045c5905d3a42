package rounds

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// Write sends what the tester wrote.
func (t *Talk) Write(text string) ([]Turn, error) {
	if tooLong(text, MaxText) {
		return nil, fmt.Errorf("a message has at most %d characters", MaxText)
	}
	text = written(text)
	if text == "" {
		return nil, errors.New("a message has a text")
	}
	turn := Turn{Who: Person, Does: Write, Text: Mask(text)}
	given := turn.Text
	if turn.Text != text {
		turn.Masked = true
		given = t.standIn(text, turn.Text)
		if given != turn.Text {
			turn.Instead = given
		}
	}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Write(given); return true })
}

// Tap taps an option: with the token of the button where a page knows it, else with its label in the newest message
// that offers it. ErrNotThere where no message does.
func (t *Talk) Tap(label, token string) ([]Turn, error) {
	label = clip(label, maxValue)
	turn := Turn{Who: Person, Does: Tap, Text: label}
	newest := true
	if token != "" {
		i := slices.IndexFunc(t.taps, func(o tappable) bool { return o.token == token })
		if i < 0 {
			return nil, ErrNotThere
		}
		turn.Text = t.taps[i].label
		for _, o := range t.taps[i+1:] {
			newest = newest && o.label != turn.Text
		}
	}
	if newest {
		return t.act(turn, func(c *simulator.Conversation) bool { return c.Tap(turn.Text) })
	}
	turn.Token = token
	return t.act(turn, func(c *simulator.Conversation) bool {
		c.Event(engine.Event{Kind: engine.Message, Text: turn.Text, Token: token})
		return true
	})
}

// Send sends media, as image or audio; media is the id of what File.AddMedia kept, "" where nothing is.
func (t *Talk) Send(kind, media string) ([]Turn, error) {
	if !slices.Contains([]string{"image", "audio", "video", "document", "sticker", "contact"}, kind) {
		return nil, fmt.Errorf("%q is nothing that a person sends", clip(kind, 40))
	}
	turn := Turn{Who: Person, Does: SendMedia, Kind: kind, Media: clip(media, 2*len(id{})), Text: "[" + kind + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Send(kind, nil); return true })
}

// SendPlace sends a place in degrees. It is kept to one decimal, some ten kilometres, and to more only where the
// flow says something else there.
func (t *Talk) SendPlace(lat, lon float64) ([]Turn, error) {
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
		return nil, errors.New("a place is a latitude up to 90 and a longitude up to 180 degrees")
	}
	place := t.coarse(engine.LatLon{Lat: lat, Lon: lon})
	turn := Turn{Who: Person, Does: SendMedia, Kind: "location", Place: &place, Text: "[location]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Send("location", &place); return true })
}

// Reply is what a person of the team writes; ErrNotThere where no case is open.
func (t *Talk) Reply(text string) ([]Turn, error) {
	if tooLong(text, MaxText) {
		return nil, fmt.Errorf("a message has at most %d characters", MaxText)
	}
	masked := Mask(written(text))
	if masked == "" {
		return nil, errors.New("a message has a text")
	}
	turn := Turn{Who: Staff, Does: StaffReply, Text: masked, Masked: masked != written(text)}
	return t.act(turn, func(c *simulator.Conversation) bool { return c.StaffReply(masked) })
}

// CloseCase closes the case as the team; ErrNotThere where none is open.
func (t *Talk) CloseCase() ([]Turn, error) {
	return t.act(Turn{Who: Staff, Does: StaffDone, Text: "[the team closes the case]"}, (*simulator.Conversation).StaffDone)
}

// longestAdvance is how far the clock moves at once.
const longestAdvance = 366 * 24 * time.Hour

// Advance moves the session's clock, in whole minutes.
func (t *Talk) Advance(d time.Duration) ([]Turn, error) {
	if d = d.Round(time.Minute); d < time.Minute || d > longestAdvance {
		return nil, errors.New("the clock moves by a minute at least and a year at most")
	}
	turn := Turn{Who: Clock, Does: Advance, For: d, Text: "[" + simulator.Ago(d) + " later]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Advance(d); return true })
}

// SetLanguage changes the person's language; before anything has happened it is the one that is known.
func (t *Talk) SetLanguage(language string) ([]Turn, error) {
	if !slices.Contains(t.talk.Program.Languages, language) {
		return nil, unfitf("the pack has these languages: %s", strings.Join(t.talk.Program.Languages, ", "))
	}
	turn := Turn{Who: Studio, Does: SetLanguage, Name: language, Text: "[the language is now " + language + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool {
		if t.fresh { // as in a test
			c.Session.Contact.Language = language
			return true
		}
		c.Event(engine.Event{Kind: engine.SetLanguage, Text: language})
		return true
	})
}

// SetChannel changes the channel that messages are laid out for.
func (t *Talk) SetChannel(channel string) ([]Turn, error) {
	if channel == "" || len(channel) > maxName {
		return nil, errors.New("a channel has a name")
	}
	turn := Turn{Who: Studio, Does: SetChannel, Name: channel, Text: "[the channel is now " + channel + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Channel = channel; return true })
}

// SetAnswer sets what a service answers from now on, as a JSON object; with "" it fails.
func (t *Talk) SetAnswer(service, answer string) ([]Turn, error) {
	if !slices.ContainsFunc(t.talk.Program.Services, func(s program.Service) bool { return s.Name == service }) {
		return nil, unfitf("the pack has no service %q", clip(service, 40))
	}
	var read map[string]any
	if answer != "" {
		var err error
		if read, err = simulator.ReadAnswer(strings.NewReader(answer)); err != nil {
			return nil, fmt.Errorf("the answer %w", err)
		}
	}
	turn := Turn{Who: Studio, Does: SetAnswer, Name: service, Text: answer}
	return t.act(turn, func(*simulator.Conversation) bool {
		if delete(t.answers, service); read != nil {
			t.answers[service] = read
		}
		return true
	})
}

// SetField sets what is stored about the contact, as a persona has it; with "" nothing is known any more. The error
// says what the field takes.
func (t *Talk) SetField(name, value string) ([]Turn, error) {
	p := t.talk.Program
	if err := fits(p, name, value); err != nil {
		return nil, err
	}
	turn := Turn{Who: Studio, Does: SetField, Name: name, Instead: value, Text: "[" + name + " is now " + value + "]"}
	if value == "" {
		turn.Text = "[" + name + " is not known any more]"
		return t.act(turn, func(c *simulator.Conversation) bool { c.Session.SetField(name, nil); return true })
	}
	v, err := givenOf(p, name, value).value(p, t.talk.Now)
	if err != nil {
		return nil, err
	}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Session.SetField(name, v); return true })
}

// GiveConsent gives a consent of the pack in its present version, as if the contact had agreed.
func (t *Talk) GiveConsent(name string) ([]Turn, error) {
	if consents := t.talk.Program.Consents; !slices.ContainsFunc(consents, func(c program.Consent) bool { return c.Name == name }) {
		var all []string
		for _, c := range consents {
			all = append(all, c.Name)
		}
		return nil, unfitf("the pack has no consent %q; it has %s", clip(name, 40), listed(all))
	}
	turn := Turn{Who: Studio, Does: GiveConsent, Name: name, Text: "[the consent " + name + " is given]"}
	return t.act(turn, func(c *simulator.Conversation) bool { return c.Session.GiveConsent(c.Program, name) })
}

// Back has the question before this one asked again.
func (t *Talk) Back() ([]Turn, error) {
	return t.act(Turn{Who: Studio, Does: GoBack, Text: "[back]"}, func(c *simulator.Conversation) bool {
		c.Event(engine.Event{Kind: engine.GoBack})
		return true
	})
}

// Restart begins anew with the same persona, at the same time.
func (t *Talk) Restart() ([]Turn, error) {
	return t.act(Turn{Who: Studio, Does: Restart, Text: "[a new conversation]"}, func(*simulator.Conversation) bool { return true })
}

// Change goes on with a newer draft of the program.
func (t *Talk) Change(p *program.Program) ([]Turn, error) {
	turn := Turn{Who: Studio, Does: NewDraft, Name: p.Hash, Text: "[the flow was changed]"}
	return t.act(turn, func(c *simulator.Conversation) bool {
		c.Program, t.names = p, t.namesOf(p)
		return true
	})
}

func (t *Talk) namesOf(p *program.Program) *names {
	if t.file == nil {
		return namesOf(p)
	}
	return t.file.namesOf(p)
}

// again does once more what a turn did.
func (t *Talk) again(was *Turn) ([]Turn, error) {
	switch was.Does {
	case Write, StaffReply:
		turn := Turn{Who: was.Who, Does: was.Does, Text: was.Text, Masked: was.Masked, Instead: was.Instead}
		return t.act(turn, func(c *simulator.Conversation) bool {
			if was.Does == StaffReply {
				return c.StaffReply(was.Text)
			}
			c.Write(was.Given())
			return true
		})
	case Tap:
		if was.Token != "" {
			turn := Turn{Who: Person, Does: Tap, Text: was.Text, Token: was.Token}
			return t.act(turn, func(c *simulator.Conversation) bool {
				c.Event(engine.Event{Kind: engine.Message, Text: was.Text, Token: was.Token})
				return true
			})
		}
		return t.Tap(was.Text, "")
	case SendMedia:
		if was.Place == nil {
			return t.Send(was.Kind, was.Media)
		}
		return t.act(Turn{Who: Person, Does: SendMedia, Kind: was.Kind, Place: was.Place, Text: was.Text}, func(c *simulator.Conversation) bool {
			c.Send("location", was.Place)
			return true
		})
	case StaffDone:
		return t.CloseCase()
	case Advance:
		return t.Advance(was.For)
	case SetLanguage:
		return t.SetLanguage(was.Name)
	case SetChannel:
		return t.SetChannel(was.Name)
	case SetAnswer:
		return t.SetAnswer(was.Name, was.Text)
	case SetField:
		return t.SetField(was.Name, was.Instead)
	case GiveConsent:
		return t.GiveConsent(was.Name)
	case GoBack:
		return t.Back()
	case Restart:
		return t.Restart()
	}
	return nil, nil // what followed by itself, or a new draft: the program is the one that plays
}
