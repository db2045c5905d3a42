package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

func TestAMessageIsAnsweredOverWhatsApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	phone.Write("zanzibar")
	want := []string{"What is the word?", "You wrote zanzibar.", "What is the word?"}
	if diff := cmp.Diff(want, w.hears(phone, 3)); diff != "" {
		t.Errorf("the phone shows (-want +got):\n%s", diff)
	}
}

func TestAConversationGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	w.halt()
	w.start()
	phone.Write("pemba")
	if got := w.hears(phone, 3); got[1] != "You wrote pemba." {
		t.Errorf("the phone shows %q", got)
	}
}

func TestWhatTheProviderRepeatsIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	first := w.cloud.Deliveries()[0].Body
	for range 3 {
		if got := w.post(first); got != http.StatusOK {
			t.Fatalf("the webhook is answered %d", got)
		}
	}
	phone.Write("lamu")
	want := []string{"What is the word?", "You wrote lamu.", "What is the word?"}
	if diff := cmp.Diff(want, w.hears(phone, 3)); diff != "" {
		t.Errorf("the phone shows (-want +got):\n%s", diff)
	}
}

// webhook is a server that a team or operators have: what it is told, where the signature is right.
func webhook(t *testing.T, secret string) (url string, told <-chan map[string]any) {
	t.Helper()
	heard := make(chan map[string]any, 16)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if r.Header.Get(server.SignatureHeader) != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			http.Error(w, "unsigned", http.StatusUnauthorized)
			return
		}
		var said map[string]any
		if err := json.Unmarshal(body, &said); err != nil {
			t.Error(err)
		}
		heard <- said
	}))
	t.Cleanup(hook.Close)
	return hook.URL, heard
}

func TestAHandOverWorksFromEndToEnd(t *testing.T) {
	t.Parallel()
	url, told := webhook(t, "team-secret")
	w := newWorld(t, options{change: func(c *config.Config) {
		c.Countries["ke"].Teams = map[string]*config.Webhook{"desk": {URL: url, Secret: config.Plain("team-secret")}}
	}})
	phone := w.meet("+12025550123")
	phone.Write("person")
	if got := w.hears(phone, 1); got[0] != "A colleague answers here soon." {
		t.Fatalf("the phone shows %q", got)
	}
	said := <-told
	if said["kind"] != "case-opened" || said["team"] != "desk" || said["country"] != "ke" || said["case"] == nil {
		t.Fatalf("the team was told %v", said)
	}
	if text := cmp.Diff(nil, said); strings.Contains(text, "2025550123") || strings.Contains(text, "Amina") {
		t.Errorf("the word to the team names the person: %v", said)
	}
	contact := contactOf(t, said["contact"].(string))
	number := uint32(said["case"].(float64))
	if err := w.server.Runner().Reply(t.Context(), contact, number, "Come at nine.", engine.Media{}, "r1"); err != nil {
		t.Fatal(err)
	}
	if got := w.hears(phone, 2); got[1] != "Come at nine." {
		t.Fatalf("the phone shows %q", got)
	}
	if err := w.server.Runner().Done(t.Context(), contact, number, "d1"); err != nil {
		t.Fatal(err)
	}
	want := []string{"A colleague answers here soon.", "Come at nine.", "The colleague has left.", "What is the word?"}
	if diff := cmp.Diff(want, w.hears(phone, 4)); diff != "" {
		t.Errorf("the phone shows (-want +got):\n%s", diff)
	}
}

// Staff see what a person sent them: it is fetched from the provider when they ask, over the control socket.
func TestStaffFetchAPhotoThatWasSentInACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("person")
	w.hears(phone, 1)
	client, err := desk.Dial(w.config.Socket())
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.Cases(t.Context(), desk.CaseQuery{})
	if err != nil || len(list.Cases) != 1 {
		t.Fatalf("cases: %+v, %v", list, err)
	}
	name := list.Cases[0].Case
	if _, err := client.File(t.Context(), desk.CaseFile{Case: name}); err == nil || !strings.Contains(err.Error(), "has sent no file") {
		t.Errorf("before anything was sent: %v", err)
	}
	paper := append([]byte("\xff\xd8\xff\xe0 a paper"), make([]byte, 100_000)...)
	phone.SendImage(paper, "my paper")
	w.sees("the photo is in the case", func() bool {
		one, err := client.Case(t.Context(), desk.Which{Case: name})
		return err == nil && len(one.Said) > 0
	})
	content, err := client.File(t.Context(), desk.CaseFile{Case: name})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(got, paper) {
		t.Errorf("the file has %d bytes, want %d: %v", len(got), len(paper), err)
	}
	if _, err := client.File(t.Context(), desk.CaseFile{Case: name, File: 2}); err == nil || !strings.Contains(err.Error(), "files 1 to 1") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestALostTokenStopsTheNumberTellsOperatorsAndLosesNothing(t *testing.T) {
	t.Parallel()
	url, told := webhook(t, "ops-secret")
	w := newWorld(t, options{change: func(c *config.Config) {
		c.Alerts = &config.Webhook{URL: url, Secret: config.Plain("ops-secret")}
	}})
	w.cloud.LoseToken()
	phone := w.meet("+12025550123")
	phone.Write("hello")
	if said := <-told; said["kind"] != "sender-stopped" || said["subject"] != "unauthorized" || said["severity"] != "critical" || said["account"] != "1001" {
		t.Fatalf("operators were told %v", said)
	}
	client, err := desk.Dial(w.config.Socket())
	if err != nil {
		t.Fatal(err)
	}
	w.cloud.GiveToken()
	if _, err := client.Resume(t.Context(), desk.OneSender{Sender: "help/whatsapp/1001"}); err != nil {
		t.Fatal(err)
	}
	if got := w.hears(phone, 1); got[0] != "What is the word?" {
		t.Errorf("the phone shows %q", got)
	}
}

func TestNewsOfTheAccountReachesOperators(t *testing.T) {
	t.Parallel()
	url, told := webhook(t, "ops-secret")
	w := newWorld(t, options{change: func(c *config.Config) {
		c.Alerts = &config.Webhook{URL: url, Secret: config.Plain("ops-secret")}
	}})
	w.cloud.Account("account_update", map[string]any{"event": "DISABLED_UPDATE", "ban_info": map[string]any{"waba_ban_state": "SCHEDULE_FOR_DISABLE"}})
	said := <-told
	if kind, _ := said["kind"].(string); !strings.HasPrefix(kind, "account_update/") || said["severity"] != "critical" || said["pack"] != "help" {
		t.Errorf("operators were told %v", said)
	}
}

func contactOf(t *testing.T, text string) (key [16]byte) {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(key) {
		t.Fatalf("%q is no contact", text)
	}
	return [16]byte(raw)
}

func TestNeitherLogNorFiguresNorFilesHoldWhatWasSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	phone.Write("zanzibar")
	w.hears(phone, 3)
	_, figures := w.get("/metrics")
	w.until("the provider has nothing left to tell", func() bool { return w.cloud.Pending() == 0 })
	w.halt()
	places := map[string][]byte{"the log": []byte(w.log.String()), "the figures": []byte(figures)}
	err := filepath.WalkDir(w.config.Data, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			places[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(places) < 4 {
		t.Fatalf("looked at %d places, want log, figures, store, keys and weeks", len(places))
	}
	for name, body := range places {
		for _, said := range []string{"zanzibar", "2025550123", "Amina", "wamid"} {
			if bytes.Contains(body, []byte(said)) {
				t.Errorf("%s holds %q", name, said)
			}
		}
	}
}

func TestNewsForANumberThatNoPackAnswersComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{change: func(c *config.Config) {
		c.WhatsApp[0].Ignored = []string{"3003"}
	}})
	if got := w.post(message("2002", "hello")); got != http.StatusServiceUnavailable {
		t.Errorf("a number nobody answers gets %d, want 503 so that it comes again", got)
	}
	if got := w.post(message("3003", "hello")); got != http.StatusOK {
		t.Errorf("an ignored number gets %d, want 200", got)
	}
	if got := w.post(message("1001", "hello")); got != http.StatusOK {
		t.Errorf("a number of ours gets %d, want 200", got)
	}
	_, figures := w.get("/metrics")
	if !strings.Contains(figures, `baraza_webhook_refused_total{channel="whatsapp",why="unknown-account"} 1`) {
		t.Error("the figures do not count it")
	}
}

// message is a webhook body of one text to a number.
func message(number, text string) []byte {
	body, _ := json.Marshal(map[string]any{"object": "whatsapp_business_account", "entry": []any{map[string]any{"id": "77", "changes": []any{
		map[string]any{"field": "messages", "value": map[string]any{"messaging_product": "whatsapp",
			"metadata": map[string]any{"display_phone_number": "15550001001", "phone_number_id": number},
			"contacts": []any{map[string]any{"profile": map[string]any{"name": "Amina"}, "wa_id": "12025550123"}},
			"messages": []any{map[string]any{"from": "12025550123", "id": "wamid." + number, "timestamp": stamp(time.Now()), "type": "text",
				"text": map[string]any{"body": text}}}}}}}}})
	return body
}

func stamp(at time.Time) string {
	text, _ := json.Marshal(at.Unix())
	return string(text)
}

// post is a signed webhook.
func (w *world) post(body []byte) int {
	w.t.Helper()
	mac := hmac.New(sha256.New, []byte("app-secret"))
	mac.Write(body)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/whatsapp", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestTooMuchAtOnceIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{change: func(c *config.Config) { c.Limits.Bytes = 400 }})
	body := message("1001", strings.Repeat("a", 500))
	if got := w.post(body); got != http.StatusServiceUnavailable {
		t.Errorf("a body beyond the bound gets %d, want 503", got)
	}
	if got := w.post(message("1001", "hi")); got != http.StatusServiceUnavailable && got != http.StatusOK {
		t.Errorf("a small body gets %d", got)
	}
}

func TestTheFiguresAreForThisMachineOrForWhoHasTheToken(t *testing.T) {
	t.Parallel()
	open := newWorld(t, options{})
	if status, _ := open.get("/metrics"); status != http.StatusOK {
		t.Errorf("from this machine: %d, want 200", status)
	}
	proxied := func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.9") }
	if status, _ := open.get("/metrics", proxied); status != http.StatusForbidden {
		t.Errorf("through a proxy without a token: %d, want 403", status)
	}
	closed := newWorld(t, options{change: func(c *config.Config) { c.Metrics.Token = config.Plain("figures") }})
	if status, _ := closed.get("/metrics"); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d, want 401", status)
	}
	with := func(r *http.Request) { r.Header.Set("Authorization", "Bearer figures") }
	if status, body := closed.get("/metrics", proxied, with); status != http.StatusOK || !strings.Contains(body, "baraza_turns_total") {
		t.Errorf("with the token: %d", status)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.sees("it is ready", func() bool { status, _ := w.get("/readyz"); return status == http.StatusOK })
	if status, body := w.get("/healthz"); status != http.StatusOK || body != "alive\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
}

func TestASecondProcessOnTheSameDataSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	_, err := server.Open(server.Options{Config: w.config, Compile: compile})
	if err == nil || !strings.Contains(err.Error(), "another process has the store open") {
		t.Errorf("a second process: %v", err)
	}
}

func TestPeopleDoNotMeetAnExamplePack(t *testing.T) {
	t.Parallel()
	c := &config.Config{Data: t.TempDir(),
		Countries: map[string]*config.Country{"ke": {Packs: []string{helpFolder(t)}, Key: config.Plain(testKey)}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("a"), VerifyToken: config.Plain("b"),
			Token: config.Plain("c"), Numbers: map[string]string{"1001": "help"}}}}
	_, err := server.Open(server.Options{Config: c, Compile: compile})
	if err == nil || !strings.Contains(err.Error(), "marked as an example") {
		t.Errorf("an example on the real WhatsApp: %v", err)
	}
}

func TestWhatIsWrongWithAPackIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	folder := packFolder(t, "help", map[string]string{"pack.flow": helpPack, "talk.flow": "flow talk: Talk\n\nstep listen\n  sya: hello\n"})
	c := &config.Config{Data: t.TempDir(), Countries: map[string]*config.Country{"ke": {Packs: []string{folder}, Key: config.Plain(testKey)}}}
	_, err := server.Open(server.Options{Config: c, Compile: compile})
	if err == nil || !strings.Contains(err.Error(), "sya") {
		t.Errorf("a pack with a mistake: %v", err)
	}
}

func TestTheKeyOfAnotherCountryOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	w.halt()
	w.config.Countries["ke"].Key = config.Plain(strings.Repeat("ab", 32))
	_, err := server.Open(server.Options{Config: w.config, Compile: compile})
	if err == nil || !errors.Is(err, keys.ErrCountryKey) || !strings.Contains(err.Error(), "under old_keys of ke, and start again") {
		t.Errorf("with another key: %v", err)
	}
}

func TestEveryClassOfAResultHasAWordOfTheRunner(t *testing.T) {
	t.Parallel()
	if missing := server.ClassesWithoutWord(); len(missing) > 0 {
		t.Errorf("no word of the runner for %v", missing)
	}
}
