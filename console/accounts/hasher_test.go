package accounts

import (
	"errors"
	"testing"
)

// Strangers who fill the queue of sign-ins keep those out who were here before no more than they keep out each other.
func TestWhoWasHereBeforeFindsAPlaceInAFullQueue(t *testing.T) {
	t.Parallel()
	h := &hasher{slots: make(chan struct{}, 1)}
	h.queue.Store(hashesWait)
	if _, err := h.slot(t.Context(), false); !errors.Is(err, errBusy) {
		t.Errorf("a stranger: %v", err)
	}
	release, err := h.slot(t.Context(), true)
	if err != nil {
		t.Fatalf("who is known: %v", err)
	}
	release()
	h.queue.Store(2 * hashesWait)
	if _, err := h.slot(t.Context(), true); !errors.Is(err, errBusy) {
		t.Errorf("a queue without end: %v", err)
	}
}
