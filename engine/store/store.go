// Package store keeps conversations: what a turn changes goes in whole or not at all, and what was said to be
// kept is on the disk. It stands below the runner, which steps a conversation and commits what came of it, and
// above boltstore (one file, one process) and later stores for many machines.
//
// The interface is shaped by a turn, not by a database. A turn names the revision it was stepped from, so that
// nobody needs locks; it carries the keyed hash of the event's id, so that an event counts once; and everything it
// changes belongs to one contact and so to one partition, so that a store of many machines can commit it in one
// place. A store never sees content: callers seal it first (package keys), and what is in the clear here are keyed
// hashes, times, numbers and names from the pack, such as that of a team.
//
// Every method may be called from any goroutine at any time. No method keeps what it was given after it returns,
// and what it returns is the caller's. Time is always an argument; times are kept in milliseconds, UTC.
package store

import (
	"context"
	"encoding/hex"
	"io"
	"time"
)

// Store is where conversations are kept. storetest.Exercise holds what these comments promise.
type Store interface {
	// Commit applies the turns in order and returns one result a turn. The turns of one partition are committed
	// together, all of those that apply or none; a store may do so for each partition by itself, or, as
	// boltstore does, for all of them in one transaction with one fsync. When Commit returns without an error,
	// everything that applied is on the disk.
	//
	// A turn that does not apply (Result.Outcome says why) leaves no trace and does not keep others from
	// applying; a later turn of the same contact then meets its own condition by itself. An error is about all
	// turns: ErrUnknown when some may have been kept and some not, ErrClosed, or that of ctx, in which case
	// nothing was tried.
	Commit(ctx context.Context, turns []Turn) ([]Result, error)

	// Load reads a contact. Of a contact nobody has written to it gives the zero Contact with the key, whose
	// Revision 0 is what the first turn expects; that is no error. A contact that cannot be read is ErrDamaged.
	Load(ctx context.Context, key Key) (Contact, error)

	// Contacts lists contacts in the order of their keys, behind the key after, at most limit.
	Contacts(ctx context.Context, of Set, after Key, limit int) ([]Contact, error)

	// Find looks an identity up. The zero Owner means that nobody has it.
	Find(ctx context.Context, identity Hash) (Owner, error)

	// Due lists timers whose time is not after until, earliest first, behind the timer after (the zero Timer
	// for the first page), at most limit. A timer stays due until a turn cancels it or sets it anew: the turn
	// that the timer wakes has to cancel it.
	Due(ctx context.Context, of Set, after Timer, until time.Time, limit int) ([]Timer, error)

	// Outbox lists messages, as the query says.
	Outbox(ctx context.Context, q OutboxQuery) ([]Message, error)

	// Message reads one message by the ID that Commit gave it; ErrNotFound when it is gone.
	Message(ctx context.Context, id uint64) (Message, error)

	// Items lists cases, records and consents in the order of their IDs.
	Items(ctx context.Context, q ItemQuery) ([]Item, error)

	// Journal lists entries: all of them, oldest first or newest first, or those of one contact, newest first.
	Journal(ctx context.Context, q JournalQuery) ([]Entry, error)

	// Lease takes the partition for owner until now+ttl, or goes on holding it. ErrHeld when someone else holds
	// it. Whenever the partition goes to another owner, Lease.Epoch grows; a turn committed under an older epoch
	// comes back as Fenced.
	Lease(ctx context.Context, partition int, owner string, now time.Time, ttl time.Duration) (Lease, error)

	// Tombstones lists the erasures not before since, oldest first; the zero time lists all. They are never
	// swept: a backup older than they are must not bring anyone back.
	Tombstones(ctx context.Context, since time.Time) ([]Erasure, error)

	// Sweep deletes what was to be kept until now or less (fields, messages, entries, items) and the
	// deduplication keys older than DedupeKept. It looks at no more than limit things, so that turns are not
	// held up for long; call it again while Swept.More.
	Sweep(ctx context.Context, now time.Time, limit int) (Swept, error)

	// LastSweep is the time that the last Sweep was given; the zero time where there was none. A sweep much later
	// than that may mean that the clock is wrong, and what is deleted by a wrong clock does not come back.
	LastSweep(ctx context.Context) (time.Time, error)

	// Reopen makes a store usable again that answered ErrUnknown: it closes what is left, reads the medium
	// anew and so settles what was kept. Callers then load again; deduplication settles their turns. On a
	// usable store it does nothing.
	Reopen(ctx context.Context) error

	// Close ends the store after the calls under way; every later call gets ErrClosed.
	Close() error
}

// File is what a store in a file of its own can do besides, for operators.
type File interface {
	Store

	// Stats counts. It walks the pages, so its cost grows with the store.
	Stats(ctx context.Context) (Stats, error)

	// Check reads everything and reports each thing that is not as it should be, in words for an operator.
	// The error is that of the reading, not of what was found. Turns wait meanwhile.
	Check(ctx context.Context, report func(problem string)) error

	// Backup writes a copy as of now and returns its bytes. Turns go on meanwhile. It is cut off where it would hold
	// others up.
	Backup(ctx context.Context, w io.Writer) (int64, error)

	// Compact gives deleted space back: it writes a new file beside the old one and puts it in its place.
	// Turns wait meanwhile, reading goes on. A process killed in the middle leaves the old file or the new one, never half.
	Compact(ctx context.Context) error
}

// DedupeKept is how long deduplication keys are kept: a day longer than providers deliver again.
const DedupeKept = 8 * 24 * time.Hour

// Partitions is how many parts the contacts of a store are divided into, fixed for good.
const Partitions = 64

// Key is a contact: a keyed hash of its country and of the identity it first came with (keys.Contact). It says
// nothing to who does not hold the country's key.
type Key [16]byte

// Partition is where everything of the contact is kept, from 0 to Partitions-1.
func (k Key) Partition() int { return int(k[0] >> 2) }

// String is 32 hexadecimal digits; it may be logged.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText is String, for logs and JSON.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// Hash is a keyed hash of something else: an identity, an event's id, a case's number.
type Hash [16]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Set is a set of partitions; bit p stands for partition p. The zero Set has none, and lists nothing.
type Set uint64

// All is every partition.
const All = ^Set(0)

// Has tells whether partition p is in the set.
func (s Set) Has(p int) bool { return s>>uint(p)&1 == 1 }

// Any as Turn.Expect is no expectation. Such a turn without a Session leaves the revision as it is; with one it
// replaces a contact that cannot be read, whose revision then grows past all it had.
const Any = ^uint64(0)

// Turn is what one event changes of one contact. Parts left empty stay as they are. It applies in the order of
// the fields below.
type Turn struct {
	Key Key
	// Pack names the pack that serves the contact; when set, kept with what else the turn keeps of the contact.
	Pack string
	// Expect is the revision the turn was stepped from. The first turn of a contact expects 0 and makes
	// revision 1, and each turn that applies adds 1, so that a caller may step ahead of its commits.
	Expect uint64
	// Lease is the epoch under which the caller holds the partition; 0 where it holds none.
	Lease uint64
	// At is the time of the turn.
	At time.Time

	// Dedupe names the events in this turn. When any of them was seen, nothing of the turn applies. An event
	// older than what the store still remembers counts as seen.
	Dedupe []Seen

	// Erase deletes everything of the contact first, also one that cannot be read. The rest of the turn, if there
	// is any, begins a new contact under the same key, whose Since is a millisecond after the erasure and whose
	// revisions count from 0 again. The caller seals that rest with a contact key begun after the erasure
	// (keys.Begin) and destroys the older ones after the commit (keys.Erase).
	Erase *Erasure

	Session    []byte     // sealed; nil leaves it
	Identities []Identity // to add, to take, to drop
	Fields     []Field    // to set and unset

	Settle []Settlement // of messages of this contact that were committed before
	// Outbox is what leaves, in order; it comes after everything the contact still has waiting. ID, Key, State
	// and Attempts are the store's.
	Outbox []Message

	Cancel []uint32 // timers, by number; those that are not there are no matter
	Timers []Timer  // to set; one of the same number is replaced. Key is the store's.

	Items   []Item  // to put or to remove, by Kind and ID
	Journal []Entry // to append; ID and Key are the store's
}

// Seen is a deduplication key. At is a time that the event brings along and that is the same each time it is
// delivered, such as the provider's timestamp: keys lie in the order of their times, and the pair is what is
// compared.
type Seen struct {
	Hash Hash
	At   time.Time // seconds count
}

// Erasure is a contact's deletion, and the tombstone that stays of it.
type Erasure struct {
	Key Key // the store's
	At  time.Time
	// Suppress are identities that reminders and templates must not go to any more. Find tells them.
	Suppress []Hash
}

// Outcome says what became of a turn.
type Outcome uint8

const (
	Committed Outcome = iota + 1
	// Duplicate: an event of the turn was seen before. Nothing is left to do; it may be acknowledged.
	Duplicate
	// Conflict: the contact is not at the expected revision, or an identity belongs to someone else. Load or
	// Find, and step again.
	Conflict
	// Fenced: the partition belongs to another owner by now. Whoever that is will do it.
	Fenced
	// Damaged: what is kept of the contact cannot be read. Expect Any with a Session replaces it.
	Damaged
)

var outcomes = [...]string{"none", "committed", "duplicate", "conflict", "fenced", "damaged"}

func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "none"
}

// Result is what became of one turn.
type Result struct {
	Outcome Outcome
	// Revision of the contact after the turn when Committed; as it stands when Conflict.
	Revision uint64
	// Messages are the IDs of Turn.Outbox, in order.
	Messages []uint64
}

// Contact is what is kept of a contact for every turn.
type Contact struct {
	Key      Key
	Pack     string
	Revision uint64
	// Since is the time of its first turn: an erasure before it was about someone else's life under this key.
	Since      time.Time
	Session    []byte
	Identities []Identity
	Fields     []Field
	Timers     []Timer // by number
}

// Identity is one of the (channel, kind, value) that a contact is known by.
type Identity struct {
	Hash   Hash   // keyed, of channel, kind and value
	Sealed []byte // the value
	// In a turn: Drop takes the identity from the contact. Take takes it from whoever has it, as when a number
	// passes to another person; without it someone else's identity is a Conflict. Lift ends its suppression:
	// the person has opted in again.
	Drop, Take, Lift bool
}

// Owner is who has an identity.
type Owner struct {
	Key   Key
	Found bool
	// Suppressed: a contact with this identity was erased, and is not to be written to first.
	Suppressed bool
}

// Field is a field of a contact; the session is sealed without them, so that each can be deleted at its date.
type Field struct {
	Name   string
	Kept   time.Time // deleted then; zero: as long as the contact
	Sealed []byte    // nil in a turn unsets
}

// Timer wakes a conversation.
type Timer struct {
	Key    Key
	Number uint32 // within the contact; the caller's
	Due    time.Time
	// Class is the caller's, and tells nudges that may be dropped when late from what must come.
	Class uint8
}

// State is what has become of a message.
type State uint8

const (
	Waiting State = iota // to be sent
	// Accepted and what follows are ranks: a message never goes back from a higher to a lower one.
	Accepted  // by the provider
	Sent      // to the phone
	Delivered // its Sealed is gone from here on, unless the settlement has another
	Read
	// Failed: the provider gave up after accepting. Only a message that was not delivered can fail; it can be
	// settled as Waiting again.
	Failed
	// Dead: nobody tries any more; an operator sees it. It can be settled as Waiting again.
	Dead
	// Gone deletes the message. Only in a Settlement.
	Gone
)

// Follows tells whether news of s may replace what is known, was: ranks only rise; what was delivered cannot fail
// any more, and what failed was delivered after all when the phone says so; only what failed or nobody tries any
// more waits again.
func (s State) Follows(was State) bool {
	switch s {
	case Waiting:
		return was == Waiting || was == Failed || was == Dead
	case Accepted, Sent:
		return was < s || was == Dead
	case Delivered:
		return was < s || was == Failed || was == Dead
	case Read:
		return was != Read
	case Failed, Dead:
		return was < Delivered || was == Failed && s == Dead
	}
	return true
}

// Message is something that leaves. Messages of one contact leave in the order of their IDs: only the first
// waiting one is the head that Outbox lists.
type Message struct {
	// ID is given by Commit, unique in the store and growing within a contact. It may be shown to a provider as
	// our own mark, for it says nothing about the contact.
	ID      uint64
	Key     Key
	Channel string    // the sender, as the configuration names it
	Class   uint8     // the caller's
	At      time.Time // zero in a turn: the turn's
	Ready   time.Time // not to be sent before; zero in a turn: at once
	Kept    time.Time // deleted then, whatever its state; zero: as long as the contact
	State   State
	Tries   int    // times it was settled as Waiting
	Code    int    // of the last settlement: the provider's error
	Sealed  []byte // the message and where it goes
	// Provider is the keyed hash of the provider's id, SealedID the id itself; set by a settlement.
	Provider Hash
	SealedID []byte
}

// Settlement is news of a message.
type Settlement struct {
	ID uint64
	// State it is in now. News that does not follow what is known is left out without a word, and so is news of a
	// message that is gone or of another contact.
	State State
	Ready time.Time // of Waiting: try again then
	Code  int
	// Provider, SealedID and Sealed replace what is there when set; Kept when not zero.
	Provider Hash
	SealedID []byte
	Sealed   []byte
	Kept     time.Time
}

// Follows tells whether the news may replace what is known of the message. A message that failed is sent again, and the
// provider gives each sending an id of its own. It tells of them late, twice and in any order: news of a sending that
// has failed, and of any but the last that was taken, change nothing unless the phone has the message.
func (n *Settlement) Follows(m *Message) bool {
	switch {
	case !n.State.Follows(m.State):
		return false
	case n.State != Accepted && n.State != Sent && n.State != Failed, n.Provider == (Hash{}), m.Provider == (Hash{}):
		return true
	}
	underWay := m.State == Accepted || m.State == Sent
	return underWay == (n.Provider == m.Provider)
}

// OutboxQuery chooses messages. Without a Key: of State Waiting the head of each contact whose Ready is not after
// Until, in the order of Ready, then ID; of Failed and Dead all, in the order of ID; other states are not listed.
// With a Key: every message of the contact, newest first, whatever its state.
type OutboxQuery struct {
	Of    Set // not looked at with a Key
	Key   Key
	State State
	Until time.Time
	After Message // last of the page before, of which Ready and ID count; the zero Message begins
	Limit int
}

// ItemKind says what an item is.
type ItemKind uint8

const (
	Case ItemKind = iota + 1
	Record
	Consent
	// Held is what waits of a contact while their country is frozen.
	Held
)

// ItemState is where a case stands; records and consents have what the caller gives.
type ItemState uint8

const (
	CaseOpen ItemState = iota + 1
	CaseAnswered
	CaseDone
)

// Item is a thing that operators see: a case, a record, a consent.
type Item struct {
	Kind ItemKind
	// ID is unique within the kind, and the caller's: a keyed hash of the record's reference, or of contact and
	// number.
	ID Hash
	// Key is the contact it belongs to and is erased with; in a turn it is the turn's, unless Anonymous: then it
	// is zero, nothing links the two, and an erasure leaves the item.
	Key       Key
	Anonymous bool
	Pack      string
	Class     string // the name of the team, record or consent in the pack
	Number    uint32 // within the contact: the engine's number of a case
	State     ItemState
	Urgent    bool
	At        time.Time
	Kept      time.Time // deleted then; zero: as long as the contact
	Sealed    []byte
	Remove    bool // in a turn
}

// ItemQuery chooses items; empty parts, but Kind and Of, choose all.
type ItemQuery struct {
	Kind  ItemKind
	Of    Set // anonymous items are in the partition of their ID
	Key   Key
	ID    Hash
	Pack  string
	Class string
	State ItemState
	After Hash // ID of the last of the page before
	Limit int
}

// Entry is a line of the journal: a message that came, a word of staff, a thing an operator should see.
type Entry struct {
	ID     uint64 // given by Commit, growing
	Key    Key
	Class  uint8  // the caller's
	Ref    uint32 // the caller's, such as the number of a case
	At     time.Time
	Kept   time.Time // deleted then; zero: as long as the contact
	Sealed []byte
}

// JournalQuery chooses entries. With a Key those of the contact, newest first; without, all, oldest first unless
// Newest. Classes and Since make no search shorter than the entries it passes, but Since ends one that goes backwards.
type JournalQuery struct {
	// Classes chooses by class: bit n stands for class n; 0 for all.
	Classes uint32
	// Since leaves out what is older; the zero time nothing.
	Since time.Time
	// Newest lists newest first, also without a Key.
	Newest bool

	Of    Set // not looked at with a Key
	Key   Key
	After uint64 // ID of the last of the page before
	Limit int
}

// Wants tells whether an entry of the class and time is chosen.
func (q JournalQuery) Wants(class uint8, at time.Time) bool {
	return (q.Classes == 0 || class < 32 && q.Classes>>class&1 == 1) && (q.Since.IsZero() || !at.Before(q.Since))
}

// Lease is a partition held.
type Lease struct {
	Partition int
	Owner     string
	Epoch     uint64
	Until     time.Time
}

// Swept is what a sweep deleted.
type Swept struct {
	Fields, Messages, Entries, Items int
	DedupeDays                       int // days of deduplication keys
	More                             bool
}

// Stats are figures of a store.
type Stats struct {
	Contacts, Identities, Waiting, Dead, Timers, Items, Log, Dedupe, Tombstones int

	FileBytes, FreeBytes int64
	// Commits, Turns and Bytes written to the file since it was opened.
	Commits, Turns, WrittenBytes int64
}

// Erase deletes a contact as a turn of its own, whatever its revision. Destroy its keys (keys.Erase) afterwards.
func Erase(ctx context.Context, s Store, key Key, at time.Time, suppress ...Hash) error {
	_, err := s.Commit(ctx, []Turn{{Key: key, Expect: Any, At: at, Erase: &Erasure{At: at, Suppress: suppress}}})
	return err
}
