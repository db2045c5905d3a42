package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/channels/whatsapp"
	"baraza/server"
	"baraza/server/config"
)

// Child is the process that is measured: this program again, with a word of its own on the command line. It listens
// on this machine alone, says where in its first line, and ends when its standard input does, so that it never
// outlives who started it.
type Child struct {
	Config string // of Serve
	Mute   bool   // of Serve: sends nothing
	Folder string // of Bare
	Bytes  int    // of Bare: a turn's
}

// Serve is the process that serves, with pacing off.
func (c Child) Serve(ctx context.Context, o server.Options, in io.Reader, out io.Writer) error {
	configuration, err := config.Read(c.Config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	o.Config, o.Listener, o.Mute, o.Unpaced = configuration, listener, c.Mute, true
	o.Pages = map[string]http.Handler{"/debug/pprof/": profiles()}
	process, err := server.Open(o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintln(out, "http://"+listener.Addr().String())
	return errors.Join(process.Run(until(ctx, in)), process.Close())
}

// Bare is the floor over HTTP: it verifies, parses and commits as many bytes, and nothing else.
func (c Child) Bare(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f, err := newFloor(filepath.Join(c.Folder, "floor"), weight{added: c.Bytes}, false)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/pprof/", profiles())
	mux.HandleFunc("POST "+path, f.receive)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		n := f.figures()
		fmt.Fprintf(w, "baraza_commits_total %d\nbaraza_commit_turns_total %d\nbaraza_messages_total %d\nbaraza_written_bytes_total %d\n",
			n.commits, n.turns, n.turns, n.written)
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	work, working := errgroup.WithContext(until(ctx, in))
	work.Go(func() error {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	work.Go(func() error {
		<-working.Done()
		return s.Shutdown(context.WithoutCancel(ctx))
	})
	fmt.Fprintln(out, "http://"+listener.Addr().String())
	return errors.Join(work.Wait(), f.close())
}

func (f *floor) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil || !whatsapp.Signed(body, r.Header.Get("X-Hub-Signature-256"), appSecret) {
		http.Error(w, "not signed", http.StatusUnauthorized)
		return
	}
	all := whatsapp.Parse(body)
	told := make(chan error, len(all))
	for range all {
		f.queue <- bare{told: told}
	}
	for range all {
		err = errors.Join(err, <-told)
	}
	if err != nil || len(all) == 0 {
		http.Error(w, "not kept", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}

// until ends with ctx, or with the input.
func until(ctx context.Context, in io.Reader) context.Context {
	ctx, end := context.WithCancel(ctx)
	go func() {
		defer end()
		_, _ = io.Copy(io.Discard, in)
	}()
	return ctx
}

// started is a child that runs.
type started struct {
	address string
	pid     int
	cmd     *exec.Cmd
	input   io.Closer
	said    *bytes.Buffer
}

// start starts this program again with the words, and waits until it says where it listens.
func start(ctx context.Context, program string, words ...string) (*started, error) {
	s := &started{cmd: exec.CommandContext(ctx, program, words...), said: &bytes.Buffer{}}
	s.cmd.Args[0] = os.Args[0] // in tests the name says which program the one file is
	// The secrets are made up; they go by the environment because those of people do.
	s.cmd.Env = append(os.Environ(), "BENCH_SECRET="+appSecret, "BENCH_TOKEN="+token, "BENCH_KEY="+strings.Repeat("42", 32),
		"BENCH_VERIFY=bench-verify")
	s.cmd.Stderr = s.said
	input, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.input, s.pid = input, s.cmd.Process.Pid
	line, err := bufio.NewReader(output).ReadString('\n')
	s.address = strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(s.address, "http://127.0.0.1:") {
		return nil, fmt.Errorf("the process that is to be measured did not start: %w", s.stop())
	}
	return s, nil
}

func (s *started) figures(ctx context.Context) (figures, error) {
	f, err := scrape(ctx, s.address)
	f.cpu = processorOf(s.pid)
	return f, err
}

// stop ends the child and waits for it; its error holds what the child said.
func (s *started) stop() error {
	_ = s.input.Close()
	err := s.cmd.Wait()
	if err != nil {
		return fmt.Errorf("the process that was measured: %w\n%s", err, s.said)
	}
	return nil
}

// profile has the child write where its time goes, for so long, into a file.
func (s *started) profile(ctx context.Context, file string, lasts time.Duration) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.address, max(int(lasts.Seconds()), 1)), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, response.Body)
	return errors.Join(err, f.Close())
}

// configure writes the configuration of the process that is measured, and returns its file.
func configure(folder, pack, name, graph string) (string, error) {
	packFolder, err := filepath.Abs(pack)
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "baraza.yaml")
	text := fmt.Sprintf(`listen: 127.0.0.1:0
data: data
countries:
  bench:
    packs: [%q]
    key: env:BENCH_KEY
whatsapp:
  - app_secret: env:BENCH_SECRET
    verify_token: env:BENCH_VERIFY
    token: env:BENCH_TOKEN
    graph: %q
    per_second: 1000
    numbers: {%q: %q}
`, packFolder, graph, account, name)
	return file, os.WriteFile(file, []byte(text), 0o600)
}
