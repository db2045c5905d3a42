package api_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	gocmp "github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/role"
	"baraza/server/desk"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestTheDocumentIsTheOneThatIsKept(t *testing.T) {
	t.Parallel()
	const path = "../../docs/openapi.json"
	got := api.Document()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/openapi.json is not made from the routes as they are; run go test ./console/api -update (-kept +made):\n%s", diff)
	}
}

// beyondHeader is of a request that has more than the document allows.
const beyondHeader = "X-Test-Beyond"

// checked compares every request that was answered well, and every answer, with the document.
type checked struct {
	t      *testing.T
	next   http.Handler
	router routers.Router

	mu   sync.Mutex
	done map[string]bool // paths that were answered well
}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func newChecked(t *testing.T, next http.Handler) *checked {
	t.Helper()
	for _, kind := range []string{"application/jsonl", "multipart/form-data"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder) // as bytes
	}
	router, err := legacy.NewRouter(document(t))
	if err != nil {
		t.Fatal(err)
	}
	return &checked{t: t, next: next, router: router, done: map[string]bool{}}
}

func (c *checked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Errorf("%s: %v", r.URL.Path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	c.next.ServeHTTP(answer, r)
	c.compare(r, body, answer)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (c *checked) compare(r *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if answer.Code < 400 {
			c.t.Errorf("%s %s is in no document, and is answered with %d", r.Method, r.URL.Path, answer.Code)
		}
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	again := r.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	request := &openapi3filter.RequestValidationInput{Request: again, PathParams: params, Route: route, Options: options}
	if answer.Code == http.StatusOK {
		c.done[route.Path] = true
		if err := openapi3filter.ValidateRequest(context.Background(), request); err != nil && r.Header.Get(beyondHeader) == "" {
			c.t.Errorf("the document refuses what is answered well: %s %s: %v", r.URL.Path, body, err)
		}
	}
	response := &openapi3filter.ResponseValidationInput{RequestValidationInput: request, Status: answer.Code, Header: answer.Header(), Options: options}
	response.SetBodyBytes(answer.Body.Bytes())
	if err := openapi3filter.ValidateResponse(context.Background(), response); err != nil {
		c.t.Errorf("the document refuses an answer: %s %d: %v", r.URL.Path, answer.Code, err)
	}
}

// The check itself can fail.
func TestTheDocumentRefusesWhatIsNotInIt(t *testing.T) {
	t.Parallel()
	router, err := legacy.NewRouter(document(t))
	if err != nil {
		t.Fatal(err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	for name, tt := range map[string]struct{ body, answer, want string }{
		"well":             {`{"team":"desk"}`, `{"cases":[]}`, ""},
		"null for a list":  {`{}`, `{"cases":null}`, ""},
		"an unknown field": {`{"teams":"desk"}`, `{"cases":[]}`, "request"},
		"another type":     {`{"all":"yes"}`, `{"cases":[]}`, "request"},
		"no list":          {`{}`, `{}`, "response"},
		"one more field":   {`{}`, `{"cases":[],"more":1}`, "response"},
		"a field of text":  {`{}`, `{"cases":[{"case":1}]}`, "response"},
	} {
		r := httptest.NewRequest(http.MethodPost, in("ke", "/case/list"), strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Fatal(err)
		}
		request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
		got := ""
		if openapi3filter.ValidateRequest(t.Context(), request) != nil {
			got = "request"
		}
		response := &openapi3filter.ResponseValidationInput{RequestValidationInput: request, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Options: options}
		response.SetBodyBytes([]byte(tt.answer))
		if openapi3filter.ValidateResponse(t.Context(), response) != nil {
			got += "response"
		}
		if got != tt.want {
			t.Errorf("%s: it refuses the %q, want %q", name, got, tt.want)
		}
	}
}

func TestTheDocumentHasEveryRouteAndWhoMayAskForIt(t *testing.T) {
	t.Parallel()
	doc := document(t)
	in := func(country string, r desk.Route) string {
		if country == role.Everywhere {
			return "/api/v1/machine" + r.Path
		}
		return "/api/v1/countries/{country}" + r.Path
	}
	for _, r := range desk.Routes() {
		found := 0
		for _, country := range []string{"ke", role.Everywhere} {
			path := doc.Paths.Value(in(country, r))
			if path == nil {
				continue
			}
			found++
			if path.Post.Summary != r.Does || path.Post.OperationID == "" || len(path.Operations()) != 1 {
				t.Errorf("%s: %+v", r.Path, path.Post)
			}
			for _, one := range role.All() {
				if api.May(caller("ana", country, one), country, r.Path) != strings.Contains(path.Post.Description, string(one)) {
					t.Errorf("%s in %s does not say whether it is for %s: %s", r.Path, country, one, path.Post.Description)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s is not in the document", r.Path)
		}
	}
	for _, r := range accounts.Routes() {
		path := doc.Paths.Value("/api/v1" + r.Path)
		if path == nil || path.Post == nil {
			t.Errorf("%s is not in the document", r.Path)
			continue
		}
		var ways []string
		for _, one := range *path.Post.Security {
			for way := range one {
				ways = append(ways, way)
			}
		}
		want := []string{"session"}
		if r.Tokens {
			want = append(want, "token")
		}
		if diff := gocmp.Diff(want, ways); diff != "" || path.Post.Summary != r.Does || r.Tokens != strings.Contains(path.Post.Description, "a token with the right offboarding") {
			t.Errorf("%s: %s %+v", r.Path, diff, path.Post)
		}
	}
}

// Every address in the guide is one that there is.
func TestTheGuideNamesAddressesThatThereAreAndWhoMayAskThem(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	guide, doc := string(body), document(t)
	addresses := regexp.MustCompile(`/api/v1/[a-zA-Z0-9_./{}-]*[a-z0-9}]`).FindAllString(guide, -1)
	for _, m := range regexp.MustCompile(`(?m)^ask ((?:countries|machine|account)/\S+)`).FindAllStringSubmatch(guide, -1) {
		addresses = append(addresses, api.Root+m[1])
	}
	if len(addresses) < 6 {
		t.Errorf("found %d addresses", len(addresses))
	}
	for _, address := range addresses {
		path := regexp.MustCompile(`/countries/[^/]+/`).ReplaceAllString(address, "/countries/{country}/")
		if doc.Paths.Value(path) == nil {
			t.Errorf("docs/operations.md names %s, which there is not", address)
		}
	}
	var signed, token []string
	for _, r := range accounts.Routes() {
		path := "`" + r.Path[1:] + "`"
		if signed = append(signed, path); r.Tokens {
			token = append(token, path)
		}
	}
	for who, may := range map[string][]string{"administrator who signed in": signed, "token with `offboarding`": token} {
		if line := "| " + who + " | " + strings.Join(may, ", ") + " |\n"; !strings.Contains(guide, line) {
			t.Errorf("docs/operations.md does not have this row:\n%s", line)
		}
	}
	for _, country := range []string{"ke", role.Everywhere} {
		for _, one := range role.All() {
			name, start := string(one), ""
			if country == role.Everywhere {
				name, start = name+" everywhere", "machine/"
			}
			var may []string
			for _, r := range desk.Routes() {
				if api.May(caller("ana", country, one), country, r.Path) {
					may = append(may, "`"+start+r.Path[1:]+"`")
				}
			}
			line := "| " + name + " | " + strings.Join(may, ", ") + " |\n"
			if len(may) > 0 && !strings.Contains(guide, line) {
				t.Errorf("docs/operations.md does not have this row:\n%s", line)
			}
		}
	}
}
