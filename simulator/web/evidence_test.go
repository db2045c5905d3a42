package web_test

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"baraza/dsl"
	"baraza/simulator/rounds"
	"baraza/simulator/script"
	"baraza/simulator/web"
)

// A folder of a pack on the disk, for who writes tests into it.
type folder struct {
	t    *testing.T
	path string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.write("pack.flow", packText)
	f.write("talk.flow", flowText)
	return f
}

func (f folder) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.path, name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// pack is the one in the folder.
func (f folder) pack() web.Pack {
	above, name := os.DirFS(filepath.Dir(f.path)), filepath.Base(f.path)
	p := packIn(f.t, "desk", above, name)
	p.Folder = web.Folder{Path: f.path, Above: above, Name: name}
	return p
}

// tried is a round at the desk that one tester has been through, with remarks and tasks.
func (r *room) tried() (rounds.Round, rounds.Session) {
	r.t.Helper()
	made, token := r.invite(rounds.Round{Pack: "desk", Title: "Round in <Nairobi>", Persona: rounds.Persona{Language: "en"}, Tasks: []rounds.Task{
		{ID: "case", Text: map[string]string{"en": "Find out how your case stands."}, Reach: "talk.listen"}}}, "")
	p := r.begin(token, true)
	p.act("task", map[string]any{"task": "case", "text": "begin"})
	p.write("hello")
	p.write("is it <b>bold</b>")
	p.act("remark", map[string]any{"about": 2, "kind": "harmful", "text": "They read <my> letters"})
	p.act("task", map[string]any{"text": rounds.Done})
	p.act("finish", nil)
	all, err := r.rounds.Sessions(made.ID)
	if err != nil || len(all) != 1 {
		r.t.Fatalf("%d sessions, %v", len(all), err)
	}
	return made, all[0]
}

// load is what a page of ours reads; headers are name and value in turn.
func (r *room) load(path string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	return r.request(http.MethodGet, path, nil, headers...)
}

func (r *room) request(method, path string, body any, headers ...string) (*http.Response, string) {
	r.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, bytes.NewReader(b))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response, string(text)
}

// page is what a page says, without its tags.
func (r *room) page(path string) string {
	r.t.Helper()
	response, text := r.load(path)
	if response.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s\n%s", path, response.Status, text)
	}
	policy := response.Header.Get("Content-Security-Policy")
	if response.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") ||
		response.Header.Get("Referrer-Policy") != "no-referrer" {
		r.t.Errorf("%s: %v", path, response.Header)
	}
	for _, title := range regexp.MustCompile(`<title>([^<]*)`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(title[1], "A round") && !strings.HasPrefix(title[1], "A session") {
			r.t.Errorf("%s: the title is %q", path, title[1])
		}
	}
	if found := regexp.MustCompile(`(?i)\son[a-z]+="|\sstyle="|<script>`).FindString(text); found != "" {
		r.t.Errorf("%s has %q", path, found)
	}
	plain := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " ")
	return html.UnescapeString(strings.Join(strings.Fields(plain), " "))
}

// bless is the click of a designer who has seen a draft.
func (r *room) bless(session, version string) (int, string) {
	r.t.Helper()
	response, text := r.request(http.MethodPost, "/watch/round/bless", map[string]string{"session": session, "version": version},
		"Origin", r.server.URL, "X-Baraza", "watch")
	var told struct{ Says string }
	if json.Unmarshal([]byte(text), &told) != nil {
		told.Says = text
	}
	return response.StatusCode, told.Says
}

func wants(t *testing.T, what, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", what, want, text)
		}
	}
}

func TestARoundIsReadOnItsPage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{f.pack()}})
	made, session := r.tried()
	f.write("talk.flow", strings.Replace(flowText, "Which number?", "Which number is on your letter?", 1))
	wants(t, "the round", r.page("/watch/round/?round="+made.ID), "Round in <Nairobi>", "Recorded: 1, of these finished: 1.",
		"With fewer than 5 people", "Find out how your case stands.", "1 of 1", "talk.listen.ask, en", "Which number?",
		"Now: Which number is on your letter?", "this could hurt someone : They read <my> letters", "on older wording",
		"Steps: 1 of 4 were tried", "When branches: 2 of 6 were tried", "in person.desk: when outside hours", "Participant 1 , finished")
	wants(t, "the session", r.page("/watch/round/session?session="+session.ID), "Tester, at talk.listen", "is it <b>bold</b>",
		"this could hurt someone : They read <my> letters", "says something else after turn 1 , at the beginning")
	for path, want := range map[string]string{
		"/watch/report?format=md&round=" + made.ID:                  "# Round in &lt;Nairobi&gt;",
		"/watch/report?format=csv&round=" + made.ID:                 "They read <my> letters",
		"/watch/round/transcript?format=md&session=" + session.ID:   "# Participant 1",
		"/watch/round/transcript?format=json&session=" + session.ID: `"Text": "hello"`,
		"/watch/round/test?session=" + session.ID + "&as=now":       "is on your letter?",
	} {
		response, text := r.load(path)
		wants(t, path, text, want)
		if !strings.HasPrefix(response.Header.Get("Content-Disposition"), "attachment; ") || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
}

// A conversation that was recorded is played on the draft, blessed as it goes there, and runs in baraza test.
func TestASessionIsPlayedOnTheDraftAndBlessed(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	r := newRoom(t, web.Settings{Edit: true, Packs: []web.Pack{f.pack()}})
	made, session := r.tried()
	at := "/watch/round/session?session=" + session.ID
	file := rounds.BlockName(session.ID)
	wants(t, "the same draft", r.page(at), "says the same as was said in the session", "This test passes on the newest draft.",
		"person: hello bot: Which number?", "The test is written into the pack’s folder")
	wants(t, "all of them", r.page("/watch/round/compare?round="+made.ID), "1 of 1 session says the same")
	seen := version(t, f)

	t.Log("another draft")
	f.write("talk.flow", strings.Replace(flowText, "Which number?", "Which number is on your letter?", 1))
	wants(t, "the difference", r.page(at), "says something else after turn 1", "Tester: hello", "✗ differs bot: Which number? bot: Which number is on your letter?",
		"As it was, the session is no test that passes.", "The test as it will be")
	wants(t, "all of them", r.page("/watch/round/compare?round="+made.ID), "0 of 1 session says the same", "1 differs.",
		"differs after turn 1, at the beginning")
	if response, text := r.load("/watch/round/test?session=" + session.ID); response.StatusCode != http.StatusConflict || !strings.Contains(text, "says something else now") {
		t.Errorf("as it was: %s, %s", response.Status, text)
	}
	if status, says := r.bless(session.ID, seen); status != http.StatusConflict || !strings.Contains(says, "has changed since") {
		t.Errorf("a draft that nobody looked at is blessed: %d, %s", status, says)
	}
	if _, err := os.Stat(filepath.Join(f.path, file)); err == nil {
		t.Error("it is written all the same")
	}
	status, says := r.bless(session.ID, version(t, f))
	if status != http.StatusOK || !strings.HasPrefix(says, file+" is written") {
		t.Fatalf("%d, %s", status, says)
	}
	wants(t, "blessed", r.page(at), "blessed", "It is blessed, and its test passes.")
	wants(t, "all of them", r.page("/watch/round/compare?round="+made.ID), "1 differs, of these 1 as blessed.")
	above, dir := os.DirFS(filepath.Dir(f.path)), filepath.Base(f.path)
	checked := dsl.Open(above, dir).Check()
	if checked.Program() == nil || len(checked.Pack.Tests) != 1 {
		t.Fatalf("%d tests, %v", len(checked.Pack.Tests), checked.Problems)
	}
	if got := script.Run(checked.Pack, checked.Program(), os.DirFS(f.path), checked.Pack.Tests[0], nil); !got.Passed {
		t.Errorf("baraza test says %s", got.Problem)
	}

	t.Log("a third draft, and one with errors")
	f.write("talk.flow", strings.Replace(flowText, "Which number?", "What is the number?", 1))
	wants(t, "the third", r.page(at), "its test does not pass any more", "✗ differs bot: Which number is on your letter? bot: What is the number?")
	f.write("talk.flow", "flow talk: Talk\n\nstep listen\n  say nothing\n")
	wants(t, "errors", r.page(at), "The files of the pack as they are now cannot run", "Correct the files of the pack first.")
	if status, says := r.bless(session.ID, version(t, f)); status != http.StatusConflict || !strings.Contains(says, "correct them first") {
		t.Errorf("with errors: %d, %s", status, says)
	}
}

// version is the program of the pack as it is now; "" where it cannot run.
func version(t *testing.T, f folder) string {
	t.Helper()
	p := dsl.Open(os.DirFS(filepath.Dir(f.path)), filepath.Base(f.path)).Check().Program()
	if p == nil {
		return ""
	}
	return p.Hash
}

func TestWithoutLeaveToWriteABlessedTestIsDownloaded(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{f.pack()}})
	_, session := r.tried()
	at := "/watch/round/session?session=" + session.ID
	wants(t, "before", r.page(at), "was not started with --edit , so it writes nothing")
	status, says := r.bless(session.ID, version(t, f))
	if status != http.StatusOK || !strings.Contains(says, "put it into the pack's folder as "+rounds.BlockName(session.ID)) {
		t.Errorf("%d, %s", status, says)
	}
	if _, err := os.Stat(filepath.Join(f.path, "tests")); err == nil {
		t.Error("something was written")
	}
	wants(t, "after", r.page(at), rounds.BlockName(session.ID)+" is not in the pack’s folder")
	response, text := r.load("/watch/round/test?session=" + session.ID)
	if want := `attachment; filename="` + filepath.Base(rounds.BlockName(session.ID)) + `"`; response.Header.Get("Content-Disposition") != want {
		t.Errorf("got %v, want %s", response.Header, want)
	}
	if err := os.Mkdir(filepath.Join(f.path, "tests"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.write(rounds.BlockName(session.ID), text)
	wants(t, "put there by hand", r.page(at), "It is blessed, and its test passes.")
}

func TestEvidenceIsForDesignersOnOurOwnPages(t *testing.T) {
	t.Parallel()
	const own, key = "https://try.example.org", "a-key-of-at-least-22-letters"
	f := newFolder(t)
	there := newRoom(t, web.Settings{Own: own, Key: key, Packs: []web.Pack{f.pack()}})
	here := newRoom(t, web.Settings{Edit: true, Packs: []web.Pack{f.pack()}})
	made, _ := there.invite(rounds.Round{Pack: "desk"}, "")
	mine, session := here.tried()
	unknown := strings.Repeat("0", 32)
	for _, path := range []string{"/watch/round/?round=", "/watch/round/compare?round=", "/watch/report?round=",
		"/watch/round/session?session=", "/watch/round/transcript?session=", "/watch/round/test?session="} {
		id := session.ID
		if strings.HasSuffix(path, "?round=") {
			id = mine.ID
			if got, _ := there.load(path + made.ID); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s without the key: %s", path, got.Status)
			}
		} else if got, _ := there.load(path + unknown); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without the key: %s", path, got.Status)
		}
		for name, c := range map[string]struct {
			id      string
			headers []string
			want    int
		}{
			"our own":      {id, []string{"Sec-Fetch-Site", "same-origin"}, 200},
			"by hand":      {id, []string{"Sec-Fetch-Site", "none"}, 200},
			"another site": {id, []string{"Sec-Fetch-Site", "cross-site"}, 403},
			"another port": {id, []string{"Sec-Fetch-Site", "same-site"}, 403},
			"foreign":      {id, []string{"Origin", "https://evil.example"}, 403},
			"unknown":      {unknown, nil, 404},
			"no id":        {"../../etc", nil, 404},
			"none":         {"", nil, 404},
		} {
			if got, _ := here.load(path+c.id, c.headers...); got.StatusCode != c.want {
				t.Errorf("%s, %s: got %d, want %d", path, name, got.StatusCode, c.want)
			}
		}
	}
	if got, _ := here.load("/watch/round/test?session=" + session.ID + "&file=../pack.flow"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a file of the pack: %s", got.Status)
	}
	good := map[string]string{"session": session.ID, "version": version(t, f)}
	for name, c := range map[string]struct {
		body    any
		headers []string
		want    int
	}{
		"foreign":       {good, []string{"Origin", "https://evil.example", "X-Baraza", "watch"}, 403},
		"no origin":     {good, []string{"X-Baraza", "watch"}, 403},
		"a form":        {good, []string{"Origin", here.server.URL}, 403},
		"unknown":       {map[string]string{"session": unknown}, []string{"Origin", here.server.URL, "X-Baraza", "watch"}, 404},
		"no JSON":       {"x", []string{"Origin", here.server.URL, "X-Baraza", "watch"}, 403},
		"longer than 4": {map[string]string{"session": strings.Repeat("0", 5<<10)}, []string{"Origin", here.server.URL, "X-Baraza", "watch"}, 403},
	} {
		if got, _ := here.request(http.MethodPost, "/watch/round/bless", c.body, c.headers...); got.StatusCode != c.want {
			t.Errorf("%s blesses: got %d, want %d", name, got.StatusCode, c.want)
		}
	}
	if got, _ := there.request(http.MethodPost, "/watch/round/bless", good, "Origin", own, "X-Baraza", "watch"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the key: %s", got.Status)
	}
	if kept, err := here.rounds.Session(session.ID); err != nil || kept.Blessed {
		t.Errorf("it is blessed: %v, %v", kept.Blessed, err)
	}
	if _, err := os.Stat(filepath.Join(f.path, "tests")); err == nil {
		t.Error("something was written")
	}
}

func TestThePageSaysWhyASessionIsNoTest(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	r := newRoom(t, web.Settings{Edit: true, Packs: []web.Pack{f.pack()}})
	made, token := r.invite(rounds.Round{Pack: "desk"}, "")
	r.begin(token, true)
	gone, err := r.rounds.Sessions(made.ID)
	if err != nil || len(gone) != 1 {
		t.Fatalf("%d sessions, %v", len(gone), err)
	}
	const says = "Nothing happened in this session."
	wants(t, "nothing", r.page("/watch/round/session?session="+gone[0].ID), "The session cannot be a test: "+says, "The session cannot be blessed: "+says)
	if status, told := r.bless(gone[0].ID, version(t, f)); status != http.StatusConflict || told != says {
		t.Errorf("%d, %s", status, told)
	}

	t.Log("a tester who is no one to the flow any more, and a pack that is gone")
	made, token = r.invite(rounds.Round{Pack: "desk", Persona: rounds.Persona{Language: "en"}}, "")
	r.begin(token, true).write("hello")
	other, err := r.rounds.Sessions(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.write("pack.flow", regexp.MustCompile(`\ben\b`).ReplaceAllString(packText, "sw"))
	const unfit = `The pack has no language "en".`
	wants(t, "another language", r.page("/watch/round/session?session="+other[0].ID), "cannot be played on it: "+unfit)
	wants(t, "all of them", r.page("/watch/round/compare?round="+made.ID), "1 cannot be played.", unfit)
	if status, told := r.bless(other[0].ID, version(t, f)); status != http.StatusConflict || told != unfit {
		t.Errorf("%d, %s", status, told)
	}
	if err := r.web.Close(); err != nil {
		t.Fatal(err)
	}
	if r.web, err = web.New(web.Settings{Packs: samples(t), Rounds: r.rounds, Now: r.clock.Now}); err != nil {
		t.Fatal(err)
	}
	r.served.Store(r.web)
	const without = "The simulator was started without this pack"
	wants(t, "the round", r.page("/watch/round/?round="+made.ID), without, "Recorded: 1")
	wants(t, "the session", r.page("/watch/round/session?session="+other[0].ID), without, "hello")
	if status, told := r.bless(other[0].ID, ""); status != http.StatusConflict || !strings.Contains(told, without) {
		t.Errorf("%d, %s", status, told)
	}
}
