package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"baraza/engine"
	"baraza/engine/runner"
	"baraza/server"
)

// people is a command of the scripts: "people FILE" lets people write, one message a line, "NUMBER TEXT", to the pack
// that baraza.yaml names. Nobody serves: what is answered waits.
func people() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(file string) error {
	configuration, err := readConfig("baraza.yaml")
	if err != nil {
		return err
	}
	process, err := server.Open(server.Options{Config: configuration, Compile: compileFolder, Idle: true})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	err = writeAll(ctx, process.Runner(), file)
	stop()
	return errors.Join(err, <-ended, process.Close())
}

func writeAll(ctx context.Context, r *runner.Runner, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for number, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		who, text, _ := strings.Cut(line, " ")
		id := fmt.Sprintf("wamid.%s.%s.%d", file, who, number)
		err := r.Receive(ctx, []runner.Inbound{{Kind: runner.MessageReceived, ID: id, Message: id, Pack: "sample", Channel: "whatsapp",
			Account: "200", At: time.Now(), From: []runner.Identity{{Channel: "whatsapp", Kind: "wa_phone", Value: who}}, Event: engine.Event{Text: text}}})
		if err != nil {
			return err
		}
	}
	return nil
}

// hold is a command of the scripts: it holds the store as another process would, until it is ended.
func hold() {
	configuration, err := readConfig("baraza.yaml")
	if err == nil {
		var process *server.Server
		process, err = server.Open(server.Options{Config: configuration, Compile: compileFolder, Idle: true})
		if err == nil {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			err = os.WriteFile("held", nil, 0o600)
			<-ctx.Done()
			_ = process.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// damage is a command of the scripts: "damage FILE WORD" changes a letter of a word in a file, as a disk may.
func damage() {
	body, err := os.ReadFile(os.Args[1])
	if err == nil {
		for at := 0; ; at++ {
			next := bytes.Index(body[at:], []byte(os.Args[2]))
			if next < 0 {
				break
			}
			at += next
			body[at] ^= 1
		}
		err = os.WriteFile(os.Args[1], body, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
