package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"baraza/channels/channeltest/rawtest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// onDisk is a pack in a folder of its own, with a library beside it.
func onDisk(t *testing.T) (one web.Pack, folder string) {
	t.Helper()
	above := t.TempDir()
	folder = filepath.Join(above, "desk")
	for name, text := range map[string]string{
		"desk/pack.flow": strings.Replace(packText, "hours office\n", "use ../shared as shared\n\nhours office\n", 1),
		"desk/talk.flow": flowText, "desk/tables/notes.txt": "not for the editor",
		"shared/pack.flow": "pack shared: Shared flows\n  languages en\n", "shared/bye.flow": "flow bye: Bye\n\nstep bye\n  say: Goodbye.\n",
		"elsewhere/secret.flow": "flow secret: Secret\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(above, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(above, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fsys := os.DirFS(above)
	one = packIn(t, "desk", fsys, "desk")
	one.Folder = web.Folder{Path: folder, Above: fsys, Name: "desk"}
	return one, folder
}

func (r *room) get(path string) (status int, given map[string]any) {
	r.t.Helper()
	response, err := http.Get(r.server.URL + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, decoded(r.t, response)
}

func decoded(t testing.TB, response *http.Response) (given map[string]any) {
	t.Helper()
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(b, &given)
	return given
}

// save posts as the page does; headers replace those of the page, and an empty one is left out.
func (r *room) save(what map[string]string, headers ...string) (status int, given map[string]any) {
	r.t.Helper()
	body, err := json.Marshal(what)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+"/edit/save", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Origin", r.server.URL)
	request.Header.Set("X-Baraza", "edit")
	for i := 0; i < len(headers); i += 2 {
		if request.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, decoded(r.t, response)
}

func TestAFileIsSavedOnlyOverWhatWasRead(t *testing.T) {
	t.Parallel()
	one, folder := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Edit: true})
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	if given["text"] != flowText {
		t.Fatalf("read: %v", given)
	}
	first := given["hash"].(string)
	mine := strings.Replace(flowText, "Which number?", "What is your number?", 1)
	status, given := r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": first, "text": mine})
	if b, err := os.ReadFile(filepath.Join(folder, "talk.flow")); status != 200 || err != nil || string(b) != mine {
		t.Fatalf("saved: %d, %v, %v", status, given, err)
	}
	second := given["hash"]

	theirs := strings.Replace(flowText, "Which number?", "Number, please.", 1)
	if err := os.WriteFile(filepath.Join(folder, "talk.flow"), []byte(theirs), 0o644); err != nil {
		t.Fatal(err)
	}
	status, given = r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": second.(string), "text": mine + "\n"})
	there, _ := given["theirs"].(map[string]any)
	if status != http.StatusConflict || there["text"] != theirs || !strings.Contains(given["says"].(string), "somebody else") {
		t.Fatalf("a conflict: %d, %v", status, given)
	}
	if b, _ := os.ReadFile(filepath.Join(folder, "talk.flow")); string(b) != theirs {
		t.Error("what somebody else wrote is gone")
	}
	if status, given = r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": there["hash"].(string), "text": mine}); status != 200 {
		t.Errorf("who has seen theirs cannot keep their own: %d, %v", status, given)
	}
	if status, given = r.save(map[string]string{"pack": "desk", "name": "new.flow", "hash": "", "text": "flow new: New\n\nstep s\n  end\n"}); status != 200 {
		t.Errorf("a new file: %d, %v", status, given)
	}
	_, given = r.get("/edit/files?pack=desk")
	var names []string
	for _, f := range given["files"].([]any) {
		names = append(names, f.(map[string]any)["name"].(string))
	}
	if want := []string{"new.flow", "pack.flow", "talk.flow"}; !cmp.Equal(names, want) {
		t.Errorf("the files are %q", names)
	}
}

// What is saved is what testers of the draft talk to from then on.
func TestASavedFileReachesThoseWhoTryTheDraft(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Edit: true, Tick: time.Hour})
	_, token := r.invite(rounds.Round{Pack: "desk", Version: rounds.Draft}, "")
	p := r.begin(token, true)
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": given["hash"].(string), "text": strings.Replace(flowText, "Which number?", "What is your number?", 1)})
	p.write("hello")
	for !strings.Contains(strings.Join(p.texts(), "\n"), "What is your number?") {
		p.read()
	}
}

func TestWithoutEditingFilesAreShownAndNotSaved(t *testing.T) {
	t.Parallel()
	one, folder := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}})
	if _, given := r.get("/edit/packs"); given["may"] != false || len(given["packs"].([]any)) != 1 {
		t.Errorf("the packs are %v", given)
	}
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	status, said := r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": given["hash"].(string), "text": "mine"})
	if status != http.StatusForbidden || !strings.Contains(fmt.Sprint(said["says"]), "baraza demo --edit") {
		t.Errorf("got %d, %v", status, said)
	}
	if b, err := os.ReadFile(filepath.Join(folder, "talk.flow")); err != nil || string(b) != flowText {
		t.Errorf("the file is %q, %v", b, err)
	}
}

func TestNoOtherPageSavesAFile(t *testing.T) {
	t.Parallel()
	one, folder := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Edit: true})
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	what := map[string]string{"pack": "desk", "name": "talk.flow", "hash": given["hash"].(string), "text": "theirs"}
	for name, headers := range map[string][]string{
		"a foreign page":    {"Origin", "https://evil.example"},
		"another port":      {"Origin", "http://127.0.0.1:1"},
		"nothing of origin": {"Origin", ""},
		"a form":            {"X-Baraza", ""},
		"another word":      {"X-Baraza", "watch"},
	} {
		if status, _ := r.save(what, headers...); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if b, err := os.ReadFile(filepath.Join(folder, "talk.flow")); err != nil || string(b) != flowText {
		t.Errorf("the file is %q, %v", b, err)
	}
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"our own": {[]string{"Origin: " + r.server.URL}, 101},
		"none":    {nil, 403},
		"foreign": {[]string{"Origin: https://evil.example"}, 403},
		"null":    {[]string{"Origin: null"}, 403},
	} {
		if got := rawtest.Dial(t, r.server).Upgrade("/edit/socket?pack=desk", c.headers...).StatusCode; got != c.want {
			t.Errorf("%s: the socket answers %d, want %d", name, got, c.want)
		}
	}
}

func TestOnlyDesignersSeeFiles(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	const key = "a-key-of-at-least-22-letters"
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Own: "https://try.example.org", Key: key})
	for _, path := range []string{"/edit/packs", "/edit/files?pack=desk", "/edit/file?pack=desk&name=talk.flow", "/edit/socket?pack=desk"} {
		if status, given := r.get(path); status != http.StatusUnauthorized || strings.Contains(fmt.Sprint(given), "flow talk") {
			t.Errorf("%s: %d, %v", path, status, given)
		}
	}
	if status, _ := r.save(map[string]string{"pack": "desk", "name": "talk.flow"}, "Origin", "https://try.example.org"); status != http.StatusForbidden {
		t.Errorf("a save: %d", status)
	}
	if _, err := web.New(web.Settings{Packs: []web.Pack{one}, Rounds: r.rounds, Own: "https://try.example.org", Key: key, Edit: true}); err == nil || !strings.Contains(err.Error(), "this machine") {
		t.Errorf("editing where others can come: %v", err)
	}
}

func TestWhatIsTooLargeIsNotSavedAndAFilesNameStaysAsItIs(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Edit: true})
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	what := map[string]string{"pack": "desk", "name": "talk.flow", "hash": given["hash"].(string), "text": strings.Repeat("#", 600<<10)}
	if status, given := r.save(what); status != http.StatusUnprocessableEntity || given["says"] != "talk.flow is larger than 512 KB; divide it into several files." {
		t.Errorf("600 KB: %d, %v", status, given)
	}
	what["text"] = strings.Repeat("#", 5<<20)
	if status, given := r.save(what); status != http.StatusBadRequest || given["says"] == nil {
		t.Errorf("5 MB: %d, %v", status, given)
	}
}

func TestAnEditorReadsAPackAndItsLibrariesAlone(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	r := newRoom(t, web.Settings{Packs: append(samples(t), one), Edit: true})
	if status, given := r.get("/edit/file?pack=desk&name=../shared/bye.flow"); status != 200 || !strings.Contains(given["text"].(string), "Goodbye.") || given["hash"] != "" {
		t.Errorf("the library: %d, %v", status, given)
	}
	for _, path := range []string{
		"file?pack=desk&name=../elsewhere/secret.flow", "file?pack=desk&name=../desk/tables/notes.txt", "file?pack=desk&name=tables/notes.txt",
		"file?pack=desk&name=/etc/passwd", "file?pack=desk&name=..%2F..%2F..%2Fetc%2Fpasswd", "file?pack=desk&name=", "file?pack=desk&name=none.flow",
		"files?pack=none", "files?pack=ec", "files", "socket?pack=none",
	} {
		if status, given := r.get("/edit/" + path); status < 400 || len(fmt.Sprint(given["says"])) < 10 || strings.Contains(fmt.Sprint(given), "desk/") || given["text"] != nil {
			t.Errorf("%s: %d, %v", path, status, given)
		}
	}
	for _, name := range []string{"../shared/bye.flow", "../../x.flow", "tables/notes.txt", "none/new.flow", ".x.flow", ""} {
		if status, given := r.save(map[string]string{"pack": "desk", "name": name, "text": "mine"}); status != http.StatusUnprocessableEntity || given["says"] == nil {
			t.Errorf("saving %q: %d, %v", name, status, given)
		}
	}
}

// Whoever saved a mistake and started the simulator anew can still repair it.
func TestAPackThatCannotRunIsInTheEditor(t *testing.T) {
	t.Parallel()
	broken, folder := onDisk(t)
	if err := os.WriteFile(filepath.Join(folder, "talk.flow"), []byte("flwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newRoom(t, web.Settings{Broken: []web.Pack{broken}, Edit: true})
	if _, given := r.get("/edit/packs"); fmt.Sprint(given["packs"]) != "[map[folder:/packs/desk name:desk title:desk]]" {
		t.Errorf("the packs are %v", given["packs"])
	}
	if status, given := r.get("/edit/file?pack=desk&name=../shared/bye.flow"); status != http.StatusNotFound {
		t.Errorf("the library: %d, %v", status, given)
	}
	p := r.edit(t, "desk")
	p.until("phone/shows", func(m map[string]any) bool { return m["errors"] == true && m["ready"] == false })
	_, given := r.get("/edit/file?pack=desk&name=talk.flow")
	if status, given := r.save(map[string]string{"pack": "desk", "name": "talk.flow", "hash": given["hash"].(string), "text": flowText}); status != 200 {
		t.Fatalf("saved: %d, %v", status, given)
	}
	p.tell("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": "file:///packs/desk/talk.flow", "type": 2}}})
	p.until("phone/shows", func(m map[string]any) bool { return m["errors"] == false && m["ready"] == true })
}

func TestTheEditorsPageLetsInItsOwnLooksAlone(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}})
	nonces := map[string]bool{}
	for range 2 {
		response, err := http.Get(r.server.URL + "/edit/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(response.Body)
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		found := regexp.MustCompile(`style-src 'self' 'nonce-([\w-]{22})';`).FindStringSubmatch(policy)
		if found == nil || !bytes.Contains(b, []byte(`nonce="`+found[1]+`"`)) {
			t.Fatalf("the policy is %q", policy)
		}
		nonces[found[1]] = true
		if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "require-trusted-types-for 'script'") || strings.Contains(policy, "data:") || strings.Contains(policy, "unsafe") ||
			response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the policy is %q, kept %q", policy, response.Header.Get("Cache-Control"))
		}
	}
	if len(nonces) != 2 {
		t.Error("two answers have one word for their looks")
	}
	for _, name := range []string{"edit.html", "edit.js", "edit-code.js", "edit-compare.js", "edit-language.js", "edit-phone.js", "edit.css"} {
		b, err := os.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\son[a-z]+="|\sstyle="|\bdata:`).FindAllString(string(b), -1) {
			t.Errorf("%s has %q", name, found)
		}
	}
}

// page is the editor's page without a browser.
type page struct {
	t  *testing.T
	ws *websocket.Conn
	n  int
}

func (r *room) edit(t *testing.T, pack string) *page {
	t.Helper()
	ws, _, err := r.dial("/edit/socket?pack="+pack, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	ws.SetReadDeadline(time.Now().Add(patience))
	p := &page{t: t, ws: ws}
	p.say("initialize", map[string]any{"rootUri": "file:///packs/" + pack, "capabilities": map[string]any{}})
	p.tell("initialized", map[string]any{})
	return p
}

func (p *page) tell(method string, params any) {
	p.t.Helper()
	if err := p.ws.WriteJSON(map[string]any{"jsonrpc": "2.0", "method": method, "params": params}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) say(method string, params any) {
	p.t.Helper()
	p.n++
	if err := p.ws.WriteJSON(map[string]any{"jsonrpc": "2.0", "id": p.n, "method": method, "params": params}); err != nil {
		p.t.Fatal(err)
	}
}

// until reads to the next notification of a kind that is as it should be.
func (p *page) until(method string, is func(params map[string]any) bool) map[string]any {
	p.t.Helper()
	for {
		var m struct {
			Method string
			Params map[string]any
		}
		if err := p.ws.ReadJSON(&m); err != nil {
			p.t.Fatalf("no %s as it should be: %v", method, err)
		}
		if m.Method == method && is(m.Params) {
			return m.Params
		}
	}
}

func (p *page) open(name, text string) {
	p.t.Helper()
	p.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": "file:///packs/desk/" + name, "languageId": "flow", "version": 1, "text": text}})
}

func (p *page) change(name, text string) {
	p.t.Helper()
	p.tell("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": "file:///packs/desk/" + name, "version": 2}, "contentChanges": []any{map[string]any{"text": text}}})
}

func TestAMistakeIsToldWhileItIsTyped(t *testing.T) {
	t.Parallel()
	one, folder := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}})
	p := r.edit(t, "desk")
	p.open("talk.flow", strings.Replace(flowText, "-> listen", "-> lisen", 1))
	of := func(m map[string]any) bool { return m["uri"] == "file:///packs/desk/talk.flow" } // of other files there is more to say
	said := p.until("textDocument/publishDiagnostics", func(m map[string]any) bool { return of(m) && len(m["diagnostics"].([]any)) > 0 })
	if !strings.Contains(fmt.Sprint(said), "lisen") || strings.Contains(fmt.Sprint(said), folder) {
		t.Errorf("got %v", said)
	}
	p.change("talk.flow", flowText)
	p.until("textDocument/publishDiagnostics", func(m map[string]any) bool { return of(m) && len(m["diagnostics"].([]any)) == 0 })
}

// texts are what the phone shows, a line each.
func texts(shows map[string]any) string {
	var all []string
	for _, l := range shows["lines"].([]any) {
		line := l.(map[string]any)
		text, _ := line["text"].(string)
		if sent, ok := line["sent"].(map[string]any); ok {
			for _, s := range sent["spans"].([]any) {
				text += s.(map[string]any)["t"].(string)
			}
		}
		all = append(all, text)
	}
	return strings.Join(all, "|")
}

func TestThePhoneReplaysWhatIsOnTheScreen(t *testing.T) {
	t.Parallel()
	one, _ := onDisk(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}})
	p := r.edit(t, "desk")
	p.open("talk.flow", flowText)
	p.tell("phone/talk", map[string]any{"words": []any{map[string]any{"text": "hello"}, map[string]any{"text": "17"}}})
	shows := p.until("phone/shows", func(m map[string]any) bool { return m["ready"] == true && len(m["lines"].([]any)) > 2 })
	if got := texts(shows); !strings.HasPrefix(got, "hello|Which number?|17|") || shows["differs"] != nil || fmt.Sprint(shows["channels"]) != "[whatsapp]" {
		t.Fatalf("the phone shows %s, %v", got, shows)
	}
	// Nothing of this is saved.
	p.change("talk.flow", strings.Replace(flowText, "Which number?", "What is your number?", 1))
	shows = p.until("phone/shows", func(m map[string]any) bool { return m["differs"] != nil })
	if d := shows["differs"].(map[string]any); d["line"] != 1.0 || d["before"] != "Which number?" || !strings.HasPrefix(texts(shows), "hello|What is your number?|17|") {
		t.Errorf("after a change the phone shows %s, %v", texts(shows), d)
	}
	p.change("talk.flow", "flwo")
	shows = p.until("phone/shows", func(m map[string]any) bool { return m["errors"] == true })
	if !strings.HasPrefix(texts(shows), "hello|What is your number?|17|") {
		t.Errorf("with errors the phone shows %s", texts(shows))
	}
	p.change("talk.flow", flowText)
	p.until("phone/shows", func(m map[string]any) bool { return m["errors"] == false && m["differs"] == nil })
	p.tell("phone/talk", map[string]any{"words": []any{}})
	p.until("phone/shows", func(m map[string]any) bool { return len(m["lines"].([]any)) == 0 })

	long := make([]any, 201)
	for i := range long {
		long[i] = map[string]any{"text": "x"}
	}
	p.tell("phone/talk", map[string]any{"words": long})
	for {
		if _, _, err := p.ws.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("a conversation without end ends with %v", err)
			}
			return
		}
	}
}
