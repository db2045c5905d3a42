package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"baraza/channels"
	"baraza/engine"
)

// Run asks for what is new until the context is done. Asking from the update after the last tells the provider that
// those before are kept, so it is done only when the inbox has them.
//
// Where the provider refuses for a reason that only an operator can end, a token that is not good or another process
// that asks for the same bot, an alert tells of it once until it has ended.
func (c *Channel) Run(ctx context.Context, inbox channels.Inbox) error {
	wait, told := time.Second, ""
	for offset := int64(0); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		all, taps, next, failure := c.updates(ctx, offset)
		failed := failure.Class != channels.NoClass
		if failed && told != failure.Code && (failure.Class.StopsAccount() || failure.Code == conflict) &&
			inbox.Receive(ctx, []channels.Inbound{c.alert(failure)}) == nil {
			told = failure.Code
		}
		if !failed && len(all) > 0 {
			// Updates without a number would come again at once, for ever.
			failed = inbox.Receive(ctx, all) != nil || next <= offset
		}
		if failed {
			if err := c.settings.Pause(ctx, max(wait, failure.RetryAfter)); err != nil {
				return err
			}
			wait = min(2*wait, time.Minute)
			continue
		}
		wait, told, offset = time.Second, "", max(next, offset)
		if len(all) == 0 {
			// All are confirmed. After a week without any, the provider numbers them from anywhere, also below.
			offset = 0
		}
		for _, tap := range taps { // else the button shows for a minute that something is under way
			c.post(ctx, c.settings.Timeout, "answerCallbackQuery", map[string]any{"callback_query_id": tap})
		}
	}
}

// updates are those from offset on, the taps that have to be answered, and the offset that confirms them.
func (c *Channel) updates(ctx context.Context, offset int64) (all []channels.Inbound, taps []string, next int64, failure channels.Result) {
	a, failure := c.post(ctx, c.settings.Poll+c.settings.Timeout, "getUpdates", map[string]any{
		"offset": offset, "timeout": int(c.settings.Poll.Seconds()),
		"allowed_updates": []string{"message", "edited_message", "callback_query", "my_chat_member"}})
	if failure.Class != channels.NoClass {
		return nil, nil, 0, failure
	}
	var raws []json.RawMessage
	if json.Unmarshal(a.Result, &raws) != nil {
		return nil, nil, 0, channels.Result{Class: channels.Retry, Code: "no-updates"}
	}
	for _, raw := range raws {
		in, id, tap := c.parse(raw)
		all = append(all, in)
		next = max(next, id+1)
		if tap != "" {
			taps = append(taps, tap)
		}
	}
	return all, taps, next, channels.Result{}
}

// conflict is the code with which the provider answers when somebody else asks for the same bot's updates.
const conflict = "409"

// alert is what an operator has to see of a failure to fetch.
func (c *Channel) alert(failure channels.Result) channels.Inbound {
	now := c.settings.Now().UTC()
	text := "the provider does not take the bot's token"
	if failure.Code == conflict {
		text = "another process, or a webhook, takes this bot's updates"
	}
	return channels.Inbound{Kind: channels.AlertRaised, ID: "poll:" + failure.Code + ":" + strconv.FormatInt(now.UnixMilli(), 10),
		Channel: Name, Account: c.account, At: now,
		Alert: channels.Alert{Severity: channels.Critical, Code: "poll/" + failure.Code, Text: text}}
}

type update struct {
	ID      int64    `json:"update_id"`
	Message *message `json:"message"`
	Edited  *message `json:"edited_message"`
	Tap     *struct {
		ID      string   `json:"id"`
		From    user     `json:"from"`
		Data    string   `json:"data"`
		Message *message `json:"message"`
	} `json:"callback_query"`
	Member *struct {
		From user  `json:"from"`
		Date int64 `json:"date"`
		Chat struct {
			Type string `json:"type"`
		} `json:"chat"`
		New struct {
			Status string `json:"status"` // kicked when the person blocked the bot
		} `json:"new_chat_member"`
	} `json:"my_chat_member"`
}

type user struct {
	ID       int64  `json:"id"`
	Language string `json:"language_code"`
}

type message struct {
	ID   int64 `json:"message_id"`
	From user  `json:"from"`
	Date int64 `json:"date"`
	Chat struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	} `json:"chat"`
	ReplyTo  *message `json:"reply_to_message"`
	Text     string   `json:"text"`
	Caption  string   `json:"caption"`
	Photo    []file   `json:"photo"` // in rising sizes
	Audio    *file    `json:"audio"`
	Voice    *file    `json:"voice"`
	Video    *file    `json:"video"`
	Document *file    `json:"document"`
	Sticker  *file    `json:"sticker"`
	Location *struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	} `json:"location"`
	Contact *struct {
		Phone string `json:"phone_number"`
		First string `json:"first_name"`
		Last  string `json:"last_name"`
	} `json:"contact"`
	Markup struct {
		Rows [][]struct {
			Text string `json:"text"`
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
}

type file struct {
	ID   string `json:"file_id"`
	Type string `json:"mime_type"`
	Name string `json:"file_name"`
}

// parse reads one update; what it cannot read it keeps. tap is the query that has to be answered.
func (c *Channel) parse(raw []byte) (in channels.Inbound, id int64, tap string) {
	var u update
	err := json.Unmarshal(raw, &u)
	in = channels.Inbound{ID: "update:" + strconv.FormatInt(u.ID, 10), Channel: Name, Account: c.account}
	if u.ID == 0 { // it has none that can be read
		sum := sha256.Sum256(raw)
		in.ID = "raw:" + hex.EncodeToString(sum[:16])
	}
	switch {
	case err != nil, u.Tap != nil && u.Tap.From.ID == 0, u.Member != nil && u.Member.From.ID == 0:
		return set(in, "malformed", raw), u.ID, ""
	case u.Message != nil:
		in.Kind = channels.MessageReceived
		return c.message(in, u.Message, raw), u.ID, ""
	case u.Edited != nil:
		in.Kind = channels.Edited
		return c.message(in, u.Edited, raw), u.ID, ""
	case u.Tap != nil:
		in.Kind, in.From, in.At = channels.MessageReceived, person(u.Tap.From), c.settings.Now().UTC() // a tap has no time
		in.Event = engine.Event{Kind: engine.Message, At: in.At, Channel: Name, Language: u.Tap.From.Language, Token: u.Tap.Data}
		if m := u.Tap.Message; m != nil {
			in.About = messageID(m)
			for _, row := range m.Markup.Rows {
				for _, b := range row {
					if b.Data == u.Tap.Data {
						in.Event.Text = b.Text
					}
				}
			}
		}
		return in, u.ID, u.Tap.ID
	case u.Member != nil && u.Member.Chat.Type == "private":
		in.Kind, in.From, in.At = channels.PreferenceChanged, person(u.Member.From), time.Unix(u.Member.Date, 0).UTC()
		in.Stops, in.Alert.Code = u.Member.New.Status == "kicked", "everything"
		return in, u.ID, ""
	}
	return set(in, "kind", raw), u.ID, ""
}

func set(in channels.Inbound, reason string, raw []byte) channels.Inbound {
	in.Kind, in.Reason, in.Raw = channels.Unknown, reason, append([]byte(nil), raw...)
	return in
}

func person(u user) []channels.Identity {
	return []channels.Identity{{Channel: Name, Kind: channels.TelegramUser, Value: strconv.FormatInt(u.ID, 10)}}
}

func messageID(m *message) string {
	return strconv.FormatInt(m.Chat.ID, 10) + ":" + strconv.FormatInt(m.ID, 10)
}

func (c *Channel) message(in channels.Inbound, m *message, raw []byte) channels.Inbound {
	if m.Chat.Type != "private" || m.From.ID == 0 {
		return set(in, "group", raw)
	}
	in.From, in.At, in.Message = person(m.From), time.Unix(m.Date, 0).UTC(), messageID(m)
	if m.ReplyTo != nil {
		m.ReplyTo.Chat.ID = m.Chat.ID
		in.About = messageID(m.ReplyTo)
	}
	ev := &in.Event
	*ev = engine.Event{Kind: engine.Message, At: in.At, Channel: Name, Language: m.From.Language, Text: m.Text}
	attach := func(kind string, f *file) {
		ev.Media, ev.Text = engine.Media{Kind: kind, ID: f.ID}, m.Caption
		in.Attachment = &channels.Attachment{ID: f.ID, Type: f.Type, Name: f.Name, Voice: f == m.Voice}
	}
	switch {
	case m.Text != "":
	case len(m.Photo) > 0:
		attach("image", &m.Photo[len(m.Photo)-1])
	case m.Voice != nil:
		attach("audio", m.Voice)
	case m.Audio != nil:
		attach("audio", m.Audio)
	case m.Video != nil:
		attach("video", m.Video)
	case m.Document != nil:
		attach("document", m.Document)
	case m.Sticker != nil:
		attach("sticker", m.Sticker)
	case m.Location != nil:
		ev.Location = &engine.LatLon{Lat: m.Location.Latitude, Lon: m.Location.Longitude}
	case m.Contact != nil:
		ev.Media = engine.Media{Kind: "contact"}
		ev.Text = strings.Join(strings.Fields(m.Contact.First+" "+m.Contact.Last+" "+m.Contact.Phone), " ")
	default:
		ev.Media, in.Reason, in.Raw = engine.Media{Kind: channels.Unreadable}, "kind", append([]byte(nil), raw...)
	}
	return in
}
