package server_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"baraza/engine/keys"
	"baraza/server/audit"
	"baraza/server/desk"
	"baraza/server/freeze"
)

// moved has the configuration name a new data folder, to which the keys of the weeks were brought.
func (r *releases) moved() (place desk.Place) {
	r.t.Helper()
	weeks, err := os.ReadFile(r.config.Weeks("ke"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.config.Data = filepath.Join(r.t.TempDir(), "new")
	if err := os.MkdirAll(filepath.Join(r.config.Data, "keys"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.config.Weeks("ke"), weeks, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return r.place()
}

func (r *releases) place() desk.Place {
	r.t.Helper()
	key, err := r.config.Countries["ke"].Key.Key()
	if err != nil {
		r.t.Fatal(err)
	}
	return desk.Place{Store: r.config.Store(), Audit: r.config.Audit(), Frozen: r.config.Freezes(), Released: map[string]string{"help": r.config.Released("help")},
		Countries: map[string]desk.PlaceOfKeys{"ke": {Keys: r.config.Keys("ke"), Weeks: r.config.Weeks("ke"), Wraps: []keys.CountryKey{key}, Packs: []string{"help"}}}}
}

func (r *releases) restores(folder string, place desk.Place) *desk.Restoring {
	r.t.Helper()
	restoring, err := desk.ReadBackup(r.t.Context(), folder, place, nil)
	if err == nil {
		err = restoring.Restore(r.t.Context())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return restoring
}

func (r *releases) again() {
	r.t.Helper()
	r.start()
	r.desk = desk.Within(r.server.Desk().Handler())
}

func TestABackupBringsBackWhatServedAndWhoDidWhat(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	phone := r.meet("+12025550123")
	phone.Write("hello")
	r.hears(phone, 1)
	r.keep("second", anotherQuestion)
	r.activates("second")
	r.keep("third", strings.Replace(helpTalk, "You wrote", "I read", 1))
	folder := filepath.Join(t.TempDir(), "backup")
	m, err := r.desk.Backup(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range m.Files {
		have[f.Name] = true
	}
	for _, want := range []string{"help.serving.json", "audit.log", r.hashes["first"] + ".bundle", r.hashes["second"] + ".bundle", r.hashes["third"] + ".bundle"} {
		if !have[want] {
			t.Errorf("the backup has no %s: %v", want, slices.Sorted(maps.Keys(have)))
		}
	}
	before, err := r.desk.ReleaseList(t.Context(), desk.OneRelease{Country: "ke"})
	if err != nil {
		t.Fatal(err)
	}
	r.halt()
	place := r.moved()
	restoring := r.restores(folder, place)
	if len(restoring.Serves) != 1 || len(restoring.Left) != 0 {
		t.Errorf("restored: %+v", restoring)
	}
	log, err := audit.Verify(r.config.Audit(), "", nil)
	if err != nil || log.Number != 6 || // the last is that of the backup itself
		len(log.Problems) > 0 {
		t.Errorf("the log: %+v, %v", log, err)
	}
	r.again()
	after, err := r.desk.ReleaseList(t.Context(), desk.OneRelease{Country: "ke"})
	if err != nil || len(after.Releases) != 3 {
		t.Fatalf("after: %+v, %v", after, err)
	}
	for i, line := range before.Releases {
		if got := after.Releases[i]; got.Release != line.Release || got.Standing != line.Standing || got.SignedBy != line.SignedBy ||
			!got.Kept.Equal(line.Kept) || got.Conversations != line.Conversations {
			t.Errorf("before %+v, after %+v", line, got)
		}
	}
	phone.Write("mombasa") // asked by the first
	if got := r.hears(phone, 3); got[1] != "You wrote mombasa." {
		t.Errorf("the phone shows %q", got)
	}

	// Where something serves already, a restore of conversations takes no release back.
	r.activates("third")
	r.halt()
	if restoring := r.restores(folder, place); len(restoring.Serves) != 0 {
		t.Errorf("it says what serves: %+v", restoring)
	}
	log, err = audit.Verify(r.config.Audit(), "", nil)
	if err != nil || log.Number != 7 {
		t.Errorf("the log went back: %+v, %v", log, err)
	}
	r.again()
	if r.serves() != r.hashes["third"] {
		t.Error("the restore took a release back")
	}
}

// One of format 1 has neither releases nor the log; one before format 3 does not say which countries were frozen.
func TestABackupOfAFormatBeforeIsStillRestored(t *testing.T) {
	t.Parallel()
	for format, lacks := range map[int]*regexp.Regexp{
		1: regexp.MustCompile(`\.bundle$|\.serving\.json$|^audit\.log$|\.frozen\.json$`),
		2: regexp.MustCompile(`\.frozen\.json$`),
	} {
		t.Run(strconv.Itoa(format), func(t *testing.T) {
			t.Parallel()
			restoresAFormatBefore(t, format, lacks)
		})
	}
}

func restoresAFormatBefore(t *testing.T, format int, lacks *regexp.Regexp) {
	r := releasing(t)
	folder := filepath.Join(t.TempDir(), "backup")
	m, err := r.desk.Backup(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	m.Format = format
	m.Files = slices.DeleteFunc(m.Files, func(f desk.File) bool { return lacks.MatchString(f.Name) })
	text, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "manifest.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.halt()
	restored := r.restores(folder, r.moved())
	if one := restored.Freezes[0]; one.Fate != freeze.Nothing || one.There.Stage != "" {
		t.Errorf("nothing is held, and its freeze: %+v", one)
	}
	r.again()
	if got := r.serves() != ""; got != (format > 1) {
		t.Errorf("something serves: %v", got)
	}
}

func TestADamagedReleaseInABackupIsRefusedBeforeAnythingIsReplaced(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	folder := filepath.Join(t.TempDir(), "backup")
	if _, err := r.desk.Backup(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	r.halt()
	path := filepath.Join(folder, r.hashes["first"]+".bundle")
	body, err := os.ReadFile(path)
	if err == nil {
		body[len(body)/2] ^= 1
		err = os.WriteFile(path, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	place := r.moved()
	if _, err := desk.ReadBackup(t.Context(), folder, place, nil); err == nil {
		t.Error("a damaged release is restored")
	}
	if _, err := os.Stat(place.Store); err == nil {
		t.Error("something was replaced")
	}
}

// Somebody in the copy of the data may be on a release that nobody is on any more when releases are copied.
func TestNoReleaseIsForgottenWhileABackupIsMade(t *testing.T) {
	t.Parallel()
	r := releasing(t)
	r.keep("second", anotherQuestion)
	hash := r.hashes["second"]
	folder := filepath.Join(t.TempDir(), "backup")
	forget := func() error {
		_, err := r.desk.Forget(t.Context(), desk.Change{Country: "ke", Release: hash, By: "ana", Why: "space"})
		return err
	}
	slow := desk.Within(afterPart(r.server.Desk().Handler(), "ke.keys", func() {
		if err := forget(); err == nil || !strings.Contains(err.Error(), "a backup is being made") {
			t.Errorf("it says %v", err)
		}
	}))
	if _, err := slow.Backup(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	if err := forget(); err != nil {
		t.Error(err)
	}
	r.halt()
	r.restores(folder, r.moved())
	r.again()
	all, err := r.desk.ReleaseList(t.Context(), desk.OneRelease{Country: "ke"})
	if err != nil || len(all.Releases) != 2 {
		t.Errorf("after: %+v, %v", all, err)
	}
}
