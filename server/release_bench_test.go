package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"baraza/dsl"
	"baraza/engine"
	"baraza/engine/release"
	"baraza/engine/runner"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// BenchmarkActivate lets a release of 1,000 flows take the place of another, with so many conversations open, each of which is
// looked at. One message a time is answered meanwhile, and the longest of these waits is told.
func BenchmarkActivate(b *testing.B) {
	for _, open := range []int{1_000, 100_000} {
		if open > 1_000 && os.Getenv("CI") == "true" {
			continue // a minute to fill; there it is only to be seen that it runs
		}
		b.Run(fmt.Sprint(open, "-conversations"), func(b *testing.B) { benchmarkActivate(b, open) })
	}
}

func benchmarkActivate(b *testing.B, open int) {
	secret, public, err := release.NewKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	key, err := release.ReadKey(secret)
	if err != nil {
		b.Fatal(err)
	}
	c := &config.Config{Data: b.TempDir(), Countries: map[string]*config.Country{"ke": {Key: config.Plain(testKey),
		Releases: &config.Releases{Packs: []string{"help"}}, ReleaseKeys: []string{release.PublicText(public)}}}}
	process, err := server.Open(server.Options{Config: c, Compile: compile, Idle: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		process.Close()
	}()
	client := desk.Within(process.Desk().Handler())
	var hashes []string
	for i := range 2 {
		bundle, hash := bundleOf(b, 1000, fmt.Sprintf("You wrote %d", i))
		signature, err := release.Sign(hash, key)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := client.Keep(ctx, "ke", bundle, signature); err != nil {
			b.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	serves := ""
	activate := func(hash string) {
		if _, err := client.Activate(ctx, desk.Change{Country: "ke", Planned: serves, Release: hash, Percent: 100, By: "ana"}); err != nil {
			b.Fatal(err)
		}
		serves = hash
	}
	activate(hashes[0])
	for from := 0; from < open; from += 500 {
		var batch []runner.Inbound
		for i := from; i < min(from+500, open); i++ {
			batch = append(batch, hello(i, "hello"))
		}
		if err := process.Runner().Receive(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	talking, longest := make(chan struct{}), make(chan time.Duration)
	go func() {
		most := time.Duration(0)
		for n := 0; ; n++ {
			select {
			case <-talking:
				longest <- most
				return
			default:
			}
			begun := time.Now()
			if err := process.Runner().Receive(ctx, []runner.Inbound{hello(n%open, fmt.Sprint("word ", n))}); err != nil {
				b.Error(err)
			}
			most = max(most, time.Since(begun))
		}
	}()
	b.ResetTimer()
	for i := range b.N {
		activate(hashes[(i+1)%2])
	}
	b.StopTimer()
	close(talking)
	b.ReportMetric(float64((<-longest).Microseconds())/1000, "longest-turn-ms")
}

func hello(i int, text string) runner.Inbound {
	phone := fmt.Sprintf("25470%07d", i)
	id := "wamid." + phone + "." + text
	return runner.Inbound{Kind: runner.MessageReceived, ID: id, Message: id, Pack: "help", Channel: "whatsapp", Account: "1001", At: time.Now(),
		From: []runner.Identity{{Channel: "whatsapp", Kind: "wa_phone", Value: phone}}, Event: engine.Event{Text: text}}
}

// bundleOf is a bundle of so many flows.
func bundleOf(b *testing.B, flows int, says string) (*bytes.Buffer, string) {
	b.Helper()
	files := fstest.MapFS{}
	for file, text := range map[string]string{"pack.flow": helpPack, "talk.flow": strings.Replace(helpTalk, "You wrote", says, 1),
		"person.flow": helpPerson, "stop.flow": helpStop} {
		files["help/"+file] = &fstest.MapFile{Data: []byte(text)}
	}
	for i := range flows {
		text := fmt.Sprintf("flow other%d: Other %d\n\non message \"other%d\"\n\nstep one\n  public\n  ask word as text up to 200: What is the word of %d?\n    when not understood 2 times -> person\n  say: You wrote {word}.\n  end\n", i, i, i, i)
		files[fmt.Sprintf("help/other%d.flow", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	checked := dsl.Open(files, "help").Check()
	if checked.Program() == nil {
		b.Fatal(checked.Problems)
	}
	out := &bytes.Buffer{}
	m, err := release.Build(out, release.Pack{Program: checked.Program(), Files: files, Folder: "help", Names: checked.Sources.Files()})
	if err != nil {
		b.Fatal(err)
	}
	return out, m.Hash()
}
