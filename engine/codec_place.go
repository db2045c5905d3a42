package engine

import "encoding/binary"

// Flags of an encoded place.
const (
	placeWaits = 1 << iota
	placeCase
	placeFetch
	placeMisses
	placeAnswered
	placeMean
	placePage
	placePicks
	placeVars
	placeLoops
	placeCalls
	placePast

	placeFlags = placePast<<1 - 1
)

func (p *place) flags() uint64 {
	var f uint64
	set := func(flag uint64, on bool) {
		if on {
			f |= flag
		}
	}
	set(placeWaits, p.state != 0 || p.step != 0 || p.asking != 0)
	set(placeCase, p.caseNumber != 0)
	set(placeFetch, p.fetch != 0)
	set(placeMisses, p.misses != 0)
	set(placeAnswered, p.answered)
	set(placeMean, p.mean != "")
	set(placePage, p.page != 0)
	set(placePicks, len(p.picks) > 0)
	set(placeVars, p.vars != "")
	set(placeLoops, len(p.loops) > 0)
	set(placeCalls, len(p.calls) > 0)
	set(placePast, p.pasts > 0)
	return f
}

func (p *place) append(dst []byte) []byte {
	f := p.flags()
	dst = binary.AppendUvarint(dst, f)
	if f&placeWaits != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, p.state)
		dst = binary.LittleEndian.AppendUint64(dst, p.step)
		dst = binary.AppendUvarint(dst, uint64(p.asking))
	}
	if f&placeCase != 0 {
		dst = binary.AppendUvarint(dst, uint64(p.caseNumber))
	}
	if f&placeFetch != 0 {
		dst = binary.AppendUvarint(dst, uint64(p.fetch))
	}
	if f&placeMisses != 0 {
		dst = append(dst, p.misses)
	}
	if f&placeMean != 0 {
		dst = appendString(dst, p.mean)
	}
	if f&placePage != 0 {
		dst = binary.AppendUvarint(dst, uint64(p.page))
	}
	if f&placePicks != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(p.picks)))
		for _, id := range p.picks {
			dst = appendString(dst, id)
		}
	}
	if f&placeVars != 0 {
		dst = appendString(dst, string(p.vars))
	}
	if f&placeLoops != 0 {
		dst = appendLoops(dst, p.loops)
	}
	if f&placeCalls != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(p.calls)))
		for _, c := range p.calls {
			dst = binary.LittleEndian.AppendUint64(dst, c.to)
			dst = appendString(dst, c.result)
			dst = appendString(dst, string(c.vars))
			dst = appendLoops(dst, c.loops)
		}
	}
	if f&placePast != 0 {
		dst = append(dst, p.pasts)
		for _, a := range p.past[:p.pasts] {
			dst = binary.LittleEndian.AppendUint64(dst, a.state)
			dst = append(dst, a.depth, a.loops)
		}
	}
	return dst
}

func appendLoops(dst []byte, loops []loop) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(loops)))
	for _, l := range loops {
		dst = binary.LittleEndian.AppendUint64(dst, l.place)
		dst = binary.AppendUvarint(dst, uint64(l.done))
	}
	return dst
}

func (p *place) read(r *reader) {
	f := r.uint()
	if f > placeFlags {
		r.fail()
		return
	}
	p.answered = f&placeAnswered != 0
	if f&placeWaits != 0 {
		p.state, p.step, p.asking = r.fixed64(), r.fixed64(), r.uint32()
	}
	if f&placeCase != 0 {
		p.caseNumber = r.uint32()
	}
	if f&placeFetch != 0 {
		p.fetch = r.uint32()
	}
	if f&placeMisses != 0 {
		p.misses = r.byte()
	}
	if f&placeMean != 0 {
		p.mean = r.str()
	}
	if f&placePage != 0 {
		p.page = r.uint32()
	}
	if f&placePicks != 0 {
		p.picks = make([]string, r.count(maxRows))
		for i := range p.picks {
			p.picks[i] = r.str()
		}
	}
	if f&placeVars != 0 {
		p.vars = r.values()
	}
	if f&placeLoops != 0 {
		p.loops = readLoops(r)
	}
	if f&placeCalls != 0 {
		p.calls = make([]frame, r.count(maxCalls))
		for i := range p.calls {
			p.calls[i] = frame{to: r.fixed64(), result: r.str(), vars: r.values(), loops: readLoops(r)}
		}
	}
	if f&placePast != 0 {
		p.pasts = r.byte()
		if int(p.pasts) > len(p.past) {
			p.pasts = 0
			r.fail()
		}
		for i := range p.past[:p.pasts] {
			p.past[i] = asked{state: r.fixed64(), depth: r.byte(), loops: r.byte()}
		}
	}
	if !r.bad && p.flags() != f {
		r.fail()
	}
}

func readLoops(r *reader) []loop {
	n := r.count(maxLoops)
	if n == 0 {
		return nil
	}
	loops := make([]loop, n)
	for i := range loops {
		loops[i] = loop{place: r.fixed64(), done: r.uint32()}
	}
	return loops
}
