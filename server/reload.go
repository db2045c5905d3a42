package server

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server/config"
)

// earlierPrograms is how many programs of a folder are remembered that served before, for those who are in the middle of
// a conversation. Whoever is on an older one begins the step again.
const earlierPrograms = 20

// sourceStay is how long they may stay on it: enough to finish what one is at, and soon over for a tester who goes round
// in a loop of a question that was changed.
const sourceStay = 10 * time.Minute

// source is the folder a pack is served from. What serves is replaced as a whole.
type source struct {
	changing sync.Mutex
	now      atomic.Pointer[reloaded]
}

// reloaded is what serves of a folder. It is immutable.
type reloaded struct {
	serving *release.Serving
	files   fs.FS
	earlier []left // the latest first
}

// left is a program that served until then.
type left struct {
	program *program.Program
	at      time.Time
}

// serve has a program serve from the next message on.
func (f *source) serve(p *program.Program, files fs.FS, now time.Time) {
	f.changing.Lock()
	defer f.changing.Unlock()
	next := &reloaded{serving: &release.Serving{Current: p}, files: files}
	if before := f.now.Load(); before != nil {
		next.earlier = append([]left{{before.serving.Current, now}}, before.earlier...)
		next.earlier = slices.DeleteFunc(next.earlier, func(l left) bool { return l.program.Hash == p.Hash })
		next.earlier = next.earlier[:min(len(next.earlier), earlierPrograms)]
	}
	next.serving.Earlier = func(hash string) (*program.Program, time.Time) {
		i := slices.IndexFunc(next.earlier, func(l left) bool { return l.program.Hash == hash })
		if i < 0 {
			return nil, time.Time{}
		}
		return next.earlier[i].program, next.earlier[i].at.Add(sourceStay)
	}
	f.now.Store(next)
}

// Reload has another program of a pack that is served from its folder serve from the next message on. Whoever is in the
// middle of a conversation goes over by the rule of release.Serving. An error leaves all as it was: where people are at
// the other end of a line of the pack, a change comes as a release, and a program must suit all lines.
func (s *Server) Reload(name string, p *program.Program, files fs.FS) error {
	one := s.packs[name]
	switch {
	case one == nil:
		return fmt.Errorf("there is no pack %q", name)
	case one.folder == nil:
		return fmt.Errorf("the pack %s comes as releases; see: baraza release activate", name)
	case p.Pack != name:
		return fmt.Errorf("the pack calls itself %q now; folder and pack have one name, by which lines name it", p.Pack)
	}
	var problems []error
	for channel, o := range s.outlets {
		for _, l := range o.lines {
			if l.pack == name && l.real {
				problems = append(problems, fmt.Errorf("people write to %s on %s: a change reaches them as a release, or with a restart", name, channel))
			}
		}
	}
	if err := errors.Join(append(problems, s.acceptsNew(name)(p))...); err != nil {
		return err
	}
	one.folder.serve(p, files, s.clock.Now())
	return nil
}

// Reaching names what of a configuration reaches people, and not a machine of ours.
func Reaching(c *config.Config) (all []string) {
	for i, w := range c.WhatsApp {
		if remote(w.Graph) {
			all = append(all, fmt.Sprintf("whatsapp[%d]", i))
		}
	}
	for i, t := range c.Telegram {
		if remote(t.API) {
			all = append(all, fmt.Sprintf("telegram[%d]", i))
		}
	}
	for i := range c.Webchat {
		if public(c) {
			all = append(all, fmt.Sprintf("webchat[%d]", i))
		}
	}
	return all
}

// public tells whether pages of ours are seen from elsewhere.
func public(c *config.Config) bool { return c.Public != "" && remote(c.Public) }
