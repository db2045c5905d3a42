package rounds

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits of what is kept. What is larger is refused with ErrFull or a sentence, before it reaches the disk.
const (
	MaxRounds   = 1000
	MaxUses     = 5000 // of an invitation
	MaxTasks    = 20
	MaxTurns    = 2000    // of a session
	MaxBytes    = 2 << 20 // of a session, media apart
	MaxRemarks  = 200     // of a session
	MaxVoice    = 1 << 20 // bytes of a voice note
	MaxPhoto    = 5 << 20 // bytes of a photo
	MaxMedia    = 20      // of each, of a session
	MaxText     = 4096    // characters of what a tester writes
	MaxKept     = 4 << 30 // bytes of the file; nothing begins and no media is taken beyond
	maxTitle    = 200
	maxFields   = 100
	maxValue    = 4 << 10 // bytes of a stored field or a service's answer
	maxTask     = 2000    // characters of a task in one language
	maxLanguage = 50
	maxName     = 128
	maxPhrase   = 256 // bytes of a passphrase

	// mediaKept is how long voice notes and photos are kept, since nothing masks them.
	mediaKept = 30 * 24 * time.Hour
	// DefaultKeep and longestKeep are how long a round lies after its creation.
	DefaultKeep = 90 * 24 * time.Hour
	longestKeep = 366 * 24 * time.Hour
	// DefaultExpiry is until when people can begin.
	DefaultExpiry = 14 * 24 * time.Hour
)

// check says what is wrong with a round that a designer made, in a sentence.
func (r *Round) check(now time.Time) error {
	switch {
	case r.Pack == "" || len(r.Pack) > maxName || len(r.Version) > maxName:
		return fmt.Errorf("a round needs the name of a pack")
	case r.Title == "" || tooLong(r.Title, maxTitle):
		return fmt.Errorf("a round needs a title of at most %d characters", maxTitle)
	case r.Uses < 1 || r.Uses > MaxUses:
		return fmt.Errorf("a round is for 1 to %d people", MaxUses)
	case len(r.Tasks) > MaxTasks:
		return fmt.Errorf("a round has at most %d tasks; give another round the rest", MaxTasks)
	case !r.Expires.After(now):
		return fmt.Errorf("the invitation has to run out later than now")
	case r.Keep.Before(r.Expires) || r.Keep.After(now.Add(longestKeep)):
		return fmt.Errorf("what testers did is kept until the invitation has run out, and at most a year")
	}
	if err := r.Persona.check(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range r.Tasks {
		if err := t.check(seen); err != nil {
			return err
		}
	}
	return nil
}

func (p *Persona) check() error {
	for _, name := range []string{p.Language, p.Channel, p.Device, p.Connection} {
		if len(name) > maxName {
			return fmt.Errorf("%q is too long for a name", clip(name, 40))
		}
	}
	if len(p.Fields) > maxFields || len(p.Answers) > maxFields || len(p.Consents) > maxFields {
		return fmt.Errorf("a persona has at most %d fields, consents and answers", maxFields)
	}
	for _, all := range []map[string]string{p.Fields, p.Answers} {
		for name, value := range all {
			if len(name) > maxName || len(value) > maxValue || !utf8.ValidString(value) {
				return fmt.Errorf("the value of %q is too long or no text", clip(name, 40))
			}
		}
	}
	for _, name := range p.Consents {
		if len(name) > maxName {
			return fmt.Errorf("%q is too long for a name", clip(name, 40))
		}
	}
	return nil
}

func (t *Task) check(seen map[string]bool) error {
	switch {
	case t.ID == "" || len(t.ID) > maxName || seen[t.ID]:
		return fmt.Errorf("every task needs a name of its own, not %q", clip(t.ID, 40))
	case len(t.Text) == 0 || len(t.Text) > maxLanguage:
		return fmt.Errorf("the task %q needs its text in at least one language", t.ID)
	case len(t.Reach) > 2*maxName:
		return fmt.Errorf("the task %q is reached at a step, written flow.step", t.ID)
	}
	seen[t.ID] = true
	for language, text := range t.Text {
		if len(language) > maxName || text == "" || tooLong(text, maxTask) {
			return fmt.Errorf("the text of the task %q has 1 to %d characters", t.ID, maxTask)
		}
	}
	return nil
}

func tooLong(s string, characters int) bool {
	return len(s) > utf8.UTFMax*characters || utf8.RuneCountInString(s) > characters
}

// clip is the beginning of a text, whole characters of it, in at most so many bytes.
func clip(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes]
}
