package whatsapp

import (
	"encoding/json"
	"strings"

	"baraza/channels"
)

// notice is what is read of the fields that tell about the account, its numbers and templates. No field has all of it.
type notice struct {
	Event    string `json:"event"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`

	BanInfo struct {
		State string `json:"waba_ban_state"`
	} `json:"ban_info"`
	Restrictions []struct {
		Type       string `json:"restriction_type"`
		Expiration loose  `json:"expiration"`
	} `json:"restriction_info"`

	Severity    string `json:"alert_severity"`
	AlertType   string `json:"alert_type"`
	Description string `json:"alert_description"`
	AlertInfo   struct {
		Severity    string `json:"alert_severity"`
		Type        string `json:"alert_type"`
		Description string `json:"alert_description"`
	} `json:"alert_info"`

	Number       loose  `json:"display_phone_number"`
	CurrentLimit string `json:"current_limit"`

	Template    string `json:"message_template_name"`
	Language    string `json:"message_template_language"`
	NewQuality  string `json:"new_quality_score"`
	NewCategory string `json:"new_category"`
	OtherInfo   struct {
		Title string `json:"title"`
	} `json:"other_info"`

	Preferences []struct {
		WaID      loose  `json:"wa_id"`
		UserID    loose  `json:"user_id"`
		Category  string `json:"category"`
		Value     string `json:"value"`
		Timestamp loose  `json:"timestamp"`
	} `json:"user_preferences"`

	Metadata struct {
		PhoneNumberID loose `json:"phone_number_id"`
	} `json:"metadata"`

	userUpdate              // seen by itself
	Updates    []userUpdate `json:"user_id_update"` // or in a list
}

// userUpdate is a business-scoped id that became another.
type userUpdate struct {
	WaID         loose `json:"wa_id"`
	UserID       moved `json:"user_id"`
	ParentUserID moved `json:"parent_user_id"`
	Timestamp    loose `json:"timestamp"`
}

type moved struct {
	Previous loose `json:"previous"`
	Current  loose `json:"current"`
}

// UnmarshalJSON passes over a user_id that is an id and no change.
func (m *moved) UnmarshalJSON(b []byte) error {
	type plain moved
	var v plain
	if json.Unmarshal(b, &v) == nil {
		*m = moved(v)
	}
	return nil
}

// severities are those of events that are more than information, by field and event.
var severities = map[string]map[string]channels.Severity{
	"account_update": {
		"ACCOUNT_DELETED": channels.Critical, "ACCOUNT_RESTRICTION": channels.Critical, "ACCOUNT_VIOLATION": channels.Critical,
		"DISABLED_UPDATE": channels.Critical, "ACCOUNT_OFFBOARDED": channels.Critical,
		"PARTNER_REMOVED": channels.Warning, "PARTNER_APP_UNINSTALLED": channels.Warning,
	},
	"account_alerts":              {"CRITICAL": channels.Critical, "WARNING": channels.Warning},
	"account_review_update":       {"REJECTED": channels.Critical, "PENDING": channels.Warning, "DEFERRED": channels.Warning},
	"phone_number_quality_update": {"FLAGGED": channels.Warning, "DOWNGRADE": channels.Warning},
	"phone_number_name_update":    {"REJECTED": channels.Warning, "PENDING": channels.Warning, "DEFERRED": channels.Warning},
	"message_template_status_update": {
		"DELETED": channels.Critical, "DISABLED": channels.Critical, "LOCKED": channels.Critical, "PAUSED": channels.Critical,
		"REJECTED": channels.Critical, "PENDING_DELETION": channels.Critical,
		"ARCHIVED": channels.Warning, "FLAGGED": channels.Warning, "IN_APPEAL": channels.Warning, "LIMIT_EXCEEDED": channels.Warning,
	},
	"message_template_quality_update": {"RED": channels.Critical, "YELLOW": channels.Warning},
	"security": {
		"PIN_CHANGED": channels.Critical, "PIN_RESET_REQUEST": channels.Critical, "PIN_REQUEST_SUCCESS": channels.Critical,
	},
}

// always are the fields each of whose events is worth a look.
var always = map[string]bool{"message_template_components_update": true, "template_category_update": true}

// quiet are the fields that are for the record.
var quiet = map[string]bool{"business_capability_update": true, "business_username_update": true}

// field reads a change that is not of messages.
func (p *parser) field(c change, raw []byte) {
	var n notice
	if json.Unmarshal(c.Value, &n) != nil {
		p.unknown("malformed", raw)
		return
	}
	p.account = string(n.Metadata.PhoneNumberID)
	switch {
	case c.Field == "user_preferences":
		p.preferences(&n, raw)
	case c.Field == "user_id_update":
		p.userID(&n, raw)
	case severities[c.Field] != nil || always[c.Field] || quiet[c.Field]:
		p.alert(c.Field, &n, raw)
	default:
		p.unknown("kind", raw)
	}
}

func (p *parser) preferences(n *notice, raw []byte) {
	for i := range n.Preferences {
		x := &n.Preferences[i]
		in := p.inbound(channels.PreferenceChanged, p.hashed("preference", []byte(string(x.UserID+"\x00"+x.WaID+"\x00"+x.Timestamp)+"\x00"+x.Category+"\x00"+x.Value)))
		in.From, in.At = identities(x.UserID, x.WaID, ""), x.Timestamp.time()
		in.Stops = x.Value != "resume" // a value not known is taken for the careful one
		in.Alert.Code = x.Category
		if len(in.From) == 0 {
			p.unknown("malformed", raw)
			continue
		}
		p.rest = append(p.rest, in)
	}
	if len(n.Preferences) == 0 {
		p.unknown("malformed", raw)
	}
}

func (p *parser) userID(n *notice, raw []byte) {
	updates := n.Updates
	if updates == nil {
		updates = []userUpdate{n.userUpdate}
	}
	for i := range updates {
		u := &updates[i]
		in := p.inbound(channels.IdentityChanged, p.hashed("user-id", []byte(u.UserID.Previous+"\x00"+u.UserID.Current)))
		in.Was = identities(u.UserID.Previous, "", u.ParentUserID.Previous)
		in.From = identities(u.UserID.Current, u.WaID, u.ParentUserID.Current)
		if in.At = u.Timestamp.time(); in.At.IsZero() {
			in.At = p.entryTime.time()
		}
		if len(in.Was) == 0 || u.UserID.Current == "" {
			p.unknown("malformed", raw)
			continue
		}
		p.people = append(p.people, in)
	}
}

func (p *parser) alert(field string, n *notice, raw []byte) {
	event := firstOf(n.Event, n.Decision, n.AlertInfo.Severity, n.Severity, n.NewQuality)
	in := p.inbound(channels.AlertRaised, p.hashed("alert", raw))
	in.At = p.entryTime.time()
	a := &in.Alert
	a.Severity = severities[field][event]
	if always[field] {
		a.Severity = channels.Warning
	}
	a.Code = strings.ToLower(field)
	if what := firstOf(n.AlertInfo.Type, n.AlertType, event); what != "" {
		a.Code += "/" + strings.ToLower(trimmed(what))
	}
	if n.BanInfo.State == "REINSTATE" {
		a.Severity = channels.Warning
	}
	a.Subject = trimmed(string(n.Number))
	if n.Template != "" {
		a.Subject = trimmed(n.Template + "/" + n.Language)
	}
	words := []string{n.AlertInfo.Description, n.Description, n.BanInfo.State, n.OtherInfo.Title, n.CurrentLimit, n.NewCategory}
	if n.Reason != "NONE" {
		words = append(words, n.Reason)
	}
	for _, r := range n.Restrictions {
		words = append(words, r.Type)
		if until := r.Expiration.time(); until.After(a.Until) {
			a.Until = until
		}
	}
	a.Text = trimmed(joined(words))
	p.rest = append(p.rest, in)
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func joined(words []string) string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, "; ")
}
