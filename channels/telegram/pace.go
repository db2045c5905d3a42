package telegram

import (
	"time"

	"baraza/channels"
)

// NewPace keeps to the limits of the Bot API: a message a second to one person, thirty in all.
func NewPace() *channels.Pace {
	return &channels.Pace{Sender: channels.Limit{Every: time.Second / 30, Burst: 15}, Pair: channels.Limit{Every: time.Second, Burst: 3}}
}
