package whatsapp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/whatsapp"
	"baraza/channels/whatsapp/contract"
	"baraza/channels/whatsapp/fake"
)

// slow answers a request after a time, unless it is given up before.
func slow(after time.Duration) trip {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
			return answered(200, `{"messages":[{"id":"wamid.LATE"}]}`)(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func TestAProviderThatTakesHalfAMinuteIsGivenUpAfterTwentySeconds(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]channels.Class{19 * time.Second: channels.Accepted, 30 * time.Second: channels.UnknownOutcome} {
		synctest.Test(t, func(t *testing.T) {
			c := whatsapp.New(whatsapp.Settings{Transport: slow(after)})
			begin := time.Now()
			r := c.Send(t.Context(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: parts(t, c, outgoing["text"])[0]})
			if took := time.Since(begin); r.Class != want || took > 20*time.Second {
				t.Errorf("an answer after %s: %+v, after %s", after, r, took)
			}
			if want == channels.UnknownOutcome && r.Code != "timeout" {
				t.Errorf("the code is %q", r.Code)
			}
		})
	}
}

// endless is a body that never ends and counts what was read of it.
type endless struct{ n atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n.Add(int64(len(p)))
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (e *endless) Close() error { return nil }

func TestAnAnswerWithoutEndIsReadToItsBound(t *testing.T) {
	t.Parallel()
	body := &endless{}
	c := whatsapp.New(whatsapp.Settings{Transport: trip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
	})})
	r := c.Send(t.Context(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: parts(t, c, outgoing["text"])[0]})
	if n := body.n.Load(); r.Class != channels.UnknownOutcome || n > 256<<10 {
		t.Errorf("%+v after %d bytes", r, n)
	}
}

func TestTheAddressIsMadeOfTheSettings(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]whatsapp.Settings{
		"https://graph.facebook.com/v25.0/1%2F2/messages": {},
		"https://graph.facebook.com/v26.0/1%2F2/messages": {Version: "v26.0"},
		"http://127.0.0.1:8090/fake/v25.0/1%2F2/messages": {BaseURL: "http://127.0.0.1:8090/fake/"},
		"http://127.0.0.1:8090/fake/v9.9/1%2F2/messages":  {BaseURL: "http://127.0.0.1:8090/fake", Version: "v9.9"},
	} {
		got := ""
		s.Transport = trip(func(r *http.Request) (*http.Response, error) {
			got = r.URL.String()
			return answered(200, `{"messages":[{"id":"a"}]}`)(r)
		})
		c := whatsapp.New(s)
		c.Send(t.Context(), channels.Delivery{ID: "d", Account: "1/2", To: identity(), Part: parts(t, c, outgoing["text"])[0]})
		if got != want {
			t.Errorf("sent to %s, not %s", got, want)
		}
	}
}

// Every request that the contract of a channel makes is judged a second time.
func TestMetasDocumentTakesWhatTheContractSends(t *testing.T) {
	t.Parallel()
	judge := contract.Judge(t)
	channeltest.Exercise(t, func(t testing.TB, inbox channels.Inbox) *channeltest.World {
		p, w := world(t, inbox)
		t.Cleanup(func() {
			for _, r := range p.Requests() {
				if r.Body == nil || r.Status != http.StatusOK {
					continue
				}
				if err := judge(r.Body); err != nil {
					t.Errorf("%v\n%s", err, r.Body)
				}
			}
		})
		return w
	})
}

func TestAnUploadWhoseTimeIsOverGoesUpAgain(t *testing.T) {
	t.Parallel()
	p := newPlatform(&channeltest.Inbox{}, nil)
	uploads := func() (n int) {
		for _, r := range p.Requests() {
			if strings.HasSuffix(r.Path, "/media") {
				n++
			}
		}
		return n
	}
	send := func() {
		t.Helper()
		p.Phone(phone).Write("hola")
		p.clock.Advance(time.Minute)
		r := p.channel.Send(t.Context(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: parts(t, p.channel, outgoing["image"])[0], Media: files})
		if r.Class != channels.Accepted {
			t.Fatalf("ended as %+v", r)
		}
	}
	send()
	p.clock.Advance(24 * 24 * time.Hour)
	send()
	if n := uploads(); n != 1 {
		t.Errorf("after 24 days it had gone up %d times", n)
	}
	p.clock.Advance(2 * 24 * time.Hour) // the platform keeps it for four days more
	send()
	if n := uploads(); n != 2 {
		t.Errorf("after 26 days it had gone up %d times", n)
	}
}

// 400 who want the same picture at once wait for one upload.
func TestAPictureGoesUpOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var uploads, sent atomic.Int64
		c := whatsapp.New(whatsapp.Settings{Transport: trip(func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			if strings.HasSuffix(r.URL.Path, "/media") {
				uploads.Add(1)
				time.Sleep(time.Second)
				return answered(200, `{"id":"M1"}`)(r)
			}
			return answered(200, `{"messages":[{"id":"wamid.`+fmt.Sprint(sent.Add(1))+`"}]}`)(r)
		})})
		part := parts(t, c, outgoing["image"])[0]
		var all sync.WaitGroup
		for range 400 {
			all.Go(func() {
				if r := c.Send(context.Background(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: part, Media: files}); r.Class != channels.Accepted {
					t.Errorf("ended as %+v", r)
				}
			})
		}
		all.Wait()
		if uploads.Load() != 1 || sent.Load() != 400 {
			t.Errorf("%d uploads and %d messages", uploads.Load(), sent.Load())
		}
	})
}

func TestPaceIsKeptWhoeverAsks(t *testing.T) {
	t.Parallel()
	p := whatsapp.NewPace()
	var went atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if p.Wait(account, "ana", morning) == 0 {
					went.Add(1)
				}
			}
		})
	}
	all.Wait()
	if went.Load() != 4 {
		t.Errorf("%d messages went to one person at once", went.Load())
	}
}

func BenchmarkPace(b *testing.B) {
	for _, people := range []int{1, 100_000} {
		b.Run(fmt.Sprint(people, "-people"), func(b *testing.B) {
			p, now := whatsapp.NewPace(), morning
			names := make([]string, people)
			for i := range names {
				names[i] = fmt.Sprint("person-", i)
			}
			for i := 0; b.Loop(); i++ {
				now = now.Add(13 * time.Millisecond)
				p.Wait(account, names[i%people], now)
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	c := whatsapp.New(whatsapp.Settings{Transport: trip(answered(200, `{"messages":[{"id":"wamid.A"}],"contacts":[{"wa_id":"593990000001"}]}`))})
	for _, name := range []string{"text", "buttons", "list"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range parts(b, c, outgoing[name]) {
					c.Send(b.Context(), channels.Delivery{ID: "d-1", Account: account, To: identity(), Part: p})
				}
			}
		})
	}
}

// BenchmarkWebhook is one webhook of one message, as nearly all are: signature, parsing, inbox.
func BenchmarkWebhook(b *testing.B) {
	body := []byte(wrapped(`{"from":"593990000001","from_user_id":"EC.4400000000000000001","id":"wamid.HBgLNTkzOTkwMDAwMDAxFQIAEhgU","timestamp":"1791187200","type":"text","text":{"body":"hola, necesito ayuda"}}`))
	signature := sign(body, secret)
	handler := whatsapp.New(whatsapp.Settings{AppSecrets: []string{secret}}).Handler(inboxFunc(func([]channels.Inbound) error { return nil }))
	api := fake.InProcess(handler)
	b.ReportAllocs()
	for b.Loop() {
		r, _ := http.NewRequest(http.MethodPost, "http://business.test/", strings.NewReader(string(body)))
		r.Header.Set("X-Hub-Signature-256", signature)
		if response, err := api.RoundTrip(r); err != nil || response.StatusCode != 200 {
			b.Fatal(err)
		}
	}
}

// The channel and the fake meet below a prefix on a socket, as in one process with everything else.
func TestTheFakeIsReachedBelowAPrefix(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	arrived := make(chan channels.Inbound, 1)
	c := whatsapp.New(whatsapp.Settings{BaseURL: server.URL + "/fake", AppSecrets: []string{secret}, Token: func(string) string { return token }})
	api := fake.New(fake.Config{BaseURL: server.URL + "/fake", Callback: server.URL + "/whatsapp", Secret: secret, Token: token})
	defer api.Close()
	mux.Handle("/fake/", http.StripPrefix("/fake", api))
	mux.Handle("/whatsapp", c.Handler(inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			if in.Kind == channels.MessageReceived {
				arrived <- in
			}
		}
		return nil
	})))
	api.Phone(phone).SendImage([]byte("\xff\xd8\xff a picture"), "")
	var in channels.Inbound
	select {
	case in = <-arrived:
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing has arrived")
	}
	content, err := c.FetchMedia(t.Context(), in.Account, *in.Attachment)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if got, err := io.ReadAll(content); err != nil || string(got) != "\xff\xd8\xff a picture" {
		t.Errorf("got %q, %v", got, err)
	}
	r := c.Send(t.Context(), channels.Delivery{ID: "d", Account: in.Account, To: in.From, Part: parts(t, c, outgoing["image"])[0], Media: files})
	if r.Class != channels.Accepted {
		t.Errorf("a picture sent ended as %+v", r)
	}
}

// The address of what a person sent opens it, so that an error that operators and logs are told does not hold it.
func TestAFileThatIsNotToBeHadDoesNotTellItsAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/file") {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"1","url":"http://%s/file?hash=signed"}`, r.Host)
	}))
	defer server.Close()
	c := whatsapp.New(whatsapp.Settings{BaseURL: server.URL, AppSecrets: []string{secret}, Token: func(string) string { return token }})
	content, err := c.FetchMedia(t.Context(), account, channels.Attachment{ID: "1"})
	if err == nil {
		content.Close()
		t.Fatal("a file came from a connection that broke")
	}
	if strings.Contains(err.Error(), "signed") || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("got the error %q", err)
	}
}
