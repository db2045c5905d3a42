package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// webhook writes the envelope: an entry for each account, in it a change for each run of updates of one number
// and class. The caller locks.
func (s *Server) webhook(updates []*update) []byte {
	type change = fields
	var entries []fields
	entry := map[string]int{}
	var last *update
	var value fields
	for _, u := range updates {
		at, there := entry[u.account]
		if !there {
			at = len(entries)
			entry[u.account] = at
			entries = append(entries, fields{"id": u.account, "changes": []change{}})
		}
		if last == nil || u.class == page || u.class != last.class || u.number != last.number || u.errors != nil || last.errors != nil {
			value = u.value()
			if u.class == page {
				entries[at]["time"] = s.clock.Now().Unix()
			}
			entries[at]["changes"] = append(entries[at]["changes"].([]change), change{"field": u.field, "value": value})
		}
		u.addTo(value)
		last = u
	}
	return escape(fields{"object": "whatsapp_business_account", "entry": entries})
}

func (u *update) value() fields {
	if u.class == page {
		return u.content.(fields)
	}
	return fields{
		"messaging_product": "whatsapp",
		"metadata":          fields{"display_phone_number": digits(u.number.Display), "phone_number_id": u.number.ID},
	}
}

func (u *update) addTo(value fields) {
	key := map[string]string{messages: "messages", systems: "messages", statuses: "statuses"}[u.class]
	if key == "" {
		return
	}
	all, _ := value[key].([]any)
	value[key] = append(all, u.content)
	if u.errors != nil {
		value["errors"] = u.errors
	}
	if failed := u.class == statuses && u.status == "failed"; u.class == systems || failed && u.who.Phone == "" {
		return
	}
	contacts, _ := value["contacts"].([]fields)
	card := u.who.card()
	for _, c := range contacts {
		if c["wa_id"] == card["wa_id"] && c["user_id"] == card["user_id"] {
			return
		}
	}
	value["contacts"] = append(contacts, card)
}

// escape writes JSON with every character beyond ASCII as \uXXXX, as signed bodies have it.
func escape(value any) []byte {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("fake: write a webhook: %v", err)) // unreachable: its parts are JSON or strings
	}
	raw := bytes.TrimSpace(plain.Bytes())
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		switch {
		case r < utf8.RuneSelf:
			out = append(out, raw[0])
		case r > 0xFFFF:
			high, low := 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF
			out = fmt.Appendf(out, "\\u%04x\\u%04x", high, low)
		default:
			out = fmt.Appendf(out, "\\u%04x", r)
		}
		raw = raw[size:]
	}
	return out
}
