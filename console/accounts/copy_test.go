package accounts_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/role"
)

// backs up the accounts into a new file, as a command does, and gives its path.
func (w *world) backup() string {
	w.t.Helper()
	socket := httptest.NewServer(w.accounts.Control())
	defer socket.Close()
	client := accounts.Client{HTTP: &http.Client{Transport: to(socket.Listener.Addr().String())}}
	path := filepath.Join(w.t.TempDir(), "copy")
	if _, err := client.Backup(w.t.Context(), path); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// to sends every request to one address.
type to string

func (t to) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = string(t)
	return http.DefaultTransport.RoundTrip(r)
}

// restores ends the process, puts a copy back and starts it again. It gives what was said before.
func (w *world) restores(path string) *accounts.Restoring {
	w.t.Helper()
	if err := w.accounts.Close(); err != nil {
		w.t.Fatal(err)
	}
	r, err := accounts.ReadCopy(w.options, path, w.log)
	if err == nil {
		err = r.Restore(w.options.Audit, "root")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.open()
	return r
}

// since is what a restore says, in short.
func since(r *accounts.Restoring) (all []string) {
	for _, one := range r.Since {
		all = append(all, fmt.Sprintf("%s: %s %s: %s", one.Who, one.What, one.About, one.Becomes))
	}
	return all
}

func (w *world) token(owner, name string, roles map[string][]role.Role) string {
	w.t.Helper()
	text, err := w.accounts.NewToken(as(owner, roles), accounts.Token{Name: name, Roles: roles, Expires: w.clock.Now().Add(48 * time.Hour)})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func (w *world) byToken(token string) answer {
	w.t.Helper()
	return w.browser().get("/api/v1/x", "Authorization", "Bearer "+token)
}

func TestAnOldCopyLetsNobodyInWhoWasClosedOrLostSomethingSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	two := in("ec", role.Designer, role.Staff)
	rosa, _ := w.has("rosa", in("ec", role.Administrator))
	tom, b := w.has("tom", two)
	eve, _ := w.has("eve", in("ec", role.Staff))
	zoe, _ := w.has("zoe", in("ec", role.Staff))
	lea, ofLea := w.has("lea", in("ec", role.Staff))
	ended, kept := w.token("tom", "ended", two), w.token("tom", "kept", two)
	ofEve := w.token("eve", "mine", in("ec", role.Staff))
	path := w.backup()
	w.clock.pass(time.Hour)

	admin := as("rosa", in("ec", role.Administrator))
	made := w.token("tom", "made", two)
	fresh := accounts.Invitation{Name: "new", Roles: in("ec", role.Staff)}
	gone := accounts.Invitation{Name: "gone", Roles: in("ec", role.Staff)}
	_, invited := w.accounts.Invite(admin, fresh)
	_, invitedToo := w.accounts.Invite(admin, gone)
	_, reset := w.accounts.Reset(admin, "zoe")
	for _, err := range []error{invited, invitedToo, reset, w.accounts.CloseAccount(admin, "eve"), w.accounts.CloseAccount(admin, "gone"),
		w.accounts.SetRoles(admin, "tom", "ec", nil), w.accounts.SetRoles(admin, "tom", "ec", []role.Role{role.Designer, role.Releaser}),
		w.accounts.RevokeToken(admin, "tom", "ended")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.accounts.CloseAccount(as("tom", two), "rosa"); err == nil { // what was refused counts for nothing
		t.Fatal("a designer closed an administrator's account")
	}
	ofLea.signsIn(lea)
	ofLea.post("/console/account/password", "old", lea.password, "new", "seven green garden chairs", "again", "seven green garden chairs").says(t, http.StatusOK)

	halfway := w.browser()
	if a := halfway.post("/console/sign-in", "name", rosa.name, "password", rosa.password); a.path != "/console/code" {
		t.Fatalf("led to %s", a.path)
	}
	r := w.restores(path)
	halfway.post("/console/code", "code", w.code(rosa)).says(t, http.StatusUnprocessableEntity, "Begin anew")
	const link = "has no password, phone or token any more; needs a new link"
	want := []string{
		"tom: token make made: the token ends",
		"rosa: account invite new: is not in the copy; invite them again",
		"rosa: account reset zoe: " + link,
		"rosa: account close eve: stays closed",
		"rosa: account close gone: stays closed",
		"rosa: account roles tom: has in ec: designer",
		"rosa: account roles tom: has in ec: designer",
		"rosa: token end tom: ended: the token stays ended",
		"lea: account password lea: " + link,
	}
	if diff := cmp.Diff(want, since(r)); diff != "" {
		t.Errorf("said before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"lea", "zoe"}, r.Invite); diff != "" || r.Accounts != 4 || r.Tokens != 1 || r.Changed || !r.Known.After(r.At) {
		t.Errorf("%s, %d accounts, %d tokens, known until %s", diff, r.Accounts, r.Tokens, r.Known)
	}
	if b.in() {
		t.Error("a session of the copy is still one")
	}
	for _, p := range []*person{eve, zoe, lea} {
		w.browser().signsIn(p).says(t, http.StatusUnprocessableEntity, "Name and password do not fit together.")
	}
	w.browser().signsIn(tom).says(t, http.StatusOK, "caller tom may map[ec:[designer]]")
	w.browser().signsIn(rosa).says(t, http.StatusOK, "caller rosa")
	w.byToken(kept).says(t, http.StatusOK, "may map[ec:[designer]]")
	for name, token := range map[string]string{"ended": ended, "made since": made, "of somebody closed": ofEve} {
		if a := w.byToken(token); a.status != http.StatusUnauthorized {
			t.Errorf("the token %s: %d", name, a.status)
		}
	}
	if _, err := w.accounts.Invite(admin, gone); err == nil || !strings.Contains(err.Error(), "its name is not given again") {
		t.Errorf("a name that was closed since: %v", err)
	}
	if _, err := w.accounts.Invite(admin, fresh); err != nil {
		t.Errorf("who was invited since: %v", err)
	}
	if all := w.records(); !slices.ContainsFunc(all, func(r string) bool {
		return strings.HasPrefix(r, "root: account restore copy ") && strings.HasSuffix(r, " done")
	}) {
		t.Errorf("recorded: %v", all)
	}
}

// Nobody knows then what was done since, but for what the replaced file tells.
func TestWithoutTheLogACopyIsPutBackAndThatIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rosa, _ := w.has("rosa", in("ec", role.Administrator))
	w.has("eve", in("ec", role.Staff))
	path := w.backup()
	w.clock.pass(time.Hour)
	if err := w.accounts.CloseAccount(machine(), "eve"); err != nil {
		t.Fatal(err)
	}
	w.log = filepath.Join(t.TempDir(), "none")
	r := w.restores(path)
	if diff := cmp.Diff([]string{": account close eve: stays closed"}, since(r)); diff != "" || !r.Known.IsZero() || r.Replaces != w.options.Path || r.Unread {
		t.Errorf("%+v\n%s", r, diff)
	}
	w.browser().signsIn(rosa).says(t, http.StatusOK, "caller rosa")

	// A new machine has neither.
	again := w.backup()
	w.options.Path = filepath.Join(t.TempDir(), "new", "accounts.db")
	if r := w.restores(again); r.Replaces != "" || !r.Known.IsZero() || len(r.Since) > 0 || r.Accounts != 1 {
		t.Errorf("%+v", r)
	}
	w.browser().signsIn(rosa).says(t, http.StatusOK, "caller rosa")
	if info, err := os.Stat(w.options.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// The log knows what was done since also where clocks were wrong.
func TestWhatWasDoneSinceIsKnownByItsPlaceInTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("rosa", in("ec", role.Administrator))
	w.has("tom", in("ec", role.Staff, role.Designer))
	w.clock.pass(365 * 24 * time.Hour) // ahead
	path := w.backup()
	w.clock.pass(-365 * 24 * time.Hour)
	if err := w.accounts.SetRoles(machine(), "tom", "ec", []role.Role{role.Designer}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"root: account roles tom: has in ec: designer"}, since(w.restores(path))); diff != "" {
		t.Error(diff)
	}
}

func TestACopyThatWasCutChangedOrMadeWithAnotherKeyReplacesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rosa, _ := w.has("rosa", in("ec", role.Administrator, role.Staff))
	w.token("rosa", "one", in("ec", role.Staff))
	path := w.backup()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(w.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := accounts.ReadCopy(w.options, path, w.log); err == nil {
			t.Errorf("%s is restored", what)
			_ = r.Close()
		}
	}
	for n := 0; n < len(whole); n += 3 { // each costs a file
		refused(fmt.Sprintf("the first %d bytes", n), whole[:n])
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		refused(fmt.Sprintf("a changed byte %d", n), changed)
	}
	refused("a line twice", append(bytes.Clone(whole), whole...))
	refused("bytes behind the end", append(bytes.Clone(whole), '\n'))
	w.options.Key = [32]byte{9}
	refused("another key", whole)
	w.options.Key, w.options.OldKeys = [32]byte{9}, [][32]byte{{1}}
	r, err := accounts.ReadCopy(w.options, path, w.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(w.options.Path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is another one: %v", err)
	}
	// With the old key beside the new one it comes back, and needs the old one no longer.
	if r, err = accounts.ReadCopy(w.options, path, w.log); err == nil {
		err = r.Restore(w.options.Audit, "root")
	}
	if err != nil {
		t.Fatal(err)
	}
	w.options.OldKeys = nil
	w.open()
	w.browser().signsIn(rosa).says(t, http.StatusOK, "caller rosa")
}

func TestACopyIsWrittenWholeIntoANewFileForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa", in("ec", role.Administrator, role.Staff))
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "new", Roles: in("ec", role.Staff)})
	if err != nil {
		t.Fatal(err)
	}
	token := w.token("rosa", "one", in("ec", role.Staff))
	path := w.backup()
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside it: %v, %v", entries, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range append([]string{p.password, p.phone, token[len("baraza_"):], link.Address[len(link.Address)-43:]}, p.codes...) {
		if bytes.Contains(raw, []byte(s)) {
			t.Errorf("secret %d is in the copy", i)
		}
	}
	if bytes.Contains(raw, []byte(`"seen"`)) || bytes.Contains(raw, []byte(`"until"`)) {
		t.Error("sessions or links are in the copy")
	}
	before := len(w.records())
	socket := httptest.NewServer(w.accounts.Control())
	defer socket.Close()
	client := accounts.Client{HTTP: &http.Client{Transport: to(socket.Listener.Addr().String())}}
	for _, at := range []string{path, filepath.Join(path, "x"), filepath.Join(t.TempDir(), "no", "where")} {
		if _, err := client.Backup(t.Context(), at); err == nil {
			t.Errorf("it was written to %s", at)
		}
	}
	if after := len(w.records()); after != before {
		t.Errorf("%d records of copies that could not be written", after-before)
	}
	// Who did not come by the control socket gets none, and without a record there is none.
	var problem *accounts.Problem
	if _, err := w.accounts.Backup(as("rosa", in(role.Everywhere, role.Administrator)), accounts.Done{}); !errors.As(err, &problem) || problem.Status != http.StatusForbidden {
		t.Errorf("an administrator who signed in: %v", err)
	}
	breakLog(t, w)
	if made, err := w.accounts.Backup(machine(), accounts.Done{}); err == nil || made.Content != nil {
		t.Error("a copy without a record")
	}
	if !b.in() {
		t.Error("a copy signs people out")
	}
}

func TestAFileThatCannotBeReadIsReplacedAndOneInUseIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rosa, _ := w.has("rosa", in("ec", role.Administrator))
	path := w.backup()
	if _, err := accounts.ReadCopy(w.options, path, w.log); err == nil || !strings.Contains(err.Error(), "is in use; end the process that serves") {
		t.Fatalf("while somebody serves: %v", err)
	}
	if err := w.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(w.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	noise := bytes.Repeat([]byte("noise"), len(whole)/5+1)
	for name, content := range map[string][]byte{"nothing": {}, "a text": []byte("hello"), "half of it": whole[:len(whole)/2], "the beginning": whole[:5000],
		"noise behind the beginning": append(bytes.Clone(whole[:8192]), noise[8192:]...)} {
		if err := os.WriteFile(w.options.Path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := accounts.ReadCopy(w.options, path, w.log)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !r.Unread || r.Accounts != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if err := r.Restore(w.options.Audit, "root"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.open()
	w.browser().signsIn(rosa).says(t, http.StatusOK, "caller rosa")
	// What is no record of the restore is no restore.
	if err := w.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(w.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := accounts.ReadCopy(w.options, path, w.log)
	if err != nil {
		t.Fatal(err)
	}
	breakLog(t, w)
	if err := r.Restore(w.options.Audit, "root"); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("without a record: %v", err)
	}
	after, err := os.ReadFile(w.options.Path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is another one: %v", err)
	}
	w.open()
}

// A copy is of one moment, whatever is done meanwhile.
func TestACopyIsMadeWhileAccountsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended := make(chan error, 1)
	go func() {
		var problems []error
		for i := range 30 {
			_, err := w.accounts.Invite(machine(), accounts.Invitation{Name: fmt.Sprintf("somebody-%d", i), Roles: in("ec", role.Staff)})
			problems = append(problems, err)
		}
		ended <- errors.Join(problems...)
	}()
	for range 10 {
		made, err := w.accounts.Backup(machine(), accounts.Done{})
		if err != nil || bytes.Count(made.Content, []byte(`{"account":`)) != made.Accounts {
			t.Errorf("%d accounts, %v", made.Accounts, err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
