package engine

import (
	"encoding/binary"
	"math"
	"slices"

	"baraza/engine/program"
)

// Values are named values in the form they have in an encoded session: immutable, in the order they were first
// set. They stay encoded because a turn reads few of them, and because what cannot change cannot be shared by
// mistake between a session and the one that follows it.
//
// An entry is: name, kind, with kindElsewhere the 4 bytes of a flow, and the value.
type Values string

const (
	valueFalse byte = iota + 1
	valueTrue
	valueInt   // zigzag
	valueFloat // 8 bytes
	valueText
	valueList     // count, values
	valueTableRow // table, id
	valueRow      // id, count, (column, value)…
	valueLocation // 2 × 8 bytes
	valueMedia    // kind, id
	valueNil      // inside lists and rows only

	kindElsewhere = 0x80 // the variable belongs to another flow of this conversation
)

const (
	maxValueBytes = 4 << 10
	maxValueDepth = 8
	// maxHeldBytes bounds what one run of flows may keep in variables.
	maxHeldBytes = 64 << 10
)

// tableRow stands for a row of a table until the program gives it.
type tableRow struct{ table, id string }

// Get returns the value by name; a row of a table comes as its id where no program is at hand.
func (v Values) Get(name string) (any, bool) {
	e, ok := v.find(name)
	if !ok {
		return nil, false
	}
	value := e.value()
	if r, ok := value.(tableRow); ok {
		return r.id, true
	}
	return value, true
}

// entry is one named value, still encoded.
type entry struct {
	name       string
	kind       byte
	flow       uint32 // with kindElsewhere
	payload    string
	start, end int
}

func (e entry) value() any {
	r := reader{s: e.payload}
	return r.payload(e.kind&^kindElsewhere, 0)
}

// text is the value where it is a text, without allocating.
func (e entry) text() (string, bool) {
	if e.kind != valueText {
		return "", false
	}
	r := reader{s: e.payload}
	return r.str(), true
}

func (v Values) find(name string) (entry, bool) {
	r := reader{s: string(v)}
	for r.more() {
		if e := r.entry(); e.name == name && e.kind&kindElsewhere == 0 {
			return e, true
		}
	}
	return entry{}, false
}

// each visits every value in order.
func (v Values) each(visit func(entry)) {
	r := reader{s: string(v)}
	for r.more() {
		visit(r.entry())
	}
}

// with sets a value; nil takes it away. scratch is room to work in.
func (v Values) with(scratch *[]byte, name string, value any) Values {
	had, found := v.find(name)
	if value == nil {
		if !found {
			return v
		}
		return v[:had.start] + v[had.end:]
	}
	b := (*scratch)[:0]
	before, after := string(v), ""
	if found {
		before, after = string(v[:had.start]), string(v[had.end:])
	}
	b = append(b, before...)
	b = appendString(b, name)
	b = appendValue(b, value)
	b = append(b, after...)
	*scratch = b
	return Values(b)
}

// park marks the values of the flow that is left, and brings back those of the flow that is entered. fresh drops
// the latter instead; wanted tells whose values may still be needed.
func (v Values) park(leaving, entering uint32, fresh bool, wanted func(uint32) bool) Values {
	if v == "" || leaving == entering && !fresh {
		return v
	}
	b := make([]byte, 0, len(v)+16)
	v.each(func(e entry) {
		flow := leaving
		if e.kind&kindElsewhere != 0 {
			flow = e.flow
		}
		switch {
		case flow == entering && fresh:
		case flow == entering:
			b = append(appendString(b, e.name), e.kind&^kindElsewhere)
			b = append(b, e.payload...)
		case wanted(flow):
			b = append(appendString(b, e.name), e.kind|kindElsewhere)
			b = binary.LittleEndian.AppendUint32(b, flow)
			b = append(b, e.payload...)
		}
	})
	return Values(b)
}

// only keeps the named values of the present flow.
func (v Values) only(names []string) Values {
	var b []byte
	v.each(func(e entry) {
		if e.kind&kindElsewhere == 0 && slices.Contains(names, e.name) {
			b = append(b, v[e.start:e.end]...)
		}
	})
	return Values(b)
}

func appendValue(b []byte, value any) []byte {
	switch x := value.(type) {
	case bool:
		if x {
			return append(b, valueTrue)
		}
		return append(b, valueFalse)
	case int:
		return appendValue(b, float64(x))
	case float64:
		if i := int64(x); float64(i) == x && i > -1<<53 && i < 1<<53 && !(i == 0 && math.Signbit(x)) {
			return binary.AppendVarint(append(b, valueInt), i)
		}
		return binary.LittleEndian.AppendUint64(append(b, valueFloat), math.Float64bits(x))
	case string:
		return appendString(append(b, valueText), x)
	case []any:
		b = binary.AppendUvarint(append(b, valueList), uint64(len(x)))
		for _, item := range x {
			b = appendValue(b, item)
		}
		return b
	case tableRow:
		return appendString(appendString(append(b, valueTableRow), x.table), x.id)
	case *program.Row:
		return appendRow(b, x)
	case program.Location:
		b = binary.LittleEndian.AppendUint64(append(b, valueLocation), math.Float64bits(x.Lat))
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(x.Lon))
	case Media:
		return appendString(appendString(append(b, valueMedia), x.Kind), x.ID)
	}
	return append(b, valueNil)
}

// appendRow writes a row of a table by its id, any other row whole.
func appendRow(b []byte, row *program.Row) []byte {
	if row == nil {
		return append(b, valueNil)
	}
	if row.Table != "" {
		return appendValue(b, tableRow{row.Table, row.ID})
	}
	n := min(len(row.Columns), len(row.Cells))
	b = appendString(append(b, valueRow), row.ID)
	b = binary.AppendUvarint(b, uint64(n))
	for i := range n {
		b = appendValue(appendString(b, row.Columns[i]), row.Cells[i])
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

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
