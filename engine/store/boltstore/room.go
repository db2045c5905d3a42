package boltstore

// roomSize is what the rows of a commit of some hundred turns take.
const roomSize = 1 << 20

// room is memory for the rows of one transaction, which bbolt reads until it is committed; the next transaction has it
// again. It is for whoever holds Store.writing.
type room struct{ free, whole []byte }

// take gives n bytes to append to. More than that has memory of its own.
func (r *room) take(n int) []byte {
	if n > len(r.free) {
		r.whole = make([]byte, max(n, roomSize))
		r.free = r.whole
	}
	out := r.free[:0:n]
	r.free = r.free[n:]
	return out
}

// again makes room for the next transaction.
func (r *room) again() {
	if len(r.whole) > roomSize {
		r.whole = nil
	}
	r.free = r.whole
}

// names are those of packs and fields that were read before: few, and each in the rows of many contacts.
type names map[string]string

// namesMost is how many are remembered.
const namesMost = 1000

func (n names) of(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if n != nil && len(n) < namesMost {
		n[s] = s
	}
	return s
}
