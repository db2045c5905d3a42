// Package config reads the one file that says what a process serves: which packs, on which lines people write to
// them, where data lies, and where secrets are found. It holds no secret itself: the file names an environment
// variable or another file, and Secret reads it.
//
// The file is YAML. A word that is not known is an error that names the line, so that a slip of the pen is not a
// setting left at its default. Three settings may come from the environment instead, for those who start many
// processes from one file: BARAZA_LISTEN, BARAZA_DATA and BARAZA_PUBLIC.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Config is the file. Every path in it is relative to the folder of the file.
type Config struct {
	// Listen is the one port: host:port. TLS is the reverse proxy's in front of it.
	Listen string `yaml:"listen"`
	// Public is the address by which providers and pages reach this process, such as https://chat.example.org.
	Public string `yaml:"public"`
	// Data is the folder of the store, the keys and the control socket.
	Data string `yaml:"data"`
	// Metrics guards /metrics. Without a token only a peer on this machine that came through no proxy may read it.
	Metrics Metrics `yaml:"metrics"`
	// Alerts is where operators are told what needs them: a dead letter, a stopped number, a restriction.
	Alerts *Webhook `yaml:"alerts"`

	// Countries by a short word that is bound into keys and hashes and must never change.
	Countries map[string]*Country `yaml:"countries"`

	WhatsApp []*WhatsApp `yaml:"whatsapp"`
	// TemplateLanguages are WhatsApp's codes by language of the packs, where they differ: prs: fa.
	TemplateLanguages map[string]string `yaml:"template_languages"`

	Telegram []*Telegram `yaml:"telegram"`
	Webchat  []*Webchat  `yaml:"webchat"`

	// Late says from when on something that could not come in time is stale, and is dropped and reported.
	Late Late `yaml:"late"`
	// Kept says for how long what has no date in a flow is kept.
	Kept Kept `yaml:"kept"`
	// Limits bound what is under way at a time.
	Limits Limits `yaml:"limits"`

	Console *Console `yaml:"console"`

	dir string // of the file
}

// Metrics guards the figures.
type Metrics struct {
	Token Secret `yaml:"token"`
}

// Webhook is an address that is told something, signed.
type Webhook struct {
	URL    string `yaml:"url"`
	Secret Secret `yaml:"secret"`
}

// Country is what belongs together and apart from every other: packs, keys, teams, services.
type Country struct {
	// Packs are folders. They share their contacts.
	Packs []string `yaml:"packs"`
	// Releases are packs that come as signed bundles.
	Releases *Releases `yaml:"releases"`
	// Key wraps the keys of the country's contacts: 32 bytes as 64 hexadecimal digits.
	Key Secret `yaml:"key"`
	// OldKeys open what was wrapped before a rotation; the first is the newest of them.
	OldKeys []Secret `yaml:"old_keys"`
	// ReleaseKeys are the public keys of those who may release for the country: "ed25519:…".
	ReleaseKeys []string `yaml:"release_keys"`
	// Notice is the file of what people are told in an emergency stop, where one was prepared; "" for none.
	Notice string `yaml:"notice"`
	// Teams by their name in the pack.
	Teams    map[string]*Webhook `yaml:"teams"`
	Services Services            `yaml:"services"`
}

// Releases says which packs of a country operators release into the running process.
type Releases struct {
	// Packs by name.
	Packs []string `yaml:"packs"`
	// Stay is how long conversations may stay on a release that serves no longer; 14 days when 0.
	Stay Duration `yaml:"stay"`
	// Rounds is the folder of the rounds of testing, for packs whose releases need that people tested them.
	Rounds string `yaml:"rounds"`
}

// Services are the other systems that the packs may ask.
type Services struct {
	// Hosts that may be asked, "api.example.org" or "api.example.org:8443"; no other is.
	Hosts []string `yaml:"hosts"`
	// Secrets by the name that a service's header has in the pack.
	Secrets map[string]Secret `yaml:"secrets"`
}

// WhatsApp is one app of the Cloud API: its webhook and the numbers that come by it.
type WhatsApp struct {
	// Path of the webhook; "/whatsapp" when empty.
	Path string `yaml:"path"`
	// AppSecret signs webhooks; OldAppSecret is taken too while it is being replaced.
	AppSecret    Secret `yaml:"app_secret"`
	OldAppSecret Secret `yaml:"old_app_secret"`
	VerifyToken  Secret `yaml:"verify_token"`
	Token        Secret `yaml:"token"`
	// Graph is the address of the API and Version of it; empty: https://graph.facebook.com and the newest we know.
	Graph   string `yaml:"graph"`
	Version string `yaml:"version"`
	// Numbers give the pack that answers, by phone_number_id.
	Numbers map[string]string `yaml:"numbers"`
	// Ignored are phone_number_ids of the same app that others serve: what comes for them is acknowledged and
	// dropped. Anything for a number that is in neither list is refused, so that it comes again.
	Ignored []string `yaml:"ignored"`
	// PerSecond is how many messages a number may send a second; 80 when 0.
	PerSecond int `yaml:"per_second"`
}

// Telegram is one bot.
type Telegram struct {
	Token Secret `yaml:"token"`
	Pack  string `yaml:"pack"`
	API   string `yaml:"api"` // address of the Bot API; empty: https://api.telegram.org
}

// Webchat is a chat in pages of a site.
type Webchat struct {
	// Name stands in the address: /chat/NAME/.
	Name string `yaml:"name"`
	Pack string `yaml:"pack"`
	// Origins are the sites that may embed it, such as https://www.example.org.
	Origins []string `yaml:"origins"`
	// Title stands above the chat; "Chat" in its language when empty.
	Title string `yaml:"title"`
	// Exit is where the quick exit button leads; about:blank when empty.
	Exit string `yaml:"exit"`
}

// Late are terms.
type Late struct {
	Silence  Duration `yaml:"silence"`  // 6 hours when 0
	Reminder Duration `yaml:"reminder"` // 24 hours when 0
}

// Kept are terms.
type Kept struct {
	Messages Duration `yaml:"messages"` // journal and outbox; 30 days when 0
	Cases    Duration `yaml:"cases"`    // from done; 90 days when 0
}

// Limits are bounds.
type Limits struct {
	Events int `yaml:"events"` // inbound events under way; the runner's own when 0
	Bytes  int `yaml:"bytes"`  // of bodies of webhooks under way; 64 MiB when 0
}

// Read reads the file and says everything that is wrong with it at once.
func Read(path string) (*Config, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	c, err := Parse(body, filepath.Dir(full), os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// mostBytes is far more than any configuration needs.
const mostBytes = 1 << 20

// Parse reads what a file in the folder dir says. env gives the environment.
func Parse(body []byte, dir string, env func(string) string) (*Config, error) {
	if len(body) > mostBytes {
		return nil, fmt.Errorf("the file has %d bytes; a configuration has at most %d", len(body), mostBytes)
	}
	c := &Config{dir: dir}
	if err := yaml.UnmarshalWithOptions(body, c, yaml.Strict()); err != nil {
		return nil, words(err)
	}
	for name, to := range map[string]*string{"BARAZA_LISTEN": &c.Listen, "BARAZA_DATA": &c.Data, "BARAZA_PUBLIC": &c.Public} {
		if v := env(name); v != "" {
			*to = v
		}
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	for _, w := range c.WhatsApp {
		if w != nil && w.Path == "" {
			w.Path = "/whatsapp"
		}
	}
	c.resolve()
	if problems := c.check(); len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	return c, nil
}

// resolve makes paths absolute.
func (c *Config) resolve() {
	at := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(c.dir, path)
	}
	c.Data = at(c.Data)
	for _, country := range c.Countries {
		if country == nil {
			continue
		}
		for i := range country.Packs {
			country.Packs[i] = at(country.Packs[i])
		}
		country.Notice = at(country.Notice)
		if country.Releases != nil {
			country.Releases.Rounds = at(country.Releases.Rounds)
		}
	}
	c.eachSecret(func(_ string, s *Secret) {
		if s.file != "" {
			s.file = at(s.file)
		}
	})
}

// CountryNames are the words of the countries, sorted.
func (c *Config) CountryNames() []string {
	names := make([]string, 0, len(c.Countries))
	for name := range c.Countries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Store is the file that conversations are kept in.
func (c *Config) Store() string { return filepath.Join(c.Data, "store.db") }

// Keys is the file of a country's keys, and Weeks that of the keys of its backups.
func (c *Config) Keys(country string) string {
	return filepath.Join(c.Data, "keys", country+".keys")
}

// Weeks is the file of the keys that backups of a country's keys are sealed with.
func (c *Config) Weeks(country string) string {
	return filepath.Join(c.Data, "keys", country+".weeks")
}

// Released is the folder of the releases of a pack.
func (c *Config) Released(pack string) string { return filepath.Join(c.Data, "releases", pack) }

// Audit is the log of who did what.
func (c *Config) Audit() string { return filepath.Join(c.Data, "audit.log") }

// Freezes is the folder of what says which countries are frozen.
func (c *Config) Freezes() string { return filepath.Join(c.Data, "frozen") }

// Socket is where operators' commands reach the process that serves.
func (c *Config) Socket() string { return filepath.Join(c.Data, "control.sock") }

// Duration is a term in words: "90 seconds", "6 hours", "30 days".
type Duration time.Duration

var units = []struct {
	word string
	each time.Duration
}{
	{"second", time.Second}, {"minute", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}, {"week", 7 * 24 * time.Hour},
}

// mostDuration keeps dates that are made with it within reason.
const mostDuration = 20 * 365 * 24 * time.Hour

// UnmarshalYAML reads it.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	s := text(node)
	var n int
	var word string
	if _, err := fmt.Sscanf(s, "%d %s", &n, &word); err == nil && n > 0 {
		for _, u := range units {
			if strings.TrimSuffix(word, "s") == u.word && n <= int(mostDuration/u.each) {
				*d = Duration(time.Duration(n) * u.each)
				return nil
			}
		}
	}
	return fmt.Errorf("line %d: %q is no time; write a number and a unit, such as 6 hours or 30 days", line(node), s)
}

// text is a plain value; "" for anything else.
func text(node ast.Node) string {
	if s, ok := node.(ast.ScalarNode); ok {
		if v, ok := s.GetValue().(string); ok {
			return v
		}
	}
	return ""
}

func line(node ast.Node) int { return node.GetToken().Position.Line }

var unknownField = regexp.MustCompile(`^\[(\d+):\d+\] unknown field "(.*)"$`)

// words is an error of the YAML library as a sentence, without the lines of the file, which may hold a secret that
// somebody wrote in the wrong place.
func words(err error) error {
	said := strings.TrimSpace(yaml.FormatError(err, false, false))
	if m := unknownField.FindStringSubmatch(said); m != nil {
		return fmt.Errorf("line %s: there is no setting called %q here", m[1], m[2])
	}
	if m := place.FindStringSubmatch(said); m != nil {
		return fmt.Errorf("line %s: %s", m[1], m[2])
	}
	return errors.New(said)
}

var place = regexp.MustCompile(`^\[(\d+):\d+\] (.*)$`)
