package fake_test

import (
	"bufio"
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/textproto"
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

// Below a prefix, on a socket, as a browser does it: every address is relative.
func TestThePageWorksBelowAPrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fake.Config) {
		c.Numbers = []fake.Number{{ID: "1", Display: "+15550783881", Account: "a", Label: "Ecuador"}, {ID: "2", Display: "+15550783882", Account: "a", Label: "Jordan"}}
	})
	mux := http.NewServeMux()
	mux.Handle("/fake/", http.StripPrefix("/fake", w.Server))
	server := httptest.NewServer(mux)
	defer server.Close()
	visitor := func() (*http.Client, func(*http.Response, error) string) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Jar: jar}, func(r *http.Response, err error) string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			raw, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 200 || !strings.HasPrefix(r.Request.URL.Path, "/fake/phone") {
				t.Fatalf("%s: %d, %v", r.Request.URL, r.StatusCode, err)
			}
			return html.UnescapeString(string(raw))
		}
	}
	ana, body := visitor()
	first := body(ana.Get(server.URL + "/fake/"))
	who := regexp.MustCompile(`\+1\d{3}55501\d\d`)
	for _, address := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(first, -1) {
		if !strings.HasPrefix(address[1], "phone") && !strings.HasPrefix(address[1], "#") {
			t.Errorf("the page has the address %q", address[1])
		}
	}
	if !strings.Contains(first, "<bdi>Ecuador</bdi>") || !strings.Contains(first, "<bdi>Jordan</bdi>") {
		t.Errorf("the numbers have no labels:\n%s", first)
	}
	again := body(ana.Get(server.URL + "/fake/phone?number=2"))
	if a, b := who.FindString(first), who.FindString(again); a == "" || a != b {
		t.Errorf("the same browser is %q and then %q", a, b)
	}
	eva, body := visitor()
	if other := who.FindString(body(eva.Get(server.URL + "/fake/phone"))); other == "" || other == who.FindString(first) {
		t.Errorf("another browser is %q as well", other)
	}
	form := url.Values{"number": {"2"}, "text": {"مرحبا"}}
	if page := body(ana.PostForm(server.URL+"/fake/phone/write", form)); !strings.Contains(page, "مرحبا") || !strings.Contains(page, "You write to <bdi>Jordan</bdi>") {
		t.Errorf("after writing:\n%s", page)
	}
	query := regexp.MustCompile(`data-query="([^"]*)"`).FindStringSubmatch(body(ana.Get(server.URL + "/fake/phone?number=2")))
	if news := body(eva.Get(server.URL + "/fake/phone/messages?" + query[1])); !strings.Contains(news, "مرحبا") {
		t.Errorf("what the script asks for, %q, brings:\n%s", query[1], news)
	}
	body(ana.Get(server.URL + "/fake/phone/script.js"))
	body(ana.Get(server.URL + "/fake/phone/style.css"))
}

func TestOneSharesPlacesAndFilesOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	last := func() map[string]any {
		w.clock.Advance(time.Second)
		all := w.inbound()
		return all[len(all)-1]
	}
	form := url.Values{"person": {person}, "number": {number}, "latitude": {"-0.18"}, "longitude": {"-78.47"}}
	w.post("/phone/place", form)
	if got := last()["location"].(map[string]any); got["latitude"] != -0.18 || got["longitude"] != -78.47 {
		t.Errorf("the place is %v", got)
	}
	for _, wrong := range []string{"", "NaN", "91", "north"} {
		form.Set("latitude", wrong)
		if _, page := w.post("/phone/place", form); !strings.Contains(page, "is not a number from -90 to 90") {
			t.Errorf("the latitude %q is taken", wrong)
		}
	}
	form.Set("voice", "1")
	w.post("/phone/file", form)
	if got := last()["audio"].(map[string]any); got["voice"] != true {
		t.Errorf("the voice note is %v", got)
	}
	file := func(name, kind, content string) string {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		m.WriteField("person", person)
		m.WriteField("caption", "mi carta")
		part, _ := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition("file", name)}, "Content-Type": {kind}})
		io.WriteString(part, content)
		m.Close()
		response, err := w.api.Post("http://graph.test/phone/file", m.FormDataContentType(), &b)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		raw, _ := io.ReadAll(response.Body)
		return string(raw)
	}
	page := file("a.png", "image/png", "\x89PNG\r\n\x1a\n")
	image := last()["image"].(map[string]any)
	if image["caption"] != "mi carta" || image["mime_type"] != "image/png" {
		t.Errorf("the picture is %v", image)
	}
	at := regexp.MustCompile(`src="(phone/medium\?id=\d+)" alt`).FindStringSubmatch(page)
	if at == nil {
		t.Fatalf("no picture on the page:\n%s", page)
	}
	if status, got := w.get("/" + at[1]); status != 200 || !strings.HasPrefix(got, "\x89PNG") {
		t.Errorf("the picture is answered %d", status)
	}
	file("law.pdf", "application/octet-stream", "%PDF-1.4")
	if got := last()["document"].(map[string]any); got["filename"] != "law.pdf" || got["mime_type"] != "application/pdf" {
		t.Errorf("the document is %v", got)
	}
	for want, page := range map[string]string{
		"takes no file of the type text/html": file("a.html", "text/html", "<script>"),
		"is empty":                            file("a.png", "image/png", ""),
		"has 5000001 bytes, and this kind (image) at most": file("a.png", "image/png", strings.Repeat("x", 5_000_001)),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in:\n%s", want, page)
		}
	}
}
