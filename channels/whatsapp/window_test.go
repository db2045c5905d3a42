package whatsapp_test

import (
	"testing"
	"time"

	"baraza/channels/whatsapp"
)

func TestTheWindowClosesAMarginEarly(t *testing.T) {
	t.Parallel()
	if got, want := whatsapp.WindowCloses(morning), morning.Add(24*time.Hour-5*time.Minute); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !whatsapp.WindowCloses(time.Time{}).IsZero() {
		t.Error("a window is open for somebody who never wrote")
	}
}
