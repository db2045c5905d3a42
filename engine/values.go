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
