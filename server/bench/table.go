package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes what was measured as tables that people read.
func (r *Result) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "Pack %s, %d people at once, %v each.\n", r.Pack, r.Contacts, r.For)
	if c := r.InProcess; c != nil {
		c.print(t, "In process, nothing sent", "the runner", "bare bbolt")
	}
	if c := r.HTTP; c != nil {
		c.print(t, "Over HTTP, nothing sent", "serve", "bare handler")
		m := c.Work.Memory
		fmt.Fprintf(t, "  memory of serve: RssAnon %s, mapped %s, heap in use %s\n", mega(m.Anon), mega(m.Mapped), mega(m.Heap))
	}
	if b := r.Batched; b != nil {
		fmt.Fprintf(t, "  several messages a webhook: %.0f messages/s\n", b.PerSecond)
	}
	if p := r.Latency; p != nil {
		p.print(t, fmt.Sprintf("At %.0f messages a second, with replies", p.Rate))
	}
	if s := r.Sending; s != nil {
		fmt.Fprintf(t, "\nSending a queue, pacing off\n  %d parts in %v: %.0f parts/s, %.1f commits of other things a part, %.0f turns a commit, %.0f µs of processor a part\n",
			s.Parts, s.Took.Round(time.Millisecond), s.PerSecond, s.TurnsPerPart, s.TurnsPerCommit, s.CPU*1e6)
	}
	if p := r.Together; p != nil {
		p.print(t, "Receiving and sending as fast as it goes")
	}
	for i := range r.Stored {
		r.Stored[i].print(t, i == 0)
	}
	return t.Flush()
}

func (c *Compared) print(w io.Writer, title, ours, theirs string) {
	fmt.Fprintf(w, "\n%s, %d bytes a turn\n\tmessages/s\tp50\tp95\tp99\tmax\tcommits\tturns a commit\twritten a turn\tallocations\tprocessor\n", title, c.Bytes)
	c.Work.row(w, ours)
	c.Floor.row(w, theirs)
	if c.Replaced != nil {
		c.Replaced.row(w, theirs+", replacing")
		fmt.Fprintf(w, "  ratio to %s, replacing: %.0f %%\n", theirs, 100*c.Work.PerSecond/c.Replaced.PerSecond)
	}
	fmt.Fprintf(w, "  ratio to %s: %.0f %% (to reach: 60 %%)\n", theirs, 100*c.Ratio)
}

func (k *Work) row(w io.Writer, name string) {
	allocations, processor := "-", "-"
	if k.Allocations > 0 {
		allocations = fmt.Sprintf("%.0f", k.Allocations)
	}
	if k.CPU > 0 {
		processor = fmt.Sprintf("%.0f µs", k.CPU*1e6)
	}
	fmt.Fprintf(w, "  %s\t%.0f\t%s\t%d\t%.0f\t%.0f B\t%s\t%s\n", name, k.PerSecond, k.Acks, k.Commits, k.TurnsPerCommit, k.Written, allocations,
		processor)
}

func (p *Paced) print(w io.Writer, title string) {
	fmt.Fprintf(w, "\n%s\n\tmessages/s\tp50\tp95\tp99\tmax\tcommits\tturns a commit\twritten a turn\tallocations\tprocessor\n", title)
	p.Work.row(w, "acknowledged")
	fmt.Fprintf(w, "  replies\t%.0f\t%s\n", float64(p.Parts)/p.Work.Took.Seconds(), p.Replies)
	m := p.Work.Memory
	fmt.Fprintf(w, "  memory: RssAnon %s, mapped %s, heap in use %s\n", mega(m.Anon), mega(m.Mapped), mega(m.Heap))
}

// String has the four as columns.
func (l Latency) String() string {
	var b strings.Builder
	for i, d := range []time.Duration{l.P50, l.P95, l.P99, l.Max} {
		if i > 0 {
			b.WriteByte('\t')
		}
		fmt.Fprintf(&b, "%.1f ms", float64(d)/1e6)
	}
	return b.String()
}

func mega(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
