package whatsapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/channels"
)

// answerBytes is as much of an answer as is read; a sound one has a few hundred.
const answerBytes = 64 << 10

// mostWait bounds what a Retry-After may ask for.
const mostWait = 24 * time.Hour

// Send posts one part, after uploading its file where it has one.
func (c *Channel) Send(ctx context.Context, d channels.Delivery) channels.Result {
	var id string
	if d.Part.Media.Kind != "" {
		var r channels.Result
		if id, r = c.upload(ctx, d.Account, d.Part.Media, d.Media); id == "" {
			return r
		}
	}
	request, err := Request(d, id)
	if err != nil {
		return bug(err)
	}
	r := c.post(ctx, d.Account, request)
	if id != "" && mediaCodes[r.Code] {
		// The id may have expired before its time: the next try uploads again.
		c.settings.MediaIDs.Forget(d.Account, id)
		r.Class, r.Tries = channels.MediaUnusable, 2
	}
	return r
}

// mediaCodes are the codes by which an id of media that is gone is refused.
var mediaCodes = map[string]bool{"100": true, "131008": true, "131009": true, "131052": true, "131053": true}

// ShowTyping marks a message as read and shows that an answer is being written, until it comes or 25 s have passed.
func (c *Channel) ShowTyping(ctx context.Context, account string, _ []channels.Identity, message string) channels.Result {
	if message == "" {
		return channels.Result{Class: channels.RequestBug, Code: "no-message"}
	}
	b, err := json.Marshal(map[string]any{
		"messaging_product": "whatsapp", "status": "read", "message_id": message,
		"typing_indicator": map[string]string{"type": "text"},
	})
	if err != nil {
		return bug(err)
	}
	return c.post(ctx, account, b)
}

// Request is the body of the request for a delivery; mediaID is that of its uploaded file. Its error is a
// *channels.Refusal.
func Request(d channels.Delivery, mediaID string) ([]byte, error) {
	var m message
	if err := json.Unmarshal(d.Part.Body, &m); err != nil {
		return nil, &channels.Refusal{Code: "no-part", What: err.Error()}
	}
	m.To, m.Recipient = addressOf(d.To)
	if m.To == "" && m.Recipient == "" {
		return nil, &channels.Refusal{Code: "no-address", What: "the person has no identity on WhatsApp"}
	}
	if d.ReplyTo != "" {
		m.Context = &quoted{d.ReplyTo}
	}
	m.Opaque = d.ID
	for _, f := range m.uploads() {
		f.ID = mediaID
	}
	return m.json()
}

// addressOf is the phone number, with the + without which the platform puts our own country in front of it; else the
// business-scoped id, which not every template can go to.
func addressOf(to []channels.Identity) (phone, recipient string) {
	of := func(kind string) string {
		i := slices.IndexFunc(to, func(id channels.Identity) bool { return id.Kind == kind && id.Value != "" })
		if i < 0 {
			return ""
		}
		return to[i].Value
	}
	if phone = of(channels.Phone); phone != "" {
		return "+" + strings.TrimPrefix(phone, "+"), ""
	}
	if recipient = of(channels.ScopedID); recipient == "" {
		recipient = of(channels.ParentID)
	}
	return "", recipient
}

func bug(err error) channels.Result {
	r := channels.Result{Class: channels.RequestBug, Code: "request"}
	if refusal, ok := errors.AsType[*channels.Refusal](err); ok {
		r.Code = refusal.Code
	}
	return r
}

func (c *Channel) address(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.TrimSuffix(c.settings.BaseURL, "/") + "/" + c.settings.Version + "/" + strings.Join(parts, "/")
}

func (c *Channel) post(ctx context.Context, account string, b []byte) channels.Result {
	ctx, stop := context.WithTimeout(ctx, c.settings.Timeout)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(account, "messages"), bytes.NewReader(b))
	if err != nil {
		return bug(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, r := c.do(request, account)
	switch {
	case r.Class != channels.NoClass:
		return r
	case answer.Success:
		return channels.Result{Class: channels.Accepted}
	case len(answer.Messages) == 0 || answer.Messages[0].ID == "":
		return channels.Result{Class: channels.UnknownOutcome, Code: "no-id"}
	}
	r = channels.Result{Class: channels.Accepted, ProviderID: answer.Messages[0].ID}
	for _, p := range answer.Contacts {
		r.Known = appendIdentity(r.Known, channels.Phone, p.WaID)
		r.Known = appendIdentity(r.Known, channels.ScopedID, p.UserID)
	}
	return r
}

func appendIdentity(ids []channels.Identity, kind, value string) []channels.Identity {
	if value == "" {
		return ids
	}
	return append(ids, channels.Identity{Channel: Name, Kind: kind, Value: value})
}

// answer is what the Graph API says, whatever was asked.
type answer struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
	Contacts []struct {
		WaID   string `json:"wa_id"`
		UserID string `json:"user_id"`
	} `json:"contacts"`
	ID      string `json:"id"`  // of an upload
	URL     string `json:"url"` // of media to fetch
	Success bool   `json:"success"`
	Error   *struct {
		Code *int `json:"code"`
	} `json:"error"`
}

// do sends a request and reads its answer. The result has NoClass where the API accepted it; answers that are no
// sound JSON of the API's are classified here, since a server between may have given them.
func (c *Channel) do(request *http.Request, account string) (answer, channels.Result) {
	request.Header.Set("Authorization", "Bearer "+c.settings.Token(account))
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, notAnswered(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, answerBytes+1))
	if err != nil {
		return answer{}, channels.Result{Class: channels.UnknownOutcome, Code: "cut"}
	}
	var a answer
	sound := len(b) <= answerBytes && json.Unmarshal(b, &a) == nil
	var r channels.Result
	switch status := response.StatusCode; {
	case sound && a.Error != nil && a.Error.Code != nil:
		r = judge(*a.Error.Code)
	case sound && a.Error == nil && status == http.StatusOK:
		return a, channels.Result{}
	default:
		r = notTheAPI(status)
	}
	if wait := c.retryAfter(response.Header.Get("Retry-After")); wait > r.RetryAfter {
		r.RetryAfter = wait
	}
	return a, r
}

// notTheAPI judges an answer without an error code of the API.
func notTheAPI(status int) channels.Result {
	r := channels.Result{Class: channels.UnknownOutcome, Code: "http-" + strconv.Itoa(status)}
	switch {
	case status == http.StatusTooManyRequests:
		r.Class = channels.SenderThrottled
	case status == http.StatusServiceUnavailable, status >= 300 && status < 500:
		r.Class = channels.Retry // it was turned away before the API took it
	}
	return r
}

// notAnswered tells a request that was surely not taken from one that may have been.
func notAnswered(err error) channels.Result {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return channels.Result{Class: channels.Retry, Code: "no-connection"}
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return channels.Result{Class: channels.Retry, Code: "no-connection"}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return channels.Result{Class: channels.UnknownOutcome, Code: "timeout"}
	}
	return channels.Result{Class: channels.UnknownOutcome, Code: "connection"}
}

// retryAfter reads the header: seconds or a date.
func (c *Channel) retryAfter(value string) time.Duration {
	if value == "" {
		return 0
	}
	var wait time.Duration
	if n, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(c.settings.Now())
	}
	return min(max(wait, 0), mostWait)
}
