package boltstore

// Change is one row as a commit gives it to bbolt: to put, or to delete where Value is nil.
type Change struct {
	Bucket []byte
	Within []byte // a bucket in that one; nil for none
	Key    []byte
	Value  []byte
	Grows  bool // keys come in order, so that pages are filled
}

// recording tells what a commit changes; nil tells nobody.
type recording struct {
	tell    func([]Change)
	changes []Change
}

// Record has tell hear from now on what each turn changes, in the order of the turns, before it is known whether the
// commit succeeds; what belongs to a commit as a whole comes with its last turn. tell must not keep what it is given.
// It is for measuring what bbolt alone needs for the same rows. nil ends it.
func (s *Store) Record(tell func([]Change)) {
	if tell == nil {
		s.record.Store(nil)
		return
	}
	s.record.Store(&recording{tell: tell})
}

func (r *recording) add(c Change) {
	if r != nil {
		r.changes = append(r.changes, c)
	}
}

// end is the end of a turn.
func (r *recording) end() {
	if r != nil {
		r.tell(r.changes)
		clear(r.changes)
		r.changes = r.changes[:0]
	}
}
