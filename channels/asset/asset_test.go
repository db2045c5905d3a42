package asset_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"baraza/channels/asset"
	"baraza/channels/capability"
)

var script = []byte(strings.Repeat("const answer = 42;\n", 100))

func file(t *testing.T, content []byte) asset.File {
	t.Helper()
	f, err := asset.New("text/javascript; charset=utf-8", content)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ask is a request with header lines in pairs.
func ask(t *testing.T, f asset.File, method string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/try.js", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFileGoesCompressedToWhoTakesIt(t *testing.T) {
	t.Parallel()
	f := file(t, script)
	for accepts, packed := range map[string]bool{"": false, "br": false, "identity": false, "gzip": true, "br, gzip;q=0.5": true} {
		r := ask(t, f, http.MethodGet, "Accept-Encoding", accepts)
		got := body(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %s, %v", accepts, r.Status, r.Header)
		}
		if !packed {
			if r.Header.Get("Content-Encoding") != "" || !bytes.Equal(got, script) {
				t.Errorf("%q: %d bytes, %v", accepts, len(got), r.Header)
			}
			continue
		}
		if r.Header.Get("Content-Encoding") != "gzip" || len(got) != f.Packed() || len(got) >= len(script)/4 {
			t.Errorf("%q: %d bytes of %d, %v", accepts, len(got), len(script), r.Header)
		}
		unpack, err := gzip.NewReader(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(unpack)
		if err != nil || !bytes.Equal(plain, script) {
			t.Errorf("%q: unpacked it has %d bytes, %v", accepts, len(plain), err)
		}
	}
}

func TestWhoHasAFileIsToldThatItIsTheSame(t *testing.T) {
	t.Parallel()
	f := file(t, script)
	plain := ask(t, f, http.MethodGet).Header.Get("ETag")
	packed := ask(t, f, http.MethodGet, "Accept-Encoding", "gzip").Header.Get("ETag")
	if !regexp.MustCompile(`^"[0-9a-f]{16}"$`).MatchString(plain) || packed == plain {
		t.Errorf("tags are %s and %s", plain, packed)
	}
	for name, c := range map[string]struct {
		has, accepts string
		want         int
	}{
		"the same":             {plain, "", http.StatusNotModified},
		"the same, compressed": {packed, "gzip", http.StatusNotModified},
		"the other form":       {plain, "gzip", http.StatusOK},
		"an older one":         {`"0123456789abcdef"`, "", http.StatusOK},
	} {
		r := ask(t, f, http.MethodGet, "If-None-Match", c.has, "Accept-Encoding", c.accepts)
		if got := body(t, r); r.StatusCode != c.want || c.want == http.StatusNotModified && len(got) > 0 {
			t.Errorf("%s: %s with %d bytes", name, r.Status, len(got))
		}
	}
	if again := ask(t, file(t, bytes.Clone(script)), http.MethodGet).Header.Get("ETag"); again != plain {
		t.Errorf("the same content is %s at another start", again)
	}
	if other := ask(t, file(t, append(bytes.Clone(script), '\n')), http.MethodGet).Header.Get("ETag"); other == plain {
		t.Error("other content has the same tag")
	}
}

func TestAFileSaysWhatItIsAndTellsNobodyWhereOneCameFrom(t *testing.T) {
	t.Parallel()
	r := ask(t, file(t, []byte("<script>alert(1)</script>")), http.MethodGet)
	for name, want := range map[string]string{"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if r := ask(t, file(t, script), http.MethodHead); len(body(t, r)) > 0 || r.StatusCode != http.StatusOK {
		t.Errorf("asked for the head alone: %s", r.Status)
	}
}

// What the web chat shows in its page has a type; other documents are saved as they are. No type is one that a browser
// runs.
func TestWhatAPackShowsHasATypeThatRunsNothing(t *testing.T) {
	t.Parallel()
	c, ok := capability.Named("webchat")
	if !ok {
		t.Fatal("there is no web chat")
	}
	for _, m := range c.Media {
		for _, extension := range m.Types {
			if m.Kind != capability.Document && asset.Types[extension] == "" {
				t.Errorf("a %s may be a file of %s, which has no type here", m.Kind, extension)
			}
		}
	}
	for extension, kind := range asset.Types {
		if strings.Contains(kind, "html") || strings.Contains(kind, "xml") || strings.Contains(kind, "script") || strings.Contains(kind, "svg") {
			t.Errorf("a file of %s is served as %s", extension, kind)
		}
	}
}
