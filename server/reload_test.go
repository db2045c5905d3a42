package server_test

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program"
	"baraza/server"
	"baraza/server/config"
)

// saved is the pack help as it is after somebody has changed texts of it: an old one and its new one in turns.
func saved(t testing.TB, oldNew ...string) (*program.Program, fs.FS) {
	t.Helper()
	change := strings.NewReplacer(oldNew...).Replace
	p, files, err := compile(packFolder(t, "help", map[string]string{
		"pack.flow": change(helpPack), "talk.flow": change(helpTalk), "person.flow": change(helpPerson), "stop.flow": helpStop}))
	if err != nil {
		t.Fatal(err)
	}
	return p, files
}

func (w *world) reloads(oldNew ...string) {
	w.t.Helper()
	p, files := saved(w.t, oldNew...)
	if err := w.server.Reload("help", p, files); err != nil {
		w.t.Fatal(err)
	}
}

func TestAReloadShowsNewWordsAtOnceAndFinishesAQuestionAsItWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{unpaced: true})
	twoQuestions := []string{"  -> listen\n", "  ask day as text up to 20: Which day?\n  -> listen\n"}
	w.reloads(twoQuestions...)
	phone := w.meet("+12025550123")
	phone.Write("hello")
	w.hears(phone, 1)
	w.reloads(append(twoQuestions, "You wrote", "I read")...)
	phone.Write("zanzibar")
	w.hears(phone, 3)
	phone.Write("Monday")
	w.hears(phone, 4)
	w.reloads(append(twoQuestions, "word as text up to 200: What is the word?", "number as number from 1 to 9: Which number?", "{word}", "{number}")...)
	phone.Write("lamu")
	w.hears(phone, 6)
	phone.Write("Tuesday")
	w.hears(phone, 7)
	phone.Write("7")
	want := []string{"What is the word?", "I read zanzibar.", "Which day?", "What is the word?",
		"I read lamu.", "Which day?", "Which number?", "You wrote 7.", "Which day?"}
	if diff := cmp.Diff(want, w.hears(phone, 9)); diff != "" {
		t.Errorf("the phone shows (-want +got):\n%s", diff)
	}
}

// Programs that served before are kept for those who are on them, but not for ever: whoever is on one that is gone is asked
// anew.
func TestOnlySoManyEarlierProgramsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{unpaced: true})
	for _, c := range []struct {
		reloads int
		want    []string
	}{
		{20, []string{"What is the word?", "You wrote pemba.", "What is the word?"}},
		{21, []string{"19 of 20?", "We have improved this service since you last wrote. Let us start this part again.", "20 of 21?"}},
	} {
		phone := w.meet(fmt.Sprintf("+120255501%02d", c.reloads))
		phone.Write("hello")
		w.hears(phone, 1)
		for i := range c.reloads {
			w.reloads("word as text up to 200: What is the word?",
				fmt.Sprintf("n%[1]dof%[2]d as number from 1 to 9: %[1]d of %[2]d?", i, c.reloads), "{word}", fmt.Sprintf("{n%dof%d}", i, c.reloads))
		}
		phone.Write("pemba")
		if diff := cmp.Diff(c.want, w.hears(phone, len(c.want))); diff != "" {
			t.Errorf("after %d reloads the phone shows (-want +got):\n%s", c.reloads, diff)
		}
	}
}

func TestAReloadThatTheLinesWouldNotTakeChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*config.Config)
		pack   string
		edit   []string
		says   string
	}{
		"another channel": {nil, "help", []string{"channels whatsapp", "channels telegram"}, "not checked for whatsapp"},
		"another name":    {nil, "help", []string{"pack help", "pack desk"}, `calls itself "desk" now`},
		"no such pack":    {nil, "desk", nil, `there is no pack "desk"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{change: c.change})
			p, files := saved(t, append(c.edit, "You wrote", "I read")...)
			if err := w.server.Reload(c.pack, p, files); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v", err)
			}
			phone := w.meet("+12025550123")
			phone.Write("hello")
			w.hears(phone, 1)
			phone.Write("lamu")
			if got := w.hears(phone, 3); got[1] != "You wrote lamu." {
				t.Errorf("the phone shows %q", got)
			}
		})
	}
}

func TestPeopleMeetNothingThatWasOnlySaved(t *testing.T) {
	t.Parallel()
	folder := packFolder(t, "help", map[string]string{"pack.flow": strings.Replace(helpPack, "  example\n", "", 1),
		"talk.flow": helpTalk, "person.flow": helpPerson, "stop.flow": helpStop})
	c := &config.Config{Data: t.TempDir(),
		Countries: map[string]*config.Country{"ke": {Packs: []string{folder}, Key: config.Plain(testKey)}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("s"), VerifyToken: config.Plain("v"),
			Token: config.Plain("t"), Numbers: map[string]string{"1001": "help"}}}}
	one, err := server.Open(server.Options{Config: c, Compile: compile})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	p, files := saved(t, "  example\n", "")
	if err := one.Reload("help", p, files); err == nil || !strings.Contains(err.Error(), "people write to help on whatsapp") {
		t.Errorf("it says %v", err)
	}
}

func TestWhatOfAConfigurationReachesPeople(t *testing.T) {
	t.Parallel()
	here := "http://127.0.0.1:8080"
	for name, c := range map[string]struct {
		config config.Config
		want   []string
	}{
		"nothing":         {config.Config{}, nil},
		"fakes":           {config.Config{WhatsApp: []*config.WhatsApp{{Graph: here}}, Telegram: []*config.Telegram{{API: here}}, Webchat: []*config.Webchat{{}}}, nil},
		"the providers":   {config.Config{WhatsApp: []*config.WhatsApp{{Graph: here}, {}}, Telegram: []*config.Telegram{{}}}, []string{"whatsapp[1]", "telegram[0]"}},
		"a chat on a web": {config.Config{Public: "https://chat.example.org", Webchat: []*config.Webchat{{}}}, []string{"webchat[0]"}},
		"a chat here":     {config.Config{Public: here, Webchat: []*config.Webchat{{}}}, nil},
	} {
		if diff := cmp.Diff(c.want, server.Reaching(&c.config)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A pack is reloaded every few milliseconds while people write, in turns with another question, so that they are on
// several programs at once. Each word of each person is answered once.
func TestAReloadEveryFewMillisecondsLosesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{unpaced: true})
	type version struct {
		program *program.Program
		files   fs.FS
	}
	var versions []version
	for _, edit := range [][]string{{"You wrote", "I read"}, {"ask word as", "ask again as", "{word}", "{again}"}, nil,
		{"step listen", "step hear", "-> listen", "-> hear", "talk.listen", "talk.hear"}} {
		p, files := saved(t, edit...)
		versions = append(versions, version{p, files})
	}
	const people, words = 20, 5
	var writing sync.WaitGroup
	var reloads atomic.Int64
	for i := range people {
		writing.Go(func() {
			phone := w.meet(fmt.Sprintf("+1202555%04d", i))
			phone.Write("hello")
			w.hears(phone, 1)
			wrote := 0
			for ; wrote < words || reloads.Load() < people; wrote++ { // at least a few of both, whichever is slower here
				phone.Write(fmt.Sprintf("word-%d-%d", i, wrote))
				w.hears(phone, 1+2*(wrote+1))
			}
			all := strings.Join(w.hears(phone, 1+2*wrote), "\n")
			for n := range wrote {
				if word := fmt.Sprintf("word-%d-%d.", i, n); strings.Count(all, word) != 1 {
					t.Errorf("%s was answered %d times:\n%s", word, strings.Count(all, word), all)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { writing.Wait(); close(ended) }()
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			v := versions[int(reloads.Add(1))%len(versions)]
			if err := w.server.Reload("help", v.program, v.files); err != nil {
				t.Error(err)
			}
		case <-ended:
			return
		}
	}
}
