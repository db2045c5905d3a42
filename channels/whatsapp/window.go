package whatsapp

import "time"

// Any message of the person opens the window, by its own timestamp. The margin covers clocks that differ, queues,
// and answers that WhatsApp refuses a little early.
const (
	window       = 24 * time.Hour
	windowMargin = 5 * time.Minute
)

// WindowCloses is until when anything but a template may be sent after a message of the person; the zero time where
// there has been none.
func WindowCloses(lastMessage time.Time) time.Time {
	if lastMessage.IsZero() {
		return time.Time{}
	}
	return lastMessage.Add(window - windowMargin)
}

// WindowCloses makes the channel Windowed.
func (c *Channel) WindowCloses(lastMessage time.Time) time.Time { return WindowCloses(lastMessage) }
