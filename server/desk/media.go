package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"baraza/engine/runner"
)

// Media opens what a person sent to a sender, by the provider's id. Its error says in words why it cannot be had.
type Media func(ctx context.Context, from runner.Sender, id string) (io.ReadCloser, error)

// CaseFile asks for a file that the person sent in a case.
type CaseFile struct {
	Case string `json:"case"`
	// File is its number in the case, from 1; 0 stands for the only one.
	File int `json:"file,omitempty"`
}

// mostMedia is the largest file that any channel brings.
const mostMedia = 100 << 20

// serveFile fetches the file from the provider at this moment: nothing of it is kept here, and providers keep it for
// days only.
func (d *Desk) serveFile(w http.ResponseWriter, r *http.Request) error {
	var in CaseFile
	if err := readBody(r, &in); err != nil {
		return err
	}
	action := doingOf(r.Context())
	action.asked = true
	detail, err := d.Case(r.Context(), Which{Case: in.Case})
	if err != nil {
		return err
	}
	action.in(d, detail.Pack)
	action.About = fmt.Sprintf("%s-%d", detail.Contact, detail.Number)
	id, err := detail.file(in.File)
	if err != nil {
		return err
	}
	if d.Media == nil || !d.Serving {
		return conflict("files are fetched by the process that serves, and none serves")
	}
	key, _ := ParseKey(detail.Contact)
	from, err := d.Runner.WroteTo(r.Context(), key)
	if err != nil {
		return err
	}
	content, err := d.Media(r.Context(), from, id)
	if err != nil {
		return &Problem{http.StatusBadGateway, "the provider does not give the file: " + err.Error()}
	}
	defer func() { _ = content.Close() }()
	// The first piece is read before anything is answered, so that a refusal still has words.
	first := make([]byte, 32<<10)
	n, err := io.ReadFull(content, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &Problem{http.StatusBadGateway, "the provider does not give the file: " + err.Error()}
	}
	if err := action.leaves(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", octets)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write(first[:n]); err != nil {
		return nil
	}
	if _, err := io.Copy(w, io.LimitReader(content, mostMedia)); err != nil {
		panic(http.ErrAbortHandler) // the one who asked sees that it is not whole
	}
	return nil
}

// file is the provider's id of the nth file of a case.
func (c *CaseDetail) file(n int) (string, error) {
	var ids []string
	for _, said := range c.Said {
		if said.MediaID != "" && said.Who == "person" {
			ids = append(ids, said.MediaID)
		}
	}
	switch {
	case len(ids) == 0:
		return "", missing("the person has sent no file in the case %s", c.CaseLine.Case)
	case n == 0 && len(ids) == 1:
		return ids[0], nil
	case n < 1 || n > len(ids):
		return "", wrong("the case %s has files 1 to %d; say which", c.CaseLine.Case, len(ids))
	}
	return ids[n-1], nil
}

// File opens a file that the person of a case sent; the reader fails where it is cut off.
func (c *Client) File(ctx context.Context, in CaseFile) (io.ReadCloser, error) {
	response, err := c.post(ctx, "/case/file", in)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}
