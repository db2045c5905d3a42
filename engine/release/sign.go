package release

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

var (
	ErrNoSignature  = errors.New("this is no signature of a release")
	ErrOtherRelease = errors.New("the signature is that of another release")
	ErrUnknownKey   = errors.New("the signature is by a key that is not trusted here")
	ErrForged       = errors.New("the signature is not by the key that it names")
	ErrNoKey        = errors.New("this is no key for releases")
)

// MaxSignature is the most that is read of a signature.
const MaxSignature = 4 << 10

// publicPrefix begins a public key as people write it down, in one line.
const publicPrefix = "ed25519:"

// signedPrefix keeps a signature of a release from being one of anything else.
const signedPrefix = "baraza release 1\n"

// signatureHead is the first line of a signature's file.
const signatureHead = "baraza signature 1"

// NewKey makes a key to sign with, as the text of a file that has to stay secret, and its public side.
func NewKey(random io.Reader) (secret []byte, public ed25519.PublicKey, err error) {
	public, private, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), public, nil
}

// ReadKey reads a key to sign with: what NewKey made, or any Ed25519 key in PKCS #8.
func ReadKey(secret []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(secret)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, ErrNoKey
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if private, ok := key.(ed25519.PrivateKey); err == nil && ok {
		return private, nil
	}
	return nil, ErrNoKey
}

// PublicText is a public key in one line: "ed25519:…".
func PublicText(key ed25519.PublicKey) string {
	return publicPrefix + base64.StdEncoding.EncodeToString(key)
}

// ReadPublic reads what PublicText wrote.
func ReadPublic(text string) (ed25519.PublicKey, error) {
	coded, ok := strings.CutPrefix(strings.TrimSpace(text), publicPrefix)
	b, err := base64.StdEncoding.Strict().DecodeString(coded)
	if !ok || err != nil || len(b) != ed25519.PublicKeySize {
		return nil, ErrNoKey
	}
	return b, nil
}

// Sign signs a release by its hash. The signature is the text of a file beside the bundle.
func Sign(hash string, key ed25519.PrivateKey) ([]byte, error) {
	if !hashes.MatchString(hash) {
		return nil, ErrNotKept
	}
	signature, err := key.Sign(nil, []byte(signedPrefix+hash), crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s\nrelease %s\nkey %s\nsignature %s\n", signatureHead, hash, PublicText(key.Public().(ed25519.PublicKey)),
		base64.StdEncoding.EncodeToString(signature)), nil
}

// Verify tells by which of the trusted keys a release was signed.
func Verify(hash string, signature []byte, trusted []ed25519.PublicKey) (ed25519.PublicKey, error) {
	lines := strings.Split(strings.ReplaceAll(string(signature[:min(len(signature), MaxSignature)]), "\r\n", "\n"), "\n")
	if len(lines) != 5 || lines[0] != signatureHead || lines[4] != "" {
		return nil, ErrNoSignature
	}
	var values [3]string
	for i, head := range []string{"release ", "key ", "signature "} {
		value, ok := strings.CutPrefix(lines[1+i], head)
		if !ok {
			return nil, ErrNoSignature
		}
		values[i] = value
	}
	by, err := ReadPublic(values[1])
	if err != nil {
		return nil, ErrNoSignature
	}
	signed, err := base64.StdEncoding.Strict().DecodeString(values[2])
	if err != nil || len(signed) != ed25519.SignatureSize {
		return nil, ErrNoSignature
	}
	switch {
	case !hashes.MatchString(hash) || values[0] != hash:
		return nil, ErrOtherRelease
	case !slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool { return k.Equal(by) }):
		return nil, ErrUnknownKey
	case !ed25519.Verify(by, []byte(signedPrefix+hash), signed):
		return nil, ErrForged
	}
	return by, nil
}
