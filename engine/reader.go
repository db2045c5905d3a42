package engine

import (
	"math"

	"baraza/engine/program"
)

// reader reads encoded data. After the first thing that is not what it should be, bad is set and everything
// reads as zero: no input makes it panic or loop.
type reader struct {
	s   string
	at  int
	bad bool
}

func (r *reader) more() bool { return !r.bad && r.at < len(r.s) }

func (r *reader) fail() { r.bad, r.at = true, len(r.s) }

func (r *reader) byte() byte {
	if r.at >= len(r.s) {
		r.fail()
		return 0
	}
	r.at++
	return r.s[r.at-1]
}

func (r *reader) uint() uint64 {
	var x uint64
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		if shift == 63 && b > 1 {
			break
		}
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			// One number has one encoding, so that equal sessions have equal bytes.
			if b == 0 && shift > 0 {
				break
			}
			return x
		}
	}
	r.fail()
	return 0
}

func (r *reader) uint32() uint32 {
	x := r.uint()
	if x > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(x)
}

func (r *reader) int() int64 {
	x := r.uint()
	if x&1 != 0 {
		return ^int64(x >> 1)
	}
	return int64(x >> 1)
}

// count reads how many things follow, each of at least one byte.
func (r *reader) count(most int) int {
	n := r.uint()
	if n > uint64(most) || n > uint64(len(r.s)-r.at) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) string {
	if n < 0 || n > len(r.s)-r.at {
		r.fail()
		return ""
	}
	r.at += n
	return r.s[r.at-n : r.at]
}

func (r *reader) str() string {
	n := r.uint()
	if n > uint64(len(r.s)-r.at) {
		r.fail()
		return ""
	}
	return r.take(int(n))
}

func (r *reader) fixed64() uint64 {
	s := r.take(8)
	if len(s) < 8 {
		return 0
	}
	var x uint64
	for i := range 8 {
		x |= uint64(s[i]) << (8 * i)
	}
	return x
}

func (r *reader) fixed32() uint32 {
	s := r.take(4)
	if len(s) < 4 {
		return 0
	}
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func (r *reader) float() float64 {
	f := math.Float64frombits(r.fixed64())
	if math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail()
		return 0
	}
	return f
}

func (r *reader) entry() entry {
	e := entry{start: r.at}
	e.name = r.str()
	e.kind = r.byte()
	if e.kind&kindElsewhere != 0 {
		e.flow = r.fixed32()
	}
	from := r.at
	r.skip(e.kind&^kindElsewhere, 0)
	e.payload, e.end = r.s[min(from, r.at):r.at], r.at
	return e
}

// skip passes over a value of the kind.
func (r *reader) skip(kind byte, depth int) {
	if depth > maxValueDepth {
		r.fail()
		return
	}
	switch kind {
	case valueFalse, valueTrue:
	case valueNil:
		if depth == 0 {
			r.fail()
		}
	case valueInt:
		r.int()
	case valueFloat:
		r.float()
	case valueText:
		r.str()
	case valueList:
		for range r.count(maxHeldBytes) {
			r.skip(r.byte(), depth+1)
		}
	case valueTableRow, valueMedia:
		r.str()
		r.str()
	case valueRow:
		r.str()
		for range r.count(maxHeldBytes) {
			r.str()
			r.skip(r.byte(), depth+1)
		}
	case valueLocation:
		r.float()
		r.float()
	default:
		r.fail()
	}
}

// payload reads a value of the kind.
func (r *reader) payload(kind byte, depth int) any {
	if depth > maxValueDepth {
		r.fail()
		return nil
	}
	switch kind {
	case valueFalse:
		return false
	case valueTrue:
		return true
	case valueInt:
		return float64(r.int())
	case valueFloat:
		return r.float()
	case valueText:
		return r.str()
	case valueList:
		n := r.count(maxHeldBytes)
		list := make([]any, 0, min(n, 256))
		for range n {
			list = append(list, r.payload(r.byte(), depth+1))
		}
		return list
	case valueTableRow:
		return tableRow{r.str(), r.str()}
	case valueMedia:
		return Media{Kind: r.str(), ID: r.str()}
	case valueRow:
		row := &program.Row{ID: r.str()}
		for range r.count(maxHeldBytes) {
			row.Columns = append(row.Columns, r.str())
			row.Cells = append(row.Cells, r.payload(r.byte(), depth+1))
		}
		return row
	case valueLocation:
		return program.Location{Lat: r.float(), Lon: r.float()}
	}
	return nil
}

// values reads and checks a bag of values.
func (r *reader) values() Values {
	v := Values(r.str())
	inner := reader{s: string(v)}
	for inner.more() {
		inner.entry()
	}
	if inner.bad {
		r.fail()
		return ""
	}
	return v
}
