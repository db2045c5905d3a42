package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"baraza/server"
	"baraza/server/bench"
)

// benchmark measures this machine with a pack.
type benchmark struct {
	Pack      string        `default:"flows/ec" help:"Folder of the pack, ${default} unless given." placeholder:"FOLDER"`
	Contacts  int           `default:"256" help:"People who write at once, ${default} unless given." placeholder:"N"`
	Rate      float64       `default:"500" help:"Messages a second of the load whose latency is measured, ${default} unless given." placeholder:"N"`
	For       time.Duration `default:"4s" help:"How long each measurement lasts, ${default} unless given." placeholder:"TIME"`
	Batch     int           `default:"10" help:"Messages a webhook, where they come together, ${default} unless given." placeholder:"N"`
	Stored    int           `help:"Measure among so many stored conversations, and among 1,000 and 100,000." placeholder:"N"`
	InProcess bool          `help:"Measure in process: the runner and the store."`
	HTTP      bool          `name:"http" help:"Measure over HTTP, with nothing sent."`
	Latency   bool          `help:"Measure acknowledgements and replies at the rate."`
	Sending   bool          `help:"Measure sending."`
	Seed      uint64        `default:"1" help:"Seed of what people say."`
	Profiles  string        `help:"Write profiles of the processes that are measured into this folder." placeholder:"FOLDER"`
	JSON      bool          `name:"json" help:"Print JSON."`

	// The process that is measured is this program again.
	Child       string `hidden:"" enum:",serve,bare" default:""`
	ChildConfig string `hidden:""`
	ChildMute   bool   `hidden:""`
	ChildFolder string `hidden:""`
	ChildBytes  int    `hidden:""`
}

// Run measures, or is what is measured.
func (c *benchmark) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	child := bench.Child{Config: c.ChildConfig, Mute: c.ChildMute, Folder: c.ChildFolder, Bytes: c.ChildBytes}
	switch c.Child {
	case "serve":
		return child.Serve(ctx, server.Options{Compile: compileFolder, Log: quiet(s.err)}, s.in, s.out)
	case "bare":
		return child.Bare(ctx, s.in, s.out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	result, err := bench.Run(ctx, bench.Options{Pack: c.Pack, Compile: compileFolder, Program: self, Contacts: c.Contacts, Rate: c.Rate,
		For: c.For, Batch: c.Batch, Stored: c.Stored, Seed: c.Seed, Profiles: c.Profiles,
		InProcess: c.InProcess, HTTP: c.HTTP, Latency: c.Latency, Sending: c.Sending,
		Tell: func(what string) { fmt.Fprintln(s.err, "measuring "+what) }})
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		return out.Encode(result)
	}
	return result.Print(s.out)
}
