package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/channels/whatsapp/fake"
	"baraza/engine/program"
)

// watchedPack is the pack help, which asks for a word and for a day in turns.
var watchedPack = map[string]string{
	"pack.flow": `pack help: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours always

team desk: Help desk
  hours always
  answer within 1 hour
  escalate after 2 hours to lead

team lead: Lead
  hours always
  answer within 1 hour

words person, safety
  en: person
words stop, safety
  en: stop
`,
	"talk.flow": `flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say: You wrote {word}.
  ask day as text up to 20: Which day?
  -> listen
`,
	"person.flow": `flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.listen
`,
	"stop.flow": `flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`,
}

// save writes files, as an editor does that puts the new one in the place of the old one.
func save(t testing.TB, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+"~", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+"~", path); err != nil {
			t.Fatal(err)
		}
	}
}

func talkWith(oldNew ...string) map[string]string {
	return map[string]string{"talk.flow": strings.NewReplacer(oldNew...).Replace(watchedPack["talk.flow"])}
}

// watching is "baraza serve --dev --watch" with what it logs.
type watching struct {
	*testing.T
	*developed
	folder string // of the pack help
	log    *announced
}

// until waits for something in the log.
func (w *watching) until(words string, times int) {
	w.Helper()
	deadline := time.After(2 * time.Minute)
	for strings.Count(w.log.String(), words) < times {
		select {
		case <-w.log.news:
		case <-deadline:
			w.Fatalf("the log does not say %q:\n%s", words, w.log)
		}
	}
}

// hears waits for the phone's messages, and compares them in the order in which they were accepted: the fake promises no
// order of showing them.
func (w *watching) hears(phone *fake.Phone, want ...string) {
	w.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		changed := w.cloud.Changed()
		shown := map[string]string{}
		for _, m := range phone.Received() {
			shown[m.ID] = m.Text
		}
		var got []string
		for _, sent := range w.cloud.Accepted() {
			if text, ok := shown[sent.ID]; ok {
				got = append(got, text)
			}
		}
		if len(got) >= len(want) {
			if diff := cmp.Diff(want, got); diff != "" {
				w.Fatalf("the phone shows (-want +got):\n%s", diff)
			}
			return
		}
		select {
		case <-changed:
		case <-deadline:
			w.Fatalf("the phone shows %q, want %q\n%s", got, want, w.log)
		}
	}
}

func newWatching(t *testing.T) *watching {
	t.Helper()
	w := &watching{T: t, folder: filepath.Join(t.TempDir(), "help"), log: &announced{news: make(chan struct{}, 1)}}
	save(t, w.folder, watchedPack)
	command := serve{Dev: true, Packs: "flows", Watch: filepath.Dir(w.folder), Addr: "127.0.0.1:0"}
	var err error
	if w.developed, err = command.openDev(streams{strings.NewReader(""), &announced{}, w.log}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.watch.serve(ctx, w.process) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with: %v", err)
		}
		w.close()
	})
	return w
}

func TestAConversationGoesOnWhileItsPackIsSaved(t *testing.T) {
	t.Parallel()
	w := newWatching(t)
	phone := w.cloud.Meet(fake.Person{Phone: "+12025550123", Name: "Amina"}).With("1001")
	phone.Write("hello")
	heard := []string{"What is the word?"}
	w.hears(phone, heard...)

	save(t, w.folder, talkWith("You wrote", "I read")) // shows at once
	w.until("the saved pack serves", 1)
	phone.Write("zanzibar")
	heard = append(heard, "I read zanzibar.", "Which day?")
	w.hears(phone, heard...)

	save(t, w.folder, talkWith("Which day?", "What is the day?", "day as text up to 20", "other as number from 1 to 31")) // asked already
	w.until("the saved pack serves", 2)
	phone.Write("Monday")
	heard = append(heard, "What is the word?")
	w.hears(phone, heard...)
	for _, said := range []string{"zanzibar", "Monday", "2025550123", "Amina"} {
		if strings.Contains(w.log.String(), said) {
			t.Errorf("the log holds %q:\n%s", said, w.log)
		}
	}
	if n := strings.Count(w.log.String(), "no-fraud-report"); n != 1 {
		t.Errorf("a warning that stays is told %d times:\n%s", n, w.log)
	}
	if !regexp.MustCompile(`pack=help before=[0-9a-f]{16} now=[0-9a-f]{16} warnings=[0-9] took=`).MatchString(w.log.String()) {
		t.Errorf("the log does not tell what changed:\n%s", w.log)
	}
}

func TestABrokenSaveChangesNothingAndIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	w := newWatching(t)
	phone := w.cloud.Meet(fake.Person{Phone: "+12025550123", Name: "Amina"}).With("1001")
	phone.Write("hello")
	w.hears(phone, "What is the word?")
	page := func(shows bool, words string) {
		t.Helper()
		if got := fetched(t, http.DefaultClient, w.base+"/"); strings.Contains(got, words) != shows {
			t.Errorf("the page shows:\n%s", got)
		}
	}
	page(false, "cannot run")

	save(t, w.folder, talkWith("  say: You", "  sya: You", "-> listen", "-> nowhere"))
	w.until("the saved pack cannot run", 1)
	for _, place := range []string{"help/talk.flow:6:3: error: ", "help/talk.flow:8:6: error: ", "errors=2 "} {
		if !strings.Contains(w.log.String(), place) {
			t.Errorf("the log does not say %s:\n%s", place, w.log)
		}
	}
	page(true, "help/talk.flow:6:3: error: ")

	if err := os.Remove(filepath.Join(w.folder, "person.flow")); err != nil { // nor can what has no way to a person
		t.Fatal(err)
	}
	save(t, w.folder, talkWith())
	w.until("the saved pack cannot run", 2)
	phone.Write("lamu")
	w.hears(phone, "What is the word?", "You wrote lamu.", "Which day?")

	save(t, w.folder, watchedPack)
	w.until("the saved pack is again what serves", 1)
	page(false, "cannot run")

	save(t, w.folder, map[string]string{"pack.flow": strings.Replace(watchedPack["pack.flow"], "channels whatsapp", "channels telegram", 1)})
	w.until("the saved pack was not taken up", 1)
	page(true, "not checked for whatsapp")

	save(t, filepath.Join(filepath.Dir(w.folder), "more"), watchedPack)
	w.until("there is a new pack; it is served after a restart", 1)
	if err := os.RemoveAll(w.folder); err != nil {
		t.Fatal(err)
	}
	w.until("the pack is gone from its folder", 1)
	phone.Write("Monday")
	w.hears(phone, "What is the word?", "You wrote lamu.", "Which day?", "What is the word?")
}

// watchOver runs a watch over a folder in the time of a bubble, and tells what it activates.
func watchOver(t *testing.T, dir string, folders ...string) (activated func() []string, log *announced) {
	t.Helper()
	log = &announced{}
	w, err := newWatch(dir, folders, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if _, _, err := w.compile(f); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	w.activate = func(pack string, _ *program.Program, _ fs.FS) error { all = append(all, pack); return nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return func() []string {
		time.Sleep(watchEvery + 2*watchQuiet) // of the bubble
		synctest.Wait()
		return all
	}, log
}

func TestASaveInPiecesIsTakenUpOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	help := filepath.Join(dir, "help")
	save(t, help, watchedPack)
	synctest.Test(t, func(t *testing.T) {
		activated, _ := watchOver(t, dir, help)
		if got := activated(); len(got) > 0 {
			t.Errorf("without a save it activates %v", got)
		}
		text := talkWith("You wrote", "I have just read")["talk.flow"]
		for end := 30; end < len(text); end += 30 { // each piece leaves something that is not what the writer means
			if err := os.WriteFile(filepath.Join(help, "talk.flow"), []byte(text[:end]), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(watchQuiet / 2)
		}
		save(t, help, map[string]string{"talk.flow": text})
		if diff := cmp.Diff([]string{"help"}, activated()); diff != "" {
			t.Errorf("it activates (-want +got):\n%s", diff)
		}
	})
}

func TestASavedLibraryIsTakenUpInThePacksThatUseIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	help, other, shared := filepath.Join(dir, "help"), filepath.Join(dir, "other"), filepath.Join(dir, "lib", "shared")
	save(t, help, watchedPack)
	save(t, help, map[string]string{"use.flow": "use ../lib/shared as lib\n\n" + "flow more: More\n\non message more\n\nstep more\n  -> lib.address.give\n"})
	save(t, other, watchedPack)
	save(t, other, map[string]string{"pack.flow": strings.Replace(watchedPack["pack.flow"], "pack help", "pack other", 1)})
	library := map[string]string{"pack.flow": "pack shared: Shared\n", "address.flow": "flow address: Address\n\nstep give\n  public\n  say: We are beside the market.\n  end\n"}
	save(t, shared, library)
	synctest.Test(t, func(t *testing.T) {
		activated, log := watchOver(t, dir, help, other)
		activated()
		save(t, shared, map[string]string{"address.flow": strings.Replace(library["address.flow"], "beside", "behind", 1)})
		if diff := cmp.Diff([]string{"help"}, activated()); diff != "" {
			t.Errorf("it activates (-want +got):\n%s\n%s", diff, log)
		}
	})
}

func TestWatchSaysWhatItCannotWatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ dir, says string }{
		"no folder": {"nowhere", `there is no folder "nowhere" to watch`},
		"no pack":   {t.TempDir(), "no pack that is served lies in"},
	} {
		if _, err := newWatch(c.dir, []string{"../../flows/ec"}, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkReload saves one file of a pack of 100 flows of 30 lines each: check, compile and activate in a process that serves
// it, from the moment at which files stand still.
func BenchmarkReload(b *testing.B) {
	help := filepath.Join(b.TempDir(), "help")
	save(b, help, watchedPack)
	for i := range 100 {
		save(b, help, map[string]string{fmt.Sprintf("topic%d.flow", i): topicFlow(i, 0)})
	}
	log := &announced{}
	command := serve{Dev: true, Packs: "flows", Watch: help, Addr: "127.0.0.1:0"}
	d, err := command.openDev(streams{strings.NewReader(""), log, log})
	if err != nil {
		b.Fatal(err)
	}
	defer d.close()
	defer d.process.Close()
	d.watch.activate = d.process.Reload
	d.watch.take(d.watch.look())
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		save(b, help, map[string]string{"topic50.flow": topicFlow(50, n)})
		b.StartTimer()
		d.watch.take(d.watch.look())
	}
	if got := strings.Count(log.String(), "the saved pack serves"); got != n {
		b.Errorf("%d of %d saves were taken up:\n%s", got, n, log)
	}
}

func topicFlow(i, edition int) string {
	return fmt.Sprintf(`flow topic%[1]d: Topic %[1]d

on message topic%[1]d, number %[1]d

step menu
  public
  ask: What do you want to know about topic %[1]d?
    header: Topic %[1]d
    - [papers] Papers -> papers
    - [days] Opening days -> days
    - [other] Another topic -> topic%[2]d
    when not understood: Tap one of the answers, or write its number.
    when not understood 2 times -> person

step papers
  ask need: Which paper do you need?
    - [birth] A birth certificate
    - [stay] A paper to stay
    when not understood 2 times -> person
  ask people as number from 1 to 20: For how many people?
    when not understood 2 times -> person
  if need == "birth" and people > 1
    say: Bring all {people} children. Write *menu* for more.
  else
    say: Come on Monday with {people, plural, one {# person} other {# people}}.
  -> days

step days
  public
  say: We are open from Monday to Friday, for topic %[1]d in the morning. This is edition %[3]d.
  end
`, i, (i+1)%100, edition)
}
