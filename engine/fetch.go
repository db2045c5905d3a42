package engine

import (
	"math"

	"baraza/engine/program"
)

// fetch asks another system and waits for its answer.
func (t *turn) fetch(state int) int {
	st := &t.p.States[state]
	call := st.Fetch
	t.commitAnswered()
	args := t.values(call.Args)
	t.arrive(state)
	t.s.here.fetch = t.nextNumber()
	e := t.add(Fetch)
	e.Fetch, e.Args = t.s.here.fetch, args
	if call.Service >= 0 && call.Service < len(t.p.Services) {
		e.Name = t.p.Services[call.Service].Name
	}
	if i := findWhen(st, program.WhenWaiting); i != program.None {
		t.traced(TraceWhen, state, i, "")
		t.sayString(st.Whens[i].Text)
	}
	return t.halt()
}

// hold keeps a message that came during a fetch for the next place that waits for one.
func (t *turn) hold() {
	h := heldMessage{text: t.ev.Text, token: t.ev.Token, template: t.ev.Template, media: t.ev.Media, location: t.ev.Location}
	size := h.size()
	for _, had := range t.s.inbox {
		size += had.size()
	}
	if len(t.s.inbox) >= maxInbox || size > maxInboxBytes {
		t.report("held-full", "")
		return
	}
	inbox := make([]heldMessage, len(t.s.inbox), len(t.s.inbox)+1)
	copy(inbox, t.s.inbox)
	t.s.inbox = append(inbox, h)
}

// fetched takes the answer, or goes where a failure leads; then come the messages held meanwhile.
func (t *turn) fetched() {
	state, ok := t.m.state[t.s.here.state]
	if !t.s.open || !ok || t.p.States[state].Kind != program.FetchState || t.ev.Fetch != t.s.here.fetch || t.ev.Fetch == 0 {
		return // cancelled meanwhile
	}
	st := &t.p.States[state]
	t.s.here.state, t.s.here.fetch = 0, 0
	row, ok := t.fetchedRow(st.Fetch)
	if ok {
		t.set(st.Fetch.Name, row, false)
		t.run(st.Next)
	} else if i := findWhen(st, program.WhenFailed); i != program.None {
		t.traced(TraceWhen, state, i, "")
		t.sayString(st.Whens[i].Text)
		if pc := st.Whens[i].PC; pc >= 0 {
			t.run(pc)
		} else {
			t.run(st.Next)
		}
	} else {
		t.run(st.Next)
	}
	t.takeHeld()
}

// fetchedRow reads the answer by the shapes that the service declares.
func (t *turn) fetchedRow(call *program.FetchCall) (*program.Row, bool) {
	if t.ev.Failed || t.ev.Answer == nil || call.Service < 0 || call.Service >= len(t.p.Services) {
		return nil, false
	}
	row := &program.Row{ID: call.Name}
	for i := range t.p.Services[call.Service].Returns {
		shape := &t.p.Services[call.Service].Returns[i]
		row.Columns = append(row.Columns, shape.Name)
		row.Cells = append(row.Cells, shaped(t.ev.Answer[shape.Name], shape, 0))
	}
	if len(appendRow(nil, row)) > maxFetched {
		t.report("fetch-too-large", call.Name)
		return nil, false
	}
	return row, true
}

// shaped is a value of the shape's type; anything else is unset.
func shaped(v any, shape *program.Shape, depth int) any {
	if depth > 3 {
		return nil
	}
	switch shape.Type {
	case program.NumberKind:
		switch n := v.(type) {
		case float64:
			if n-n == 0 { // neither infinite nor no number
				return n
			}
		case int:
			return float64(n)
		}
		return nil
	case program.YesNo:
		if b, ok := v.(bool); ok {
			return b
		}
		return nil
	case program.LocationKind:
		m, _ := v.(map[string]any)
		lat, ok1 := m["lat"].(float64)
		lon, ok2 := m["lon"].(float64)
		if ok1 && ok2 && math.Abs(lat) <= 90 && math.Abs(lon) <= 180 {
			return program.Location{Lat: lat, Lon: lon}
		}
		return nil
	case program.ListKind:
		return shapedList(v, shape, depth)
	}
	if s, ok := v.(string); ok {
		return s
	}
	return nil
}

// shapedList gives rows an id: their id column, else their number from 1.
func shapedList(v any, shape *program.Shape, depth int) any {
	items, ok := v.([]any)
	if !ok {
		return nil
	}
	list := make([]any, 0, min(len(items), maxRows))
	for n, item := range items[:min(len(items), maxRows)] {
		cells, ok := item.(map[string]any)
		if !ok {
			if s, ok := item.(string); ok && len(shape.Columns) == 0 {
				list = append(list, s)
			}
			continue
		}
		row := &program.Row{ID: number(n + 1)}
		for i := range shape.Columns {
			column := &shape.Columns[i]
			cell := shaped(cells[column.Name], column, depth+1)
			if id, ok := cell.(string); ok && column.Name == "id" && id != "" {
				row.ID = id
			}
			row.Columns = append(row.Columns, column.Name)
			row.Cells = append(row.Cells, cell)
		}
		list = append(list, row)
	}
	return list
}

// takeHeld gives the messages held to the place that waits now, in order.
func (t *turn) takeHeld() {
	held := t.s.inbox
	ev := t.ev
	for i, h := range held {
		if !t.s.open || t.over {
			t.s.inbox = nil
			t.report("held-dropped", "")
			break
		}
		if state, ok := t.m.state[t.s.here.state]; ok && t.p.States[state].Kind == program.FetchState {
			t.s.inbox = append([]heldMessage(nil), held[i:]...)
			break
		}
		t.s.inbox = nil
		t.ev = Event{Kind: Message, At: ev.At, Channel: ev.Channel, Language: ev.Language,
			Text: h.text, Token: h.token, Template: h.template, Media: h.media, Location: h.location}
		t.touched = true
		t.messageHere()
	}
	t.ev = ev
}
