package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An operator who learns does what the drill prints, step by step, with a phone beside it.
func TestTheDrillGoesAsItSays(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "drill")
	ctx, stop := context.WithCancel(t.Context())
	out := &announced{news: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- (&demo{Addr: "127.0.0.1:0", Drill: "../../flows/tutorial/2-choices", Data: folder}).serve(ctx, streams{strings.NewReader(""), out, out})
	}()
	select {
	case <-out.news:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(2 * time.Minute):
		t.Fatal("it prints nothing")
	}
	printed := out.String()
	phone := regexp.MustCompile(`http://\S+/fake/phone\S+`).FindString(printed)
	configuration := regexp.MustCompile(`(?m)^  export BARAZA_CONFIG=(\S+)$`).FindStringSubmatch(printed)
	if phone == "" || configuration == nil {
		t.Fatalf("it prints:\n%s", printed)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 2 * time.Minute}
	writes := func(text, shows string) {
		t.Helper()
		if page := wrote(t, browser, phone, text, shows); page != "" {
			t.Fatalf("%q is not answered with %q:\n%s", text, shows, page)
		}
	}
	// does runs a command as it is printed.
	does := func(command string) string {
		t.Helper()
		words := regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(command, -1)[1:]
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		if !strings.HasPrefix(command, "baraza release build") && !strings.HasPrefix(command, "baraza release sign") {
			words = append(words, "--config", configuration[1])
		}
		var said bytes.Buffer
		if code := run(words, streams{strings.NewReader(""), &said, &said}); code != exitClean {
			t.Fatalf("%s ends with %d and says:\n%s", command, code, said.String())
		}
		return said.String()
	}
	var before, after []string // the commands of the printed steps, up to the plan and behind it
	for _, m := range regexp.MustCompile(`(?m)^ +(?:\d\. )?(baraza .+)$`).FindAllStringSubmatch(printed, -1) {
		if len(before) == 0 || !strings.Contains(before[len(before)-1], "release plan") {
			before = append(before, m[1])
		} else {
			after = append(after, m[1])
		}
	}

	writes("hello", "How can we help you?")
	for _, name := range []string{"menu.flow", "tests/menu.flow"} {
		edit(t, filepath.Join(folder, "choices", name), "How can we help you?", "What do you need today?")
	}
	var plan string
	for _, command := range before {
		plan = does(command)
	}
	activate := regexp.MustCompile(`(?m)^  (baraza release activate .+)$`).FindStringSubmatch(plan)
	if activate == nil {
		t.Fatalf("the plan ends without a command:\n%s", plan)
	}
	does(activate[1])
	writes("1", "We are open")
	writes("hello", "What do you need today?")
	var log string
	for _, command := range after {
		said := does(command)
		switch {
		case strings.HasPrefix(command, "baraza incident freeze"):
			writes("1", "This is a drill")
		case strings.HasPrefix(command, "baraza audit list"):
			log = said
		case strings.HasPrefix(command, "baraza account invite"):
			link := regexp.MustCompile(`http://\S+`).FindString(said)
			if page := fetched(t, browser, link); !strings.Contains(page, "ana") {
				t.Errorf("the link %q opens:\n%s", link, page)
			}
		}
	}
	writes("hello", "How can we help you?")
	acts := regexp.MustCompile(`(?m)(release|incident) \w+`).FindAllString(log, -1)
	if diff := cmp.Diff([]string{"release keep", "release activate", "release keep", "release activate", "release rollback",
		"incident freeze", "incident unfreeze"}, acts); diff != "" {
		t.Errorf("who did what (-want +got):\n%s\n%s", diff, log)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func edit(t *testing.T, name, old, next string) {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil || !bytes.Contains(body, []byte(old)) {
		t.Fatalf("%s does not say %q: %v", name, old, err)
	}
	if err := os.WriteFile(name, bytes.ReplaceAll(body, []byte(old), []byte(next)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADrillStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]demo{
		"everywhere": {Addr: ":0"},
		"editing":    {Addr: "127.0.0.1:0", Edit: true},
		"a proxy":    {Addr: "127.0.0.1:0", BehindProxy: "https://try.example.org"},
	} {
		c.Drill = "../../flows/tutorial/2-choices"
		if err := c.serve(t.Context(), streams{strings.NewReader(""), t.Output(), t.Output()}); err == nil || !strings.Contains(err.Error(), "for this machine alone") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := demo{Addr: "127.0.0.1:0", Drill: t.TempDir()}
	if err := c.serve(t.Context(), streams{strings.NewReader(""), t.Output(), t.Output()}); err == nil || !strings.Contains(err.Error(), "there is no pack.flow") {
		t.Errorf("a folder without a pack: %v", err)
	}
}
