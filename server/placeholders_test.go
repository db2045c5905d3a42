package server_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

const placeholderTalk = `flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say: You wrote {word}. Call 0700 000 000.
  say contact +00 000 000 0001: The desk
  -> listen
`

// unmarked is the pack without its mark.
var unmarked = strings.Replace(helpPack, "  example\n", "", 1)

// real has the process serve real people's line from now on; nothing goes out.
func (r *releases) real() {
	r.t.Helper()
	r.halt()
	r.config.WhatsApp[0].Graph = ""
	s, err := server.Open(server.Options{Config: r.config, Compile: compile, Idle: true})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
	})
	r.desk = desk.Within(s.Desk().Handler())
}

// The line was a fake one when they were kept.
func TestWhereRealPeopleAreNoReleaseWithPlaceholdersBeginsToServe(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	for name, talk := range map[string]string{"made up": placeholderTalk, "sound": helpTalk} {
		hash, bundle, signature := r.bundle(unmarked, talk)
		if _, err := r.desk.Keep(t.Context(), "ke", bundle, signature); err != nil {
			t.Fatalf("on a fake line: %v", err)
		}
		r.hashes[name] = hash
	}
	r.activates("made up") // served before, and comes back
	r.activates("sound")
	_, err := r.desk.Activate(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), Release: r.hashes["made up"], Percent: 10, By: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	r.real()
	_, bundle, signature := r.bundle(unmarked, placeholderTalk)
	plan, err := r.desk.Plan(t.Context(), "ke", bytes.NewReader(bundle.Bytes()), signature)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(plan.Refused, "\n")
	_, keeps := r.desk.Keep(t.Context(), "ke", bytes.NewReader(bundle.Bytes()), signature)
	change := desk.Change{Country: "ke", Planned: r.serves(), Release: r.hashes["made up"], Percent: 100, By: "ana"}
	_, activates := r.desk.Activate(t.Context(), change)
	_, promotes := r.desk.Promote(t.Context(), desk.Change{Country: "ke", Planned: r.hashes["made up"], By: "ana"})
	for what, text := range map[string]string{"plan": said, "keep": errorText(keeps), "activate": errorText(activates), "promote": errorText(promotes)} {
		for _, want := range []string{"placeholders", `"0700 000 000" in talk.listen.say (en)`, `"+00 000 000 0001" in talk.listen`, "Put in the real ones"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s says %q, without %q", what, text, want)
			}
		}
	}
	if now := r.serves(); now != r.hashes["sound"] {
		t.Errorf("%s serves", now)
	}
	if _, err := r.desk.Rollback(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), Release: r.hashes["made up"], By: "ana", Why: "a fire"}); err != nil {
		t.Errorf("what served already cannot come back: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAFolderWithPlaceholdersIsRefusedAtTheStartWhereRealPeopleAre(t *testing.T) {
	t.Parallel()
	folder := packFolder(t, "help", map[string]string{"pack.flow": unmarked, "talk.flow": placeholderTalk, "person.flow": helpPerson, "stop.flow": helpStop})
	c := &config.Config{Data: t.TempDir(),
		Countries: map[string]*config.Country{"ke": {Packs: []string{folder}, Key: config.Plain(testKey)}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("s"), VerifyToken: config.Plain("v"),
			Token: config.Plain("t"), Numbers: map[string]string{"1001": "help"}}}}
	_, err := server.Open(server.Options{Config: c, Compile: compile})
	if !strings.Contains(errorText(err), "0700 000 000") {
		t.Errorf("it says %v", err)
	}
}
