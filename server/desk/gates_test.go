package desk_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server/audit"
	"baraza/server/desk"
)

// gated is a world whose pack comes as releases that need something.
type gated struct {
	*world
	client *desk.Client
	key    ed25519.PrivateKey
	shelf  *release.Shelf
	// found is what is found about gates, by name; what is not there is met. asked counts how often somebody looked.
	found map[string]string
	asked atomic.Int64
	// holds, where set, is waited for by whoever looks.
	holds chan struct{}
}

func inGated(t *testing.T, test func(*testing.T, *gated)) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		secret, public, err := release.NewKey(rand.Reader)
		w.check(err)
		g := &gated{world: w, found: map[string]string{}}
		g.key, err = release.ReadKey(secret)
		w.check(err)
		g.opens(public)
		defer func() { w.check(g.shelf.Close()) }()
		test(t, g)
	})
}

// opens begins a desk over the releases, as a process that starts does.
func (g *gated) opens(public ed25519.PublicKey) {
	g.t.Helper()
	var err error
	g.shelf, err = release.OpenShelf(filepath.Join(g.dir, "releases"), "sample", 0)
	g.check(err)
	parts := g.world.desk.Parts
	country := parts.Countries["ke"]
	country.Released = map[string]desk.ReleasedPack{"sample": {Shelf: g.shelf, Keys: []ed25519.PublicKey{public},
		Accept: anyProgram, AcceptNew: anyProgram, Inspect: g.inspect}}
	parts.Countries = map[string]desk.Country{"ke": country}
	g.client = desk.Within(desk.New(parts).Handler())
}

func (g *gated) inspect(_ context.Context, in desk.Inspection) ([]desk.Finding, error) {
	g.asked.Add(1)
	if g.holds != nil {
		<-g.holds
	}
	out := make([]desk.Finding, len(in.Needs))
	for i, n := range in.Needs {
		says, bad := g.found[n.Gate]
		out[i] = desk.Finding{Met: !bad, Says: says}
	}
	return out, nil
}

// bundle builds and signs a release; change may alter its program.
func (g *gated) bundle(needs, flows string, change func(*program.Program)) (*bytes.Buffer, []byte, string) {
	g.t.Helper()
	text := packText
	if needs != "" {
		text = strings.Replace(text, "  example\n", "  release needs\n"+needs+"  example\n", 1)
	}
	files := fstest.MapFS{"sample/pack.flow": {Data: []byte(text)}, "sample/flows.flow": {Data: []byte(flows)}}
	checked := dsl.Open(files, "sample").Check()
	p := checked.Program()
	if p == nil {
		g.t.Fatal(checked.Problems)
	}
	if change != nil {
		change(p)
	}
	var out bytes.Buffer
	m, err := release.Build(&out, release.Pack{Program: p, Files: files, Folder: "sample", Names: checked.Sources.Files()})
	g.check(err)
	signature, err := release.Sign(m.Hash(), g.key)
	g.check(err)
	return &out, signature, m.Hash()
}

// keeps keeps a release and gives its hash.
func (g *gated) keeps(needs, flows string) string {
	g.t.Helper()
	bundle, signature, _ := g.bundle(needs, flows, nil)
	kept, err := g.client.Keep(g.t.Context(), "ke", bundle, signature)
	g.check(err)
	return kept.Release
}

func (g *gated) activate(hash, by string, percent int) error {
	_, err := g.client.Activate(g.t.Context(), desk.Change{Country: "ke", Planned: g.shelf.State().Serves(), Release: hash, Percent: percent, By: by})
	return err
}

// refused is what the desk says to a request, and with which status; it fails where the request was carried out.
func refused(t *testing.T, err error, status int, says string) {
	t.Helper()
	var p *desk.Problem
	if !errors.As(err, &p) || p.Status != status || !strings.Contains(p.Text, says) {
		t.Errorf("got %v, want status %d with %q", err, status, says)
	}
}

func TestAReleaseServesOnceItHasWhatItsPackNeeds(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		g.found[program.TestsPass] = "2 tests did not pass"
		hash := g.keeps("    tests pass\n    approval\n", flowsText)
		refused(t, g.activate(hash, "ana", 100), http.StatusConflict, "tests pass: 2 tests did not pass\n  approval: nobody has approved it")
		delete(g.found, program.TestsPass)
		refused(t, g.activate(hash, "ana", 100), http.StatusConflict, "approval: nobody has approved it")

		approve := func(by string) error {
			_, err := g.client.Approve(g.t.Context(), desk.Approval{Country: "ke", Release: hash[:12], By: by, Why: "read it"})
			return err
		}
		refused(t, approve("  …  "), http.StatusUnprocessableEntity, "say who says this")
		g.check(approve("Ana"))
		refused(t, g.activate(hash, "ANA ", 100), http.StatusConflict, "approved by Ana, who activates it")
		g.check(g.activate(hash, "ben", 100))
		refused(t, approve("Ben"), http.StatusConflict, "a second person has to say it: ben activated release")

		gates, err := g.client.Gates(g.t.Context(), desk.OneRelease{Country: "ke"})
		g.check(err)
		want := []desk.Gate{{Gate: "tests pass", Line: "tests pass", Met: true}, {Gate: "approval", Line: "approval", Met: true, Says: "approved by Ana", ApprovedBy: []string{"Ana"}}}
		if diff := cmp.Diff(want, gates.Gates); diff != "" || gates.Release != hash {
			t.Errorf("of %s (-want +got)\n%s", gates.Release, diff)
		}

		// What is built anew is approved anew.
		next := g.keeps("    tests pass\n    approval\n", strings.Replace(flowsText, "Write a word.", "Write one word.", 1))
		refused(t, g.activate(next, "ben", 100), http.StatusConflict, "approval: nobody has approved it")
	})
}

func TestAPlanSaysWhatAReleaseNeedsAndKeepsNothing(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		g.found[program.CoverageOf] = "the tests visit 1 of 9 steps"
		bundle, signature, _ := g.bundle("    coverage 80\n    not an example\n    all languages\n", flowsText, nil)
		plan, err := g.client.Plan(g.t.Context(), "ke", bundle, signature)
		g.check(err)
		want := []desk.Gate{
			{Gate: "coverage", Line: "coverage 80", Says: "the tests visit 1 of 9 steps"},
			{Gate: "not an example", Line: "not an example", Says: `the pack is marked as an example; replace its made-up contacts, then remove the line "example" from pack.flow`},
			{Gate: "all languages", Line: "all languages", Met: true, Says: "the pack has one language"},
		}
		if diff := cmp.Diff(want, plan.Gates); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		// A bundle of somebody else is read, and none of it is run.
		before := g.asked.Load()
		bundle, _, _ = g.bundle("    coverage 80\n", flowsText, nil)
		if plan, err = g.client.Plan(g.t.Context(), "ke", bundle, nil); err != nil || g.asked.Load() != before ||
			plan.Gates[0].Met || !strings.Contains(plan.Gates[0].Says, "looked at when the bundle is signed") {
			t.Errorf("without a signature: %+v (%v)", plan.Gates, err)
		}
		if kept, err := g.shelf.Hashes(); len(kept) > 0 || err != nil {
			t.Errorf("a plan keeps %v (%v)", kept, err)
		}
	})
}

func TestAPlanNamesWhereEverybodyStandsAlsoWhereItIsAtNoStep(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		g.check(g.activate(g.keeps("", flowsText), "ana", 100))
		g.hears(ana, "hello") // and is asked the notice
		g.agrees(bea)
		bundle, signature, _ := g.bundle("    approval\n", flowsText, nil)
		plan, err := g.client.Plan(t.Context(), "ke", bundle, signature)
		g.check(err)
		want := []desk.FateLine{{Step: "menu.choose", Language: "en", Fate: "continues", Count: 1}, {Step: "notice.service_notice", Language: "en", Fate: "continues", Count: 1}}
		if diff := cmp.Diff(want, plan.Lines); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		one, err := g.client.Contact(t.Context(), desk.Person{Channel: "whatsapp", Identity: "+" + ana})
		if err != nil || one.Talk != "at no step" {
			t.Errorf("she stands at %q (%v)", one.Talk, err)
		}
	})
}

// Facts go on ageing while a release is tried.
func TestAReviewThatRunsOutWhileAReleaseIsTriedHoldsItBackAndNotTheRollback(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		first := g.keeps("", flowsText)
		g.check(g.activate(first, "ana", 100))
		tomorrow := time.Now().Add(24 * time.Hour).Format(time.DateOnly)
		flows := strings.Replace(flowsText, "step choose\n  public\n", "step choose\n  public\n  review by "+tomorrow+"\n", 1)
		hash := g.keeps("    nothing past review\n", flows)
		g.check(g.activate(hash, "ana", 10))
		time.Sleep(72 * time.Hour)
		_, err := g.client.Promote(g.t.Context(), desk.Change{Country: "ke", Planned: hash, By: "ana"})
		refused(t, err, http.StatusConflict, "nothing past review: past review: menu.choose ("+tomorrow+")")
		_, err = g.client.Rollback(g.t.Context(), desk.Change{Country: "ke", Planned: first, By: "ana"})
		g.check(err)
		_, err = g.client.Rollback(g.t.Context(), desk.Change{Country: "ke", Planned: first, Release: hash, By: "ana"})
		g.check(err) // it was tried, and so has passed its gates
	})
}

func TestARollbackToWhatNeverServedIsNoWayAround(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		first := g.keeps("", flowsText)
		g.check(g.activate(first, "ana", 100))
		g.found[program.TestsPass] = "1 test did not pass"
		hash := g.keeps("    tests pass\n", flowsText)
		_, err := g.client.Rollback(g.t.Context(), desk.Change{Country: "ke", Planned: first, Release: hash, By: "ana"})
		refused(t, err, http.StatusConflict, "tests pass: 1 test did not pass")
	})
}

// It would reach everybody by a command that looks at no gate, and by the hand of the one who approved it.
func TestARollbackToWhatIsTriedIsAPromotionAndIsGatedLikeOne(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		first := g.keeps("", flowsText)
		g.check(g.activate(first, "ana", 100))
		hash := g.keeps("    tests pass\n    approval\n", flowsText)
		_, err := g.client.Approve(g.t.Context(), desk.Approval{Country: "ke", Release: hash, By: "ben"})
		g.check(err)
		g.check(g.activate(hash, "ana", 0))
		back := func(by string) error {
			_, err := g.client.Rollback(g.t.Context(), desk.Change{Country: "ke", Planned: first, Release: hash, By: by})
			return err
		}
		refused(t, back("ben"), http.StatusConflict, "approved by ben, who activates it")
		g.found[program.TestsPass] = "1 test did not pass"
		refused(t, back("ana"), http.StatusConflict, "tests pass: 1 test did not pass")
		if got := g.shelf.State().Serves(); got != first {
			t.Errorf("%s serves, want %s", got, first)
		}
		delete(g.found, program.TestsPass)
		g.check(back("ana"))
	})
}

// Tests of a release take their time; taking back what harms people must not wait for them.
func TestARollbackDoesNotWaitForTheTestsOfAnotherRelease(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		one := g.keeps("", flowsText)
		two := g.keeps("", strings.Replace(flowsText, "Write a word.", "Write one word.", 1))
		three := g.keeps("    tests pass\n", flowsText)
		g.check(g.activate(one, "ana", 100))
		g.check(g.activate(two, "ana", 100))
		g.holds = make(chan struct{})
		slow := make(chan error)
		go func() { slow <- g.activate(three, "ben", 100) }()
		for g.asked.Load() == 0 {
			time.Sleep(time.Second) // of the bubble
		}
		_, err := g.client.Rollback(g.t.Context(), desk.Change{Country: "ke", Planned: two, By: "ana"})
		g.check(err)
		close(g.holds)
		refused(t, <-slow, http.StatusConflict, "this was planned against release "+two[:12])
		if got := g.shelf.State().Serves(); got != one {
			t.Errorf("%s serves, want %s", got, one)
		}
	})
}

func TestAnOverrideTakesTwoPeopleAndIsForOneReleaseAlone(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		g.found[program.PeopleTested] = "nobody has tried it"
		hash := g.keeps("    people tested\n    tests pass\n", flowsText)
		override := func(gate, by, why string) error {
			_, err := g.client.Override(g.t.Context(), desk.Override{Country: "ke", Release: hash, Gate: gate, By: by, Why: why})
			return err
		}
		refused(t, override(program.PeopleTested, "ana", " "), http.StatusUnprocessableEntity, "say why")
		refused(t, override("phase of the moon", "ana", "x"), http.StatusUnprocessableEntity, "it has people tested, tests pass")
		refused(t, override(program.TestsPass, "ana", "x"), http.StatusUnprocessableEntity, `"tests pass" is met`)
		g.check(override(program.PeopleTested, "ana", "a wrong address"))
		refused(t, override(program.PeopleTested, "ÁNA", "again"), http.StatusConflict, "a second person has to say it: ana has asked")
		refused(t, g.activate(hash, "ben", 100), http.StatusConflict, "people tested: nobody has tried it")

		// Of many who confirm at once, one does.
		var wait sync.WaitGroup
		var confirmed atomic.Int64
		for i := range 8 {
			wait.Go(func() {
				if override(program.PeopleTested, fmt.Sprint("colleague ", i), "I rang them") == nil {
					confirmed.Add(1)
				}
			})
		}
		wait.Wait()
		if n := confirmed.Load(); n != 1 {
			t.Errorf("%d confirmed it", n)
		}
		g.check(g.activate(hash, "ana", 100))
		other := g.keeps("    people tested\n", strings.Replace(flowsText, "Write a word.", "Write one word.", 1))
		refused(t, g.activate(other, "ana", 100), http.StatusConflict, "people tested: nobody has tried it")

		// Both are in the log, with their reasons, and so are the words that did not count.
		var said []string
		records, _ := g.records()
		for _, r := range records {
			if r.What == "release override" && r.Outcome == audit.Done {
				said = append(said, r.Why+":"+strings.TrimPrefix(r.About, hash))
			}
		}
		if diff := cmp.Diff([]string{"a wrong address: people tested", "I rang them: people tested"}, said); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestWhatOperatorsSaidOutlivesTheProcess(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		hash := g.keeps("    approval\n", flowsText)
		_, err := g.client.Approve(g.t.Context(), desk.Approval{Country: "ke", Release: hash, By: "ana"})
		g.check(err)
		g.check(g.shelf.Close())
		g.opens(g.key.Public().(ed25519.PublicKey))
		g.check(g.activate(hash, "ben", 100))
	})
}

// A gate that this build does not know may be what keeps people safe.
func TestAReleaseWithAGateOfALaterVersionIsRefused(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		later := func(p *program.Program) { p.Needs = []program.Need{{Gate: "two doctors agree"}} }
		bundle, signature, _ := g.bundle("", flowsText, later)
		whole := bundle.Bytes()
		plan, err := g.client.Plan(g.t.Context(), "ke", bytes.NewReader(whole), signature)
		g.check(err)
		if want := `it needs "two doctors agree", and this baraza cannot check that; update it`; !slices.Contains(plan.Refused, want) {
			t.Errorf("a plan says %q", plan.Refused)
		}
		_, err = g.client.Keep(g.t.Context(), "ke", bytes.NewReader(whole), signature)
		refused(t, err, http.StatusUnprocessableEntity, `it needs "two doctors agree"`)
	})
}

func TestWhereNobodyCanInspectNoGateOpensByItself(t *testing.T) {
	inGated(t, func(t *testing.T, g *gated) {
		parts := g.world.desk.Parts
		country := parts.Countries["ke"]
		country.Released = map[string]desk.ReleasedPack{"sample": {Shelf: g.shelf, Accept: anyProgram, AcceptNew: anyProgram}}
		parts.Countries = map[string]desk.Country{"ke": country}
		hash := g.keeps("    tests pass\n    coverage 1\n    people tested\n", flowsText)
		g.client = desk.Within(desk.New(parts).Handler())
		err := g.activate(hash, "ana", 100)
		for _, gate := range []string{"tests pass", "coverage 1", "people tested"} {
			refused(t, err, http.StatusConflict, gate+": this process cannot check it")
		}
	})
}

// anyProgram suits the lines of a pack.
func anyProgram(*program.Program) error { return nil }
