package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/engine"
)

// answerBytes is as much of an answer as is read; a hundred updates of the longest texts are less.
const answerBytes = 8 << 20

// answer is what the Bot API says to any request.
type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int `json:"retry_after"`
	} `json:"parameters"`
}

// Send posts one part, with its file where it has one.
func (c *Channel) Send(ctx context.Context, d channels.Delivery) channels.Result {
	var r request
	if json.Unmarshal(d.Part.Body, &r) != nil || r.Method == "" {
		return channels.Result{Class: channels.RequestBug, Code: "no-part"}
	}
	i := slices.IndexFunc(d.To, func(id channels.Identity) bool { return id.Kind == channels.TelegramUser })
	if i < 0 {
		return channels.Result{Class: channels.RequestBug, Code: "no-address"}
	}
	r.Fields["chat_id"] = d.To[i].Value
	if _, id, ok := strings.Cut(d.ReplyTo, ":"); ok {
		n, _ := strconv.ParseInt(id, 10, 64)
		r.Fields["reply_parameters"] = map[string]any{"message_id": n, "allow_sending_without_reply": true}
	}
	body, kind, failure := c.form(r, d.Part.Media, d.Media)
	if failure.Class != channels.NoClass {
		return failure
	}
	a, failure := c.call(ctx, c.settings.Timeout, r.Method, kind, body)
	if failure.Class != channels.NoClass {
		return failure
	}
	var sent struct {
		ID int64 `json:"message_id"`
	}
	if json.Unmarshal(a.Result, &sent) != nil || sent.ID == 0 {
		return channels.Result{Class: channels.UnknownOutcome, Code: "no-id"}
	}
	return channels.Result{Class: channels.Accepted, ProviderID: d.To[i].Value + ":" + strconv.FormatInt(sent.ID, 10)}
}

// ShowTyping lasts five seconds or until the answer; Telegram has no marks for what was read.
func (c *Channel) ShowTyping(ctx context.Context, _ string, to []channels.Identity, _ string) channels.Result {
	i := slices.IndexFunc(to, func(id channels.Identity) bool { return id.Kind == channels.TelegramUser })
	if i < 0 {
		return channels.Result{Class: channels.RequestBug, Code: "no-address"}
	}
	_, failure := c.post(ctx, c.settings.Timeout, "sendChatAction", map[string]any{"chat_id": to[i].Value, "action": "typing"})
	if failure.Class != channels.NoClass {
		return failure
	}
	return channels.Result{Class: channels.Accepted}
}

// form is the body of a request: JSON, or a form when a file goes with it.
func (c *Channel) form(r request, file engine.Media, source channels.MediaSource) (*bytes.Buffer, string, channels.Result) {
	bug := func(code string) (*bytes.Buffer, string, channels.Result) {
		return nil, "", channels.Result{Class: channels.RequestBug, Code: code}
	}
	if file.Kind == "" {
		b, err := json.Marshal(r.Fields)
		if err != nil {
			return bug("request")
		}
		return bytes.NewBuffer(b), "application/json", channels.Result{}
	}
	limits, _ := c.Capability().MediaOf(capability.Kind(file.Kind))
	if source == nil || !fs.ValidPath(file.ID) {
		return bug("media-missing")
	}
	f, err := source.Open(file.ID)
	if err != nil {
		return bug("media-missing")
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limits.MaxBytes+1))
	switch {
	case err != nil:
		return nil, "", channels.Result{Class: channels.Retry, Code: "media-unreadable"}
	case int64(len(content)) > limits.MaxBytes:
		return bug("media-too-large")
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range r.Fields {
		text, ok := value.(string)
		if !ok {
			j, err := json.Marshal(value)
			if err != nil {
				return bug("request")
			}
			text = string(j)
		}
		if w.WriteField(name, text) != nil {
			return bug("request")
		}
	}
	part, err := w.CreateFormFile(r.File, path.Base(file.ID))
	if err == nil {
		_, err = part.Write(content)
	}
	if errors.Join(err, w.Close()) != nil {
		return bug("request")
	}
	return &b, w.FormDataContentType(), channels.Result{}
}

func (c *Channel) post(ctx context.Context, timeout time.Duration, method string, fields map[string]any) (answer, channels.Result) {
	b, err := json.Marshal(fields)
	if err != nil {
		return answer{}, channels.Result{Class: channels.RequestBug, Code: "request"}
	}
	return c.call(ctx, timeout, method, "application/json", bytes.NewBuffer(b))
}

// call makes a request; the result has NoClass where it was granted. Errors of the client are not passed on: they
// hold the address, and with it the token.
func (c *Channel) call(ctx context.Context, timeout time.Duration, method, kind string, body *bytes.Buffer) (answer, channels.Result) {
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.settings.BaseURL, "/")+"/bot"+c.settings.Token+"/"+method, body)
	if err != nil {
		return answer{}, channels.Result{Class: channels.RequestBug, Code: "request"}
	}
	r.Header.Set("Content-Type", kind)
	response, err := c.http.Do(r)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return answer{}, channels.Result{Class: channels.Retry, Code: "no-connection"}
		}
		return answer{}, channels.Result{Class: channels.UnknownOutcome, Code: "connection"}
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, answerBytes+1))
	var a answer
	if err != nil || len(b) > answerBytes || json.Unmarshal(b, &a) != nil || !a.OK && a.Code == 0 {
		return answer{}, channels.Result{Class: channels.UnknownOutcome, Code: "http-" + strconv.Itoa(response.StatusCode)}
	}
	if a.OK {
		return a, channels.Result{}
	}
	return a, judge(&a)
}

// judge is what a refusal calls for. The API has few codes, and says only in words that a chat is gone.
func judge(a *answer) channels.Result {
	r := channels.Result{Class: channels.Retry, Code: strconv.Itoa(a.Code), RetryAfter: time.Duration(max(a.Parameters.RetryAfter, 0)) * time.Second}
	switch {
	case a.Code == http.StatusTooManyRequests:
		r.Class = channels.PairThrottled // one chat takes about a message a second
	case a.Code == http.StatusForbidden && strings.Contains(a.Description, "blocked"):
		r.Class = channels.Stopped
	case a.Code == http.StatusForbidden:
		r.Class = channels.Unreachable // never begun, or the account is gone: nobody has asked for silence
	case a.Code == http.StatusUnauthorized, a.Code == http.StatusNotFound:
		r.Class = channels.Unauthorized
	case a.Code == http.StatusBadRequest && strings.Contains(a.Description, "chat not found"):
		r.Class = channels.Unreachable
	case a.Code >= 400 && a.Code < 500 && a.Code != http.StatusConflict:
		r.Class = channels.RequestBug
	}
	return r
}
