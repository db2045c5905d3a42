package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"baraza/dsl"
	"baraza/engine/release"
	"baraza/server/config"
	"baraza/server/desk"
)

// releases is a world whose pack comes as releases, with the key that signs them.
type releases struct {
	*world
	desk   *desk.Client
	key    ed25519.PrivateKey
	hashes map[string]string // by name
}

// releasing is a world in which the first release serves.
func releasing(t *testing.T) *releases {
	t.Helper()
	secret, public, err := release.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &releases{hashes: map[string]string{}}
	if r.key, err = release.ReadKey(secret); err != nil {
		t.Fatal(err)
	}
	r.world = newWorld(t, options{change: func(c *config.Config) {
		c.Countries["ke"].Packs = nil
		c.Countries["ke"].Releases = &config.Releases{Packs: []string{"help"}}
		c.Countries["ke"].ReleaseKeys = []string{release.PublicText(public)}
	}})
	r.desk = desk.Within(r.server.Desk().Handler())
	r.keep("first", helpTalk)
	r.activates("first")
	return r
}

// keep builds, signs and keeps a release with another talk.
func (r *releases) keep(name, talk string) {
	r.t.Helper()
	hash, bundle, signature := r.bundle(helpPack, talk)
	kept, err := r.desk.Keep(r.t.Context(), "ke", bundle, signature)
	if err != nil || kept.Release != hash {
		r.t.Fatal(kept, err)
	}
	r.hashes[name] = kept.Release
}

// bundle builds and signs a release.
func (r *releases) bundle(pack, talk string) (hash string, bundle *bytes.Buffer, signature []byte) {
	r.t.Helper()
	files := fstest.MapFS{}
	for file, text := range map[string]string{"pack.flow": pack, "talk.flow": talk, "person.flow": helpPerson, "stop.flow": helpStop} {
		files["help/"+file] = &fstest.MapFile{Data: []byte(text)}
	}
	checked := dsl.Open(files, "help").Check()
	if checked.Program() == nil {
		r.t.Fatal(checked.Problems)
	}
	bundle = &bytes.Buffer{}
	m, err := release.Build(bundle, release.Pack{Program: checked.Program(), Files: files, Folder: "help", Names: checked.Sources.Files()})
	if err != nil {
		r.t.Fatal(err)
	}
	if signature, err = release.Sign(m.Hash(), r.key); err != nil {
		r.t.Fatal(err)
	}
	return m.Hash(), bundle, signature
}

func (r *releases) serves() string {
	r.t.Helper()
	now, err := r.desk.Releases(r.t.Context(), desk.Change{Country: "ke"})
	if err != nil {
		r.t.Fatal(err)
	}
	return now.State.Serves()
}

func (r *releases) activates(name string) {
	r.t.Helper()
	_, err := r.desk.Activate(r.t.Context(), desk.Change{Country: "ke", Planned: r.serves(), Release: r.hashes[name], Percent: 100, By: "ana"})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestAReleaseTakesOverAtTheNextMessageAndComesBack(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	r.keep("other words", strings.Replace(helpTalk, "You wrote", "I read", 1))
	r.keep("another question", strings.Replace(helpTalk, "ask word as text up to 200", "ask word as number from 1 to 9", 1))
	phone := r.meet("+12025550123")
	phone.Write("hello")
	r.hears(phone, 1)
	r.activates("other words")
	phone.Write("zanzibar")
	if got := r.hears(phone, 3); got[1] != "I read zanzibar." {
		t.Errorf("the phone shows %q", got)
	}
	r.activates("another question")
	phone.Write("lamu") // asked before: it is finished as it was
	if got := r.hears(phone, 5); got[3] != "I read lamu." {
		t.Errorf("the phone shows %q", got)
	}
	r.halt()
	r.start()
	r.desk = desk.Within(r.server.Desk().Handler())
	if r.serves() != r.hashes["another question"] {
		t.Error("after a restart another release serves")
	}
	phone = r.meet("+12025550124")
	phone.Write("hello")
	r.hears(phone, 1)
	if _, err := r.desk.Rollback(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), By: "ben", Why: "a complaint"}); err != nil {
		t.Fatal(err)
	}
	phone.Write("pemba")
	if got := r.hears(phone, 3); got[1] == "I read pemba." || !strings.Contains(got[1], "understand") {
		t.Errorf("who was asked for a number on the release that was taken back is shown %q", got)
	}
	phone = r.meet("+12025550125")
	phone.Write("hello")
	r.hears(phone, 1)
	phone.Write("pemba")
	if got := r.hears(phone, 3); got[1] != "I read pemba." {
		t.Errorf("the phone shows %q", got)
	}
}

func TestTwoOperatorsAtOnceOneOfThemIsToldWhatServesByNow(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	var all sync.WaitGroup
	told := make(chan error, 8)
	planned := r.serves()
	for i := range 8 {
		r.keep(fmt.Sprint(i), strings.Replace(helpTalk, "You wrote", fmt.Sprintf("%d heard", i), 1))
	}
	for i := range 8 {
		all.Go(func() {
			_, err := r.desk.Activate(t.Context(), desk.Change{Country: "ke", Planned: planned, Release: r.hashes[fmt.Sprint(i)], Percent: 100, By: "ana"})
			told <- err
		})
	}
	all.Wait()
	close(told)
	won := 0
	for err := range told {
		var p *desk.Problem
		switch {
		case err == nil:
			won++
		case !errors.As(err, &p) || p.Status != 409 || !strings.Contains(p.Text, planned[:12]) || !strings.Contains(p.Text, r.serves()[:12]):
			t.Errorf("who lost is told: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

// Releases change with every word that people write, among them one whose question is another. Each word of each person is
// answered once, by one of the releases.
func TestReleasesThatChangeWithEveryWordLoseNobody(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	r.keep("other words", strings.Replace(helpTalk, "You wrote", "I read", 1))
	r.keep("another question", strings.Replace(strings.Replace(helpTalk, "ask word as", "ask again as", 1), "{word}", "{again}", 1))
	const people, words = 60, 2 // more would be paced
	var writing, changing sync.WaitGroup
	written := make(chan struct{}, people*words)
	changed := 0
	changing.Go(func() {
		names := []string{"other words", "another question", "first"}
		for range written {
			r.activates(names[changed%len(names)])
			changed++
		}
	})
	for i := range people {
		writing.Go(func() {
			phone := r.meet(fmt.Sprintf("+1202555%04d", i))
			phone.Write("hello")
			r.hears(phone, 1)
			for n := range words {
				phone.Write(fmt.Sprintf("word-%d-%d", i, n))
				written <- struct{}{}
				r.hears(phone, 1+2*(n+1))
			}
			all := strings.Join(r.hears(phone, 1+2*words), "\n")
			for n := range words {
				if word := fmt.Sprintf("word-%d-%d.", i, n); strings.Count(all, word) != 1 {
					t.Errorf("%s was answered %d times:\n%s", word, strings.Count(all, word), all)
				}
			}
		})
	}
	writing.Wait()
	close(written)
	changing.Wait()
	if changed != people*words {
		t.Errorf("the release changed %d times", changed)
	}
}
