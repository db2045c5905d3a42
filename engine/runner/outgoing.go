package runner

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

const deliveryFormat = 1

// delivery is a part as it is kept in the outbox.
type delivery struct {
	to      []Identity
	part    Part
	replyTo string
	last    time.Time // of the person's last message when the turn was made
}

func (d *delivery) append(dst []byte) []byte {
	w := writer{b: append(dst, deliveryFormat)}
	w.identities(d.to)
	w.str(d.part.Kind)
	w.bytes(d.part.Body)
	w.str(d.part.Media.Kind)
	w.str(d.part.Media.ID)
	w.flag(d.part.Anytime)
	w.str(d.replyTo)
	w.time(d.last)
	return w.b
}

func readDelivery(b []byte) (delivery, error) {
	if len(b) == 0 || b[0] != deliveryFormat {
		return delivery{}, errWire
	}
	r := reader{b: b[1:]}
	var d delivery
	d.to = r.identities()
	d.part.Kind, d.part.Body = r.str(), r.bytes()
	d.part.Media = engine.Media{Kind: r.str(), ID: r.str()}
	d.part.Anytime = r.flag()
	d.replyTo, d.last = r.str(), r.time()
	return d, r.err()
}

// Sender names who sends: the pack, the channel and the account in it. It stands in store.Message.Channel.
type Sender struct{ Pack, Channel, Account string }

func (s Sender) String() string { return s.Pack + "/" + s.Channel + "/" + s.Account }

// ParseSender is the other way.
func ParseSender(s string) (Sender, bool) {
	pack, rest, _ := strings.Cut(s, "/")
	channel, account, ok := strings.Cut(rest, "/")
	return Sender{pack, channel, account}, ok
}

// classOf says why the message goes.
func (d *draft) classOf(o *engine.Outgoing) uint8 {
	switch {
	case o.Template != "":
		return Template
	case o.Staff:
		return Staff
	case o.Safety && (d.j.origin != fromTimer || d.freeze != nil):
		return Urgent
	case d.j.origin == fromTimer && d.j.timer.Class != FetchTimer:
		return Nudge
	}
	return Reply
}

// send puts a message into the outbox, a part at a time.
func (d *draft) send(o *engine.Outgoing) error {
	class := d.classOf(o)
	if d.late && class != Reply && class != Staff {
		d.r.Figures.Dropped.Add(1)
		d.report("nudge-dropped", "late")
		return nil
	}
	if d.person.session.Contact.OptedOut && (class == Nudge || class == Template) {
		d.r.Figures.Dropped.Add(1)
		d.report("nudge-dropped", "opted out")
		return nil
	}
	channel := d.r.config.Channels[d.person.channel]
	if channel == nil {
		d.r.log.Error("no channel to answer on", "channel", d.person.channel, "contact", d.t.key, "error", errNoChannel)
		d.report("not-sent", "no channel "+d.person.channel)
		return nil
	}
	parts, err := channel.Parts(*o)
	if err != nil {
		d.r.log.Error("a message cannot be sent as it is", "contact", d.t.key, "string", o.String, "error", err)
		d.report("not-sent", o.String+": "+err.Error())
		return nil
	}
	from := Sender{d.pack, d.person.channel, d.person.account}.String()
	d.turn.Outbox = slices.Grow(d.turn.Outbox, len(parts))
	for _, part := range parts {
		kept := delivery{to: d.person.to, part: part, last: d.person.last}
		sealed, err := d.sealPlain(keys.Message, kept.append(d.plain()))
		if err != nil {
			return err
		}
		m := store.Message{Channel: from, Class: class, At: d.now, Kept: d.now.Add(d.r.timing.MessageKept), Sealed: sealed}
		if d.pause > 0 {
			m.Ready = d.now.Add(d.pause)
		}
		d.turn.Outbox = append(d.turn.Outbox, m)
	}
	return d.said(o)
}

// partID is our name of a part at the provider: the same however often it is tried. The piece of the key tells
// parts of this store from those of one restored from an older backup.
func partID(id uint64, key store.Key) string {
	return strconv.FormatUint(id, 36) + "-" + key.String()[:8]
}

func parsePartID(s string) (id uint64, key string, ok bool) {
	number, key, ok := strings.Cut(s, "-")
	if !ok || len(key) != 8 {
		return 0, "", false
	}
	id, err := strconv.ParseUint(number, 36, 64)
	return id, key, err == nil
}
