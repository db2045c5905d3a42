package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine/runner"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// BenchmarkFreeze stops a country while 64 people write without pause and thousands of replies wait to be sent. It tells how
// long the command took, and how long after it was given the provider was last given a flow's reply.
func BenchmarkFreeze(b *testing.B) {
	var last atomic.Int64 // when the provider was given a reply, in Unix nanoseconds
	var given atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !bytes.Contains(body, []byte("We pause")) {
			last.Store(time.Now().UnixNano())
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"messaging_product":"whatsapp","messages":[{"id":"wamid.%d"}]}`, given.Add(1))
	}))
	defer provider.Close()
	c := &config.Config{Data: b.TempDir(), Countries: map[string]*config.Country{"ke": {Key: config.Plain(testKey), Packs: []string{helpFolder(b)}}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("s"), VerifyToken: config.Plain("v"), Token: config.Plain("t"),
			Graph: provider.URL, Numbers: map[string]string{"1001": "help"}}}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	process, err := server.Open(server.Options{Config: c, Compile: compile, Unpaced: true, Listener: listener})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	client := desk.Within(process.Desk().Handler())
	var people sync.WaitGroup
	for i := range 64 {
		people.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := process.Runner().Receive(ctx, []runner.Inbound{hello(i*100+n%100, fmt.Sprint("word ", n))}); err != nil && ctx.Err() == nil {
					b.Error(err)
					return
				}
			}
		})
	}
	worst, command := time.Duration(0), time.Duration(0)
	for range b.N {
		for from := given.Load(); given.Load() < from+2000; {
			time.Sleep(time.Millisecond) // a benchmark waits for load, not a test for an outcome
		}
		begun := time.Now()
		if _, err := client.Freeze(ctx, desk.Freeze{Country: "ke", By: "ana", Notice: map[string]string{"en": "We pause."}}); err != nil {
			b.Fatal(err)
		}
		command = max(command, time.Since(begun))
		time.Sleep(2 * time.Second)
		worst = max(worst, time.Duration(last.Load()-begun.UnixNano()))
		if _, err := client.Unfreeze(ctx, desk.Unfreeze{Country: "ke", By: "ana"}); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	people.Wait()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	if err := process.Close(); err != nil {
		b.Error(err)
	}
	b.ReportMetric(float64(command.Microseconds())/1000, "longest-command-ms")
	b.ReportMetric(float64(worst.Microseconds())/1000, "last-reply-ms")
}
