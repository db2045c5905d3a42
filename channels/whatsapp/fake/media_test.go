package fake_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"baraza/channels/whatsapp/fake"
)

func TestUploads(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind string
		size int
		code int
	}{
		{"image/jpeg", 5_000_000, 0},
		{"image/jpeg", 5_000_001, 131053},
		{"image/webp", 500_000, 0},
		{"image/webp", 500_001, 131053},
		{"audio/ogg; codecs=opus", 100, 0},
		{"audio/ogg", 16_000_001, 131053},
		{"video/mp4", 100, 0},
		{"application/pdf", 16_000_001, 0},
		{"image/gif", 100, 100},
		{"nonsense", 100, 100},
		{"image/png", 0, 131053},
	} {
		w := newWorld(t, nil)
		got := w.upload(test.kind, "file", make([]byte, test.size))
		if got.code() != test.code || (test.code == 0) != (got.body["id"] != nil) {
			t.Errorf("%d bytes of %s: %v, want code %d", test.size, test.kind, got.body, test.code)
		}
	}
}

func TestUploadsNeedTheirParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, body := range []string{
		"", part("messaging_product", "whatsapp"), part("messaging_product", "whatsapp") + part("type", "image/png"),
		part("type", "image/png") + part("file\"; filename=\"a.png", "x"),
		part("messaging_product", "whatsapp") + part("file\"; filename=\"a.png", "x"),
		part("messaging_product", "whatsapp") + part("type", "image/png") + part("file", "x"),
		part("messaging_product", "whatsapp") + part("type", "image/png") + part("colour", "red") + part("file\"; filename=\"a.png", "x"),
	} {
		got := w.do("POST", "/v25.0/"+number+"/media", "multipart/form-data; boundary=B", strings.NewReader(body+"--B--\r\n"))
		if got.code() == 0 {
			t.Errorf("%q was answered %d %v", body, got.status, got.body)
		}
	}
	got := w.do("POST", "/v25.0/"+number+"/media", "application/json", strings.NewReader(`{}`))
	if got.code() != 100 {
		t.Errorf("JSON was answered %v", got.body)
	}
}

func part(name, value string) string {
	return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func TestMediaIDsEnd(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	id := w.upload("image/png", "a.png", []byte("png")).body["id"].(string)
	message := `{"type":"image","image":{"id":"` + id + `"}}`
	if got := w.send(message); got.code() != 0 {
		t.Errorf("fresh: code %d (%s)", got.code(), got.details())
	}
	if got := w.send(`{"type":"audio","audio":{"id":"` + id + `"}}`); got.code() != 131053 {
		t.Errorf("an image as audio: code %d", got.code())
	}
	w.clock.Advance(30 * 24 * time.Hour)
	w.Phone(person).Write("hola")
	if got := w.send(message); got.code() != 100 {
		t.Errorf("after 30 days: code %d", got.code())
	}
	header := interactive(`"type":"button","header":{"type":"image","image":{"id":"` + id + `"}},"body":{"text":"b"},"action":{"buttons":[` + button("a", "A") + `]}`)
	if got := w.send(header); got.code() != 100 {
		t.Errorf("in a header after 30 days: code %d", got.code())
	}
}

func TestAMediumOfAPersonIsFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	data := []byte("a photo")
	w.Phone(person).SendImage(data, "my papers")
	w.clock.Advance(time.Second)
	image := w.inbound()[0]["image"].(map[string]any)
	sum := sha256.Sum256(data)
	if image["caption"] != "my papers" || image["mime_type"] != "image/jpeg" || image["sha256"] != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("image is %v", image)
	}
	node := w.do("GET", "/v25.0/"+image["id"].(string), "", nil)
	address, err := url.Parse(node.body["url"].(string))
	if err != nil || node.body["sha256"] != fmt.Sprintf("%x", sum) {
		t.Fatalf("node is %v, %v", node.body, err)
	}
	if got := w.do("GET", address.Path, "", nil); got.body["raw"] != string(data) {
		t.Errorf("downloaded %v", got.body)
	}
	request, _ := http.NewRequest("GET", address.String(), nil)
	if response, err := w.api.Do(request); err != nil || response.StatusCode != 401 {
		t.Errorf("without a token: %v, %v", response, err)
	}
	w.clock.Advance(5 * time.Minute)
	if got := w.do("GET", address.Path, "", nil); got.status != 404 {
		t.Errorf("after 5 minutes: %d", got.status)
	}
	w.clock.Advance(7 * 24 * time.Hour)
	if got := w.do("GET", "/v25.0/"+image["id"].(string), "", nil); got.code() != 100 {
		t.Errorf("after 7 days: %v", got.body)
	}
}

func TestMediaExpireByFault(t *testing.T) {
	t.Parallel()
	w := misbehaving(t, fake.Faults{MediaExpired: fake.At(1)})
	id := w.upload("image/png", "a.png", []byte("png")).body["id"].(string)
	message := `{"type":"image","image":{"id":"` + id + `"}}`
	if got := w.send(message); got.code() != 100 || !strings.Contains(got.details(), "media attachment ID") {
		t.Errorf("first: %v", got.body)
	}
	if got := w.send(message); got.code() != 0 {
		t.Errorf("second: %v", got.body)
	}
}

func TestMediaAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id := w.upload("image/png", "a.png", []byte("png")).body["id"].(string)
	if got := w.do("DELETE", "/v25.0/"+id, "", nil); got.body["success"] != true {
		t.Errorf("answered %v", got.body)
	}
	if got := w.do("GET", "/v25.0/"+id, "", nil); got.code() != 100 {
		t.Errorf("then %v", got.body)
	}
}

func TestPathsAndTokens(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	message := []byte(whole(textOf("x")))
	for _, test := range []struct {
		name, path, auth string
		code             int
	}{
		{"right", "/v25.0/" + number + "/messages", "Bearer " + token, 0},
		{"no token", "/v25.0/" + number + "/messages", "", 0},
		{"other token", "/v25.0/" + number + "/messages", "Bearer x", 190},
		{"no version", "/latest/" + number + "/messages", "Bearer " + token, 2500},
		{"unknown number", "/v25.0/42/messages", "Bearer " + token, 100},
		{"unknown edge", "/v25.0/" + number + "/letters", "Bearer " + token, 100},
	} {
		request, err := http.NewRequest("POST", "http://graph.test"+test.path, bytes.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if test.auth != "" {
			request.Header.Set("Authorization", test.auth)
		}
		before := len(w.Accepted())
		response, err := w.api.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		all := w.Requests()
		if last := all[len(all)-1]; last.Code != test.code || last.Status != response.StatusCode {
			t.Errorf("%s: recorded %d, code %d", test.name, last.Status, last.Code)
		}
		if accepted := len(w.Accepted()) > before; accepted != (test.name == "right") || accepted != (response.StatusCode == 200) {
			t.Errorf("%s: accepted %v, status %d", test.name, accepted, response.StatusCode)
		}
	}
	if got := w.do("GET", "/v25.0/"+number, "", nil); got.body["display_phone_number"] != "+15550783881" {
		t.Errorf("the number is %v", got.body)
	}
	if got := w.do("POST", "/v25.0/"+number+"/messages", "text/plain", bytes.NewReader(message)); got.code() != 100 {
		t.Errorf("text/plain: %v", got.body)
	}
}
