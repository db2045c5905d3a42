package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
)

// Console is what operators see in a browser, and the HTTP API. Without it there is neither.
type Console struct {
	// Key seals what signing in needs: 32 bytes as 64 hexadecimal digits. OldKeys open what was sealed before.
	Key     Secret   `yaml:"key"`
	OldKeys []Secret `yaml:"old_keys"`
	// Proxies are the reverse proxies that say from where a request comes, by address or network. Those of this machine
	// are believed always.
	Proxies []string `yaml:"proxies"`
	OIDC    *OIDC    `yaml:"oidc"`
}

// OIDC is the organisation's single sign-on.
type OIDC struct {
	Issuer       string `yaml:"issuer"` // as it calls itself: https://login.example.org/realms/staff
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// Name stands on the button; "single sign-on" when empty.
	Name string `yaml:"name"`
}

// Accounts is the file of operators' accounts.
func (c *Config) Accounts() string { return filepath.Join(c.Data, "console", "accounts.db") }

// ConsoleWords are words that stand behind /console/ where a country's does. A test of the console's pages holds that
// they are all.
var ConsoleWords = []string{"account", "accounts", "audit", "code", "invited", "look", "oidc", "page", "sign-in", "sign-out"}

func (c *Config) checkConsole(say func(string, string, ...any)) {
	if c.Console == nil {
		return
	}
	for _, name := range c.CountryNames() {
		if slices.Contains(ConsoleWords, name) {
			say("countries."+name, "the console has a page of this name; call the country otherwise, or leave the console out")
		}
	}
	if u, err := url.Parse(c.Public); c.Public == "" || err == nil && u.Path != "" && u.Path != "/" {
		say("public", "say by which address operators reach the console, without a path, such as https://chat.example.org")
	}
	if !c.Console.Key.Given() {
		say("console.key", "name the console's key, such as env:BARAZA_CONSOLE_KEY; make one with: baraza key new")
	}
	for _, proxy := range c.Console.Proxies {
		if _, err := ReadNetwork(proxy); err != nil {
			say("console.proxies", "%q is no address or network; write one such as 10.0.0.7 or 10.0.0.0/24", proxy)
		}
	}
	if o := c.Console.OIDC; o != nil {
		if problem := address(o.Issuer); problem != "" {
			say("console.oidc.issuer", "%s", problem)
		}
		if o.ClientID == "" {
			say("console.oidc.client_id", "say as which client this process is known there")
		}
		if !o.ClientSecret.Given() {
			say("console.oidc.client_secret", "say where the client's secret is: env:NAME or file:PATH")
		}
	}
}

// ReadNetwork reads "10.0.0.7" or "10.0.0.0/24".
func ReadNetwork(text string) (netip.Prefix, error) {
	if one, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(one, one.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// consoleSecrets visits those of the console.
func (c *Config) consoleSecrets(visit func(where string, s *Secret)) {
	if c.Console == nil {
		return
	}
	visit("console.key", &c.Console.Key)
	for i := range c.Console.OldKeys {
		visit("console.old_keys", &c.Console.OldKeys[i])
	}
	if c.Console.OIDC != nil {
		visit("console.oidc.client_secret", &c.Console.OIDC.ClientSecret)
	}
}
