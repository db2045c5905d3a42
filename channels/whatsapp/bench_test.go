package whatsapp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"baraza/channels/whatsapp"
)

// oneMessage is a webhook as it comes most often: somebody tapped a row of a list.
const oneMessage = `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","time":1795000000,"changes":[{"value":{` +
	`"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001001","phone_number_id":"1001"},` +
	`"contacts":[{"profile":{"name":"Somebody"},"wa_id":"155500000001"}],"messages":[{"from":"155500000001",` +
	`"id":"wamid.HBgMMTU1NTAwMDAwMDAxFQIAEhgU","timestamp":"1795000000","type":"interactive","interactive":{"type":"list_reply",` +
	`"list_reply":{"id":"a1b2c3","title":"Oficinas y horarios"}}}]},"field":"messages"}]}]}`

// BenchmarkParse reads a webhook of one message.
func BenchmarkParse(b *testing.B) {
	body := []byte(oneMessage)
	b.ReportAllocs()
	for b.Loop() {
		if all := whatsapp.Parse(body); len(all) != 1 || len(all[0].From) != 1 {
			b.Fatal(all)
		}
	}
}

// BenchmarkSigned verifies its signature.
func BenchmarkSigned(b *testing.B) {
	body := []byte(oneMessage)
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write(body)
	header := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	b.ReportAllocs()
	for b.Loop() {
		if !whatsapp.Signed(body, header, "secret") {
			b.Fatal("it is signed")
		}
	}
}
