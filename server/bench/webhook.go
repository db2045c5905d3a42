package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"time"
)

// What the driver and the process it starts agree on. They are made up and reach no further than this machine.
const (
	account   = "1001"
	appSecret = "bench-secret"
	token     = "bench-token"
	path      = "/whatsapp"
)

// number is the phone number of the nth person; all have the same length.
func number(n int) string { return fmt.Sprintf("1555%08d", n) }

// messageID is unique in a run.
func messageID(person, n int) string { return fmt.Sprintf("wamid.HBgMBench%08dX%08d", person, n) }

// element is a message as it stands in a webhook.
func (s said) element(person, n int, at time.Time) []byte {
	m := map[string]any{"from": number(person), "id": messageID(person, n), "timestamp": strconv.FormatInt(at.Unix(), 10)}
	switch {
	case s.place != nil:
		m["type"], m["location"] = "location", map[string]float64{"latitude": s.place.Lat, "longitude": s.place.Lon}
	case s.token != "" && s.list:
		m["type"], m["interactive"] = "interactive", map[string]any{"type": "list_reply", "list_reply": map[string]string{"id": s.token, "title": s.text}}
	case s.token != "":
		m["type"], m["interactive"] = "interactive", map[string]any{"type": "button_reply", "button_reply": map[string]string{"id": s.token, "title": s.text}}
	default:
		m["type"], m["text"] = "text", map[string]string{"body": s.text}
	}
	b, _ := json.Marshal(m) // of strings and numbers
	return b
}

// webhook is the body for the messages of one person.
func webhook(person int, at time.Time, elements ...[]byte) []byte {
	b := make([]byte, 0, 512+len(elements)*300)
	b = append(b, `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","time":`...)
	b = strconv.AppendInt(b, at.Unix(), 10)
	b = append(b, `,"changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001001","phone_number_id":"`+account+`"},`+
		`"contacts":[{"profile":{"name":"Somebody"},"wa_id":"`...)
	b = append(b, number(person)...)
	b = append(b, `"}],"messages":[`...)
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	return append(b, `]},"field":"messages"}]}]}`...)
}

// signer signs bodies; each goroutine has its own.
type signer struct{ mac hash.Hash }

func newSigner() signer { return signer{hmac.New(sha256.New, []byte(appSecret))} }

// request is the whole of a webhook as it goes over the wire.
func (s signer) request(dst []byte, host string, body []byte) []byte {
	s.mac.Reset()
	s.mac.Write(body)
	dst = append(dst, http.MethodPost+" "+path+" HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256="...)
	dst = hex.AppendEncode(dst, s.mac.Sum(nil))
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}
