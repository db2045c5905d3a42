package whatsapp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/channels"
	"baraza/channels/whatsapp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func lines(t *testing.T, all []channels.Inbound) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, in := range all {
		if err := e.Encode(in); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func fixtures(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(all) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	return all
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWebhooksAreRead(t *testing.T) {
	t.Parallel()
	for _, path := range fixtures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			golden(t, strings.TrimSuffix(path, ".json")+".lines", lines(t, whatsapp.Parse(read(t, path))))
		})
	}
}

func TestTheSameWebhookTellsTheSame(t *testing.T) {
	t.Parallel()
	for _, path := range fixtures(t) {
		body := read(t, path)
		first := whatsapp.Parse(body)
		for range 3 {
			if diff := cmp.Diff(first, whatsapp.Parse(body)); diff != "" {
				t.Errorf("%s (-first +again):\n%s", path, diff)
			}
		}
		seen := map[string]bool{}
		for _, in := range first {
			if in.ID == "" || seen[in.ID] {
				t.Errorf("%s: the id %q of a %s is empty or not its own", path, in.ID, in.Kind)
			}
			seen[in.ID] = true
			if in.Kind == channels.NoKind {
				t.Errorf("%s: %q has no kind", path, in.ID)
			}
		}
	}
}

func TestPeopleComeBeforeEverythingElse(t *testing.T) {
	t.Parallel()
	for _, path := range fixtures(t) {
		rest := false
		for _, in := range whatsapp.Parse(read(t, path)) {
			switch in.Kind {
			case channels.StatusReceived, channels.AlertRaised, channels.Unknown, channels.PreferenceChanged:
				rest = true
			default:
				if rest {
					t.Errorf("%s: %s %q waits behind something else", path, in.Kind, in.ID)
				}
			}
		}
	}
}

func TestOneBrokenElementTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	messages := make([]string, 1000)
	for i := range messages {
		messages[i] = fmt.Sprintf(`{"from":"59399%07d","id":"wamid.%d","timestamp":"1791187200","type":"text","text":{"body":"%d"}}`, i%300, i, i)
	}
	messages[500] = `{"from":"593990000500","id":"wamid.500","timestamp":"1791187200","type":"text","text":[]}`
	body := `{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"9"},"messages":[` + strings.Join(messages, ",") + `]}}]}]}`
	all := whatsapp.Parse([]byte(body))
	good := slices.DeleteFunc(slices.Clone(all), func(in channels.Inbound) bool { return in.Kind != channels.MessageReceived })
	if len(good) != 999 || len(all) != 1000 {
		t.Fatalf("got %d messages of %d", len(good), len(all))
	}
	if last := all[999]; last.Kind != channels.Unknown || last.Reason != "malformed" || string(last.Raw) != messages[500] {
		t.Errorf("the broken one became %s %q: %s", last.Kind, last.Reason, last.Raw)
	}
}

func TestWhatIsToNoNumberOrOfNoKnownListIsKept(t *testing.T) {
	t.Parallel()
	for value, reason := range map[string]string{
		`{"messages":[{"from":"593990000001","id":"w","timestamp":"1","type":"text","text":{"body":"to whom"}}]}`: "malformed",
		`{"metadata":{"phone_number_id":"9"},"somethings":[{"id":"w"}]}`:                                          "kind",
	} {
		all := whatsapp.Parse([]byte(`{"entry":[{"id":"1","changes":[{"field":"messages","value":` + value + `}]}]}`))
		if len(all) != 1 || all[0].Kind != channels.Unknown || all[0].Reason != reason || len(all[0].Raw) == 0 {
			t.Errorf("%s became %+v", value, all)
		}
	}
}

func TestStatusesInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.SliceOfN(rapid.SampledFrom([]channels.Rank{channels.Pending, channels.Taken, channels.Sent, channels.Delivered,
			channels.Read, channels.Played, channels.Failed}), 1, 8).Draw(r, "ranks")
		end := func(ranks []channels.Rank) channels.Rank {
			last := channels.Pending
			for _, rank := range ranks {
				next := channels.Latest(last, rank)
				if next < last {
					r.Fatalf("%s went back to %s", last, next)
				}
				last = next
			}
			return last
		}
		other := slices.Clone(all)
		seed := rapid.Uint64().Draw(r, "seed")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		if a, b := end(all), end(other); a != b {
			r.Fatalf("%v ends as %s, %v as %s", all, a, other, b)
		}
	})
}

func sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestOneChangedBitEndsTheSignature(t *testing.T) {
	t.Parallel()
	body := read(t, "testdata/webhooks/messages.json")
	header := sign(body, "s3cret")
	if !whatsapp.Signed(body, header, "newer", "s3cret") {
		t.Fatal("the signature of an older secret is not taken")
	}
	rapid.Check(t, func(r *rapid.T) {
		changed := bytes.Clone(body)
		bit := rapid.IntRange(0, 8*len(body)-1).Draw(r, "bit")
		changed[bit/8] ^= 1 << (bit % 8)
		if whatsapp.Signed(changed, header, "s3cret") {
			r.Fatalf("taken with bit %d changed", bit)
		}
		wrong := []byte(header)
		wrong[rapid.IntRange(0, len(wrong)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 4).Draw(r, "of it")
		if whatsapp.Signed(body, string(wrong), "s3cret") && !strings.EqualFold(string(wrong), header) {
			r.Fatalf("taken with the signature %s", wrong)
		}
	})
	for name, header := range map[string]string{"none": "", "prefix alone": "sha256=", "half": header[:40], "another hash": "sha1" + header[6:],
		"no secret": sign(body, "")} {
		if whatsapp.Signed(body, header, "", "s3cret") {
			t.Errorf("%s: taken", name)
		}
	}
	if whatsapp.Signed(body, sign(body, "")) {
		t.Error("taken without any secret")
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range fixtures(f) {
		f.Add(read(f, path))
	}
	f.Add([]byte(`{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":"a","from":"1","type":"edit","edit":{"original_message_id":"b","message":null}}]}}]}]}`))
	f.Add([]byte(strings.Repeat(`{"entry":[`, 2000)))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all := whatsapp.Parse(body)
		if diff := cmp.Diff(all, whatsapp.Parse(body)); diff != "" {
			t.Fatalf("not the same twice:\n%s", diff)
		}
		for _, in := range all {
			if in.ID == "" || in.Kind == channels.NoKind || in.Channel != whatsapp.Name {
				t.Fatalf("%+v has no id, kind or channel", in)
			}
			if in.Kind == channels.MessageReceived && (len(in.From) == 0 || in.Event.Kind == 0) {
				t.Fatalf("a message from nobody: %+v", in)
			}
		}
	})
}

func BenchmarkParseABatch(b *testing.B) {
	messages := make([]string, 1000)
	for i := range messages {
		messages[i] = fmt.Sprintf(`{"from":"59399%07d","id":"wamid.%d","timestamp":"1791187200","type":"text","text":{"body":%q}}`, i, i, strings.Repeat("a", 2900))
	}
	body := []byte(`{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"9"},"messages":[` + strings.Join(messages, ",") + `]}}]}]}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		whatsapp.Parse(body)
	}
}
