package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"baraza/server/desk"
)

// Commands of the machine's administrator come by the control socket, as those to the desk do: POST with JSON.

// ControlPath is where Control belongs on the socket.
const ControlPath = "/account/"

// Control answers commands. Who can reach it may do everything.
func (a *Accounts) Control() http.Handler {
	mux := http.NewServeMux()
	for _, route := range append(Routes(), asked("/account/backup", "Copy the accounts.", (*Accounts).Backup).changes()) {
		mux.Handle(route.Path, commanded(a.Answer(route)))
	}
	return mux
}

// commanded has the administrator of the machine ask, by the name that a command gives.
func commanded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, err := url.QueryUnescape(r.Header.Get(desk.OperatorHeader))
		if err != nil || name == "" {
			name = "the machine"
		}
		next.ServeHTTP(w, r.WithContext(OnMachine(r.Context(), name)))
	})
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

func (c *Client) EndToken(ctx context.Context, in TokenOf) error {
	_, err := ask[Done](ctx, c, "end-token", in)
	return err
}

// Backup writes a copy of the accounts into a new file. It is for the machine alone: over HTTP nobody gets what passwords
// could be guessed from.
func (c *Client) Backup(ctx context.Context, path string) (Copy, error) {
	if err := freeFor(path); err != nil {
		return Copy{}, err
	}
	out, err := ask[Copy](ctx, c, "backup", Done{})
	if err != nil {
		return Copy{}, err
	}
	return out, writeCopy(path, out.Content)
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
	decoder := json.NewDecoder(io.LimitReader(response.Body, 2*mostCopy))
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
