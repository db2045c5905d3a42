package channels

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"baraza/engine"
)

// MarshalJSON writes what `baraza whatsapp parse` prints: the fields of the kind, and no empty ones.
func (in Inbound) MarshalJSON() ([]byte, error) {
	out := printed{Kind: in.Kind.String(), ID: in.ID, Account: in.Account, Business: in.Business, From: in.From, Was: in.Was,
		At: stamp(in.At), Message: in.Message, About: in.About, Key: in.Key, Reason: in.Reason, Raw: string(in.Raw)}
	switch in.Kind {
	case MessageReceived, Edited, Reaction:
		ev := &in.Event
		out.Text, out.Token, out.Template, out.Place = ev.Text, ev.Token, ev.Template, ev.Location
		out.Media, out.MediaID = ev.Media.Kind, ev.Media.ID
		if a := in.Attachment; a != nil {
			out.Attachment = &printedAttachment{a.Type, hex.EncodeToString(a.SHA256), a.Name, a.Voice}
		}
	case StatusReceived:
		s := &in.Status
		out.Status = &printedStatus{s.OurID, s.ProviderID, s.Rank.String(), "", s.Code}
		if s.Rank == Failed {
			out.Status.Class = s.Class.String()
		}
	case PreferenceChanged:
		out.Preference = map[bool]string{true: "stop", false: "resume"}[in.Stops]
		out.About = in.Alert.Code
	case AlertRaised:
		a := &in.Alert
		out.Alert = &printedAlert{a.Severity.String(), a.Code, a.Subject, a.Text, stamp(a.Until)}
	}
	return json.Marshal(out)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type printed struct {
	Kind       string             `json:"kind"`
	ID         string             `json:"id"`
	Business   string             `json:"business,omitempty"`
	Account    string             `json:"account,omitempty"`
	At         string             `json:"at,omitempty"`
	From       []Identity         `json:"from,omitempty"`
	Was        []Identity         `json:"was,omitempty"`
	Key        string             `json:"key,omitempty"`
	Message    string             `json:"message,omitempty"`
	About      string             `json:"about,omitempty"`
	Text       string             `json:"text,omitempty"`
	Token      string             `json:"token,omitempty"`
	Template   string             `json:"template,omitempty"`
	Media      string             `json:"media,omitempty"`
	MediaID    string             `json:"media_id,omitempty"`
	Attachment *printedAttachment `json:"attachment,omitempty"`
	Place      *engine.LatLon     `json:"place,omitempty"`
	Status     *printedStatus     `json:"status,omitempty"`
	Preference string             `json:"preference,omitempty"`
	Alert      *printedAlert      `json:"alert,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Raw        string             `json:"raw,omitempty"`
}

type printedAttachment struct {
	Type   string `json:"type,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Name   string `json:"name,omitempty"`
	Voice  bool   `json:"voice,omitempty"`
}

type printedStatus struct {
	OurID      string `json:"our_id,omitempty"`
	ProviderID string `json:"provider_id"`
	Rank       string `json:"rank"`
	Class      string `json:"class,omitempty"`
	Code       string `json:"code,omitempty"`
}

type printedAlert struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Subject  string `json:"subject,omitempty"`
	Text     string `json:"text,omitempty"`
	Until    string `json:"until,omitempty"`
}

// MarshalJSON writes an identity as its kind and value.
func (i Identity) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{i.Kind: i.Value})
}
