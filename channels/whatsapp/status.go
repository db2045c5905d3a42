package whatsapp

import "baraza/channels"

// ranks are WhatsApp's words for what became of a message. "delivered" is left out when the person reads at once, and
// "read" never comes from who has turned receipts off: nothing may wait for either.
var ranks = map[string]channels.Rank{
	"accepted":  channels.Taken,
	"sent":      channels.Sent,
	"delivered": channels.Delivered,
	"read":      channels.Read,
	"played":    channels.Played,
	"failed":    channels.Failed,
	// Of old: the person deleted it, an item of a catalogue was gone.
	"deleted": channels.Delivered,
	"warning": channels.Taken,
}
