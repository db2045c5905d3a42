// Package contract is a second judge of what is sent to WhatsApp, beside the tables of the fake server: the
// OpenAPI document that Meta publishes for the Cloud API. The document is not part of this project; where a copy
// lies beside it (see Document), tests hold request bodies against it. Only tests import this package.
//
// The document is older than the API and contradicts itself in places. Each place where it is not taken at its
// word is a row of amendments, with the reason.
package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
)

// Document is where the copy lies, from the root of this project.
const Document = "../shared/whatsapp/business-messaging-api_v23.0.yaml"

// document is read once for all tests of a package: it has a megabyte.
var document = sync.OnceValues(func() (*judge, error) {
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(Document)))
	if err != nil {
		return nil, fmt.Errorf("read Meta's OpenAPI document: %w", err)
	}
	return newJudge(raw)
})

// Judge returns the judge of request bodies for POST /{phone_number_id}/messages: messages, and marks that one
// was read. Where there is no copy of the document it skips the test t and says so; give it a test of its own
// when the rest is to run nevertheless.
func Judge(t testing.TB) func(body []byte) error {
	t.Helper()
	j, err := document()
	switch {
	case errors.Is(err, os.ErrNotExist):
		t.Skipf("not judged: there is no copy of Meta's OpenAPI document at %s", Document)
	case err != nil:
		t.Fatal(err)
	}
	return j.message
}

// message holds one body against the schema of its kind.
func (j *judge) message(body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	schema := "Message"
	if object, ok := value.(map[string]any); ok && object["status"] != nil {
		schema = "MarkMessageRequestPayload"
	}
	return j.check("", fields{"$ref": "#/components/schemas/" + schema}, value, scope{})
}

func newJudge(raw []byte) (*judge, error) {
	var whole fields
	if err := yaml.Unmarshal(raw, &whole); err != nil {
		return nil, fmt.Errorf("read Meta's OpenAPI document: %w", err)
	}
	for _, a := range amendments {
		if err := a.apply(whole); err != nil {
			return nil, fmt.Errorf("amend Meta's OpenAPI document at %s: %w", a.at, err)
		}
	}
	return &judge{whole}, nil
}

// projectRoot is the folder of go.mod, from the folder of the package under test upwards.
func projectRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the root of the project: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("find the root of the project: there is no go.mod above")
		}
		folder = parent
	}
}
