package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// maxWaiting is how many messages are read ahead of the one that is answered. A cancellation counts as soon as it
// is read.
const maxWaiting = 256

// server is one session. All but the queue belongs to the goroutine of run.
type server struct {
	options Options
	stream  *stream
	conn    *jsonrpc2.Conn
	ready   chan struct{}          // closed once conn is set
	queue   chan *jsonrpc2.Request // nil is the end

	mu        sync.Mutex
	cancelled map[jsonrpc2.ID]bool // requests that the editor no longer wants
	waiting   map[jsonrpc2.ID]bool

	state    lifecycle
	editor   capabilities
	encoding encoding
	pages    string
	docs     map[string]*document // by path, or by address where it is no file
	folders  []string             // that are open
	packs    []*folder
	known    map[string]*folder // by the pack's folder
	shown    map[string]shownFile
}

type lifecycle uint8

const (
	started lifecycle = iota
	initialized
	shutDown
	left
)

func newServer(o Options) *server {
	return &server{
		options: o, ready: make(chan struct{}), queue: make(chan *jsonrpc2.Request, maxWaiting),
		cancelled: map[jsonrpc2.ID]bool{}, waiting: map[jsonrpc2.ID]bool{}, encoding: utf16Units, pages: o.Pages,
		docs: map[string]*document{}, known: map[string]*folder{}, shown: map[string]shownFile{},
	}
}

// Handle puts a message into the queue. It is called for one message after the other.
func (s *server) Handle(ctx context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
	if r.Method == "$/cancelRequest" {
		s.cancel(r)
		return
	}
	if !r.Notif {
		s.mu.Lock()
		s.waiting[r.ID] = true
		s.mu.Unlock()
	}
	select {
	case s.queue <- r:
	case <-ctx.Done():
	}
}

// cancel marks a request that is still waiting; there is nothing to cancel about others.
func (s *server) cancel(r *jsonrpc2.Request) {
	var p cancelParams
	var id jsonrpc2.ID
	if r.Params == nil || json.Unmarshal(*r.Params, &p) != nil || id.UnmarshalJSON(p.ID) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[id] {
		s.cancelled[id] = true
	}
}

// taken takes a request out of those that wait and tells whether it was cancelled.
func (s *server) taken(id jsonrpc2.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.cancelled[id]
	delete(s.cancelled, id)
	delete(s.waiting, id)
	return was
}

// run answers messages in their order. While none waits, it checks what changed.
func (s *server) run(ctx context.Context) error {
	<-s.ready
	for s.state != left {
		var r *jsonrpc2.Request
		select {
		case r = <-s.queue:
		default:
			if s.checkOne() {
				continue
			}
			select {
			case r = <-s.queue:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if r == nil { // no more will come
			return s.stream.refused()
		}
		if err := s.answer(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// answer carries one message out. The error ends the session. That an answer cannot be sent is none: the end of what
// is read then comes too.
func (s *server) answer(ctx context.Context, r *jsonrpc2.Request) error {
	if r.Notif {
		return s.told(r)
	}
	var result any
	var err error
	if s.taken(r.ID) {
		err = &jsonrpc2.Error{Code: codeCancelled, Message: "the editor took this request back"}
	} else {
		result, err = s.asked(r)
	}
	if err == nil {
		_ = s.conn.Reply(ctx, r.ID, result)
		return nil
	}
	var known *jsonrpc2.Error
	if !errors.As(err, &known) {
		known = &jsonrpc2.Error{Code: codeFailed, Message: err.Error()}
	}
	_ = s.conn.ReplyWithError(ctx, r.ID, known)
	return nil
}

// told takes a notification. One that cannot be read changes nothing.
func (s *server) told(r *jsonrpc2.Request) (err error) {
	if r.Method == "exit" {
		if s.state != shutDown {
			return errNoShutdown
		}
		s.state = left
		return nil
	}
	if take := notifications[r.Method]; take != nil && s.state == initialized {
		defer s.survive(r.Method, nil)
		take(s, r)
	}
	return nil
}

// asked answers a request.
func (s *server) asked(r *jsonrpc2.Request) (result any, err error) {
	switch {
	case r.Method == "initialize" && s.state == started:
		return read(r, s.initialize)
	case r.Method == "initialize":
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "the session has begun already"}
	case r.Method == "shutdown" && s.state == initialized:
		s.state = shutDown
		return nil, nil
	case s.state == shutDown:
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "the session is shut down"}
	case s.state == started:
		return nil, &jsonrpc2.Error{Code: codeNotInitialized, Message: "the session has not begun: initialize comes first"}
	}
	give := requests[r.Method]
	if give == nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: fmt.Sprintf("there is no method %q", clip(r.Method))}
	}
	defer s.survive(r.Method, &err)
	return give(s, r)
}

// survive keeps a mistake of this program in one answer from ending the session, with whatever is typed after it.
func (s *server) survive(method string, err *error) {
	if r := recover(); r != nil {
		s.log(fmt.Sprintf("baraza cannot answer %s: %v", method, r))
		if err != nil {
			*err = &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: "this is a mistake of baraza, not yours; please report it"}
		}
	}
}

// read gives a request's parameters to what answers it.
func read[P, R any](r *jsonrpc2.Request, give func(P) (R, error)) (any, error) {
	var p P
	if r.Params == nil || json.Unmarshal(*r.Params, &p) != nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: "the parameters of this request cannot be read"}
	}
	return give(p)
}

func request[P, R any](give func(*server, P) (R, error)) func(*server, *jsonrpc2.Request) (any, error) {
	return func(s *server, r *jsonrpc2.Request) (any, error) {
		return read(r, func(p P) (R, error) { return give(s, p) })
	}
}

func notification[P any](take func(*server, P)) func(*server, *jsonrpc2.Request) {
	return func(s *server, r *jsonrpc2.Request) {
		var p P
		if r.Params != nil && json.Unmarshal(*r.Params, &p) == nil {
			take(s, p)
		}
	}
}

// requests and notifications are all that the server understands besides the session's beginning and end.
var requests = map[string]func(*server, *jsonrpc2.Request) (any, error){
	"textDocument/completion":          request((*server).completion),
	"textDocument/hover":               request((*server).hover),
	"textDocument/definition":          request((*server).definition),
	"textDocument/references":          request((*server).references),
	"textDocument/documentHighlight":   request((*server).highlights),
	"textDocument/prepareRename":       request((*server).prepareRename),
	"textDocument/rename":              request((*server).rename),
	"textDocument/formatting":          request((*server).formatting),
	"textDocument/documentSymbol":      request((*server).documentSymbols),
	"workspace/symbol":                 request((*server).workspaceSymbols),
	"textDocument/codeAction":          request((*server).codeActions),
	"textDocument/foldingRange":        request((*server).folding),
	"textDocument/semanticTokens/full": request((*server).semantic),
	"baraza/explain":                   request((*server).explain),
}

var notifications = map[string]func(*server, *jsonrpc2.Request){
	"initialized":                         notification(func(s *server, _ struct{}) { s.watchFiles() }),
	"textDocument/didOpen":                notification((*server).opened),
	"textDocument/didChange":              notification((*server).changed),
	"textDocument/didClose":               notification((*server).closed),
	"textDocument/didSave":                notification(func(*server, struct{}) {}),
	"workspace/didChangeWatchedFiles":     notification((*server).watched),
	"workspace/didChangeWorkspaceFolders": notification((*server).foldersChanged),
}

// initialize agrees with the editor on what each can do.
func (s *server) initialize(p initializeParams) (any, error) {
	s.state, s.editor = initialized, p.Capabilities
	for _, e := range p.Capabilities.General.PositionEncodings {
		if e := encoding(e); e == utf8Units || e == utf16Units || e == utf32Units {
			s.encoding = e // the editor's first choice of those we know
			break
		}
	}
	if p.InitializationOptions.Pages != "" {
		s.pages = p.InitializationOptions.Pages
	}
	uris := []string{p.RootURI}
	if len(p.WorkspaceFolders) > 0 {
		uris = nil
		for _, f := range p.WorkspaceFolders {
			uris = append(uris, f.URI)
		}
	}
	for _, uri := range uris {
		s.openFolder(uri)
	}
	type set = map[string]any
	return set{
		"serverInfo": set{"name": "baraza", "version": s.options.Version},
		"capabilities": set{
			"positionEncoding":           s.encoding,
			"textDocumentSync":           set{"openClose": true, "change": 2, "save": set{}},
			"completionProvider":         set{"triggerCharacters": []string{" ", ".", "{", ">", "\"", "/"}},
			"hoverProvider":              true,
			"definitionProvider":         true,
			"referencesProvider":         true,
			"documentHighlightProvider":  true,
			"renameProvider":             set{"prepareProvider": true},
			"documentFormattingProvider": true,
			"documentSymbolProvider":     true,
			"workspaceSymbolProvider":    true,
			"codeActionProvider":         set{"codeActionKinds": []string{kindQuickFix, kindFixAll}},
			"foldingRangeProvider":       true,
			"semanticTokensProvider":     set{"legend": legend, "full": true},
			"workspace":                  set{"workspaceFolders": set{"supported": true, "changeNotifications": true}},
		},
	}, nil
}

// watchFiles asks the editor to tell when files change on the disk.
func (s *server) watchFiles() {
	if !s.editor.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		return
	}
	watch := json.RawMessage(`{"registrations":[{"id":"files","method":"workspace/didChangeWatchedFiles","registerOptions":{"watchers":[{"globPattern":"**/*.{flow,csv,po}"},{"globPattern":"**/media/**"}]}}]}`)
	// The answer is not waited for: it comes through the same reading, and nothing depends on it.
	_, _ = s.conn.DispatchCall(context.Background(), "client/registerCapability", watch)
}

// say shows a sentence to the person.
func (s *server) say(sentence string) {
	_ = s.conn.Notify(context.Background(), "window/showMessage", messageParams{3, sentence})
}

func (s *server) log(sentence string) {
	_ = s.conn.Notify(context.Background(), "window/logMessage", messageParams{1, sentence})
}

// clip keeps a text of the other side short in a message.
func clip(text string) string {
	if len(text) > 60 {
		return text[:60] + "…"
	}
	return text
}
