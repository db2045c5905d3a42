package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"baraza/engine/program"
)

// sessionFormat is the first byte of an encoded session. A reader knows only its own.
const sessionFormat = 1

// maxSessionBytes bounds what Decode looks at; Append stays far below it.
const maxSessionBytes = 1 << 20

// Flags of an encoded session, in the order of their parts.
const (
	hasOpen = 1 << iota
	hasMet
	hasFree
	hasOffering
	hasNoticeRefused
	hasDraftLanguage
	hasOptedOut
	hasOpening
	hasDraft
	hasHere
	hasBefore
	hasLate
	hasTimers
	hasReminders
	hasInbox
	hasReply
	hasHidden
	hasFields
	hasConsents
	hasClosed

	knownFlags = hasClosed<<1 - 1
)

// ErrFormat is the error of a session in a format this build does not read.
var ErrFormat = errors.New("the session is in a format this build does not know")

// ErrDamaged is the error of bytes that are no session.
var ErrDamaged = errors.New("the session's bytes are damaged")

// Append appends the encoded session to dst. Equal sessions have equal bytes.
func (s Session) Append(dst []byte) []byte {
	flags := s.flags()
	dst = append(dst, sessionFormat)
	dst = binary.AppendUvarint(dst, flags)
	dst = binary.LittleEndian.AppendUint64(dst, s.Seed)
	dst = appendString(dst, s.release)
	dst = appendString(dst, s.Contact.Language)
	for _, n := range [...]uint32{s.askings, s.numbers, s.records, s.said} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = binary.AppendVarint(dst, s.lastMessage)
	if flags&hasHidden != 0 {
		dst = binary.AppendUvarint(dst, uint64(s.hiddenUpTo))
	}
	if flags&hasClosed != 0 {
		dst = binary.AppendUvarint(dst, uint64(s.closedUpTo))
	}
	if flags&hasFields != 0 {
		dst = appendString(dst, string(s.Contact.Fields))
	}
	if flags&hasConsents != 0 {
		dst = appendString(dst, string(s.Contact.Consents))
	}
	if flags&hasOpening != 0 {
		dst = append(dst, s.opening)
		dst = appendString(dst, s.held)
		dst = binary.LittleEndian.AppendUint64(dst, s.heldStep)
	}
	if flags&hasDraft != 0 {
		dst = appendString(dst, string(s.draft))
	}
	if flags&hasHere != 0 {
		dst = s.here.append(dst)
	}
	if flags&hasBefore != 0 {
		dst = s.before.append(dst)
	}
	if flags&hasLate != 0 {
		dst = s.late.append(dst)
		dst = binary.AppendVarint(dst, s.lateUntil)
		dst = binary.AppendUvarint(dst, uint64(s.lateTimer))
	}
	if flags&hasTimers != 0 {
		dst = binary.AppendUvarint(dst, uint64(s.timers.n))
		for _, t := range s.timers.all() {
			dst = binary.AppendUvarint(dst, uint64(t.number))
			dst = append(dst, byte(t.kind))
			dst = binary.AppendUvarint(dst, uint64(t.seconds))
		}
	}
	if flags&hasReminders != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(s.reminders)))
		for i := range s.reminders {
			dst = s.reminders[i].append(dst)
		}
	}
	if flags&hasInbox != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(s.inbox)))
		for _, h := range s.inbox {
			dst = h.append(dst)
		}
	}
	if flags&hasReply != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, s.reply.step)
		dst = binary.AppendVarint(dst, s.reply.until)
	}
	return dst
}

func (s *Session) flags() uint64 {
	var f uint64
	set := func(flag uint64, on bool) {
		if on {
			f |= flag
		}
	}
	set(hasOpen, s.open)
	set(hasMet, s.met)
	set(hasFree, s.free)
	set(hasOffering, s.offering)
	set(hasNoticeRefused, s.noticeRefused)
	set(hasDraftLanguage, s.draftLanguage)
	set(hasOptedOut, s.Contact.OptedOut)
	set(hasOpening, s.opening != 0 || s.held != "" || s.heldStep != 0)
	set(hasDraft, s.draft != "")
	set(hasHere, s.here.flags() != 0)
	set(hasBefore, s.before != nil)
	set(hasLate, s.late != nil)
	set(hasTimers, s.timers.n > 0)
	set(hasReminders, len(s.reminders) > 0)
	set(hasInbox, len(s.inbox) > 0)
	set(hasReply, s.reply != reply{})
	set(hasHidden, s.hiddenUpTo != 0)
	set(hasClosed, s.closedUpTo != 0)
	set(hasFields, s.Contact.Fields != "")
	set(hasConsents, s.Contact.Consents != "")
	return f
}

// Decode reads what Append wrote. The error is ErrFormat for another version, ErrDamaged for anything else that
// is no session; no bytes make it panic.
func Decode(data []byte) (Session, error) {
	if len(data) == 0 {
		return Session{}, fmt.Errorf("no bytes: %w", ErrDamaged)
	}
	if data[0] != sessionFormat {
		return Session{}, fmt.Errorf("format %d: %w", data[0], ErrFormat)
	}
	if len(data) > maxSessionBytes {
		return Session{}, fmt.Errorf("%d bytes: %w", len(data), ErrDamaged)
	}
	// Every text of the session is a piece of this one string.
	r := reader{s: string(data), at: 1}
	var s Session
	s.read(&r)
	if r.bad || r.at != len(r.s) {
		return Session{}, ErrDamaged
	}
	return s, nil
}

func (s *Session) read(r *reader) {
	f := r.uint()
	if f > knownFlags {
		r.fail()
		return
	}
	s.open, s.met, s.free, s.offering = f&hasOpen != 0, f&hasMet != 0, f&hasFree != 0, f&hasOffering != 0
	s.noticeRefused, s.draftLanguage = f&hasNoticeRefused != 0, f&hasDraftLanguage != 0
	s.Contact.OptedOut = f&hasOptedOut != 0
	s.Seed = r.fixed64()
	s.release = r.str()
	s.Contact.Language = r.str()
	for _, n := range [...]*uint32{&s.askings, &s.numbers, &s.records, &s.said} {
		*n = r.uint32()
	}
	s.lastMessage = r.int()
	if f&hasHidden != 0 {
		s.hiddenUpTo = r.uint32()
	}
	if f&hasClosed != 0 {
		s.closedUpTo = r.uint32()
	}
	if f&hasFields != 0 {
		s.Contact.Fields = r.values()
	}
	if f&hasConsents != 0 {
		s.Contact.Consents = r.values()
	}
	if f&hasOpening != 0 {
		s.opening = r.byte()
		s.held = r.str()
		s.heldStep = r.fixed64()
	}
	if f&hasDraft != 0 {
		s.draft = r.values()
	}
	if f&hasHere != 0 {
		s.here.read(r)
	}
	if f&hasBefore != 0 {
		s.before = new(place)
		s.before.read(r)
	}
	if f&hasLate != 0 {
		s.late = new(place)
		s.late.read(r)
		s.lateUntil = r.int()
		s.lateTimer = r.uint32()
	}
	if f&hasTimers != 0 {
		s.timers.n = uint8(r.count(maxTimers))
		for i := range s.timers.all() {
			s.timers.list[i] = timer{number: r.uint32(), kind: program.WhenKind(r.byte()), seconds: r.uint32()}
		}
	}
	if f&hasReminders != 0 {
		s.reminders = make([]reminder, r.count(maxReminders))
		for i := range s.reminders {
			s.reminders[i].read(r)
		}
	}
	if f&hasInbox != 0 {
		s.inbox = make([]heldMessage, r.count(maxInbox))
		for i := range s.inbox {
			s.inbox[i].read(r)
		}
	}
	if f&hasReply != 0 {
		s.reply = reply{step: r.fixed64(), until: r.int()}
	}
	// One session has one encoding: a part that is announced and empty was not written by Append.
	if !r.bad && s.flags() != f {
		r.fail()
	}
}

func (m *reminder) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.number))
	dst = binary.AppendVarint(dst, m.due)
	dst = binary.LittleEndian.AppendUint64(dst, m.step)
	dst = appendString(dst, m.template)
	dst = appendString(dst, string(m.args))
	return appendBool(dst, m.waiting)
}

func (m *reminder) read(r *reader) {
	m.number, m.due, m.step = r.uint32(), r.int(), r.fixed64()
	m.template, m.args, m.waiting = r.str(), r.values(), r.bool()
}

func (h heldMessage) append(dst []byte) []byte {
	dst = appendString(dst, h.text)
	dst = appendString(dst, h.token)
	dst = appendString(dst, h.template)
	dst = appendString(dst, h.media.Kind)
	dst = appendString(dst, h.media.ID)
	dst = appendBool(dst, h.location != nil)
	if h.location != nil {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.location.Lat))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.location.Lon))
	}
	return dst
}

func (h *heldMessage) read(r *reader) {
	h.text, h.token, h.template = r.str(), r.str(), r.str()
	h.media = Media{Kind: r.str(), ID: r.str()}
	if r.bool() {
		h.location = &LatLon{Lat: r.float(), Lon: r.float()}
	}
}

func appendBool(dst []byte, on bool) []byte {
	if on {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (r *reader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}
