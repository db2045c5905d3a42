package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// durations are latencies that were measured.
type durations []time.Duration

// Latency is how long things took.
type Latency struct {
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

func (d durations) latency() Latency {
	if len(d) == 0 {
		return Latency{}
	}
	slices.Sort(d)
	at := func(part float64) time.Duration { return d[min(int(part*float64(len(d))), len(d)-1)] }
	return Latency{at(.50), at(.95), at(.99), d[len(d)-1]}
}

// figures are counts at a moment.
type figures struct {
	turns, commits, written int64
	mallocs, allocated      int64
	heap                    int64
	cpu                     time.Duration

	heard, wrong, sent int64
}

func (f figures) since(was figures) figures {
	return figures{turns: f.turns - was.turns, commits: f.commits - was.commits, written: f.written - was.written,
		mallocs: f.mallocs - was.mallocs, allocated: f.allocated - was.allocated, heap: f.heap, cpu: f.cpu - was.cpu,
		heard: f.heard - was.heard, wrong: f.wrong - was.wrong, sent: f.sent - was.sent}
}

// scrape reads the figures that a process shows.
func scrape(ctx context.Context, address string) (figures, error) {
	var f figures
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/metrics", nil)
	if err != nil {
		return f, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return f, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return f, fmt.Errorf("%s/metrics: %s", address, response.Status)
	}
	return f, f.read(response.Body)
}

// read takes what it knows of a page of metrics.
func (f *figures) read(page io.Reader) error {
	whole := map[string]*int64{
		"baraza_messages_total": &f.heard, "baraza_parts_sent_total": &f.sent,
		"baraza_commits_total": &f.commits, "baraza_commit_turns_total": &f.turns, "baraza_written_bytes_total": &f.written,
		"go_memstats_mallocs_total": &f.mallocs, "go_memstats_alloc_bytes_total": &f.allocated, "go_memstats_heap_inuse_bytes": &f.heap,
		// Each of these would mean that something was not done once and well.
		"baraza_duplicates_total": &f.wrong, "baraza_turn_panics_total": &f.wrong, "baraza_events_set_aside_total": &f.wrong,
		"baraza_parts_dead_total": &f.wrong, "baraza_outbox_unknown_total": &f.wrong, "baraza_intake_busy_total": &f.wrong,
		"baraza_parts_retried_total": &f.wrong, "baraza_commits_unknown_total": &f.wrong, "baraza_contacts_replaced_total": &f.wrong,
	}
	lines := bufio.NewScanner(page)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			continue
		}
		if to := whole[name]; to != nil {
			*to += int64(n)
		}
	}
	return lines.Err()
}

// Memory is what the system says a process uses, in bytes; zero where it does not say.
type Memory struct {
	Anon   int64 `json:"rss_anon"` // RssAnon: the process's own
	Mapped int64 `json:"rss_file"` // RssFile: pages of files, which the system takes back when it needs them
	Heap   int64 `json:"heap"`
}

// memoryOf reads /proc; on other systems there is nothing to read.
func memoryOf(pid int) Memory {
	var m Memory
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "RssAnon":
			m.Anon = n << 10
		case "RssFile":
			m.Mapped = n << 10
		}
	}
	return m
}

// processorOf is how long a process has worked; /proc counts in hundredths of a second.
func processorOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// What is behind the name in brackets, which may hold anything, begins with the third field.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	var ticks int64
	for _, f := range fields[11:13] { // utime, stime
		n, _ := strconv.ParseInt(f, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}
