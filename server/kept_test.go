package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/release"
	"baraza/server/desk"
)

var anotherQuestion = strings.Replace(strings.Replace(helpTalk, "ask word as", "ask again as", 1), "{word}", "{again}", 1)

func TestAReleaseIsForgottenWhenNobodyNeedsIt(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	phone := r.meet("+12025550123")
	phone.Write("hello")
	r.hears(phone, 1)
	r.keep("second", anotherQuestion)
	refused := func(name, want string) {
		t.Helper()
		_, err := r.desk.Forget(t.Context(), desk.Change{Country: "ke", Release: r.hashes[name], By: "ana"})
		var p *desk.Problem
		if !errors.As(err, &p) || p.Status != http.StatusConflict || !strings.Contains(p.Text, want) {
			t.Errorf("forgetting %s: %v, want %q", name, err, want)
		}
	}
	refused("first", "serves")
	_, err := r.desk.Activate(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), Release: r.hashes["second"], Percent: 10, By: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	refused("second", "is being tried")
	if _, err := r.desk.Promote(t.Context(), desk.Change{Country: "ke", Planned: r.hashes["second"], By: "ben", Why: "it went well"}); err != nil {
		t.Fatal(err)
	}
	refused("first", "one may have to go back to it until")
	r.clock.set(release.Stay + time.Minute)
	refused("first", "one may have to go back to it until") // nobody knows yet whether the clock is right
	if _, err := r.desk.ConfirmClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused("first", "has 1 conversation on it")
	phone.Write("mombasa") // its time is over: the step begins again on the second; by this clock the reply has to wait
	r.onRelease("second", 1)
	r.keep("third", strings.Replace(helpTalk, "You wrote", "I read", 1))
	shows, err := r.desk.ReleaseShow(t.Context(), desk.OneRelease{Country: "ke", Release: r.hashes["second"][:8]})
	if err != nil {
		t.Fatal(err)
	}
	var history []string
	for _, e := range shows.History {
		history = append(history, strings.Join([]string{e.What, e.Who, e.Why, e.Served}, "|"))
	}
	if diff := cmp.Diff([]string{"release keep|" + history[0][len("release keep|"):], "release activate|ana||is tried", "release promote|ben|it went well|serves"}, history); diff != "" {
		t.Errorf("its history (-want +got):\n%s", diff)
	}
	if shows.Manifest.Pack != "help" || shows.Bytes == 0 || shows.Steps == 0 || len(shows.Flows) == 0 || shows.Conversations != 1 || shows.Standing != desk.IsServing {
		t.Errorf("it shows %+v", shows)
	}
	for _, name := range []string{"first", "third"} {
		if _, err := r.desk.Forget(t.Context(), desk.Change{Country: "ke", Release: r.hashes[name][:10], By: "ana", Why: "space"}); err != nil {
			t.Fatalf("forgetting %s: %v", name, err)
		}
	}
	list, err := r.desk.ReleaseList(t.Context(), desk.OneRelease{Country: "ke"})
	if err != nil || len(list.Releases) != 1 || list.Releases[0].Release != r.hashes["second"] || !strings.HasPrefix(list.Releases[0].SignedBy, "ed25519:") {
		t.Errorf("kept are %+v, %v", list, err)
	}
	if _, err := r.desk.ReleaseShow(t.Context(), desk.OneRelease{Country: "ke", Release: r.hashes["first"]}); err == nil {
		t.Error("what was forgotten is shown")
	}
	if _, err := r.desk.Rollback(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), By: "ana"}); err == nil {
		t.Error("a rollback finds what was forgotten")
	}
	r.halt()
	r.start()
	r.desk = desk.Within(r.server.Desk().Handler())
	if r.serves() != r.hashes["second"] {
		t.Error("after a restart another release serves")
	}
}

// onRelease waits until so many conversations are on a release.
func (r *releases) onRelease(name string, n int) {
	r.t.Helper()
	r.sees(fmt.Sprintf("%d conversations are on the %s release", n, name), func() bool {
		list, err := r.desk.ReleaseList(r.t.Context(), desk.OneRelease{Country: "ke"})
		if err != nil {
			r.t.Fatal(err)
		}
		return slices.ContainsFunc(list.Releases, func(line desk.ReleaseLine) bool { return line.Release == r.hashes[name] && line.Conversations == n })
	})
}
