package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"

	"baraza/engine/program"
)

func number(n int) string { return strconv.Itoa(n) }

// save keeps a record. Under a name that already holds one of these records it is an update of it.
func (t *turn) save(op *program.Op) {
	if op.Ref < 0 || op.Ref >= len(t.p.Records) {
		return
	}
	args := t.values(op.Args)
	ref, update := "", false
	row := &program.Row{Columns: []string{"reference"}}
	if op.Name != "" {
		if v, ok := t.lookup(op.Name); ok {
			if had, ok := v.(*program.Row); ok && had.Table == "" && isReference(had.ID) {
				ref, update = had.ID, true
				row.Columns, row.Cells = slices.Clone(had.Columns), slices.Clone(had.Cells)
			}
		}
	}
	if !update {
		t.s.records++
		ref = reference(t.s.Seed, t.s.records)
		if t.p.Records[op.Ref].Anonymous {
			t.s.Seed = onward(t.s.Seed)
		}
		row.Cells = []any{ref}
	}
	row.ID = ref
	for _, a := range args {
		if i := slices.Index(row.Columns, a.Name); i >= 0 {
			row.Cells[i] = a.Value
		} else {
			row.Columns, row.Cells = append(row.Columns, a.Name), append(row.Cells, a.Value)
		}
	}
	e := t.add(SaveRecord)
	e.Name, e.Ref, e.Args, e.Flag = t.p.Records[op.Ref].Name, ref, args, update
	if op.Name != "" {
		t.set(op.Name, row, false)
	}
}

// referenceLetters leaves out what is confused when read aloud or written by hand: 0 O, 1 I L, 5 S, 8 B, 2 Z, U V.
const referenceLetters = "34679ACDEFGHJKMNPQRTWXY"

// reference is the number of a contact's nth record. The numbers of one contact are all different, and those of
// two contacts start far apart, so that a number says neither who nor how many.
func reference(seed uint64, n uint32) string {
	const base = uint64(len(referenceLetters))
	const all = base * base * base * base * base * base
	x := (mix(seed+0x9E3779B97F4A7C15)%all + uint64(n)*39916801) % all // a step without a factor in common with all
	b := []byte("R-")
	for range 6 {
		b = append(b, referenceLetters[x%base])
		x /= base
	}
	return string(b)
}

// onward is a seed that does not tell the one before it. After an anonymous record the contact has this one: from
// what is kept of a person nobody can reckon which number the record got.
func onward(seed uint64) uint64 {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("anonymous"), seed))
	return binary.LittleEndian.Uint64(sum[:])
}

func isReference(id string) bool { return len(id) == 8 && id[:2] == "R-" }

// optOut stops everything but replies to the person's own messages.
func (t *turn) optOut() {
	t.cancelReminders()
	t.unsend(true)
	if !t.s.Contact.OptedOut {
		t.s.Contact.OptedOut = true
		t.add(OptOut)
	}
}

// hide sends an innocuous text and leaves nothing of the conversation behind.
func (t *turn) hide(op *program.Op) {
	t.sayString(op.Text)
	t.unsend(true)
	t.leaveCases()
	t.cancelReminders()
	t.dropLate()
	t.s.before = nil
	t.s.here = place{}
	t.s.hiddenUpTo = t.s.askings
	t.leaving, t.silent = false, false
	t.end()
}

// erase forgets the person. The flow that runs may still say so.
func (t *turn) erase() {
	t.cancelReminders()
	t.add(Erase)
	s := &t.s
	s.Contact.Fields, s.Contact.Consents, s.draft = "", "", ""
	s.here.vars, s.here.past, s.here.pasts = "", [8]asked{}, 0
	for i := range s.here.calls {
		if i == 0 {
			s.here.calls = slices.Clone(s.here.calls)
		}
		s.here.calls[i].vars = ""
	}
	t.dropLate()
	s.before = nil
	s.met = false
	s.draftLanguage = s.Contact.Language != ""
	s.free = true
	t.leaving = false
}
