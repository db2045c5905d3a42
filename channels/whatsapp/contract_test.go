package whatsapp_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/whatsapp"
	"baraza/channels/whatsapp/fake"
)

const (
	secret  = "a secret of an app"
	token   = "EAAtoken"
	account = "106540352242922"
	phone   = "+593990000001"
)

var morning = time.Date(2026, 10, 5, 8, 0, 0, 0, time.UTC)

// platform is the fake Cloud API with a channel before it, all in the test's goroutine.
type platform struct {
	*fake.Server
	channel *whatsapp.Channel
	clock   *fake.Manual
	next    func(*http.Request) (*http.Response, error) // instead of the next request, once
	last    *http.Request                               // last webhook, and its body
	body    []byte
	handler http.Handler
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newPlatform(inbox channels.Inbox, configure func(*fake.Config)) *platform {
	p := &platform{clock: fake.NewManual(morning)}
	callback := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.body, _ = io.ReadAll(r.Body)
		p.last = r
		r.Body = io.NopCloser(strings.NewReader(string(p.body)))
		p.handler.ServeHTTP(w, r)
	})
	config := fake.Config{Callback: "http://business.test/webhook", Secret: secret, Token: token, VerifyToken: "hello", Clock: p.clock,
		BaseURL: "http://graph.test", Pacing: fake.Unpaced,
		Client: &http.Client{Transport: fake.InProcess(callback)},
		Templates: []fake.Template{
			{Name: "call_reminder", Language: "pt_BR", Body: "{{1}}: {{2}}.", Buttons: []fake.TemplateButton{{Kind: "quick_reply", Text: "Sim"}, {Kind: "quick_reply", Text: "Não"}}},
			{Name: "call_reminder", Language: "es", Body: "{{1}}: {{2}}."}, {Name: "still_there", Language: "es", Body: "¿Sigue ahí?"},
		}}
	if configure != nil {
		configure(&config)
	}
	p.Server = fake.New(config)
	api := fake.InProcess(p.Server)
	p.channel = whatsapp.New(whatsapp.Settings{BaseURL: "http://graph.test", AppSecrets: []string{"older", secret}, VerifyToken: "hello",
		Token: func(string) string { return token }, Now: p.clock.Now,
		Transport: trip(func(r *http.Request) (*http.Response, error) {
			if next := p.next; next != nil {
				p.next = nil
				return next(r)
			}
			return api.RoundTrip(r)
		})})
	p.handler = p.channel.Handler(inbox)
	return p
}

func identity() []channels.Identity {
	return []channels.Identity{{Channel: "whatsapp", Kind: channels.Phone, Value: strings.TrimPrefix(phone, "+")}}
}

func answered(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// codeOf is one code for each class that has any.
var codeOf = map[channels.Class]string{
	channels.Retry: "131000", channels.PairThrottled: "131056", channels.SenderThrottled: "130429", channels.Suspended: "131048",
	channels.OutsideWindow: "131047", channels.Unreachable: "131026", channels.Forbidden: "130497", channels.Stopped: "131050",
	channels.PersonChanged: "137000", channels.RequestBug: "131009", channels.TemplateUnusable: "132015", channels.MediaUnusable: "131053",
	channels.Unauthorized: "190", channels.AccountBlocked: "131042", channels.Restricted: "368",
}

func TestWhatsAppIsAChannel(t *testing.T) {
	t.Parallel()
	channeltest.Exercise(t, func(t testing.TB, inbox channels.Inbox) *channeltest.World {
		_, w := world(t, inbox)
		return w
	})
}

func world(t testing.TB, inbox channels.Inbox) (*platform, *channeltest.World) {
	p := newPlatform(inbox, nil)
	who := p.Phone(phone)
	return p, &channeltest.World{
		Channel: p.channel, Account: account, To: identity(), Media: files, Image: "media/map.jpg",
		Write: func(text string) { who.Write(text) },
		Tap: func(label string) {
			for _, m := range slices.Backward(who.Received()) {
				for _, o := range m.Options {
					if o.Title == label {
						if _, err := who.Tap(o.ID); err != nil {
							t.Fatal(err)
						}
						return
					}
				}
			}
			t.Fatalf("the phone shows no %q", label)
		},
		Settle: func() { p.clock.Advance(10 * time.Minute) },
		Typing: who.Typing,
		Repeat: func() {
			again := p.last.Clone(t.Context())
			again.Body = io.NopCloser(strings.NewReader(string(p.body)))
			response, err := fake.InProcess(p.handler).RoundTrip(again)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("told again: %v, %v", response, err)
			}
		},
		Shown: func() []channeltest.Shown { return shown(who) },
		Fail: func(class channels.Class) bool {
			code, ok := codeOf[class]
			if class == channels.UnknownOutcome {
				p.next = func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
				return true
			}
			p.next = answered(http.StatusBadRequest, `{"error":{"message":"no","type":"OAuthException","code":`+code+`,"fbtrace_id":"x"}}`)
			return ok
		},
		Uploads: func() int {
			n := 0
			for _, r := range p.Requests() {
				if strings.HasSuffix(r.Path, "/media") {
					n++
				}
			}
			return n
		},
	}
}

// looks are pairs of marks as WhatsApp reads them: each touches what it encloses, on one line, at a word's edge.
var looks = []*regexp.Regexp{
	regexp.MustCompile(`(^|[^\p{L}\p{N}])\*([^\s\p{Z}*](?:[^*\n]*[^\s\p{Z}*])?)\*($|[^\p{L}\p{N}])`),
	regexp.MustCompile(`(^|[^\p{L}\p{N}])_([^\s\p{Z}_](?:[^_\n]*[^\s\p{Z}_])?)_($|[^\p{L}\p{N}])`),
	regexp.MustCompile(`(^|[^\p{L}\p{N}])~([^\s\p{Z}~](?:[^~\n]*[^\s\p{Z}~])?)~($|[^\p{L}\p{N}])`),
	regexp.MustCompile("(^|[^\\p{L}\\p{N}])`([^\\s\\p{Z}`](?:[^`\\n]*[^\\s\\p{Z}`])?)`($|[^\\p{L}\\p{N}])"),
}

func shown(who *fake.Phone) []channeltest.Shown {
	var all []channeltest.Shown
	for _, m := range who.Received() {
		text := m.Text
		for _, look := range looks {
			for changed := ""; changed != text; {
				changed = text
				lines := strings.Split(text, "\n")
				for i, line := range lines {
					lines[i] = look.ReplaceAllString(line, "$1$2$3")
				}
				text = strings.Join(lines, "\n")
			}
		}
		s := channeltest.Shown{Text: text}
		for _, o := range m.Options {
			s.Options = append(s.Options, o.Title)
		}
		if m.Kind == "interactive/cta_url" {
			s.Link = m.ListButton + ": " + m.Link
		}
		if m.Media != "" {
			s.Media, _, _ = strings.Cut(m.Kind, "/")
		}
		all = append(all, s)
	}
	return all
}

func TestThePlatformTakesEveryKindOfMessage(t *testing.T) {
	t.Parallel()
	for name, o := range outgoing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(&channeltest.Inbox{}, nil)
			p.Phone(phone).Write("hola")
			p.clock.Advance(time.Minute)
			for i, part := range parts(t, p.channel, o) {
				r := p.channel.Send(t.Context(), channels.Delivery{ID: "d-1", Account: account, To: identity(), Part: part, Media: files})
				if r.Class != channels.Accepted || r.ProviderID == "" || len(r.Known) == 0 {
					all := p.Requests()
					t.Fatalf("part %d: %+v: %+v", i, r, all[len(all)-1])
				}
			}
			p.clock.Advance(time.Minute)
			if len(p.Phone(phone).Received()) == 0 {
				t.Error("the phone shows nothing")
			}
		})
	}
}

func TestEveryCodeOfTheContractHasItsClass(t *testing.T) {
	t.Parallel()
	p := newPlatform(&channeltest.Inbox{}, nil)
	part := parts(t, p.channel, outgoing["text"])[0]
	for class, codes := range map[channels.Class]string{
		channels.Unauthorized:     "0 3 10 190 200 250 299 131005",
		channels.AccountBlocked:   "33 131045 133010 131042 131037 134011 131063 133000 133005 133006 133008 133009 133015",
		channels.Restricted:       "368 131031",
		channels.Forbidden:        "130497",
		channels.SenderThrottled:  "4 80007 80008 130429 133016",
		channels.PairThrottled:    "131056",
		channels.Suspended:        "131048 131064",
		channels.Retry:            "1 2 131000 131016 131057 133004 999999",
		channels.MediaUnusable:    "131052 131053",
		channels.OutsideWindow:    "131047",
		channels.Unreachable:      "131026 130403 131021 131030 131049 130472 131062",
		channels.Stopped:          "131050",
		channels.PersonChanged:    "137000",
		channels.RequestBug:       "100 131008 131009 131051 135000 139200 132068 139000 131020 131041 131059 131201 131215 138006 131044",
		channels.TemplateUnusable: "132000 132001 132005 132007 132008 132012 132015 132016 132018 131055 134100 134101 134102 2388039 2388293 2388019",
	} {
		for _, code := range strings.Fields(codes) {
			for _, status := range []int{200, 400, 500} { // the status says nothing
				p.next = answered(status, `{"error":{"message":"m","code":`+code+`}}`)
				r := p.channel.Send(t.Context(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: part})
				if r.Class != class || r.Code != code {
					t.Errorf("%s with the status %d: %+v, not %s", code, status, r, class)
				}
			}
		}
	}
}

func TestAnAnswerThatIsNotTheAPIsIsNeverTakenForAcceptance(t *testing.T) {
	t.Parallel()
	p := newPlatform(&channeltest.Inbox{}, nil)
	part := parts(t, p.channel, outgoing["text"])[0]
	fails := func(err error) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	type end struct {
		class channels.Class
		code  string
		wait  time.Duration
	}
	for name, c := range map[string]struct {
		next func(*http.Request) (*http.Response, error)
		want end
	}{
		"a page of HTML":          {answered(200, "<html>"), end{channels.UnknownOutcome, "http-200", 0}},
		"a page of HTML, 502":     {answered(502, "<html>"), end{channels.UnknownOutcome, "http-502", 0}},
		"a page of HTML, 503":     {answered(503, "<html>"), end{channels.Retry, "http-503", 0}},
		"a page of HTML, 403":     {answered(403, "<html>"), end{channels.Retry, "http-403", 0}},
		"a redirect":              {answered(302, ""), end{channels.Retry, "http-302", 0}},
		"too many":                {answered(429, ""), end{channels.SenderThrottled, "http-429", 0}},
		"100 MB":                  {answered(200, strings.Repeat("x", 1<<20)), end{channels.UnknownOutcome, "http-200", 0}},
		"huge sound JSON":         {answered(200, `{"messages":[{"id":"a"}],"x":"`+strings.Repeat("x", 1<<20)+`"}`), end{channels.UnknownOutcome, "http-200", 0}},
		"no id":                   {answered(200, `{"messaging_product":"whatsapp"}`), end{channels.UnknownOutcome, "no-id", 0}},
		"an error without a code": {answered(200, `{"error":{}}`), end{channels.UnknownOutcome, "http-200", 0}},
		"nothing":                 {answered(200, ``), end{channels.UnknownOutcome, "http-200", 0}},
		"a cut connection":        {fails(io.ErrUnexpectedEOF), end{channels.UnknownOutcome, "connection", 0}},
		"no connection":           {fails(&net.OpError{Op: "dial", Err: errors.New("refused")}), end{channels.Retry, "no-connection", 0}},
		"wait in seconds":         {waits("17"), end{channels.SenderThrottled, "130429", 17 * time.Second}},
		"wait until a date":       {waits(morning.Add(time.Minute).Format(http.TimeFormat)), end{channels.SenderThrottled, "130429", time.Minute}},
		"wait for ever":           {waits("99999999"), end{channels.SenderThrottled, "130429", 24 * time.Hour}},
		"wait for no time":        {waits("-5"), end{channels.SenderThrottled, "130429", 0}},
	} {
		p.next = c.next
		r := p.channel.Send(t.Context(), channels.Delivery{ID: "d", Account: account, To: identity(), Part: part})
		if got := (end{r.Class, r.Code, r.RetryAfter}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func waits(after string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		response, err := answered(429, `{"error":{"code":130429}}`)(r)
		response.Header.Set("Retry-After", after)
		return response, err
	}
}

func TestMediaThatIsGoneGoesUpAgain(t *testing.T) {
	t.Parallel()
	p := newPlatform(&channeltest.Inbox{}, func(c *fake.Config) { c.Faults.MediaExpired = fake.At(1) })
	p.Phone(phone).Write("hola")
	p.clock.Advance(time.Minute)
	d := channels.Delivery{ID: "d", Account: account, To: identity(), Part: parts(t, p.channel, outgoing["image"])[0], Media: files}
	if r := p.channel.Send(t.Context(), d); r.Class != channels.MediaUnusable || r.Tries != 2 {
		t.Fatalf("the first try ended as %+v", r)
	}
	if r := p.channel.Send(t.Context(), d); r.Class != channels.Accepted {
		t.Errorf("the second try ended as %+v", r)
	}
}

func TestReceivedMediaIsFetchedAndChecked(t *testing.T) {
	t.Parallel()
	inbox := &channeltest.Inbox{}
	p := newPlatform(inbox, nil)
	p.Phone(phone).SendImage([]byte("\xff\xd8\xff\xe0 a document"), "mi carta")
	p.clock.Advance(time.Minute)
	all := inbox.Messages()
	if len(all) != 1 || all[0].Attachment == nil {
		t.Fatalf("received %+v", all)
	}
	fetch := func(a channels.Attachment) (string, error) {
		content, err := p.channel.FetchMedia(t.Context(), account, a)
		if err != nil {
			return "", err
		}
		defer content.Close()
		b, err := io.ReadAll(content)
		return string(b), err
	}
	if got, err := fetch(*all[0].Attachment); err != nil || got != "\xff\xd8\xff\xe0 a document" {
		t.Errorf("got %q, %v", got, err)
	}
	other := *all[0].Attachment
	other.SHA256 = make([]byte, 32)
	if _, err := fetch(other); err == nil {
		t.Error("another content than announced is taken")
	}
	if _, err := fetch(channels.Attachment{ID: "0"}); err == nil {
		t.Error("media that nobody sent is there")
	}
}

func TestTypingMarksTheMessageAsRead(t *testing.T) {
	t.Parallel()
	p := newPlatform(&channeltest.Inbox{}, nil)
	who := p.Phone(phone)
	id := who.Write("hola")
	p.clock.Advance(time.Minute)
	if r := p.channel.ShowTyping(t.Context(), account, identity(), id); r.Class != channels.Accepted {
		t.Fatalf("%+v", r)
	}
	if !who.Typing() || who.Messages()[0].Status != "read" {
		t.Errorf("typing %v, %q", who.Typing(), who.Messages()[0].Status)
	}
}

func TestOurIDComesBackWithEachStatus(t *testing.T) {
	t.Parallel()
	var got []channels.Status
	p := newPlatform(inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			if in.Kind == channels.StatusReceived {
				got = append(got, in.Status)
			}
		}
		return nil
	}), func(c *fake.Config) { c.Faults.TimeoutAfterAccept = fake.At(1) })
	p.Phone(phone).Write("hola")
	p.clock.Advance(time.Minute)
	r := p.channel.Send(t.Context(), channels.Delivery{ID: "d-17", Account: account, To: identity(), Part: parts(t, p.channel, outgoing["text"])[0]})
	if r.Class != channels.UnknownOutcome {
		t.Fatalf("a send without an answer ended as %+v", r)
	}
	p.clock.Advance(time.Minute)
	last := channels.Pending
	for _, s := range got {
		if s.OurID != "d-17" || s.ProviderID == "" {
			t.Errorf("a status of %+v", s)
		}
		last = channels.Latest(last, s.Rank)
	}
	if last != channels.Read {
		t.Errorf("the last of %v is %s", got, last)
	}
}
