package rounds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/simulator/rounds"
)

const handsOver = `flow contact: Contact
on message "contact"

step start
  hand over to staff: Somebody asks
    when answered: A colleague is with you now.
    when silent for 24 hours -> end
  end
`

// What a team writes reaches the tester where the flow lets it, after what is said before it; it is told once.
func TestTheWordOfATeamComesAfterWhatTheFlowSaysFirst(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r := madeUp(t, map[string]string{"contact.flow": handsOver})
	talk := unrecorded(t, f, r.Program(), rounds.Persona{Language: r.Program().Languages[0]})
	if _, err := talk.Write("contact"); err != nil {
		t.Fatal(err)
	}
	turns, err := talk.Reply("Good morning.")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, turn := range turns {
		if turn.Send != nil {
			got = append(got, turn.Who+": "+turn.Text)
		}
	}
	if diff := cmp.Diff([]string{"bot: A colleague is with you now.", "staff: Good morning."}, got); diff != "" {
		t.Errorf("the tester sees (-want +got):\n%s", diff)
	}
	s := whole(t, talk)
	text := s.Markdown()
	if first := strings.Index(text, "A colleague is"); strings.Count(text, "Good morning.") != 1 || strings.Index(text, "Good morning.") < first {
		t.Errorf("the transcript is\n%s", text)
	}
	if d, err := rounds.Replay(&s, r.Program()); d != nil || err != nil {
		t.Errorf("played again it differs: %+v, %v", d, err)
	}
	if _, err := rounds.TestBlock(&s, r, nil); err != nil {
		t.Error(err)
	}
}
