package channels_test

import (
	"testing"

	"baraza/channels"
	"baraza/channels/markup"
	"baraza/engine"
)

func TestWhereNothingCanBeTappedALinkIsWrittenOut(t *testing.T) {
	t.Parallel()
	o := engine.Outgoing{Header: "Asylum", Text: "The *steps* are here.", Link: "https://example.org/a_b_c?~d*e*", LinkLabel: "Read", Footer: "STOP"}
	got := markup.Plain(channels.Numbered(o))
	if want := "Asylum\n\nThe steps are here.\n\nRead:\nhttps://example.org/a_b_c?~d*e*\n\nSTOP"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
