package rounds_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/simulator/rounds"
	"baraza/simulator/script"
)

// samplePack is a pack of the project, compiled once for all tests.
type samplePack struct {
	dir    string // from flows
	result *dsl.Result
	files  fs.FS
}

var samplePacks = sync.OnceValue(func() map[string]*samplePack {
	all := map[string]*samplePack{}
	for _, dir := range []string{"ec", "jo", "tutorial/1-hello", "tutorial/2-choices", "tutorial/3-remember", "tutorial/4-table", "tutorial/5-consent", "tutorial/6-time"} {
		full := path.Join("../../flows", dir)
		all[dir] = &samplePack{dir, dsl.Open(os.DirFS(path.Dir(full)), path.Base(full)).Check(), os.DirFS(full)}
	}
	return all
})

func sample(t testing.TB, dir string) *samplePack {
	t.Helper()
	p := samplePacks()[dir]
	if p == nil || p.result.Program() == nil {
		t.Fatalf("the pack %s does not compile", dir)
	}
	return p
}

func (p *samplePack) program() *program.Program { return p.result.Program() }

// unrecorded is a talk of which nothing is kept on a disk.
func unrecorded(t rapidOrTest, f *rounds.File, p *program.Program, who rounds.Persona) *rounds.Talk {
	s := rounds.Session{ID: "abcdefabcdefabcdefabcdefabcdefab", Pack: p.Pack, Version: p.Hash, Persona: who, Start: monday}
	talk, err := f.Talk(s, p)
	if err != nil {
		t.Fatal(err)
	}
	return talk
}

type rapidOrTest interface{ Fatal(args ...any) }

// whole is the session of a talk with its turns.
func whole(t rapidOrTest, talk *rounds.Talk) rounds.Session {
	s := talk.Session()
	turns, err := talk.Since(0)
	if err != nil {
		t.Fatal(err)
	}
	s.Turns = turns
	return s
}

// private is what testers should not write and do, in five scripts.
var private = []string{
	"0991234567", "+593 99 123 4567", "099-123-4567", "0791234567", "+962 7 9123 4567", "+962791234567", "٠٧٩١٢٣٤٥٦٧",
	"۰۷۹۱۲۳۴۵۶۷", "०९९१२३४५६७", "০৯৯১২৩৪৫৬৭", "mina.okafor@example.com", "Mina 1712345678", "JO-4471234567",
	"mi cédula es 1712345678 y mi correo mina.okafor@example.com", "23/11/1984", "1984-11-23", "2026-11-25", "1234567",
}

// marks are what may be left of none of them.
var marks = []string{"1234567", "123 4567", "123-4567", "9123", "٢٣٤٥", "۲۳۴۵", "२३४५", "২৩৪৫", "okafor", "7123456", "1984-11-23", "11/1984"}

// harmless are words that move conversations.
var harmless = []string{
	"hola", "hi", "menu", "menú", "1", "2", "3", "4", "1, 3", "0", "si", "no", "yes", "مرحبا", "قائمة", "نعم", "لا", "back", "stop", "delete",
	"cita", "llamada", "documentos", "office", "oficina", "Quito", "JO-1234", "حالة طلبي", "peligro", "clima", "why", "por qué", "Luz", "asdf qwer",
	"two\n\nlines \\ and {braces}", "emoji 👩‍👩‍👧 and\u200f marks", "# no comment", "-> menu", "…", "\"quoted\" *bold* _it_", "bot: hola", "12", "30", "2027",
}

// play lets somebody do a dozen random things.
func play(t *rapid.T, talk *rounds.Talk) {
	p := talk.Conversation().Program
	for range rapid.IntRange(1, 14).Draw(t, "acts") {
		var err error
		switch n := rapid.IntRange(0, 20).Draw(t, "act"); n {
		case 0:
			_, err = talk.Advance(time.Duration(rapid.SampledFrom([]int{1, 10, 31, 61, 300, 1440, 1500, 3000, 43200}).Draw(t, "minutes")) * time.Minute)
		case 1:
			_, err = talk.Send(rapid.SampledFrom([]string{"image", "audio", "document", "sticker", "contact"}).Draw(t, "kind"), "")
		case 2:
			_, err = talk.SendPlace(rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon"))
		case 3:
			_, err = talk.Reply(rapid.SampledFrom(append(harmless, private...)).Draw(t, "reply"))
		case 4:
			_, err = talk.CloseCase()
		case 5:
			_, err = talk.SetLanguage(rapid.SampledFrom(p.Languages).Draw(t, "language"))
		case 6:
			_, err = talk.SetChannel(rapid.SampledFrom([]string{"whatsapp", "webchat", "telegram"}).Draw(t, "channel"))
		case 7:
			if rapid.IntRange(0, 3).Draw(t, "anew") == 0 {
				_, err = talk.Restart()
			}
		case 8:
			if len(p.Services) > 0 {
				answer := rapid.SampledFrom([]string{"", `{"status": "open"}`, `{"status": "ready", "visit": "2026-12-01"}`}).Draw(t, "answer")
				_, err = talk.SetAnswer(p.Services[0].Name, answer)
			}
		case 9, 10, 11, 12:
			_, err = talk.Write(rapid.SampledFrom(private).Draw(t, "private"))
		case 13, 14, 15, 16:
			var labels, tokens []string
			turns, _ := talk.Since(0)
			for _, turn := range turns {
				labels = append(labels, turn.Options...)
				if turn.Send != nil {
					for _, o := range turn.Send.Options {
						tokens = append(tokens, o.Token)
					}
				}
			}
			if len(labels) == 0 {
				continue
			}
			i := max(0, len(labels)-1-rapid.IntRange(0, 5).Draw(t, "option"))
			_, err = talk.Tap(labels[i], rapid.SampledFrom([]string{"", tokens[i]}).Draw(t, "token"))
		default:
			_, err = talk.Write(rapid.SampledFrom(harmless).Draw(t, "words"))
		}
		if err != nil && !errors.Is(err, rounds.ErrNotThere) {
			t.Fatal(err)
		}
	}
}

// Whatever testers do, what is kept of it passes as a test, and holds none of what they let slip.
func TestEverySessionOfTheSamplesPassesAsATest(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	for dir := range samplePacks() {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			p := sample(t, dir)
			var blocks []*rounds.Block
			tries, given := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				tries++
				who := rounds.Persona{Language: rapid.SampledFrom(append([]string{""}, p.program().Languages...)).Draw(t, "language")}
				if len(p.program().Consents) > 0 && rapid.Bool().Draw(t, "consented") {
					who.Consents = []string{p.program().Consents[0].Name}
				}
				talk := unrecorded(t, f, p.program(), who)
				play(t, talk)
				s := whole(t, talk)
				kept, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				for _, mark := range marks {
					if strings.Contains(strings.ToLower(string(kept)), mark) {
						t.Fatalf("%q was kept", mark)
					}
				}
				if d, err := rounds.Replay(&s, p.program()); err != nil || d != nil {
					t.Fatalf("played again, it differs: %+v (%v)", d, err)
				}
				block, err := rounds.TestBlock(&s, p.result, p.files)
				if err != nil && len(s.Turns) > 0 && block.Text != "" {
					t.Fatalf("%v\n%s", err, block.Text)
				}
				for _, turn := range s.Turns {
					if turn.Masked {
						given++
					}
				}
				if err == nil && len(blocks) < 25 {
					blocks = append(blocks, block)
				}
			})
			if 5*given < tries {
				t.Errorf("only %d replies of %d sessions had to be masked; the property says little", given, tries)
			}
			passAsTests(t, dir, blocks)
		})
	}
}

// passAsTests puts tests into a copy of their pack and runs them as `baraza test` does.
func passAsTests(t *testing.T, dir string, blocks []*rounds.Block) {
	t.Helper()
	if len(blocks) < 10 {
		t.Fatalf("only %d sessions were written as tests", len(blocks))
	}
	flows := t.TempDir()
	if err := os.CopyFS(flows, os.DirFS("../../flows")); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(flows, dir)
	for i, b := range blocks {
		copied := *b
		copied.Name = strings.Replace(b.Name, "blessed-", fmt.Sprintf("blessed-%d-", i), 1)
		copied.Files = map[string]string{}
		for name, text := range b.Files { // all of these sessions have the same id
			other := strings.Replace(name, "blessed-", fmt.Sprintf("blessed-%d-", i), 1)
			copied.Files[other] = text
			copied.Text = strings.ReplaceAll(copied.Text, name, other)
		}
		if err := copied.Save(full); err != nil {
			t.Fatal(err)
		}
	}
	r := dsl.Open(os.DirFS(filepath.Dir(full)), filepath.Base(full)).Check()
	if r.Program() == nil {
		t.Fatal(r.Problems)
	}
	ran := 0
	for _, test := range r.Pack.Tests {
		if !strings.HasPrefix(test.File.Name, "tests/blessed-") {
			continue
		}
		ran++
		if result := script.Run(r.Pack, r.Program(), os.DirFS(full), test, nil); !result.Passed {
			t.Errorf("%s: %s\n%s", test.File.Name, result.Problem, test.File.Source)
		}
	}
	if ran < len(blocks) {
		t.Errorf("%d of %d files were run", ran, len(blocks))
	}
}
