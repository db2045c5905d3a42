package fake

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Verify asks a callback to confirm itself, as when it is entered in the app's settings. It returns why the
// callback would not be accepted.
func Verify(ctx context.Context, client *http.Client, callback, token string) error {
	const challenge = "1158201444"
	address, err := url.Parse(callback)
	if err != nil {
		return fmt.Errorf("read the address of the callback: %w", err)
	}
	query := address.Query()
	query.Set("hub.mode", "subscribe")
	query.Set("hub.challenge", challenge)
	query.Set("hub.verify_token", token)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return fmt.Errorf("ask the callback: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the callback: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	switch {
	case err != nil:
		return fmt.Errorf("read the callback's answer: %w", err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the callback answered %d, not 200", response.StatusCode)
	case string(body) != challenge:
		return fmt.Errorf("the callback answered %q, not the challenge", body)
	}
	return nil
}

// Verify asks the configured callback with the configured token.
func (s *Server) Verify(ctx context.Context) error {
	s.mu.Lock()
	callback := s.callback
	s.mu.Unlock()
	return Verify(ctx, s.config.Client, callback, s.config.VerifyToken)
}
