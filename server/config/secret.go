package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Secret says where a secret is: "env:NAME" or "file:PATH". The secret itself never stands in the file, so that the
// file can be shown, compared and kept with the packs.
type Secret struct {
	env, file string
	value     string // of secrets that were made, see Plain
}

// Plain is a secret that is known already, for tests and for a process that makes its own.
func Plain(value string) Secret { return Secret{value: value} }

// Given tells whether the file names the secret at all.
func (s Secret) Given() bool { return s.env != "" || s.file != "" || s.value != "" }

// String says where the secret is, never what it is.
func (s Secret) String() string {
	switch {
	case s.env != "":
		return "env:" + s.env
	case s.file != "":
		return "file:" + s.file
	case s.value != "":
		return "a secret made here"
	}
	return "no secret"
}

// GoString keeps it out of %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalYAML keeps it out of files.
func (s Secret) MarshalYAML() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalYAML takes a place and refuses anything else without repeating it: it may be the secret.
func (s *Secret) UnmarshalYAML(node ast.Node) error {
	at := text(node)
	if name, ok := strings.CutPrefix(at, "env:"); ok && name != "" {
		s.env = name
		return nil
	}
	if path, ok := strings.CutPrefix(at, "file:"); ok && path != "" {
		s.file = path
		return nil
	}
	return fmt.Errorf("line %d: a secret does not stand in this file; write where it is: env:NAME or file:PATH", line(node))
}

// secretBytes is the longest file that can be a secret.
const secretBytes = 64 << 10

// Read gives the secret, without the line end that editors put behind it.
func (s Secret) Read() (string, error) {
	switch {
	case s.value != "":
		return s.value, nil
	case s.env != "":
		if v := strings.TrimSpace(os.Getenv(s.env)); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the environment variable %s is not set", s.env)
	case s.file != "":
		return readFile(s.file)
	}
	return "", errors.New("no secret is named")
}

func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > secretBytes {
		return "", fmt.Errorf("%s is no file of a secret", path)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("everybody on this machine can read %s; run: chmod o= %s", path, path)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if v := strings.TrimSpace(string(body)); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("%s is empty", path)
}

// Key gives a secret that is a key of 32 bytes, written as 64 hexadecimal digits.
func (s Secret) Key() (key [32]byte, err error) {
	text, err := s.Read()
	if err != nil {
		return key, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(key) {
		return key, fmt.Errorf("%s holds no key: a key is 64 hexadecimal digits; make one with: baraza key new", s)
	}
	return [32]byte(raw), nil
}
