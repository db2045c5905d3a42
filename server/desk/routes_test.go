package desk_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"baraza/server/desk"
)

// asked is a bare request, as any program may send it.
func asked(h http.Handler, method, path, kind, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestEveryRouteAsksForItsTypeAndRefusesInWords(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.desk.Handler()
		for _, route := range desk.Routes() {
			if route.Does == "" || !strings.HasSuffix(route.Does, ".") {
				t.Errorf("%s does not say what it does", route.Path)
			}
			if (route.In == nil) != (route.Takes != "") || (route.Out == nil) != (route.Gives != "") {
				t.Errorf("%s does not say what it takes, or what it gives", route.Path)
			}
			type request struct {
				method, kind, body string
				want               int
			}
			requests := []request{
				{"GET", "application/json", "", http.StatusMethodNotAllowed},
				{"POST", "text/plain", "{}", http.StatusUnsupportedMediaType},
				{"POST", "application/json", "", http.StatusBadRequest},
				{"POST", "application/json", "{} {}", http.StatusBadRequest},
				{"POST", "application/json", `{"nonsense": 1}`, http.StatusBadRequest},
				{"POST", "application/json", `[` + strings.Repeat(`[`, 100), http.StatusBadRequest},
				{"POST", "application/json", `{"x":` + strings.Repeat(`[`, 16) + strings.Repeat(`]`, 16) + `}`, http.StatusBadRequest},
				{"POST", "application/json", `{"x":"` + strings.Repeat("a", 1<<20), http.StatusRequestEntityTooLarge},
			}
			if route.Takes != "" { // a bundle
				requests = []request{
					{"GET", route.Takes, "", http.StatusMethodNotAllowed},
					{"POST", "application/json", "{}", http.StatusUnsupportedMediaType},
					{"POST", route.Takes, "", http.StatusUnprocessableEntity},
					{"POST", route.Takes, strings.Repeat("x", 5000), http.StatusUnprocessableEntity},
				}
			}
			for _, c := range requests {
				status, said := asked(h, c.method, route.Path, c.kind, c.body)
				var e struct{ Error string }
				if err := json.Unmarshal([]byte(said), &e); err != nil || e.Error == "" {
					t.Errorf("%s %s: no sentence in %q", c.method, route.Path, said)
				}
				if status != c.want {
					t.Errorf("%s %s %.20q: got %d %s, want %d", c.method, route.Path, c.body, status, said, c.want)
				}
			}
		}
		for body, want := range map[string]string{
			`{"team":` + strings.Repeat(`[`, 16):         "nested deeper than 16 levels",
			`{"team":"` + strings.Repeat(`[`, 16) + `"}`: "there is no team",
			`{"team":"\"` + strings.Repeat(`{`, 16):      "not the JSON that is expected",
		} {
			if _, said := asked(h, "POST", "/case/list", "application/json", body); !strings.Contains(said, want) {
				t.Errorf("%s: got %s, want %q", body, said, want)
			}
		}
		if status, said := asked(h, "POST", "/nothing", "application/json", "{}"); status != http.StatusNotFound || !strings.Contains(said, "there is nothing at /nothing") {
			t.Errorf("got %d %s", status, said)
		}
	})
}

func TestWhatTakesTooLongIsGivenUpInWords(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "POST", "/case/list", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		w.desk.Handler().ServeHTTP(answer, r)
		if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "it took too long") {
			t.Errorf("got %d %s", answer.Code, answer.Body)
		}
	})
}

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	client := desk.Within(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"problems":[`))
		panic(http.ErrAbortHandler)
	}))
	if _, err := client.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("got %v", err)
	}
	client = desk.Within(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a flaw") }))
	if _, err := client.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the desk failed") {
		t.Errorf("got %v", err)
	}
}
