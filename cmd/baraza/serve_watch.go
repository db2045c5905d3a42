package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
	"baraza/server"
	"baraza/server/config"
)

// How files are watched: they are looked at every watchEvery, and once some are others, every watchAgain until nothing
// has changed for watchQuiet, since an editor may write a file in pieces, and several one after another.
const (
	watchEvery = 200 * time.Millisecond
	watchAgain = 25 * time.Millisecond
	watchQuiet = 100 * time.Millisecond
)

// watch takes up packs as they are saved. What cannot run changes nothing.
type watch struct {
	dir      string // real and absolute, as all folders here
	log      *slog.Logger
	activate func(pack string, p *program.Program, files fs.FS) error

	packs   []*watched
	known   map[string]bool   // folders of packs in dir
	seen    map[string]uint64 // what files looked like when they were checked, by folder
	hashing maphash.Seed
}

// watched is a pack that is watched.
type watched struct {
	name    string
	folder  string
	files   fs.FS
	above   string // the folder that the checker's names begin at
	checker *dsl.Checker
	folders []string // the pack's and those of its libraries

	mu       sync.Mutex
	serves   string   // the hash of the program that serves
	said     string   // what the last check said
	lines    []string // of its problems
	problems []string // the same for the page, where what was saved last does not serve
}

// newWatch watches packs in a folder, which may be one of them; folders are those of all packs that are served.
func newWatch(dir string, folders []string, log *slog.Logger) (*watch, error) {
	given := dir
	dir, err := realPath(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %q to watch", given)
	}
	if err != nil {
		return nil, err
	}
	w := &watch{dir: dir, log: log, seen: map[string]uint64{}, hashing: maphash.MakeSeed()}
	for _, f := range folders {
		f, err := realPath(f)
		if err != nil {
			continue // whoever compiles it says so
		}
		if f != dir && !strings.HasPrefix(f, dir+string(filepath.Separator)) {
			continue
		}
		fsys, base, err := packFolder(f)
		if err != nil {
			return nil, err
		}
		files, err := fs.Sub(fsys, base)
		if err != nil {
			return nil, err
		}
		w.packs = append(w.packs, &watched{name: base, folder: f, files: files, above: filepath.Dir(f), checker: dsl.Open(fsys, base), folders: []string{f}})
	}
	if len(w.packs) == 0 {
		return nil, fmt.Errorf("no pack that is served lies in %q; say with --watch where they are", given)
	}
	w.known = w.inDir()
	return w, nil
}

// mayWatch refuses where people would meet what somebody has only just saved.
func mayWatch(c *config.Config) error {
	if all := server.Reaching(c); len(all) > 0 {
		return fmt.Errorf("--watch takes up whatever is saved, so it does not run where people write: %s of the configuration reaches them; "+
			"try it with --dev, and bring changes to people as releases", strings.Join(all, ", "))
	}
	return nil
}

func realPath(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(full)
}

// serve runs a process, and watches meanwhile. A nil watch watches nothing.
func (w *watch) serve(ctx context.Context, process *server.Server) error {
	if w == nil {
		return errors.Join(process.Run(ctx), process.Close())
	}
	w.activate = process.Reload
	watching, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { w.run(watching) })
	err := process.Run(ctx)
	stop()
	ended.Wait()
	return errors.Join(err, process.Close())
}

// compile is compileFolder that keeps what it read for the next check.
func (w *watch) compile(folder string) (*program.Program, fs.FS, error) {
	if w == nil {
		return compileFolder(folder)
	}
	full, err := realPath(folder)
	i := slices.IndexFunc(w.packs, func(p *watched) bool { return p.folder == full })
	if err != nil || i < 0 {
		return compileFolder(folder)
	}
	one := w.packs[i]
	r := one.checker.Check()
	p := r.Program()
	if p == nil {
		return nil, nil, problemsOf(folder, r.Problems, r.Sources)
	}
	one.serves = p.Hash
	return p, one.files, nil
}

// run watches until ctx ends.
func (w *watch) run(ctx context.Context) {
	w.log.Info("watching", "folder", w.dir, "packs", len(w.packs))
	for now := w.look(); ; now = w.look() {
		if !maps.Equal(now, w.seen) {
			if now = w.settled(ctx, now); now == nil {
				return
			}
			w.take(now)
		}
		if !wait(ctx, watchEvery) {
			return
		}
	}
}

// settled waits until files stand still, and gives what they look like then; nil when ctx ends.
func (w *watch) settled(ctx context.Context, now map[string]uint64) map[string]uint64 {
	for still := time.Duration(0); still < watchQuiet; still += watchAgain {
		if !wait(ctx, watchAgain) {
			return nil
		}
		if again := w.look(); !maps.Equal(again, now) {
			now, still = again, -watchAgain
		}
	}
	return now
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// take checks each pack of which something was saved.
func (w *watch) take(now map[string]uint64) {
	before := w.seen
	w.seen = now
	changed := func(folder string) bool { return now[folder] != before[folder] }
	rest := changed(w.dir) && !slices.ContainsFunc(w.packs, func(p *watched) bool { return p.folder == w.dir })
	for _, p := range w.packs {
		if rest || slices.ContainsFunc(p.folders, changed) {
			w.check(p)
		}
	}
	w.newcomers()
}

// check checks a pack, and activates it where it can run. Files that change meanwhile are looked at once more, so that
// what serves is always something that somebody saved.
func (w *watch) check(p *watched) {
	begun := time.Now()
	if _, err := os.Stat(filepath.Join(p.folder, "pack.flow")); errors.Is(err, fs.ErrNotExist) {
		w.gone(p)
		return
	}
	r := p.checker.Check()
	next := r.Program()
	if folders := r.Sources.Folders(); len(folders) > 0 {
		p.folders = p.folders[:0:0]
		for _, f := range folders {
			p.folders = append(p.folders, filepath.Join(p.above, filepath.FromSlash(f)))
		}
	}
	now := w.look()
	if slices.ContainsFunc(p.folders, func(f string) bool {
		was, known := w.seen[f]
		return known && was != now[f]
	}) {
		return
	}
	var err error
	before := p.serves
	if next != nil && next.Hash != before {
		err = w.activate(p.name, next, p.files)
	}
	w.tell(p, r, err, begun)
}

// tell logs what a check has found, once, and keeps it for the page.
func (w *watch) tell(p *watched, r *dsl.Result, err error, begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, hash := p.serves, ""
	if r.Program() != nil {
		hash = r.Program().Hash
	}
	problems := problemLines(r.Problems, r.Sources, p.name)
	said := fmt.Sprint(hash, problems, err)
	if said == p.said || p.said == "" && len(problems) == 0 && hash == before {
		p.said = said
		return
	}
	broken := p.problems != nil
	p.said, p.problems = said, nil
	took := time.Since(begun).Round(time.Millisecond / 10)
	for i, line := range problems[:min(len(problems), diag.DefaultMax)] {
		switch {
		case r.Problems[i].Severity == diag.Error:
			w.log.Error(line)
		case !slices.Contains(p.lines, line): // a warning that stays is told once
			w.log.Warn(line)
		}
	}
	p.lines = problems
	switch {
	case hash == "":
		p.problems = problems
		w.log.Error("the saved pack cannot run; what was served serves on", "pack", p.name, "errors", r.Problems.Errors(), "warnings", r.Problems.Warnings(), "serves", before, "took", took)
	case err != nil:
		p.problems = []string{p.name + ": " + err.Error()}
		w.log.Error("the saved pack was not taken up; what was served serves on", "pack", p.name, "why", err, "serves", before)
	case hash != before:
		p.serves = hash
		w.log.Info("the saved pack serves", "pack", p.name, "before", before, "now", hash, "warnings", len(problems), "took", took)
	case broken:
		w.log.Info("the saved pack is again what serves", "pack", p.name, "serves", before)
	}
}

// gone tells, once, that a pack has no folder any more.
func (w *watch) gone(p *watched) {
	const said = "the pack is gone from its folder; what was served serves on until the process ends"
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said != said {
		p.said, p.problems = said, []string{p.name + ": " + said}
		w.log.Warn(said, "pack", p.name, "serves", p.serves)
	}
}

// newcomers tells of folders of packs that came since the start.
func (w *watch) newcomers() {
	for folder := range w.inDir() {
		if !w.known[folder] {
			w.known[folder] = true
			w.log.Warn("there is a new pack; it is served after a restart", "folder", folder)
		}
	}
}

// inDir are the folders right in the watched one that have a pack.flow.
func (w *watch) inDir() map[string]bool {
	all := map[string]bool{}
	found, _ := filepath.Glob(filepath.Join(w.dir, "*", "pack.flow")) // its only error is a wrong pattern
	for _, f := range found {
		all[filepath.Dir(f)] = true
	}
	return all
}

// look tells what the files of each folder look like from outside: the packs', their libraries', and the watched one's own.
func (w *watch) look() map[string]uint64 {
	all := map[string]uint64{w.dir: 0}
	for _, p := range w.packs {
		for _, f := range p.folders {
			all[f] = 0
		}
	}
	for folder := range all {
		var h maphash.Hash
		h.SetSeed(w.hashing)
		left := pack.MaxEntries
		w.walk(&h, all, folder, 0, &left)
		all[folder] = h.Sum64()
	}
	return all
}

// walk adds the files below a folder by name, size and time, leaving out what is looked at by itself. A folder that is no
// pack's may hold packs in folders of its own, which lie deeper.
func (w *watch) walk(h *maphash.Hash, apart map[string]uint64, folder string, depth int, left *int) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		fmt.Fprintf(h, "%s\x00unread\x00", folder)
		return
	}
	for _, e := range entries {
		if *left--; *left < 0 {
			return
		}
		path := filepath.Join(folder, e.Name())
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$") {
			continue // what editors and tools keep beside files
		}
		if e.IsDir() {
			if _, own := apart[path]; !own && depth <= pack.MaxDepth {
				w.walk(h, apart, path, depth+1, left)
			}
			continue
		}
		info, err := os.Stat(path) // of a link, what it leads to
		if err != nil {
			fmt.Fprintf(h, "%s\x00unread\x00", path)
			continue
		}
		fmt.Fprintf(h, "%s\x00%d\x00%d\x00%s\x00", path, info.Size(), info.ModTime().UnixNano(), info.Mode())
	}
}

// problemLines are problems in one line each, with the place as editors take it: FILE:LINE:COLUMN.
func problemLines(all diag.List, sources diag.Sources, name string) (lines []string) {
	for _, d := range all {
		lines = append(lines, fmt.Sprintf("%s: %s: %s [%s]", whereOf(d, sources, name), d.Severity, d.Message, d.Code))
	}
	return lines
}

// whereOf is where a problem is.
func whereOf(d diag.Diagnostic, sources diag.Sources, name string) string {
	file := filepath.ToSlash(filepath.Join(name, d.Span.File))
	text, ok := sources.Source(d.Span.File)
	if !ok {
		return file
	}
	at := diag.NewLines(text).Position(d.Span.Start)
	return fmt.Sprintf("%s:%d:%d", file, at.Line, at.Column)
}

// standing is a pack as the page shows it.
type standing struct {
	Serves   string
	Problems []string
}

// standing is how a pack stands; of a nil watch there is nothing to say.
func (w *watch) standing(name string) (now standing) {
	if w == nil {
		return now
	}
	for _, p := range w.packs {
		if p.name == name {
			p.mu.Lock()
			now = standing{p.serves, p.problems[:min(len(p.problems), diag.DefaultMax)]}
			p.mu.Unlock()
		}
	}
	return now
}
