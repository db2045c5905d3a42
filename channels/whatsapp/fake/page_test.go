package fake_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"baraza/channels/whatsapp/fake"
)

// get is a page as a browser gets it: its status and its text.
func (w *world) get(path string) (int, string) {
	w.t.Helper()
	response, err := w.api.Get("http://graph.test" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func (w *world) post(path string, form url.Values) (int, string) {
	w.t.Helper()
	response, err := w.api.PostForm("http://graph.test"+path, form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func TestOneChatsOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	form := url.Values{"person": {person}, "number": {number}}
	form.Set("text", "  مرحبا <b>  ")
	if status, page := w.post("/phone/write", form); status != 200 || !strings.Contains(page, "مرحبا &lt;b&gt;") {
		t.Errorf("after writing: %d\n%s", status, page)
	}
	w.clock.Advance(time.Second)
	if got := w.inbound()[0]["text"].(map[string]any)["body"]; got != "مرحبا <b>" {
		t.Errorf("sent %q", got)
	}
	id := w.send(sections(row("r1", "Row", "About"))).id()
	w.clock.Advance(time.Second)
	_, page := w.get("/phone/messages?" + form.Encode())
	for _, want := range []string{"<summary dir=\"auto\">Open</summary>", `value="r1"`, "About"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in:\n%s", want, page)
		}
	}
	form.Set("message", id)
	form.Set("option", "r1")
	if status, _ := w.post("/phone/tap", form); status != 200 {
		t.Errorf("a tap: %d", status)
	}
	w.clock.Advance(time.Second)
	all := w.inbound()
	if got := all[len(all)-1]["interactive"].(map[string]any)["list_reply"].(map[string]any)["id"]; got != "r1" {
		t.Errorf("tapped %v", got)
	}
	form.Set("option", "r2")
	if _, page := w.post("/phone/tap", form); !strings.Contains(page, `role="alert">the message has no option`) {
		t.Errorf("a tap on nothing:\n%s", page)
	}
}

func TestThePageRefusesWhoIsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, query := range []string{"person=Ana", "person=593987654321", "number=42"} {
		if status, page := w.get("/phone?" + query); status != 400 || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%s: %d", query, status)
		}
	}
	if status, page := w.get("/phone?person=EC.134"); status != 200 || !strings.Contains(page, `value="EC.134"`) {
		t.Errorf("a user id: %d", status)
	}
}

func TestThePageAsksNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	outside := regexp.MustCompile(`(https?:)?//[a-z]`)
	for _, path := range []string{"/phone", "/phone/messages", "/phone/style.css", "/phone/script.js"} {
		status, page := w.get(path)
		if status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		if at := outside.FindString(page); at != "" {
			t.Errorf("%s has %q", path, at)
		}
	}
	request, _ := http.NewRequest("POST", "http://graph.test/phone/write", strings.NewReader("text=x"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := w.api.Do(request)
	if err != nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %v, %v", response, err)
	}
}

func TestThePageHearsOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	server := httptest.NewServer(w.Server)
	defer server.Close()
	response, err := http.Get(server.URL + "/phone/changes")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	events := bufio.NewScanner(response.Body)
	heard := func() bool { return events.Scan() && events.Text() == "data: changed" && events.Scan() }
	if !heard() {
		t.Fatal("no first event")
	}
	w.Phone(person).Write("hola")
	if !heard() {
		t.Error("no event after a message")
	}
}

// The same server behind a socket: a cut is a connection that ends.
func TestACutIsSeenOnTheNetwork(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{TimeoutAfterAccept: fake.Always()})
	server := httptest.NewServer(w.Server)
	defer server.Close()
	request, err := http.NewRequest("POST", server.URL+"/v25.0/"+number+"/messages", strings.NewReader(whole(textOf("x"))))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	if response, err := http.DefaultClient.Do(request); err == nil {
		t.Errorf("answered %d", response.StatusCode)
	}
	if len(w.Accepted()) != 1 {
		t.Errorf("accepted %d", len(w.Accepted()))
	}
}
