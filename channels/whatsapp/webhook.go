package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"

	"baraza/channels"
)

// bodyBytes is the largest webhook: the platform's 3 MB, read either way, and a margin.
const bodyBytes = 3<<20 + 512<<10

// Words of Settings.Refused.
const (
	RefusedToken     = "verify-token" // a registration without our word
	RefusedSignature = "signature"    // a body that the platform did not sign
	RefusedSize      = "size"
	RefusedRead      = "read" // the body broke off
	RefusedInbox     = "inbox"
)

// Handler answers the platform: GET when the webhook is registered, POST with what has happened. It says 200 only
// when the inbox has all of it for good; anything else makes the platform come again, for up to seven days.
func (c *Channel) Handler(inbox channels.Inbox) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			c.register(w, r)
		case http.MethodPost:
			c.receive(w, r, inbox)
		default:
			w.Header().Set("Allow", "GET, POST")
			refuse(w, http.StatusMethodNotAllowed)
		}
	})
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// register proves that we are who was meant. There is no signature on it.
func (c *Channel) register(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	given, want := sha256.Sum256([]byte(q.Get("hub.verify_token"))), sha256.Sum256([]byte(c.settings.VerifyToken))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 || c.settings.VerifyToken == "" || q.Get("hub.mode") != "subscribe" {
		c.settings.Refused(RefusedToken)
		refuse(w, http.StatusForbidden)
		return
	}
	challenge := q.Get("hub.challenge")
	if challenge == "" || len(challenge) > 64 || strings.Trim(challenge, "0123456789") != "" {
		refuse(w, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, challenge)
}

func (c *Channel) receive(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
	signature := r.Header.Get("X-Hub-Signature-256")
	if len(signature) != len(signaturePrefix)+hex.EncodedLen(sha256.Size) { // not worth reading for
		c.settings.Refused(RefusedSignature)
		refuse(w, http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		c.settings.Refused(RefusedSize)
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		c.settings.Refused(RefusedRead)
		refuse(w, http.StatusBadRequest)
		return
	}
	if !Signed(body, signature, c.settings.AppSecrets...) {
		c.settings.Refused(RefusedSignature)
		refuse(w, http.StatusUnauthorized)
		return
	}
	if all := Parse(body); len(all) > 0 {
		if err := inbox.Receive(r.Context(), all); err != nil {
			c.settings.Refused(RefusedInbox)
			refuse(w, http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

const signaturePrefix = "sha256="

// Signed tells whether the header X-Hub-Signature-256 is that of the raw body under one of the secrets.
func Signed(body []byte, header string, secrets ...string) bool {
	digits, ok := strings.CutPrefix(header, signaturePrefix)
	given, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return false
	}
	signed := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), given) {
			signed = true
		}
	}
	return signed
}
