package whatsapp

import (
	"time"

	"baraza/channels"
)

// Limits of the platform, kept to with room: bursts to one person are borrowed from the minutes after.
var (
	PairLimit   = channels.Limit{Every: 6 * time.Second, Burst: 4}
	SenderLimit = channels.Limit{Every: time.Second / 80, Burst: 40}
)

// NewPace keeps to the platform's limits.
func NewPace() *channels.Pace { return &channels.Pace{Sender: SenderLimit, Pair: PairLimit} }
