package page

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sent is a request with a bundle.
func sent(bundle string) *http.Request {
	body := "--x\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"b\"\r\n\r\n" + bundle + "\r\n--x--\r\n"
	r := httptest.NewRequest(http.MethodPost, "/console/ke/help/plan", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	return r
}

func keeping(t *testing.T) *planned {
	t.Helper()
	return &planned{folder: t.TempDir(), now: time.Now, all: map[string]*bundle{}}
}

func TestABundleIsLetGoAfterAnHourAndNotWhileItIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keeping(t)
		b, err := k.receive(sent("a bundle"))
		if err != nil {
			t.Fatal(err)
		}
		k.keep(b, "ana", "ke", "help")
		time.Sleep(keptFor - time.Minute)
		err = k.use(b.id, "ana", "ke", "help", func(b *bundle) error {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			text, err := io.ReadAll(b.reader())
			if string(text) != "a bundle" {
				t.Errorf("read %q", text)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if err := k.use(b.id, "ana", "ke", "help", func(*bundle) error { return nil }); !errors.Is(err, errNoBundle) {
			t.Errorf("after an hour: %v", err)
		}
		if k.bytes != 0 || len(k.all) != 0 {
			t.Errorf("%d bytes of %d bundles are kept", k.bytes, len(k.all))
		}
		if _, err := b.file.Stat(); err == nil {
			t.Error("its file is still open")
		}
	})
}

func TestABundleIsKeptForItsAccountItsCountryAndItsPack(t *testing.T) {
	t.Parallel()
	k := keeping(t)
	b, err := k.receive(sent("a bundle"))
	if err != nil {
		t.Fatal(err)
	}
	k.keep(b, "ana", "ke", "help")
	for _, of := range [][3]string{{"ben", "ke", "help"}, {"ana", "ug", "help"}, {"ana", "ke", "aid"}} {
		if err := k.use(b.id, of[0], of[1], of[2], func(*bundle) error { return nil }); !errors.Is(err, errNoBundle) {
			t.Errorf("%v reads it: %v", of, err)
		}
	}
}

func TestWhatIsNotKeptLeavesNoBytes(t *testing.T) {
	t.Parallel()
	k := keeping(t)
	twice := sent("one\r\n--x\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"b\"\r\n\r\ntwo")
	for name, r := range map[string]*http.Request{"cut": sent("a\r\n--x\r\nContent-Dis"), "none": sent(""), "two": twice, "no form": httptest.NewRequest(http.MethodPost, "/", strings.NewReader("a"))} {
		var wrong *refusal
		if _, err := k.receive(r); !errors.As(err, &wrong) || wrong.field != "bundle" {
			t.Errorf("%s: %v", name, err)
		}
	}
	k.bytes = keptBytes
	var wrong *refusal
	if _, err := k.receive(sent("a bundle")); !errors.As(err, &wrong) || wrong.text != say("too-many") {
		t.Errorf("too many: %v", err)
	}
	if k.bytes -= keptBytes; k.bytes != 0 {
		t.Errorf("%d bytes are counted", k.bytes)
	}
}
