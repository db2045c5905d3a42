// Package fake is a WhatsApp Cloud API server that runs in a test or on a desk: it takes the requests a business
// sends to graph.facebook.com, holds each against the published shapes and limits, and delivers signed webhooks
// to the business's callback. People write and tap through Phone, or on the page at /phone. By a seed it
// misbehaves as the platform does: see Faults.
//
// It is stricter than the platform where the platform is silently wrong: a phone number without + is refused,
// not sent to somebody else, and a key that nobody knows is refused, not ignored. It knows nothing of the client
// it talks to, and the client nothing of it, so that a misreading in one does not hide in the other.
package fake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what a server is made of. Secret and Token are required; without Callback nothing is delivered
// until SetCallback.
type Config struct {
	Callback    string // address that webhooks are posted to
	Secret      string // app secret, key of X-Hub-Signature-256
	Token       string // bearer token that requests must carry
	VerifyToken string // what Verify sends as hub.verify_token

	Numbers   []Number // of the business; without any, one is made up
	Templates []Template

	Faults    Faults
	Clock     Clock         // System unless given
	Pacing    Pacing        // the platform's unless given
	Latency   Latency       // of deliveries, some moments unless given
	Client    *http.Client  // that delivers webhooks; gives up after 10 s unless given
	BaseURL   string        // where this server is reached, for media addresses in webhooks; they are left out without it
	NoUserIDs bool          // people met by their number have no business-scoped id, as before April 2026
	Log       func(Request) // called for each request that was answered, when given
}

// A Number is one phone number of the business.
type Number struct {
	ID      string // phone_number_id, as in the path of requests
	Display string // the number itself, with +
	Account string // id of the WhatsApp Business Account it belongs to
	Label   string // what the page calls it, such as "Ecuador"; the number itself unless given
}

// Latency is how long after acceptance a message is sent, reaches the phone and is read; each counts from the
// one before.
type Latency struct{ Sent, Delivered, Read time.Duration }

// Server is the platform. Create one with New; it is an http.Handler, safe for use by many goroutines.
type Server struct {
	mux    *http.ServeMux
	config Config
	clock  Clock

	mu       sync.Mutex
	callback string
	chance   *chance
	numbers  []*Number
	byPhone  map[string]*person
	byUser   map[string]*person
	everyone []*person
	paces    map[string]*pace // by number id
	media    map[string]*medium
	tickets  map[string]ticket // media addresses by their last part
	sent     map[string]*sent
	order    []*sent

	noToken  bool // until GiveToken
	holding  bool // until Release
	held     []*update
	gathered []*update // of the fault Batch
	pending  int       // updates that the callback has neither taken nor lost
	closed   bool
	posts    sync.WaitGroup

	requests   []Request
	deliveries []Delivery
	counts     map[string]int // of ids made, by what they are for
	changed    chan struct{}  // closed at the next change
}

// A Request is one that the server answered.
type Request struct {
	At      time.Time
	Method  string
	Path    string
	Body    json.RawMessage // of a message
	Status  int             // of HTTP; 0 when the connection was cut without an answer
	Code    int             // of the error, when there is one
	Details string          // of the error
	ID      string          // of the message or the media it made
}

// New is a server at its beginning. It panics without a secret or a token: tests are then wrong, not the client.
func New(config Config) *Server {
	if config.Secret == "" || config.Token == "" {
		panic("fake: Config needs a Secret and a Token")
	}
	if len(config.Numbers) == 0 {
		config.Numbers = []Number{{ID: "106540352242922", Display: "+15550783881", Account: "102290129340398"}}
	}
	if config.Clock == nil {
		config.Clock = System
	}
	if config.Pacing == (Pacing{}) {
		config.Pacing = platformPacing
	}
	if config.Latency == (Latency{}) {
		config.Latency = Latency{Sent: 100 * time.Millisecond, Delivered: 300 * time.Millisecond, Read: 2 * time.Second}
	}
	if config.Client == nil {
		config.Client = &http.Client{Timeout: 10 * time.Second}
	}
	s := &Server{
		mux: http.NewServeMux(), config: config, clock: config.Clock, callback: config.Callback,
		chance:  newChance(config.Faults),
		byPhone: map[string]*person{}, byUser: map[string]*person{}, paces: map[string]*pace{},
		media: map[string]*medium{}, tickets: map[string]ticket{}, sent: map[string]*sent{},
		counts: map[string]int{}, changed: make(chan struct{}),
	}
	for _, number := range config.Numbers {
		s.numbers = append(s.numbers, &number)
		s.paces[number.ID] = &pace{}
	}
	s.mux.HandleFunc("POST /{version}/{number}/messages", s.graph(s.postMessage))
	s.mux.HandleFunc("POST /{version}/{number}/media", s.graph(s.postMedia))
	s.mux.HandleFunc("GET /{version}/{id}", s.graph(s.getNode))
	s.mux.HandleFunc("DELETE /{version}/{id}", s.graph(s.deleteMedia))
	s.mux.HandleFunc("GET /{version}/{id}/message_templates", s.graph(s.getTemplates))
	s.mux.HandleFunc("GET /lookaside/{ticket}", s.graph(s.download))
	s.mux.HandleFunc("/", s.graph(func(r *http.Request) answer {
		return s.unknown(strings.Trim(r.URL.Path, "/"), r.Method)
	}))
	s.routePage()
	return s
}

// ServeHTTP answers as the Graph API does, and shows the page at /phone. Below a prefix, such as /fake, it wants
// http.StripPrefix("/fake", server), and the prefix in Config.BaseURL and in the client's base URL.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// SetCallback changes where webhooks go, also those that are still retried.
func (s *Server) SetCallback(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callback = address
}

// LoseToken makes every request answer 190, as when the token was withdrawn, until GiveToken.
func (s *Server) LoseToken() { s.setToken(true) }

// GiveToken ends LoseToken.
func (s *Server) GiveToken() { s.setToken(false) }

func (s *Server) setToken(lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noToken = lost
}

// Close stops deliveries and waits for those on their way. What was not delivered stays pending.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.posts.Wait()
}

// Requests are those answered so far, the oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Decisions are all draws of configured faults so far, the oldest first.
func (s *Server) Decisions() []Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.chance.log)
}

// Changed is closed at the next change of anything the server shows: a request, a delivery, a message.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// answer is what a request of the Graph API comes to.
type answer struct {
	refusal *refusal
	body    any    // of a 200, as JSON
	data    []byte // of a 200, of type mime, when body is nil
	mime    string
	html    bool // a page of the machines in front of the API, with the refusal's status
	cut     bool // no answer: the connection ends
	first   func()
	request Request // what is known of it for the record
}

func refused(r *refusal) answer { return answer{refusal: r} }

var versions = regexp.MustCompile(`^v[0-9]+\.[0-9]+$`)

// graph is what all paths of the Graph API have in common: version, token, the shape of answers, the record.
func (s *Server) graph(handle func(r *http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, ok := s.admit(r)
		if ok {
			a = handle(r)
		}
		if a.first != nil {
			a.first()
		}
		a.request.Method, a.request.Path = r.Method, r.URL.Path
		switch {
		case a.cut:
			s.record(a.request)
			panic(http.ErrAbortHandler)
		case a.html:
			a.request.Status = a.refusal.status
			s.record(a.request)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(a.refusal.status)
			fmt.Fprint(w, "<!DOCTYPE html><html lang=\"en\"><title>Error</title><h1>Sorry, something went wrong.</h1></html>")
		case a.refusal != nil:
			a.request.Status, a.request.Code, a.request.Details = a.refusal.status, a.refusal.code, a.refusal.details
			s.record(a.request)
			writeJSON(w, a.refusal.status, a.refusal.body(s.name("trace", "", "A%015X")))
		case a.body != nil:
			a.request.Status = http.StatusOK
			s.record(a.request)
			writeJSON(w, http.StatusOK, a.body)
		default:
			a.request.Status = http.StatusOK
			s.record(a.request)
			w.Header().Set("Content-Type", a.mime)
			_, _ = w.Write(a.data) // nobody waits when the connection is gone
		}
	}
}

// admit refuses what no handler should see.
func (s *Server) admit(r *http.Request) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := r.PathValue("version")
	if version != "" && !versions.MatchString(version) {
		return refused(&refusal{status: 400, code: 2500, message: "Unknown path components: /" + r.PathValue("version")}), false
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !bearer:
		return refused(refuse(0, "The request has no access token.")), false
	case token != s.config.Token:
		return refused(refuse(190, "The access token could not be decrypted.")), false
	case s.noToken, s.chance.strikes(s.clock.Now(), "token-lost", ""):
		return refused(refuse(190, "The session was invalidated: the token is no longer good.")), false
	}
	return answer{}, true
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	r.At = s.clock.Now()
	s.requests = keep(s.requests, r)
	s.change()
	s.mu.Unlock()
	if s.config.Log != nil {
		s.config.Log(r)
	}
}

// name makes the next id of a kind and a scope, in a format for a number; the seed and the count alone decide it.
func (s *Server) name(kind, scope, format string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nameLocked(kind, scope, format)
}

func (s *Server) nameLocked(kind, scope, format string) string {
	s.counts[kind+" "+scope]++
	return fmt.Sprintf(format, s.chance.bits(kind, scope, s.counts[kind+" "+scope])>>4)
}

// number finds one of the business's by its id.
func (s *Server) number(id string) *Number {
	for _, number := range s.numbers {
		if number.ID == id {
			return number
		}
	}
	return nil
}

// unknown is the Graph API's word for what is not there, or not for this token.
func (s *Server) unknown(id, method string) answer {
	return refused(&refusal{status: http.StatusBadRequest, code: 100, subcode: 33, message: fmt.Sprintf(
		"Unsupported %s request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation",
		strings.ToLower(method), id)})
}

// getNode answers for a number of the business or a medium.
func (s *Server) getNode(r *http.Request) answer {
	id := r.PathValue("id")
	s.mu.Lock()
	number := s.number(id)
	s.mu.Unlock()
	if number == nil {
		return s.getMedia(r)
	}
	return answer{body: fields{
		"id": number.ID, "display_phone_number": number.Display, "verified_name": "Baraza",
		"quality_rating": "GREEN", "status": "CONNECTED", "platform_type": "CLOUD_API",
		"throughput": fields{"level": "STANDARD"},
	}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func digits(number string) string { return strings.TrimPrefix(number, "+") }
