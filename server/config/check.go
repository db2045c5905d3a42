package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"baraza/engine/release"
)

var packName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

var word = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// check says what cannot work, in the order of the file's settings.
func (c *Config) check() (problems []string) {
	say := func(where, format string, args ...any) {
		problems = append(problems, where+": "+fmt.Sprintf(format, args...))
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		say("listen", "%q is no address; write host:port, such as 127.0.0.1:8080", c.Listen)
	}
	if c.Public != "" {
		if problem := address(c.Public); problem != "" {
			say("public", "%s", problem)
		}
	}
	if c.Data == "" {
		say("data", "say in which folder conversations and keys are kept, such as /var/lib/baraza")
	}
	if c.Alerts != nil {
		checkWebhook("alerts", c.Alerts, say)
	}
	if len(c.Countries) == 0 {
		say("countries", "name at least one country, with its packs and its key")
	}
	packs := c.checkCountries(say)
	c.checkLines(packs, say)
	if c.Limits.Events < 0 || c.Limits.Bytes < 0 {
		say("limits", "a limit is not below 0")
	}
	c.checkConsole(say)
	return problems
}

func (c *Config) checkCountries(say func(string, string, ...any)) (packs []string) {
	for _, name := range c.CountryNames() {
		where := "countries." + name
		country := c.Countries[name]
		if !word.MatchString(name) {
			say(where, "a country's word has small letters, digits, - and _")
		}
		if country == nil {
			say(where, "it has no packs and no key")
			continue
		}
		if len(country.Packs) == 0 && (country.Releases == nil || len(country.Releases.Packs) == 0) {
			say(where+".packs", "name the folder of at least one pack, or one that comes as a release: releases.packs")
		}
		for _, path := range country.Packs {
			pack := filepath.Base(path)
			if slices.Contains(packs, pack) {
				say(where+".packs", "two packs are called %q; a line could not say which one answers", pack)
			}
			packs = append(packs, pack)
		}
		packs = checkReleases(where, country, packs, say)
		if !country.Key.Given() {
			say(where+".key", "name the country's key, such as env:BARAZA_KEY_%s; make one with: baraza key new", strings.ToUpper(name))
		}
		for _, team := range slices.Sorted(maps.Keys(country.Teams)) {
			checkWebhook(where+".teams."+team, country.Teams[team], say)
		}
		for _, host := range country.Services.Hosts {
			if strings.ContainsAny(host, "/@ ") || host == "" {
				say(where+".services.hosts", "%q is no host; write api.example.org or api.example.org:8443", host)
			}
		}
	}
	return packs
}

func checkReleases(where string, country *Country, packs []string, say func(string, string, ...any)) []string {
	for _, key := range country.ReleaseKeys {
		if _, err := release.ReadPublic(key); err != nil {
			say(where+".release_keys", "%q is no public key; write one as baraza release keygen prints it: ed25519:…", key)
		}
	}
	r := country.Releases
	if r == nil {
		return packs
	}
	if len(r.Packs) > 0 && len(country.ReleaseKeys) == 0 {
		say(where+".release_keys", "name the public key of at least one person who may release; make one with: baraza release keygen")
	}
	where += ".releases"
	for _, pack := range r.Packs {
		switch {
		case !packName.MatchString(pack):
			say(where+".packs", "%q is no pack's name; it is the word after \"pack\" in its first line", pack)
		case slices.Contains(packs, pack):
			say(where+".packs", "two packs are called %q; a line could not say which one answers", pack)
		}
		packs = append(packs, pack)
	}
	if r.Stay < 0 {
		say(where+".stay", "it is not below 0")
	}
	return packs
}

func (c *Config) checkLines(packs []string, say func(string, string, ...any)) {
	serves := func(where, pack string) {
		if !slices.Contains(packs, pack) {
			say(where, "there is no pack %q; the packs are %s", pack, strings.Join(packs, ", "))
		}
	}
	paths, numbers, chats := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, w := range c.WhatsApp {
		where := fmt.Sprintf("whatsapp[%d]", i)
		if w == nil {
			say(where, "it is empty")
			continue
		}
		if paths[w.Path] {
			say(where+".path", "two apps have the path %s; give one of them another", w.Path)
		}
		paths[w.Path] = true
		if !regexp.MustCompile(`^(/[a-z0-9_-]+)+$`).MatchString(w.Path) || reserved(w.Path) {
			say(where+".path", "%q cannot be the path of a webhook; write one such as /whatsapp", w.Path)
		}
		for _, s := range []struct {
			name   string
			secret Secret
		}{{"app_secret", w.AppSecret}, {"verify_token", w.VerifyToken}, {"token", w.Token}} {
			if !s.secret.Given() {
				say(where+"."+s.name, "say where it is: env:NAME or file:PATH")
			}
		}
		if w.Graph != "" {
			if problem := address(w.Graph); problem != "" {
				say(where+".graph", "%s", problem)
			}
		}
		if w.PerSecond < 0 {
			say(where+".per_second", "it is not below 0")
		}
		if len(w.Numbers) == 0 {
			say(where+".numbers", "name at least one phone_number_id and its pack")
		}
		for _, id := range slices.Sorted(maps.Keys(w.Numbers)) {
			if numbers[id] {
				say(where+".numbers", "the number %s stands twice", id)
			}
			numbers[id] = true
			serves(where+".numbers."+id, w.Numbers[id])
		}
	}
	for i, t := range c.Telegram {
		where := fmt.Sprintf("telegram[%d]", i)
		if t == nil {
			say(where, "it is empty")
			continue
		}
		if !t.Token.Given() {
			say(where+".token", "say where the bot's token is: env:NAME or file:PATH")
		}
		serves(where+".pack", t.Pack)
	}
	for i, w := range c.Webchat {
		where := fmt.Sprintf("webchat[%d]", i)
		if w == nil {
			say(where, "it is empty")
			continue
		}
		if !word.MatchString(w.Name) || chats[w.Name] {
			say(where+".name", "give each chat a word of its own; it stands in the address /chat/NAME/")
		}
		chats[w.Name] = true
		serves(where+".pack", w.Pack)
		if c.Public == "" {
			say("public", "say by which address pages reach this process, such as https://chat.example.org; without one only this machine can chat")
		}
		if len(w.Origins) == 0 {
			say(where+".origins", "name the sites that may show it, such as https://www.example.org")
		}
		for _, origin := range w.Origins {
			u, err := url.Parse(origin)
			if err != nil || u.Scheme+"://"+u.Host != origin || u.Host == "" {
				say(where+".origins", "%q is no origin; write scheme and host alone, such as https://www.example.org", origin)
			}
		}
	}
}

// reserved are the paths that the process itself answers.
func reserved(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains([]string{"healthz", "readyz", "metrics", "chat", "fake", "api", "console"}, first)
}

func checkWebhook(where string, w *Webhook, say func(string, string, ...any)) {
	if w == nil {
		say(where, "it is empty")
		return
	}
	if problem := address(w.URL); problem != "" {
		say(where+".url", "%s", problem)
	}
	if !w.Secret.Given() {
		say(where+".secret", "say where the secret is that signs what is sent: env:NAME or file:PATH")
	}
}

// address says what is wrong with the address of a server; "" for nothing. Without TLS only this machine is asked.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Sprintf("%q is no address; write one such as https://example.org", text)
	}
	switch host := u.Hostname(); {
	case u.Scheme == "https":
		return ""
	case u.Scheme != "http":
		return fmt.Sprintf("%q does not begin with https://", text)
	case host == "localhost" || net.ParseIP(host).IsLoopback():
		return ""
	}
	return fmt.Sprintf("%q has no TLS; write https://, or an address of this machine", text)
}

// eachSecret visits every secret, with its place in the file.
func (c *Config) eachSecret(visit func(where string, s *Secret)) {
	visit("metrics.token", &c.Metrics.Token)
	webhook := func(where string, w *Webhook) {
		if w != nil {
			visit(where+".secret", &w.Secret)
		}
	}
	webhook("alerts", c.Alerts)
	for _, name := range c.CountryNames() {
		country := c.Countries[name]
		if country == nil {
			continue
		}
		where := "countries." + name
		visit(where+".key", &country.Key)
		for i := range country.OldKeys {
			visit(fmt.Sprintf("%s.old_keys[%d]", where, i), &country.OldKeys[i])
		}
		for _, team := range slices.Sorted(maps.Keys(country.Teams)) {
			webhook(where+".teams."+team, country.Teams[team])
		}
		for _, secret := range slices.Sorted(maps.Keys(country.Services.Secrets)) {
			s := country.Services.Secrets[secret]
			visit(where+".services.secrets."+secret, &s)
			country.Services.Secrets[secret] = s
		}
	}
	for i, w := range c.WhatsApp {
		if w != nil {
			where := fmt.Sprintf("whatsapp[%d]", i)
			visit(where+".app_secret", &w.AppSecret)
			visit(where+".old_app_secret", &w.OldAppSecret)
			visit(where+".verify_token", &w.VerifyToken)
			visit(where+".token", &w.Token)
		}
	}
	for i, t := range c.Telegram {
		if t != nil {
			visit(fmt.Sprintf("telegram[%d].token", i), &t.Token)
		}
	}
	c.consoleSecrets(visit)
}

// Unreadable says which secrets and folders the file names and nobody can read, all at once, so that a start does not fail
// one of them at a time.
func (c *Config) Unreadable() (problems []string) {
	c.eachSecret(func(where string, s *Secret) {
		if !s.Given() {
			return
		}
		if _, err := s.Read(); err != nil {
			problems = append(problems, where+": "+err.Error())
		}
	})
	for _, name := range c.CountryNames() {
		if r := c.Countries[name].Releases; r != nil && r.Rounds != "" {
			if info, err := os.Stat(r.Rounds); err != nil || !info.IsDir() {
				problems = append(problems, fmt.Sprintf("countries.%s.releases.rounds: %s is no folder; name the one where the rounds of testing lie", name, r.Rounds))
			}
		}
	}
	return problems
}
