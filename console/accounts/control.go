package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"baraza/console/role"
	"baraza/server/desk"
)

// Commands of the machine's administrator come by the control socket, as those to the desk do: POST with JSON.

// ControlPath is where Control belongs on the socket.
const ControlPath = "/account/"

// Named is a request about one account.
type Named struct {
	Name string `json:"name"`
}

// RolesIn says which roles an account has in a country.
type RolesIn struct {
	Name    string      `json:"name"`
	Country string      `json:"country"`
	Roles   []role.Role `json:"roles"`
}

// List are accounts.
type List struct {
	Accounts []Account `json:"accounts"`
}

// Done is the answer that has nothing to say.
type Done struct{}

// mostBody is what can be asked at once.
const mostBody = 64 << 10

// Control answers commands. Who can reach it may do everything.
func (a *Accounts) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /account/invite", answers(a.Invite))
	mux.Handle("POST /account/list", answers(func(ctx context.Context, _ Done) (List, error) {
		all, err := a.Accounts(ctx)
		return List{all}, err
	}))
	mux.Handle("POST /account/roles", answers(func(ctx context.Context, in RolesIn) (Done, error) {
		return Done{}, a.SetRoles(ctx, in.Name, in.Country, in.Roles)
	}))
	mux.Handle("POST /account/reset", answers(func(ctx context.Context, in Named) (Link, error) { return a.Reset(ctx, in.Name) }))
	mux.Handle("POST /account/close", answers(func(ctx context.Context, in Named) (Done, error) {
		return Done{}, a.CloseAccount(ctx, in.Name)
	}))
	return mux
}

func answers[In, Out any](do func(context.Context, In) (Out, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		var in In
		var out any
		err := readBody(w, r, &in)
		if err == nil {
			name, wrong := url.QueryUnescape(r.Header.Get(desk.OperatorHeader))
			if wrong != nil || name == "" {
				name = "the machine"
			}
			out, err = do(OnMachine(r.Context(), name), in)
		}
		if err != nil {
			status := http.StatusInternalServerError
			var p *Problem
			if errors.As(err, &p) {
				status = p.Status
			}
			w.WriteHeader(status)
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, in any) error {
	// A page of a site cannot send this type to another site without asking.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &Problem{http.StatusUnsupportedMediaType, "send application/json, and say so in Content-Type"}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(in); err != nil {
		return &Problem{http.StatusBadRequest, "the request is not the JSON that is expected: " + err.Error()}
	}
	return nil
}

// Client asks for commands what Control answers.
type Client struct{ HTTP *http.Client }

// Invite, and those below: see Accounts.
func (c *Client) Invite(ctx context.Context, in Invitation) (Link, error) {
	return ask[Link](ctx, c, "invite", in)
}

func (c *Client) Accounts(ctx context.Context) (List, error) {
	return ask[List](ctx, c, "list", Done{})
}

func (c *Client) SetRoles(ctx context.Context, in RolesIn) error {
	_, err := ask[Done](ctx, c, "roles", in)
	return err
}

func (c *Client) Reset(ctx context.Context, in Named) (Link, error) {
	return ask[Link](ctx, c, "reset", in)
}

func (c *Client) CloseAccount(ctx context.Context, in Named) error {
	_, err := ask[Done](ctx, c, "close", in)
	return err
}

func ask[Out any](ctx context.Context, c *Client, what string, in any) (out Out, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://console"+ControlPath+what, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(desk.OperatorHeader, url.QueryEscape(desk.Account()))
	response, err := c.HTTP.Do(request)
	if err != nil {
		return out, err
	}
	defer func() { _ = response.Body.Close() }()
	decoder := json.NewDecoder(io.LimitReader(response.Body, 16<<20))
	if response.StatusCode != http.StatusOK {
		var said struct{ Error string }
		if decoder.Decode(&said) != nil || said.Error == "" {
			return out, fmt.Errorf("the serving process answered %s", response.Status)
		}
		return out, &Problem{response.StatusCode, said.Error}
	}
	err = decoder.Decode(&out)
	return out, err
}
