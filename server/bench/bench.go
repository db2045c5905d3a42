// Package bench measures a process that serves, with people who write to it through a real pack, and in the same run
// the floor: what the disk, bbolt and HTTP ask for the same bytes and no more. It also checks what it measures: each
// message that was acknowledged must have been heard once, and each reply must arrive.
//
// In process there is no HTTP and nothing is sent. Over HTTP the process is another one, this program started again,
// which listens on the loopback of this machine and nowhere else.
package bench

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"baraza/engine/program"
)

// Options of a run. Pack, Compile and Program are needed.
type Options struct {
	Pack    string // folder
	Compile func(folder string) (*program.Program, fs.FS, error)
	// Program is this program, which starts itself again; the words behind it are those of childWords.
	Program string

	Contacts int           // people at once
	Rate     float64       // messages a second of the load whose latency is measured
	For      time.Duration // each measurement
	Batch    int           // messages a webhook, where they come together
	Stored   int           // conversations stored
	Seed     uint64
	Profiles string // folder for profiles of the processes that are measured; "": none
	Tell     func(what string)

	// What is measured; all but stored conversations when none is set.
	InProcess, HTTP, Latency, Sending bool
}

// Result is what was measured; parts that were not asked for are nil.
type Result struct {
	Pack      string        `json:"pack"`
	Contacts  int           `json:"contacts"`
	For       time.Duration `json:"for"`
	InProcess *Compared     `json:"in_process,omitempty"`
	HTTP      *Compared     `json:"http,omitempty"`
	Batched   *Work         `json:"batched,omitempty"`
	Latency   *Paced        `json:"latency,omitempty"`
	Sending   *Sent         `json:"sending,omitempty"`
	Together  *Paced        `json:"together,omitempty"`
	Stored    []Stored      `json:"stored,omitempty"`
}

// Work is what was done in a time.
type Work struct {
	Messages  int           `json:"messages"`
	Took      time.Duration `json:"took"`
	PerSecond float64       `json:"per_second"`
	Acks      Latency       `json:"acks"`
	Commits   int64         `json:"commits"`
	// TurnsPerCommit also counts turns that only say what became of a message.
	TurnsPerCommit float64 `json:"turns_per_commit"`
	Written        float64 `json:"written_bytes"` // a message
	Allocations    float64 `json:"allocations"`   // a message; 0 where not measured
	Allocated      float64 `json:"allocated_bytes"`
	CPU            float64 `json:"cpu_seconds"` // of the process, a message; 0 where not measured
	Memory         Memory  `json:"memory"`
}

// Compared is a measurement beside its floor.
type Compared struct {
	Bytes int  `json:"bytes"` // that a turn keeps, and the floor commits
	Work  Work `json:"work"`
	Floor Work `json:"floor"` // each turn's bytes behind those before
	// Replaced is the same where a turn's contact replaces what there was of it; nil over HTTP.
	Replaced *Work   `json:"replaced,omitempty"`
	Ratio    float64 `json:"ratio"`
}

// Paced is a load with everything on: messages come, replies leave and arrive.
type Paced struct {
	Rate    float64 `json:"rate"` // a second; 0: as fast as acknowledged
	Work    Work    `json:"work"`
	Replies Latency `json:"replies"` // from a message's intended time to the arrival of the first part of its answer
	Parts   int64   `json:"parts"`
}

// Sent is a queue that was sent.
type Sent struct {
	Parts          int64         `json:"parts"`
	Took           time.Duration `json:"took"`
	PerSecond      float64       `json:"per_second"`
	Commits        int64         `json:"commits"`
	TurnsPerCommit float64       `json:"turns_per_commit"`
	TurnsPerPart   float64       `json:"turns_per_part"`
	CPU            float64       `json:"cpu_seconds"` // a part
}

func work(t told, f figures) Work {
	n := float64(max(t.messages, 1))
	return Work{Messages: t.messages, Took: t.took, PerSecond: float64(t.messages) / t.took.Seconds(), Acks: t.acks.latency(),
		Commits: f.commits, TurnsPerCommit: float64(f.turns) / float64(max(f.commits, 1)), Written: float64(f.written) / n,
		Allocations: float64(f.mallocs) / n, Allocated: float64(f.allocated) / n, CPU: f.cpu.Seconds() / n}
}

// bench is a run.
type bench struct {
	Options
	program *program.Program
	scripts []script
	folder  string
	folders int
}

// Lengths of what is prepared.
const (
	scriptsMade  = 64
	scriptLength = 4000
)

// Run measures. It needs some gigabytes in the folder for temporary files where many conversations are stored.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	if !o.InProcess && !o.HTTP && !o.Latency && !o.Sending && o.Stored == 0 {
		o.InProcess, o.HTTP, o.Latency, o.Sending = true, true, true, true
	}
	p, _, err := o.Compile(o.Pack)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "baraza-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	b := &bench{Options: o, program: p, folder: folder}
	b.scripts = scripts(p, min(scriptsMade, o.Contacts), scriptLength, o.Seed, time.Now())
	out := &Result{Pack: p.Pack, Contacts: o.Contacts, For: o.For}
	bytes := 0
	if o.InProcess || o.HTTP {
		o.Tell("in process")
		if out.InProcess, err = b.inProcess(ctx); err != nil {
			return nil, fmt.Errorf("in process: %w", err)
		}
		bytes = out.InProcess.Bytes
	}
	if o.HTTP {
		o.Tell("over HTTP")
		if out.HTTP, out.Batched, err = b.overHTTP(ctx, bytes); err != nil {
			return nil, fmt.Errorf("over HTTP: %w", err)
		}
	}
	if o.Latency {
		o.Tell("at a steady rate")
		if out.Latency, err = b.paced(ctx, o.Rate, 2*o.For); err != nil {
			return nil, fmt.Errorf("at a steady rate: %w", err)
		}
	}
	if o.Sending {
		o.Tell("sending")
		if out.Sending, err = b.sending(ctx); err != nil {
			return nil, fmt.Errorf("sending: %w", err)
		}
		if out.Together, err = b.paced(ctx, 0, o.For); err != nil {
			return nil, fmt.Errorf("receiving and sending: %w", err)
		}
	}
	if o.Stored > 0 {
		if out.Stored, err = b.stored(ctx); err != nil {
			return nil, fmt.Errorf("stored conversations: %w", err)
		}
	}
	return out, nil
}

// newFolder is an empty one.
func (b *bench) newFolder() (string, error) {
	b.folders++
	folder := filepath.Join(b.folder, fmt.Sprint(b.folders))
	return folder, os.Mkdir(folder, 0o700)
}
