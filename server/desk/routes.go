package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"baraza/engine/release"
)

// Route is one thing that can be asked. All are asked by POST with a JSON object, so that a name or a number of a
// person never stands in an address, which proxies and logs keep.
type Route struct {
	Path string
	// Does says in one sentence what it is for.
	Does string
	// Changes tells those that change something from those that show. Each leaves a record of who did it.
	Changes bool
	// Records tells of those that show which of them take so much away that they leave a record, too.
	Records bool
	// Urgent tells those that are done although no record can be written; the answer says then that there is none.
	Urgent bool
	// Machine tells those that belong to no country. A desk of one country refuses them.
	Machine bool
	// Takes is the type of what is sent, and Most how many bytes of it; JSON of a megabyte unless it says otherwise.
	Takes string
	Most  int64
	// Gives is the type of what is answered; JSON unless it says otherwise.
	Gives string
	// In and Out are what the JSON of the request and of the answer is made from.
	In, Out reflect.Type
	serve   func(*Desk, http.ResponseWriter, *http.Request) error
}

// Routes are all there are, in the order of the manual.
func Routes() []Route {
	return []Route{
		show("/case/list", "List the cases of teams.", (*Desk).Cases),
		show("/case/show", "Show one case with what was said in it.", (*Desk).Case),
		change("/case/reply", "Send a word of staff to the person of a case.", (*Desk).Reply),
		change("/case/done", "Close a case; the flow takes the conversation back.", (*Desk).Done),
		{Path: "/case/file", Does: "Fetch a file that the person of a case sent.", Records: true, Gives: octets, In: reflect.TypeFor[CaseFile](), serve: (*Desk).serveFile},
		show("/contact/find", "Find the key of a person by a name on a channel.", (*Desk).Find),
		show("/contact/show", "Show in short what is kept of a person.", (*Desk).Contact),
		show("/contact/export", "Copy everything that is kept of a person.", (*Desk).Export).records(),
		change("/contact/erase", "Delete everything that is kept of a person, and their keys.", (*Desk).Erase),
		show("/outbox/list", "List messages that did not go out.", (*Desk).Letters),
		change("/outbox/retry", "Send dead letters once more.", (*Desk).Retry),
		change("/outbox/drop", "Delete dead letters.", (*Desk).Drop),
		show("/sender/list", "List senders, and which of them hold back.", (*Desk).SenderLines),
		change("/sender/resume", "Let a sender send again that holds back.", (*Desk).Resume),
		show("/report/list", "List what operators should see, by codes.", (*Desk).Reports),
		show("/store/check", "Read the whole store and name every problem.", (*Desk).Check).machine(),
		show("/store/stats", "Count what is kept.", (*Desk).Stats).machine(),
		change("/store/compact", "Give deleted space back.", (*Desk).Compact).machine(),
		{Path: "/store/backup", Does: "Stream a backup of data and keys.", Records: true, Machine: true, Gives: "multipart/form-data", In: reflect.TypeFor[None](), serve: (*Desk).serveBackup},
		change("/store/confirm-clock", "Say that the clock is right, where it is doubted.", (*Desk).ConfirmClock).machine(),
		show("/key/list", "List countries and their keys.", (*Desk).KeyList),
		{Path: "/release/plan", Does: "Say what a bundle would change, and for whom.", Takes: octets, Most: mostBundle, Out: reflect.TypeFor[Plan](), serve: (*Desk).servePlan},
		{Path: "/release/keep", Does: "Keep a signed bundle, so that it can be activated.", Changes: true, Takes: octets, Most: mostBundle, Out: reflect.TypeFor[KeptRelease](), serve: (*Desk).serveKeep},
		show("/release/status", "Say which releases serve a pack, and who is on which.", (*Desk).Releases).takes(reflect.TypeFor[OnePack]()),
		show("/release/list", "List the releases of a pack that are kept.", (*Desk).ReleaseList),
		show("/release/show", "Show one release that is kept, and when it served.", (*Desk).ReleaseShow),
		show("/release/gates", "Say what a release needs before it serves people, and what of it is met.", (*Desk).Gates),
		change("/release/approve", "Approve a release that is kept, so that another person can activate it.", (*Desk).Approve),
		change("/release/override", "Ask that a gate does not hold a release back, or confirm it as the second person.", (*Desk).Override),
		change("/release/activate", "Have a release serve all, or a part of those who begin.", (*Desk).Activate),
		change("/release/promote", "Have the release that is tried serve all.", (*Desk).Promote),
		change("/release/rollback", "Take back what is tried, or have an earlier release serve.", (*Desk).Rollback),
		change("/release/forget", "Remove a release that is kept and that nobody needs.", (*Desk).Forget),
		change("/incident/freeze", "Hold what a country's flows say by themselves, and tell people a notice.", (*Desk).Freeze).urgent(),
		change("/incident/unfreeze", "Serve a country again, and answer what was held.", (*Desk).Unfreeze),
		show("/incident/status", "Say which countries are frozen, and what is held.", (*Desk).Incidents),
		show("/incident/check", "Say what is wrong with a notice, and change nothing.", (*Desk).CheckNotice),
		change("/key/rotate", "Wrap all keys of a country with its newest key.", (*Desk).RotateKey),
		show("/audit/list", "List who did what.", (*Desk).Records),
		{Path: "/audit/export", Does: "Copy the log of who did what, one record a line.", Records: true, Gives: "application/jsonl", In: reflect.TypeFor[RecordQuery](), serve: (*Desk).serveRecords},
		show("/audit/verify", "Say whether the log of who did what is as it was written.", (*Desk).Verify).machine(),
	}
}

// mostBody is what can be asked at once: far more than the longest reply. mostDepth is how deep its JSON may be nested.
const (
	mostBody   = 1 << 20
	mostBundle = release.MaxBytes + release.MaxManifest
	mostDepth  = 16
)

func (r Route) records() Route { r.Records = true; return r }
func (r Route) machine() Route { r.Machine = true; return r }

func (r Route) urgent() Route { r.Urgent = true; return r }

// takes says what a request is in place of a type that has more than the route looks at.
func (r Route) takes(in reflect.Type) Route { r.In = in; return r }

// LeavesRecord tells whether who asks is written down.
func (r Route) LeavesRecord() bool { return r.Changes || r.Records }

func show[In, Out any](path, does string, do func(*Desk, context.Context, In) (Out, error)) Route {
	route := Route{Path: path, Does: does, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()}
	route.serve = func(d *Desk, w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := readBody(r, &in); err != nil {
			return err
		}
		d.bind(r.Context(), &in)
		doingOf(r.Context()).asked = true
		out, err := do(d, r.Context(), in)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, out)
	}
	return route
}

func change[In, Out any](path, does string, do func(*Desk, context.Context, In) (Out, error)) Route {
	route := show(path, does, do)
	route.Changes = true
	return route
}

func readBody(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return &Problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than %d bytes", mostBody)}
	}
	if err != nil {
		return &Problem{http.StatusBadRequest, "the request ended too early"}
	}
	if deep(body) {
		return &Problem{http.StatusBadRequest, fmt.Sprintf("the request is nested deeper than %d levels", mostDepth)}
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return &Problem{http.StatusBadRequest, "the request is not the JSON that is expected: " + err.Error()}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &Problem{http.StatusBadRequest, "the request has more than one JSON value"}
	}
	return nil
}

// deep tells whether JSON is nested deeper than anything that is asked for.
func deep(body []byte) bool {
	depth, text, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case text:
			text, escaped = c != '"', c == '\\'
		case c == '"':
			text = true
		case c == '{' || c == '[':
			if depth++; depth > mostDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return nil
}

// Handler answers for the desk. Errors are {"error": "a sentence"}.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range Routes() {
		mux.Handle(route.Path, d.answer(route))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.refuse(w, r, missing("there is nothing at %s", r.URL.Path))
	})
	return mux
}

func (d *Desk) answer(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			d.refuse(w, r, &Problem{http.StatusMethodNotAllowed, "ask by POST"})
			return
		}
		// A page of a site cannot send this type to another site without asking.
		takes := cmp.Or(route.Takes, "application/json")
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != takes {
			d.refuse(w, r, &Problem{http.StatusUnsupportedMediaType, "send " + takes + ", and say so in Content-Type"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(route.Most, mostBody))
		begun := time.Now()
		serve := route.serve
		if route.LeavesRecord() {
			serve = func(d *Desk, w http.ResponseWriter, r *http.Request) error { return d.recorded(route, w, r) }
		}
		if err := serve(d, w, r); err != nil {
			d.refuse(w, r, err)
			return
		}
		if route.LeavesRecord() {
			d.log.Info("an operator's command", "command", route.Path, "took", time.Since(begun))
		}
	})
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := statusOf(err)
	if status >= http.StatusInternalServerError {
		d.log.Error("an operator's command failed", "command", r.URL.Path, "error", err)
	}
	_ = writeJSON(w, status, map[string]string{"error": text})
}
