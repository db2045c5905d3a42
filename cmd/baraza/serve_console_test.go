package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"baraza/console/page"
	"baraza/dsl"
	"baraza/engine/release"
	"baraza/server/config"
)

const triedPack = `pack hello: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.greet
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

flow talk: Talk

step greet
  public
  ask word as text up to 200: GREETING
  say: You wrote {word}.
  -> greet

flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.greet

flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

// greeting is a bundle of a pack that greets so, with a test that somebody is greeted so and one that holds of every greeting.
func greeting(t *testing.T, text string) *bytes.Reader {
	t.Helper()
	tests := "test Somebody is greeted\n  person: hello\n  bot: GREETING\n\ntest Somebody wants nothing more\n  person: stop\n  bot: You get nothing more from us.\n"
	files := fstest.MapFS{"hello/pack.flow": &fstest.MapFile{Data: []byte(strings.ReplaceAll(triedPack, "GREETING", text))},
		"hello/tests/talk.flow": &fstest.MapFile{Data: []byte(strings.ReplaceAll(tests, "GREETING", text))}}
	checked := dsl.Open(files, "hello").Check()
	if checked.Program() == nil {
		t.Fatal(checked.Problems)
	}
	var b bytes.Buffer
	if _, err := release.Build(&b, release.Pack{Program: checked.Program(), Files: files, Folder: "hello", Names: checked.Sources.Files()}); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func TestTheConsoleShowsWhereTheTestsOfABundleTellPeopleSomethingElse(t *testing.T) {
	t.Parallel()
	configuration := &config.Config{Data: t.TempDir()}
	shelf, err := release.OpenShelf(configuration.Released("hello"), "hello", 0)
	if err != nil {
		t.Fatal(err)
	}
	serves, err := shelf.Keep(greeting(t, "What is the word?"))
	if err != nil {
		t.Fatal(err)
	}
	if err := shelf.Close(); err != nil {
		t.Fatal(err)
	}
	try := tried(configuration)
	got, err := try(t.Context(), greeting(t, "Which word?"), serves.Hash)
	want := page.Outcome{Passed: 2, Differ: []page.Conversation{{Test: "Somebody is greeted", Rows: []page.Row{
		{Planned: "person: hello", Serves: "person: hello"},
		{Planned: "bot: Which word?", Serves: "bot: What is the word?", Differs: true}}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err = try(t.Context(), greeting(t, "Which word?"), ""); err != nil || got.NotCompared != "nothing serves yet" || got.Passed != 2 {
		t.Errorf("of the first release: %+v, %v", got, err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := try(gone, greeting(t, "Which word?"), serves.Hash); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever went away is still waited for: %v", err)
	}
}
