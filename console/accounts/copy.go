package accounts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
	"baraza/server/audit"
)

// A copy of the accounts is lines of JSON: what it is, each account, each token, and last an HMAC of all bytes before it
// with a key that comes of the console's. So a copy that was cut, changed or made with another key is none, and that is
// known before anything of it is read. Sessions and links are not in it: they would end when it is put back.

// mostCopy is how long a copy can be, in bytes: some hundred thousand accounts.
const mostCopy = 128 << 20

// copyFormat is that of a copy. A later one is not guessed at.
const copyFormat = 1

// copyLine is one line of a copy. One of its fields is there.
type copyLine struct {
	Copy    *copyHead  `json:"copy,omitempty"`
	Account *kept      `json:"account,omitempty"`
	Token   *keptToken `json:"token,omitempty"`
	Hash    []byte     `json:"hash,omitempty"` // of the token
	HMAC    string     `json:"hmac,omitempty"`
}

type copyHead struct {
	Of     string    `json:"of"` // "baraza accounts"
	Format int       `json:"format"`
	At     time.Time `json:"at"`
	ID     string    `json:"id"` // names the copy in the log of who did what
}

const copyOf = "baraza accounts"

// Copy is a copy of the accounts, and how much is in it.
type Copy struct {
	At       time.Time `json:"at"`
	Accounts int       `json:"accounts"`
	Tokens   int       `json:"tokens"`
	Content  []byte    `json:"content"`
}

// Backup copies the accounts as they are at one moment, while others go on. It is for who asks on the machine, and its
// record comes first.
func (a *Accounts) Backup(ctx context.Context, _ Done) (Copy, error) {
	var id [8]byte
	_, _ = rand.Read(id[:])
	head := copyHead{Of: copyOf, Format: copyFormat, ID: hex.EncodeToString(id[:])}
	err := a.act(ctx, "account backup", head.name(), func(*bbolt.Tx, role.Caller, *audit.Record) error {
		if !onMachine(ctx) {
			return refused("accounts are copied on the machine, with baraza account backup")
		}
		head.At = a.now().UTC()
		return nil
	})
	if err != nil {
		return Copy{}, err
	}
	out := Copy{At: head.At}
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	err = a.db.View(func(tx *bbolt.Tx) error {
		problems := []error{lines.Encode(copyLine{Copy: &head})}
		problems = append(problems, each(tx, accountBucket, func(_ []byte, k *kept) bool {
			out.Accounts++
			problems = append(problems, lines.Encode(copyLine{Account: k}))
			return false
		}))
		problems = append(problems, each(tx, tokenBucket, func(hash []byte, t *keptToken) bool {
			if a.now().Before(t.Expires) {
				out.Tokens++
				problems = append(problems, lines.Encode(copyLine{Token: t, Hash: hash}))
			}
			return false
		}))
		return errors.Join(problems...)
	})
	if err != nil {
		return Copy{}, err
	}
	if err := lines.Encode(copyLine{HMAC: copySum(a.keys.copies[0], b.Bytes())}); err != nil {
		return Copy{}, err
	}
	if b.Len() > mostCopy {
		return Copy{}, &Problem{http.StatusInsufficientStorage, fmt.Sprintf("a copy has at most %d bytes, and this one would have %d", mostCopy, b.Len())}
	}
	out.Content = b.Bytes()
	return out, nil
}

// name is that of a copy in the log of who did what.
func (h *copyHead) name() string { return "copy " + h.ID }

func copySum(key, lines []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(lines)
	return hex.EncodeToString(mac.Sum(nil))
}

// copied is what is in a copy.
type copied struct {
	copyHead
	accounts map[string]*kept
	tokens   map[string]*keptToken // by their hashes
}

// readCopy reads a copy that one of the keys has signed.
func (r *keyring) readCopy(content []byte) (*copied, error) {
	lines, last, err := signedLines(content)
	if err != nil {
		return nil, err
	}
	good := false
	for _, key := range r.copies {
		good = good || hmac.Equal([]byte(copySum(key, lines)), []byte(last))
	}
	if !good {
		return nil, errors.New("it was changed since it was made, or made with another key than console.key; put that one under console.old_keys")
	}
	c := &copied{accounts: map[string]*kept{}, tokens: map[string]*keptToken{}}
	decoder := json.NewDecoder(bytes.NewReader(lines))
	for n := 1; ; n++ {
		var line copyLine
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("its line %d cannot be read: %w", n, err)
		case n == 1 && (line.Copy == nil || line.Copy.Of != copyOf):
			return nil, errNoCopy
		case n == 1 && line.Copy.Format != copyFormat:
			return nil, fmt.Errorf("it has format %d, and this program knows %d; use a later one", line.Copy.Format, copyFormat)
		case n == 1:
			c.copyHead = *line.Copy
		case line.Account != nil:
			c.accounts[line.Account.Name] = line.Account
		case line.Token != nil:
			c.tokens[string(line.Hash)] = line.Token
		}
	}
	return c, nil
}

var errNoCopy = errors.New("it is no copy of accounts that baraza account backup wrote")

// signedLines takes the last line off a copy, and gives what it says.
func signedLines(content []byte) (lines []byte, sum string, err error) {
	if !bytes.HasPrefix(content, []byte(`{"copy":{"of":"`+copyOf+`"`)) {
		return nil, "", errNoCopy
	}
	end := bytes.LastIndexByte(bytes.TrimSuffix(content, []byte("\n")), '\n') + 1
	var last copyLine
	if !bytes.HasSuffix(content, []byte("\n")) || len(content)-end > 200 || json.Unmarshal(content[end:], &last) != nil || last.HMAC == "" {
		return nil, "", errors.New("it is cut off")
	}
	return content[:end], last.HMAC, nil
}

// freeFor tells why no copy can be written at a path.
func freeFor(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already; a copy is written into a new file", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s to put it into", filepath.Dir(path))
	}
	return nil
}

// writeCopy writes a copy into a new file: whole, on the disk and readable by its owner alone, or not at all.
func writeCopy(path string, content []byte) error {
	if _, _, err := signedLines(content); err != nil {
		return fmt.Errorf("the copy did not arrive as it was sent: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link is made only where nothing is, also where somebody else made it a moment ago.
	if err := os.Link(f.Name(), path); err != nil { // such as on a stick, whose file system has no links
		if err := freeFor(path); err != nil {
			return err
		}
		if err := os.Rename(f.Name(), path); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
