package config_test

import (
	"crypto/rand"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"baraza/engine/release"
	"baraza/server/config"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Each file of testdata/problems is a configuration and everything that is said about it.
func TestWhatIsWrongWithAConfigurationIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no problems: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := archive.Files[0].Data
			_, err = config.Parse(in, "/etc/baraza", func(string) string { return "" })
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			}
			if *update {
				archive.Files = []txtar.File{{Name: "baraza.yaml", Data: in}, {Name: "said", Data: []byte(got)}}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(archive.Files) != 2 {
				t.Fatal("the file has no golden; run: go test ./server/config -update")
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("what is said (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheSampleConfigurationIsSound(t *testing.T) {
	t.Parallel()
	c, err := config.Read("../../docs/baraza.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Countries["ec"] == nil || len(c.WhatsApp) == 0 || len(c.Telegram) == 0 || len(c.Webchat) == 0 {
		t.Error("the sample leaves out a part that people would look for")
	}
}

func TestTheEnvironmentComesOnTop(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte(small), "/etc/baraza", func(name string) string {
		return map[string]string{"BARAZA_LISTEN": "0.0.0.0:9000", "BARAZA_DATA": "/srv/data"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "0.0.0.0:9000" || c.Data != "/srv/data" {
		t.Errorf("listen %q, data %q", c.Listen, c.Data)
	}
}

const small = `data: data
countries:
  ec:
    packs: [flows/ec]
    key: file:ec.key
`

func TestPathsStartAtTheFolderOfTheFile(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte(small), "/etc/baraza", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Data, c.Countries["ec"].Packs[0], c.Countries["ec"].Key.String(), c.Listen}
	want := []string{"/etc/baraza/data", "/etc/baraza/flows/ec", "file:/etc/baraza/ec.key", "127.0.0.1:8080"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestTheFolderOfRoundsStartsThereTooAndIsMissedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, public, err := release.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(small, "packs: [flows/ec]", "releases: {packs: [ec], rounds: try}\n    release_keys: ["+release.PublicText(public)+"]", 1)
	if err := os.WriteFile(filepath.Join(dir, "ec.key"), []byte(strings.Repeat("0f", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte(text), dir, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "try")
	want := []string{"countries.ec.releases.rounds: " + folder + " is no folder; name the one where the rounds of testing lie"}
	if diff := cmp.Diff(want, c.Unreadable()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if problems := c.Unreadable(); len(problems) > 0 {
		t.Errorf("with the folder: %q", problems)
	}
}

func TestASecretComesFromAFileThatNobodyElseCanRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) config.Secret {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil { // whatever the umask
			t.Fatal(err)
		}
		c, err := config.Parse([]byte(strings.Replace(small, "file:ec.key", "file:"+path, 1)), dir, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		return c.Countries["ec"].Key
	}
	good := strings.Repeat("0f", 32)
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string // of the error; "" for none
	}{
		{"good", good + "\n", 0o600, ""},
		{"group", good, 0o640, ""},
		{"open", good, 0o644, "everybody on this machine can read"},
		{"empty", "\n", 0o600, "is empty"},
		{"short", "0f0f", 0o600, "a key is 64 hexadecimal digits"},
		{"text", strings.Repeat("zz", 32), 0o600, "a key is 64 hexadecimal digits"},
		{"long", strings.Repeat("0f", 70_000), 0o600, "is no file of a secret"},
	} {
		secret := write(c.name, c.text, c.mode)
		_, err := secret.Key()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "0f0f0f") {
			t.Errorf("%s: the error repeats the secret: %v", c.name, err)
		}
	}
}

func TestASecretInTheFileIsNotRepeated(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("5e", 32)
	_, err := config.Parse([]byte(strings.Replace(small, "file:ec.key", secret, 1)), "/", func(string) string { return "" })
	if err == nil {
		t.Fatal("a secret in the file was taken")
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error repeats the secret: %v", err)
	}
}
