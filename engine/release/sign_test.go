package release

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

// someHash is that of a release.
var someHash = strings.Repeat("0123456789abcdef", 4)

func newKey(t testing.TB) (ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	secret, public, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := ReadKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func signed(t testing.TB, hash string, key ed25519.PrivateKey) string {
	t.Helper()
	s, err := Sign(hash, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func TestAReleaseIsTrustedByTheKeyThatSignedIt(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	_, other := newKey(t)
	read, err := ReadPublic(PublicText(public) + "\n")
	if err != nil || !read.Equal(public) {
		t.Errorf("the public key is read as %v, %v", read, err)
	}
	by, err := Verify(someHash, []byte(signed(t, someHash, private)), []ed25519.PublicKey{other, public})
	if err != nil || !by.Equal(public) {
		t.Errorf("signed by %v, %v", by, err)
	}
	windows := strings.ReplaceAll(signed(t, someHash, private), "\n", "\r\n")
	if _, err := Verify(someHash, []byte(windows), []ed25519.PublicKey{public}); err != nil {
		t.Errorf("with the line ends of another system: %v", err)
	}
}

func TestSignaturesThatCountForNothing(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	foreign, foreignPublic := newKey(t)
	good := signed(t, someHash, private)
	otherHash := strings.Repeat("f", 64)
	line := func(head string, of ed25519.PrivateKey, message string) string {
		return head + base64.StdEncoding.EncodeToString(ed25519.Sign(of, []byte(message)))
	}
	before := good[:strings.LastIndex(good, "signature ")]
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":                         {"", ErrNoSignature},
		"a bundle":                        {strings.Repeat("x", 1<<20), ErrNoSignature},
		"another head":                    {strings.Replace(good, "signature 1", "signature 2", 1), ErrNoSignature},
		"a line more":                     {good + "key x\n", ErrNoSignature},
		"no last line end":                {strings.TrimSuffix(good, "\n"), ErrNoSignature},
		"a key that is none":              {strings.Replace(good, "ed25519:", "rsa:", 1), ErrNoSignature},
		"a signature that is none":        {before + "signature AAAA\n", ErrNoSignature},
		"of another release":              {signed(t, otherHash, private), ErrOtherRelease},
		"moved to this release":           {strings.Replace(signed(t, otherHash, private), otherHash, someHash, 1), ErrForged},
		"by somebody else":                {signed(t, someHash, foreign), ErrUnknownKey},
		"by somebody else in our name":    {strings.Replace(signed(t, someHash, foreign), PublicText(foreignPublic), PublicText(public), 1), ErrForged},
		"of the hash, meant as a message": {before + line("signature ", private, someHash) + "\n", ErrForged},
	} {
		if _, err := Verify(someHash, []byte(c.text), []ed25519.PublicKey{public}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Verify(someHash, []byte(good), nil); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("where nobody is trusted: %v", err)
	}
	if _, err := Verify("x", []byte(good), []ed25519.PublicKey{public}); !errors.Is(err, ErrOtherRelease) {
		t.Errorf("of what is no release: %v", err)
	}
	if _, err := Sign("x", private); err == nil {
		t.Error("what is no release was signed")
	}
}

func TestWhatIsNoKeyIsNotRead(t *testing.T) {
	t.Parallel()
	secret, public, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nothing": "", "half": string(secret[:len(secret)/2]), "a public one": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
		"what is none": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))} {
		if _, err := ReadKey([]byte(text)); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "ed25519:", "ed25519:AAAA", strings.TrimPrefix(PublicText(public), "ed25519:"), PublicText(public) + "A", string(secret)} {
		if _, err := ReadPublic(text); !errors.Is(err, ErrNoKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
