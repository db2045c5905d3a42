package webchat_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"baraza/channels"
	"baraza/channels/webchat"
	"baraza/engine"
)

// ask asks the handler itself.
func ask(t *testing.T, h http.Handler, address string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func handler(t *testing.T, s webchat.Settings) http.Handler {
	t.Helper()
	s.Account = "help-desk"
	c, err := webchat.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Handler(newKept())
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// budget is what a first load may cost in bytes, compressed, with headers left out.
const budget = 40 << 10

func TestAFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	h := handler(t, webchat.Settings{})
	total := 0
	for _, name := range []string{"chat.js", "frame?lang=ar", "frame.js", "frame.css"} {
		r := ask(t, h, "http://localhost/"+name, "Accept-Encoding", "br, gzip")
		packed := body(t, r)
		if r.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed", name)
		}
		total += len(packed)
		unpacked, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		if plain := body(t, ask(t, h, "http://localhost/"+name)); !bytes.Equal(plain, content) {
			t.Errorf("%s is another one when compressed", name)
		}
		if again := ask(t, h, "http://localhost/"+name, "Accept-Encoding", "gzip", "If-None-Match", r.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s is sent again: %s", name, again.Status)
		}
	}
	if t.Logf("%d bytes", total); total > budget {
		t.Errorf("a first load has %d bytes of %d", total, budget)
	}
}

func TestThePageRunsNothingButItsOwn(t *testing.T) {
	t.Parallel()
	h := handler(t, webchat.Settings{Own: "https://chat.example.org", Origins: []string{"https://www.example.org", "https://help.example.org:8443"}})
	r := ask(t, h, "https://chat.example.org/frame")
	policy := r.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self' wss://chat.example.org;",
		"frame-ancestors https://www.example.org https://help.example.org:8443", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy has no %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is loose: %s", policy)
	}
	if r.Header.Get("Referrer-Policy") != "no-referrer" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", r.Header)
	}
	for _, name := range []string{"frame.html", "frame.css", "frame.js", "chat.js"} {
		b, err := os.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|//[a-z0-9.-]+\.[a-z]{2,}|\son[a-z]+="|\sstyle="`).FindAllString(string(b), -1) {
			t.Errorf("%s has %q", name, found)
		}
	}
	// Another name for this machine is a foreign page's trick.
	if r := ask(t, handler(t, webchat.Settings{}), "http://evil.example/frame"); r.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %s", r.Status)
	}
}

func TestThePageSpeaksTheLanguageThatIsAskedFor(t *testing.T) {
	t.Parallel()
	h := handler(t, webchat.Settings{Language: "es-EC", Title: `Ayuda <b>&"`})
	for _, c := range []struct{ address, accept, want string }{
		{"http://localhost/frame", "", `<html lang="es" dir="ltr">`},
		{"http://localhost/frame", "ar-JO,en;q=0.5", `<html lang="ar" dir="rtl">`},
		{"http://localhost/frame?lang=sw", "ar", `<html lang="sw" dir="ltr">`},
		{"http://localhost/frame?lang=fr-CM", "", `<html lang="fr" dir="ltr">`},
		{"http://localhost/frame?lang=%3Cscript%3E", "<script>", `<html lang="es" dir="ltr">`},
	} {
		got := string(body(t, ask(t, h, c.address, "Accept-Language", c.accept)))
		if !strings.Contains(got, c.want) {
			t.Errorf("%s with %q: want %s", c.address, c.accept, c.want)
		}
		if strings.Contains(got, "Ayuda <b>") {
			t.Error("the title is markup")
		}
	}
}

func TestEveryWordIsThereInEveryLanguage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("web/words.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"en", "es", "fr", "ar", "sw"} {
		if len(all[language]) != len(all["en"]) {
			t.Errorf("%s has %d words of %d", language, len(all[language]), len(all["en"]))
		}
	}
	code := ""
	for _, name := range []string{"frame.js", "frame.html"} {
		b, err := os.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		code += string(b)
	}
	for word := range all["en"] {
		if !strings.Contains(code, "words."+word) && !strings.Contains(code, "Words."+word) && word != "chat" {
			t.Errorf("nothing says %q", word)
		}
	}
}

func TestAFileHasAnAddressForAnHour(t *testing.T) {
	t.Parallel()
	now := time.Unix(1791187200, 0)
	release := fstest.MapFS{"media/map.png": {Data: []byte("picture")}, "media/form.pdf": {Data: []byte("%PDF-")}, "media/large.png": {Data: make([]byte, 6_000_000)}, "tables/people.csv": {Data: []byte("x")}}
	c, err := webchat.New(webchat.Settings{Account: "help-desk", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Handler(newKept())
	publish := func(id, kind, path string) (string, channels.Result) {
		return webchat.Publish(c, channels.Delivery{ID: id, Part: channels.Part{Media: engine.Media{Kind: kind, ID: path}}, Media: release})
	}
	picture, _ := publish("ours-1", "image", "media/map.png")
	form, _ := publish("ours-2", "document", "media/form.pdf")
	if again, _ := publish("ours-1", "image", "media/map.png"); again != picture || again == form || len(again) != 22 {
		t.Errorf("tried again it is at %q, not %q", again, picture)
	}
	r := ask(t, h, "http://localhost/media/"+picture)
	if got := body(t, r); string(got) != "picture" || r.Header.Get("Content-Type") != "image/png" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the picture is %q with %v", got, r.Header)
	}
	if r := ask(t, h, "http://localhost/media/"+picture, "Range", "bytes=0-2"); r.StatusCode != http.StatusPartialContent {
		t.Errorf("a part of it: %s", r.Status)
	}
	if r := ask(t, h, "http://localhost/media/"+form); r.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("a document opens in the page: %v", r.Header)
	}
	for _, address := range []string{"media/map.png", "", strings.Repeat("A", 22), "..%2f..%2fetc%2fpasswd"} {
		if r := ask(t, h, "http://localhost/media/"+address); r.StatusCode != http.StatusNotFound {
			t.Errorf("%q answers %s", address, r.Status)
		}
	}
	now = now.Add(time.Hour + time.Second)
	if r := ask(t, h, "http://localhost/media/"+picture); r.StatusCode != http.StatusNotFound {
		t.Errorf("after an hour: %s", r.Status)
	}
	if renewed, _ := publish("ours-1", "image", "media/map.png"); renewed == picture {
		t.Error("an address that has ended is given again")
	}
	for path, code := range map[string]string{"media/large.png": "media-too-large", "media/none.png": "media-missing", "../x.png": "media-missing", "media": "media-missing"} {
		if _, r := publish("ours-3", "image", path); r.Class != channels.RequestBug || r.Code != code {
			t.Errorf("%s ends as %+v", path, r)
		}
	}
}
