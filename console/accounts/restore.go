package accounts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"baraza/console/role"
	"baraza/server/audit"
)

// Restoring is a copy of the accounts that was read and can be put in place. What the log of who did what says was taken
// from somebody since is taken again: an old copy lets nobody in who was closed, and gives nobody a role, a password or a
// token that they lost.
type Restoring struct {
	At               time.Time
	Accounts, Tokens int
	// Replaces is the file that is replaced; "" where there is none. Unread tells that it could not be read.
	Replaces string
	Unread   bool
	// Since is what was done to accounts since the copy, and what becomes of it.
	Since []Since
	// Known is until when the log knows; zero where there is none, or all of it is older than the copy. Changed tells
	// that it is not as it was written.
	Known   time.Time
	Changed bool
	// Invite are accounts that can be used and have nothing to sign in with; each needs a new link.
	Invite []string

	options Options
	keys    keyring
	copied  *copied
	held    *bbolt.DB // the file that is replaced, so that nobody else opens it
}

// Since is something that a copy does not know.
type Since struct {
	At               time.Time
	Who, What, About string // Who is "" where it is known from the file that is replaced
	Becomes          string
}

// ReadCopy looks at a copy before anything is changed: whether it is whole, whether the console's key opens it, what it
// replaces, and what was done since by the log at the path. Nobody may serve. Close or Restore end it.
func ReadCopy(o Options, path, log string) (*Restoring, error) {
	content, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	r := &Restoring{options: o}
	if r.keys, err = newKeyring(o.Key, o.OldKeys); err != nil {
		return nil, err
	}
	if r.copied, err = r.keys.readCopy(content); err != nil {
		return nil, fmt.Errorf("%s cannot be restored: %w", path, err)
	}
	r.At = r.copied.At
	closed, err := r.replaced()
	if err != nil {
		return nil, err
	}
	since, err := r.since(log, closed)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.apply(since, closed)
	for _, name := range slices.Sorted(maps.Keys(r.copied.accounts)) {
		if k := r.copied.accounts[name]; k.Closed == nil {
			r.Accounts++
			if k.SignIn == ByNothing {
				r.Invite = append(r.Invite, name)
			}
		}
	}
	r.Tokens = len(r.copied.tokens)
	return r, nil
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > mostCopy:
		return nil, fmt.Errorf("%s cannot be restored: %w", path, errNoCopy)
	}
	return os.ReadFile(path)
}

// Close gives back what a restore holds.
func (r *Restoring) Close() error {
	if r.held == nil {
		return nil
	}
	return r.held.Close()
}

// replaced opens the file that is to be replaced, and says who is closed in it.
func (r *Restoring) replaced() (closed map[string]time.Time, err error) {
	closed = map[string]time.Time{}
	if _, err := os.Stat(r.options.Path); errors.Is(err, fs.ErrNotExist) {
		return closed, nil
	}
	r.Replaces = r.options.Path
	err = guarded(func() (err error) {
		if r.held, err = bbolt.Open(r.options.Path, 0o600, &bbolt.Options{Timeout: time.Second}); err != nil {
			return err
		}
		return r.held.View(func(tx *bbolt.Tx) error {
			if tx.Bucket(accountBucket) == nil {
				return errors.New("it holds something else")
			}
			return each(tx, accountBucket, func(_ []byte, k *kept) bool {
				if k.Closed != nil {
					closed[k.Name] = *k.Closed
				}
				return false
			})
		})
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s is in use; end the process that serves, then restore", r.options.Path)
	}
	r.Unread = err != nil
	return closed, nil
}

// guarded turns a panic of bbolt over pages that make no sense, and a fault over pages that are not there, into an error.
func guarded(do func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			err = fmt.Errorf("a page cannot be read: %v", p)
		}
	}()
	return do()
}

// since gives the records of what was done after the copy, and adds who was ever closed, for that is for ever.
func (r *Restoring) since(log string, closed map[string]time.Time) ([]audit.Record, error) {
	var all []audit.Record
	report, err := audit.Verify(log, "", func(one audit.Record) {
		if one.Outcome != audit.Done {
			return
		}
		if all = append(all, one); one.What == closing {
			closed[one.About] = one.At
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.Changed = len(report.Problems) > 0
	// The copy's own record says where it was made, whatever clocks did since; without it, the time does.
	at := slices.IndexFunc(all, func(one audit.Record) bool { return one.What == "account backup" && one.About == r.copied.name() })
	if at < 0 {
		at = slices.IndexFunc(all, func(one audit.Record) bool { return !one.At.Before(r.At) })
	}
	if at < 0 {
		return nil, nil
	}
	r.Known = report.Last
	return all[at:], nil
}

// apply takes again what was taken from accounts since the copy.
func (r *Restoring) apply(since []audit.Record, closed map[string]time.Time) {
	type place struct{ name, country string }
	roles := map[place]string{} // as they were left last
	for _, one := range since {
		if one.What == "account roles" {
			roles[place{one.About, placeOf(one.Country)}] = one.After
		}
	}
	recorded := func(name string) bool {
		return slices.ContainsFunc(since, func(one audit.Record) bool { return one.What == closing && one.About == name })
	}
	for _, name := range slices.Sorted(maps.Keys(closed)) {
		if k := r.copied.accounts[name]; k != nil && k.Closed == nil && !recorded(name) {
			r.Since = append(r.Since, Since{At: closed[name], What: closing, About: name, Becomes: "stays closed"})
		}
		r.close(name, closed[name])
	}
	for at, after := range roles {
		if k := r.copied.accounts[at.name]; k != nil {
			k.Roles = tidy(k.Roles)
			k.Roles[at.country] = both(k.Roles[at.country], after)
			k.Roles = tidy(k.Roles)
		}
	}
	for _, one := range since {
		if becomes := r.again(one); becomes != "" {
			r.Since = append(r.Since, Since{one.At, one.Who, one.What, one.About, becomes})
		}
	}
}

// again takes again what one record says was taken, and says what becomes of its account; "" where it changes nothing.
func (r *Restoring) again(one audit.Record) string {
	name, token, _ := strings.Cut(one.About, ": ")
	k := r.copied.accounts[name]
	switch one.What {
	case closing:
		return "stays closed"
	case "account invite":
		if k == nil {
			return "is not in the copy; invite them again"
		}
	case "account roles":
		switch {
		case k == nil:
			return "is not in the copy"
		case k.Closed != nil:
			return "is closed"
		}
		country := placeOf(one.Country)
		return "has in " + countryName(country) + ": " + names(k.Roles[country])
	case "account reset", "account password", "account accept":
		if k == nil || k.Closed != nil {
			return ""
		}
		r.forget(k)
		return "has no password, phone or token any more; needs a new link"
	case "token make": // of who did it
		for _, t := range r.copied.tokens {
			if t.Account == one.Who && t.Name == one.About {
				return ""
			}
		}
		return "the token ends"
	case "token end":
		found := false
		maps.DeleteFunc(r.copied.tokens, func(_ string, t *keptToken) bool {
			this := t.Account == name && t.Name == token
			found = found || this
			return this
		})
		if found {
			return "the token stays ended"
		}
	}
	return ""
}

// placeOf is the country of a record about roles.
func placeOf(country string) string {
	if country == "" {
		return role.Everywhere
	}
	return country
}

// both are the roles of somebody that a record names too.
func both(has []role.Role, said string) (out []role.Role) {
	for _, r := range has {
		if slices.Contains(strings.Split(said, ", "), string(r)) {
			out = append(out, r)
		}
	}
	return out
}

// close has an account be closed. One that the copy does not know is kept by its name, which is not given again.
func (r *Restoring) close(name string, at time.Time) {
	k := r.copied.accounts[name]
	if k == nil {
		k = &kept{Name: name, Created: at, Roles: map[string][]role.Role{}}
		r.copied.accounts[name] = k
	}
	if k.Closed == nil {
		k.Closed = &at
	}
	r.forget(k)
}

// forget takes from an account all by which somebody can be it.
func (r *Restoring) forget(k *kept) {
	k.nobody()
	maps.DeleteFunc(r.copied.tokens, func(_ string, t *keptToken) bool { return t.Account == k.Name })
}

// Restore puts the copy in place, with its record before it. Sessions and links are over.
func (r *Restoring) Restore(log *audit.Log, who string) (err error) {
	defer func() { err = errors.Join(err, r.Close()) }()
	dir := filepath.Dir(r.options.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	made, err := os.MkdirTemp(dir, ".restore-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(made) }()
	path := filepath.Join(made, "accounts.db")
	if err := r.write(path); err != nil {
		return err
	}
	if _, err := log.Append(audit.Record{Who: who, Account: who, What: "account restore", About: r.copied.name(),
		Why: "the copy of " + r.At.Format(time.RFC3339), Outcome: audit.Done}); err != nil {
		return fmt.Errorf("nothing was changed, for the log of who did what cannot be written: %w", err)
	}
	if err := os.Rename(path, r.options.Path); err != nil {
		return err
	}
	return syncDir(dir)
}

// write makes a file of what the copy has.
func (r *Restoring) write(path string) error {
	db, err := openFile(path)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, k := range r.copied.accounts {
			k.Epoch++ // what a browser keeps between password and code ends, too
			if err := k.put(tx); err != nil {
				return err
			}
		}
		for hash, t := range r.copied.tokens {
			if err := put(tx, tokenBucket, []byte(hash), t); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = r.keys.rewrap(db, path)
	}
	return errors.Join(err, db.Close())
}
