package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"baraza/server/audit"
)

// Client asks a desk. Its methods are those of Desk.
type Client struct {
	HTTP *http.Client
}

// Cases, and those below: see Desk.
func (c *Client) Cases(ctx context.Context, in CaseQuery) (CaseList, error) {
	return ask[CaseList](ctx, c, "/case/list", in)
}

func (c *Client) Case(ctx context.Context, in Which) (CaseDetail, error) {
	return ask[CaseDetail](ctx, c, "/case/show", in)
}

func (c *Client) Reply(ctx context.Context, in CaseReply) (CaseLine, error) {
	return ask[CaseLine](ctx, c, "/case/reply", in)
}

func (c *Client) Done(ctx context.Context, in CaseDone) (CaseLine, error) {
	return ask[CaseLine](ctx, c, "/case/done", in)
}

func (c *Client) Find(ctx context.Context, in Person) (Found, error) {
	return ask[Found](ctx, c, "/contact/find", in)
}

func (c *Client) Contact(ctx context.Context, in Person) (ContactDetail, error) {
	return ask[ContactDetail](ctx, c, "/contact/show", in)
}

func (c *Client) Export(ctx context.Context, in Person) (Copied, error) {
	return ask[Copied](ctx, c, "/contact/export", in)
}

func (c *Client) Erase(ctx context.Context, in Person) (Erased, error) {
	return ask[Erased](ctx, c, "/contact/erase", in)
}

func (c *Client) Letters(ctx context.Context, in LetterQuery) (LetterList, error) {
	return ask[LetterList](ctx, c, "/outbox/list", in)
}

func (c *Client) Retry(ctx context.Context, in LetterIDs) (LettersDone, error) {
	return ask[LettersDone](ctx, c, "/outbox/retry", in)
}

func (c *Client) Drop(ctx context.Context, in LetterIDs) (LettersDone, error) {
	return ask[LettersDone](ctx, c, "/outbox/drop", in)
}

func (c *Client) SenderLines(ctx context.Context) (SenderList, error) {
	return ask[SenderList](ctx, c, "/sender/list", None{})
}

func (c *Client) Resume(ctx context.Context, in OneSender) (SenderLine, error) {
	return ask[SenderLine](ctx, c, "/sender/resume", in)
}

func (c *Client) Reports(ctx context.Context, in ReportQuery) (ReportList, error) {
	return ask[ReportList](ctx, c, "/report/list", in)
}

func (c *Client) Check(ctx context.Context) (Problems, error) {
	return ask[Problems](ctx, c, "/store/check", None{})
}

func (c *Client) Stats(ctx context.Context) (Stats, error) {
	return ask[Stats](ctx, c, "/store/stats", None{})
}

func (c *Client) Compact(ctx context.Context) (Compacted, error) {
	return ask[Compacted](ctx, c, "/store/compact", None{})
}

func (c *Client) ConfirmClock(ctx context.Context) (Clock, error) {
	return ask[Clock](ctx, c, "/store/confirm-clock", None{})
}

func (c *Client) KeyList(ctx context.Context) (KeyList, error) {
	return ask[KeyList](ctx, c, "/key/list", None{})
}

func (c *Client) RotateKey(ctx context.Context, in OneCountry) (CountryKeys, error) {
	return ask[CountryKeys](ctx, c, "/key/rotate", in)
}

// Plan says what a bundle would change; signature is that of its file, nil for none.
func (c *Client) Plan(ctx context.Context, country string, bundle io.Reader, signature []byte) (Plan, error) {
	return send[Plan](ctx, c, "/release/plan", country, bundle, signature)
}

// Keep keeps a signed bundle, so that it can be activated.
func (c *Client) Keep(ctx context.Context, country string, bundle io.Reader, signature []byte) (KeptRelease, error) {
	return send[KeptRelease](ctx, c, "/release/keep", country, bundle, signature)
}

func (c *Client) Releases(ctx context.Context, in Change) (Serves, error) {
	return ask[Serves](ctx, c, "/release/status", in)
}

func (c *Client) Gates(ctx context.Context, in OneRelease) (Gated, error) {
	return ask[Gated](ctx, c, "/release/gates", in)
}

func (c *Client) Approve(ctx context.Context, in Approval) (Gated, error) {
	return ask[Gated](ctx, c, "/release/approve", in)
}

func (c *Client) Override(ctx context.Context, in Override) (Gated, error) {
	return ask[Gated](ctx, c, "/release/override", in)
}

func (c *Client) ReleaseList(ctx context.Context, in OneRelease) (ReleaseList, error) {
	return ask[ReleaseList](ctx, c, "/release/list", in)
}

func (c *Client) ReleaseShow(ctx context.Context, in OneRelease) (ReleaseDetail, error) {
	return ask[ReleaseDetail](ctx, c, "/release/show", in)
}

func (c *Client) Forget(ctx context.Context, in Change) (ReleaseList, error) {
	return ask[ReleaseList](ctx, c, "/release/forget", in)
}

func (c *Client) Activate(ctx context.Context, in Change) (Serves, error) {
	return ask[Serves](ctx, c, "/release/activate", in)
}

func (c *Client) Promote(ctx context.Context, in Change) (Serves, error) {
	return ask[Serves](ctx, c, "/release/promote", in)
}

func (c *Client) Rollback(ctx context.Context, in Change) (Serves, error) {
	return ask[Serves](ctx, c, "/release/rollback", in)
}

func (c *Client) Records(ctx context.Context, in RecordQuery) (RecordList, error) {
	return ask[RecordList](ctx, c, "/audit/list", in)
}

func (c *Client) Verify(ctx context.Context, in Noted) (audit.Report, error) {
	return ask[audit.Report](ctx, c, "/audit/verify", in)
}

func (c *Client) Freeze(ctx context.Context, in Freeze) (Incident, error) {
	return ask[Incident](ctx, c, "/incident/freeze", in)
}

func (c *Client) Unfreeze(ctx context.Context, in Unfreeze) (Incident, error) {
	return ask[Incident](ctx, c, "/incident/unfreeze", in)
}

func (c *Client) Incidents(ctx context.Context, in IncidentQuery) (IncidentList, error) {
	return ask[IncidentList](ctx, c, "/incident/status", in)
}

func (c *Client) CheckNotice(ctx context.Context, in Freeze) (NoticeCheck, error) {
	return ask[NoticeCheck](ctx, c, "/incident/check", in)
}

// send is a request that brings a bundle.
func send[Out any](ctx context.Context, c *Client, path, country string, bundle io.Reader, signature []byte) (out Out, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://desk"+path, bundle)
	if err != nil {
		return out, err
	}
	request.Header.Set("Content-Type", octets)
	request.Header.Set(CountryHeader, country)
	request.Header.Set(SignatureHeader, base64.StdEncoding.EncodeToString(signature))
	response, err := c.do(request)
	if err != nil {
		return out, err
	}
	defer func() { _ = response.Body.Close() }()
	err = json.NewDecoder(response.Body).Decode(&out)
	return out, err
}

// ask is one request. What the desk says in words comes back as a *Problem.
func ask[Out any](ctx context.Context, c *Client, path string, in any) (out Out, err error) {
	response, err := c.post(ctx, path, in)
	if err != nil {
		return out, err
	}
	defer func() { _ = response.Body.Close() }()
	err = json.NewDecoder(response.Body).Decode(&out)
	return out, err
}

func (c *Client) post(ctx context.Context, path string, in any) (*http.Response, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://desk"+path, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return c.do(request)
}

// do returns an answer that is good; its body is to be closed.
func (c *Client) do(request *http.Request) (*http.Response, error) {
	request.Header.Set(OperatorHeader, url.QueryEscape(Account()))
	response, err := c.HTTP.Do(request)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // its own words have an address that means nothing to anyone
			err = u.Err
		}
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	var said struct{ Error string }
	if err := json.NewDecoder(io.LimitReader(response.Body, mostBody)).Decode(&said); err != nil || said.Error == "" {
		return nil, fmt.Errorf("the serving process answered %s", response.Status)
	}
	return nil, &Problem{response.StatusCode, said.Error}
}
