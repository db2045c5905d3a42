package whatsapp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The shapes below are what is read of a webhook. Whatever else stands in it is passed over, and lists are kept raw so
// that each element is decoded by itself: one that cannot be read takes no other with it.

type envelope struct {
	Entry []json.RawMessage `json:"entry"`
}

// soundEnvelope is an envelope all of whose elements have their shape: it is what nearly always comes, and saves a
// pass over the body.
type soundEnvelope struct {
	Entry []entry `json:"entry"`
}

type entry struct {
	ID      loose             `json:"id"`
	Time    loose             `json:"time"`
	Changes []json.RawMessage `json:"changes"`
}

type change struct {
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
}

// messagesValue is the value of the field messages.
type messagesValue struct {
	Metadata struct {
		PhoneNumberID loose `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts []json.RawMessage `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
	Errors   []json.RawMessage `json:"errors"`
}

// person is one of contacts[]. The profile's name and username are not read: neither names a person surely, and
// nobody agreed to their being kept.
type person struct {
	WaID         loose `json:"wa_id"`
	UserID       loose `json:"user_id"`
	ParentUserID loose `json:"parent_user_id"`
	KeyHash      loose `json:"identity_key_hash"`
}

type received struct {
	ID           loose  `json:"id"`
	From         loose  `json:"from"`
	UserID       loose  `json:"from_user_id"`
	ParentUserID loose  `json:"from_parent_user_id"`
	GroupID      loose  `json:"group_id"`
	Timestamp    loose  `json:"timestamp"`
	Type         string `json:"type"`
	Context      struct {
		ID loose `json:"id"`
	} `json:"context"`

	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Interactive struct {
		Type        string `json:"type"`
		ButtonReply tapped `json:"button_reply"`
		ListReply   tapped `json:"list_reply"`
	} `json:"interactive"`
	Button struct {
		Payload string `json:"payload"`
		Text    string `json:"text"`
	} `json:"button"`
	Image    file `json:"image"`
	Video    file `json:"video"`
	Audio    file `json:"audio"`
	Document file `json:"document"`
	Sticker  file `json:"sticker"`
	Location *struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
		Name      string  `json:"name"`
		Address   string  `json:"address"`
	} `json:"location"`
	Contacts []card `json:"contacts"`
	Reaction struct {
		MessageID loose  `json:"message_id"`
		Emoji     string `json:"emoji"` // not there when it was taken back
	} `json:"reaction"`
	Edit struct {
		Original loose           `json:"original_message_id"`
		Message  json.RawMessage `json:"message"`
	} `json:"edit"`
	Revoke struct {
		Original loose `json:"original_message_id"`
	} `json:"revoke"`
	System struct {
		Type         string `json:"type"`
		WaID         loose  `json:"wa_id"`
		NewWaID      loose  `json:"new_wa_id"`
		UserID       loose  `json:"user_id"`
		ParentUserID loose  `json:"parent_user_id"`
	} `json:"system"`
	Identity struct {
		Hash loose `json:"hash"`
	} `json:"identity"`
}

type tapped struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type file struct {
	ID       loose  `json:"id"`
	Type     string `json:"mime_type"`
	SHA256   string `json:"sha256"` // base64
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
	Voice    bool   `json:"voice"`
}

// card is a shared contact.
type card struct {
	Origin string `json:"origin"` // contact_request: the person's own, given when asked
	Name   struct {
		Formatted string `json:"formatted_name"`
	} `json:"name"`
	Phones []struct {
		Phone string `json:"phone"`
		WaID  loose  `json:"wa_id"`
	} `json:"phones"`
}

type status struct {
	ID           loose  `json:"id"`
	Status       string `json:"status"`
	Timestamp    loose  `json:"timestamp"`
	WaID         loose  `json:"recipient_id"`
	UserID       loose  `json:"recipient_user_id"`
	ParentUserID loose  `json:"recipient_parent_user_id"`
	Participant  loose  `json:"recipient_participant_id"`
	Opaque       string `json:"biz_opaque_callback_data"`
	Errors       []failure
}

type failure struct {
	Code  loose  `json:"code"`
	Title string `json:"title"`
}

// loose is a string that may come as a number, or as something else altogether, which is then "".
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	if n := len(b) - 1; n > 0 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) { // ids are plain
		*l = loose(b[1:n])
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
		return nil
	}
	if len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') {
		*l = loose(b)
	}
	return nil
}

// time reads seconds since 1970, or a date in either of the shapes that come; the zero time for anything else.
func (l loose) time() time.Time {
	const last = 253402300799 // in the year 9999
	if n, err := strconv.ParseInt(string(l), 10, 64); err == nil && 0 < n && n <= last {
		return time.Unix(n, 0).UTC()
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, string(l)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// number is the code of an error; false where it is none.
func (l loose) number() (int, bool) {
	n, err := strconv.Atoi(string(l))
	return n, err == nil
}

// trimmed is a provider's words, bounded.
func trimmed(s string) string {
	const most = 300
	s = strings.ToValidUTF8(s, "")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
