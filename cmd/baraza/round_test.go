package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baraza/dsl"
	"baraza/simulator/rounds"
)

// said is what a command prints; it has to end well.
func said(t *testing.T, args ...string) string {
	t.Helper()
	var out, err bytes.Buffer
	if code := run(args, streams{strings.NewReader(""), &out, &err}); code != exitClean {
		t.Fatalf("baraza %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), err.String())
	}
	return out.String()
}

func TestASessionIsReadReportedAndBlessedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	data, flows := t.TempDir(), t.TempDir()
	if err := os.CopyFS(flows, os.DirFS("../../flows/tutorial")); err != nil {
		t.Fatal(err)
	}
	pack := filepath.Join(flows, "2-choices")
	program := dsl.Open(os.DirFS(flows), "2-choices").Check().Program()
	f, err := rounds.Open(data, rounds.Options{})
	if err != nil {
		t.Fatal(err)
	}
	round, token, err := f.CreateRound(rounds.Round{Pack: "2-choices", Title: "Choices", Uses: 1}, "")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := f.Begin(token, "", true, program.Hash, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	talk, err := f.Talk(s, program)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"hello", "my number is 0712 345 678", "1"} {
		if _, err := talk.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.AddRemark(s.ID, rounds.Remark{Turn: 2, Kind: rounds.Better, Text: "=What do you need?"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	if out := said(t, "round", "sessions", round.ID, "--data", data); !strings.Contains(out, s.ID) {
		t.Errorf("sessions:\n%s", out)
	}
	if out := said(t, "round", "transcript", s.ID, "--data", data); !strings.Contains(out, "my number is ••••••") {
		t.Errorf("transcript:\n%s", out)
	}
	if out := said(t, "round", "report", round.ID, "--data", data, "--pack", pack); !strings.Contains(out, "say it better: =What do you need?") ||
		!strings.Contains(out, "## What nobody tried") {
		t.Errorf("report:\n%s", out)
	}
	if out := said(t, "round", "report", round.ID, "--data", data, "--csv"); !strings.Contains(out, ",'=What do you need?,") {
		t.Errorf("table:\n%s", out)
	}
	if out := said(t, "round", "bless", s.ID, pack, "--data", data); !strings.Contains(out, "tests/blessed-"+s.ID[:8]+".flow is written") {
		t.Errorf("bless:\n%s", out)
	}
	if out := said(t, "test", pack, "-v", "--only", s.ID[:8]); !strings.Contains(out, "1 test passed, 0 did not") {
		t.Errorf("test:\n%s", out)
	}
	if out := said(t, "round", "revoke", round.ID, "--data", data); !strings.Contains(out, "Nobody begins any more.") {
		t.Errorf("revoke:\n%s", out)
	}
}
