package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/store"
	"baraza/server/desk"
)

func TestStaffAnswerInACaseAndGiveItBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		word := w.opensCase(ana, "a lost card")
		w.phone.take()
		line, err := w.client.Reply(t.Context(), desk.CaseReply{Case: word, Text: "Good day, I look into it.", ID: "1"})
		w.check(err)
		if line.State != "answered" || line.AnswerBy != nil {
			t.Errorf("after a reply the case is %s and waits until %v", line.State, line.AnswerBy)
		}
		// Asked again with the same id, it is said once.
		_, err = w.client.Reply(t.Context(), desk.CaseReply{Case: strings.ToLower(word), Text: "Good day, I look into it.", ID: "1"})
		w.check(err)
		w.passes(time.Second)
		if diff := cmp.Diff([]string{"Good day, I look into it."}, w.phone.take()); diff != "" {
			t.Errorf("the phone shows (-want +got):\n%s", diff)
		}
		w.hears(ana, "thank you")
		one, err := w.client.Case(t.Context(), desk.Which{Case: word})
		w.check(err)
		var said []string
		for _, s := range one.Said {
			said = append(said, s.Who+": "+s.Text)
		}
		if diff := cmp.Diff([]string{"staff: Good day, I look into it.", "person: thank you"}, said); diff != "" {
			t.Errorf("what was said (-want +got):\n%s", diff)
		}
		if one.Summary != "Someone asks for a person about a lost card" || one.Shared["about"] != "a lost card" || one.Title != "Help desk" {
			t.Errorf("the case: %+v", one)
		}
		for range 2 { // the second time it is done already
			line, err = w.client.Done(t.Context(), desk.CaseDone{Case: word, ID: "2"})
			w.check(err)
			if line.State != "done" {
				t.Errorf("the case is %s", line.State)
			}
		}
		w.passes(time.Second)
		if diff := cmp.Diff([]string{"The talk has ended."}, w.phone.take()); diff != "" {
			t.Errorf("the phone shows (-want +got):\n%s", diff)
		}
		_, err = w.client.Reply(t.Context(), desk.CaseReply{Case: word, Text: "One more thing"})
		hasPart(t, problem(err), "409 the case "+word+" is done")
	})
}

// A program may count its requests within each case, or call what it asks of a case by one name.
func TestTheNameOfARequestIsOneOfItsCaseAndOfWhatItAsks(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		first := w.opensCase(ana, "a lost card")
		w.phone.take()
		_, err := w.client.Reply(t.Context(), desk.CaseReply{Case: first, Text: "I look into it.", ID: "1"})
		w.check(err)
		line, err := w.client.Done(t.Context(), desk.CaseDone{Case: first, ID: "1"})
		w.check(err)
		if line.State != "done" {
			t.Errorf("with the name of a reply, the case is %s", line.State)
		}
		w.passes(time.Second)
		second := w.opensCase(ana, "another card")
		w.phone.take()
		_, err = w.client.Reply(t.Context(), desk.CaseReply{Case: second, Text: "Come on Monday.", ID: "1"})
		w.check(err)
		w.passes(time.Second)
		if diff := cmp.Diff([]string{"Come on Monday."}, w.phone.take()); diff != "" {
			t.Errorf("the phone shows (-want +got):\n%s", diff)
		}
	})
}

func TestTheListHasTheOpenCasesFirstAndNoWordOfAnybody(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		first, second := w.opensCase(ana, "a secret thing"), w.opensCase(bea, "another secret thing")
		_, err := w.client.Reply(t.Context(), desk.CaseReply{Case: first, Text: "Hello"})
		w.check(err)
		list, err := w.client.Cases(t.Context(), desk.CaseQuery{Team: "helpers"})
		w.check(err)
		if len(list.Cases) != 2 || list.Cases[0].Case != second || list.Cases[1].Case != first {
			t.Fatalf("got %+v", list.Cases)
		}
		if by := list.Cases[0].AnswerBy; by == nil || by.Sub(*list.Cases[0].Since) != time.Hour || by.Location().String() == "UTC" {
			t.Errorf("the answer is due at %v", by)
		}
		list, err = w.client.Cases(t.Context(), desk.CaseQuery{State: "done"})
		w.check(err)
		if len(list.Cases) != 0 {
			t.Errorf("done: %+v", list.Cases)
		}
		for want, q := range map[string]desk.CaseQuery{
			`there is no pack "x"; the packs are sample`:          {Pack: "x"},
			`there is no team "x"; the teams are helpers, lead`:   {Team: "x"},
			`a case is open, answered or done, not "interesting"`: {State: "interesting"},
		} {
			_, err := w.client.Cases(t.Context(), q)
			hasPart(t, problem(err), want)
		}
	})
}

func TestAWordThatTwoCasesHaveNamesLongerOnes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		// Two contacts whose keys begin alike.
		a, b := store.Key{0xAB, 0xCD, 0xEF, 0x12, 1}, store.Key{0xAB, 0xCD, 0xEF, 0x34, 2}
		for _, key := range []store.Key{a, b} {
			_, err := w.store.Commit(t.Context(), []store.Turn{{Key: key, Pack: "sample", Expect: store.Any, At: time.Now(), Session: []byte("s"),
				Items: []store.Item{{Kind: store.Case, ID: store.Hash(key), Pack: "sample", Class: "helpers", Number: 2, State: store.CaseOpen, At: time.Now()}}}})
			w.check(err)
		}
		short := desk.Word(a, 2)
		if short != desk.Word(b, 2) {
			t.Fatalf("%s and %s should be alike", short, desk.Word(b, 2))
		}
		_, err := w.client.Done(t.Context(), desk.CaseDone{Case: short})
		hasPart(t, problem(err), "409 2 cases begin like "+short+"; say which: ")
		list, err := w.client.Cases(t.Context(), desk.CaseQuery{})
		w.check(err)
		if len(list.Cases) != 2 || list.Cases[0].Case == list.Cases[1].Case {
			t.Fatalf("got %+v", list.Cases)
		}
		for _, c := range list.Cases {
			one, err := w.client.Case(t.Context(), desk.Which{Case: c.Case})
			// It cannot be opened, but it was found: its content is no sealed one.
			if got := problem(err); strings.HasPrefix(got, "404") || strings.HasPrefix(got, "409") || one.Case != "" {
				t.Errorf("%s: %s", c.Case, got)
			}
		}
		for text, want := range map[string]string{"": "is no case", "hello": "is no case", "A-1": "is no case", "ABCD-0": "is no case",
			"ZZZZ-99": "404 there is no case ZZZZ-99", "ÄÖÜß-1": "is no case", strings.Repeat("A", 5000) + "-1": "is no case"} {
			_, err := w.client.Case(t.Context(), desk.Which{Case: text})
			hasPart(t, problem(err), want)
		}
	})
}

func TestAReplyThatIsNoneIsRefused(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		word := w.opensCase(ana, "this")
		for text, want := range map[string]string{" \n": "the reply is empty", strings.Repeat("a", 4001): "the most is 4000",
			"a\x00b": "no text in UTF-8"} {
			_, err := w.client.Reply(t.Context(), desk.CaseReply{Case: word, Text: text})
			hasPart(t, problem(err), want)
		}
	})
}
