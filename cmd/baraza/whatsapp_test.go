package main

import (
	"io"
	"testing"
	"time"

	"baraza/channels/whatsapp/contract"
)

// everyRequest renders every step of a pack, in each language.
func everyRequest(t *testing.T, look func(name string, line sentLine)) {
	t.Helper()
	at := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	o, err := ready("../../flows/ec", streams{out: io.Discard, err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	p := o.program
	for step := range p.Steps {
		beginAt(p, step)
		name := p.Flows[p.Steps[step].Flow].Name + "." + p.Steps[step].Name
		for _, lang := range p.Languages {
			for _, sent := range sentFrom(p, lang, at) {
				for _, line := range requests(sent, lang) {
					look(name, line)
				}
			}
		}
	}
}

func TestNoStepOfAPackIsRefused(t *testing.T) {
	t.Parallel()
	n := 0
	everyRequest(t, func(name string, line sentLine) {
		if n++; line.Refused != "" {
			t.Errorf("%s, %s in %s: %s", name, line.String, line.Language, line.Refused)
		}
	})
	if n < 100 {
		t.Errorf("only %d requests were looked at", n)
	}
}

func TestMetasDocumentTakesEveryStepOfAPack(t *testing.T) {
	t.Parallel()
	judge := contract.Judge(t)
	everyRequest(t, func(name string, line sentLine) {
		if line.Refused != "" {
			return
		}
		if err := judge(line.Body); err != nil {
			t.Errorf("%s, %s in %s: %v\n%s", name, line.String, line.Language, err, line.Body)
		}
	})
}
