package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/console"
	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server"
	"baraza/server/config"
)

// accountCommand is about the accounts of operators. Who can run it is the machine's administrator.
type accountCommand struct {
	Invite accountInvite `cmd:"" help:"Make an account, and print the link with which its owner opens it."`
	List   accountList   `cmd:"" help:"List accounts, with their roles."`
	Roles  accountRoles  `cmd:"" help:"Say which roles an account has in a country."`
	Reset  accountReset  `cmd:"" help:"Let who lost a phone or a password begin anew, and print the link."`
	Close  accountClose  `cmd:"" help:"Close an account for ever."`

	EndToken accountEndToken `cmd:"" help:"End a token of an account."`
	Backup   accountBackup   `cmd:"" help:"Write a copy of the accounts into a new file, also while somebody serves."`
	Restore  accountRestore  `cmd:"" help:"Put a copy of the accounts in place of what is there. Nobody may serve."`
}

// atAccounts does something at the accounts of the process that serves, or of the files where nobody does.
func (c *configured) atAccounts(s streams, do func(context.Context, *accounts.Client) error) error {
	within := func(p *server.Server, configuration *config.Config) (http.Handler, func() error, error) {
		open, err := console.Open(console.Options{Config: configuration, Audit: p.Audit()})
		if err != nil {
			return nil, nil, err
		}
		return open.Control(), open.Close, nil
	}
	return c.reach(s, within, func(ctx context.Context, asking *http.Client) error {
		return do(ctx, &accounts.Client{HTTP: asking})
	})
}

// where are the countries that a command is about.
type where struct {
	Country    []string `help:"In this country; again for more." placeholder:"COUNTRY"`
	Everywhere bool     `help:"In every country, and for what belongs to the machine."`
}

func (w *where) countries() ([]string, error) {
	all := slices.Clone(w.Country)
	if w.Everywhere {
		all = append(all, role.Everywhere)
	}
	if len(all) == 0 {
		return nil, errors.New("say where: --country COUNTRY or --everywhere")
	}
	return all, nil
}

func rolesOf(words []string) (roles []role.Role) {
	for _, w := range words {
		roles = append(roles, role.Role(w))
	}
	return roles
}

type accountInvite struct {
	asking
	Name  string   `arg:"" help:"Name to sign in with, such as rosa.benitez." placeholder:"NAME"`
	Role  []string `required:"" help:"Role: designer, releaser, approver, staff, auditor or administrator; again for more." placeholder:"ROLE"`
	Email string   `help:"Address by which single sign-on knows them." placeholder:"ADDRESS"`
	where
}

func (c *accountInvite) Run(s streams) error {
	countries, err := c.countries()
	if err != nil {
		return err
	}
	in := accounts.Invitation{Name: c.Name, Email: c.Email, Roles: map[string][]role.Role{}}
	for _, country := range countries {
		in.Roles[country] = rolesOf(c.Role)
	}
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		link, err := a.Invite(ctx, in)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, link, func(w io.Writer) { printLink(w, link) })
	})
}

func printLink(w io.Writer, link accounts.Link) {
	fmt.Fprintf(w, `Give this link to its owner alone, by a way you trust. It works once, until
%s, and is not shown again:

    %s
`, link.Until.UTC().Format("2006-01-02 15:04 UTC"), link.Address)
}

type accountList struct{ asking }

func (c *accountList) Run(s streams) error {
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		list, err := a.Accounts(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { printAccounts(w, list.Accounts) })
	})
}

func printAccounts(w io.Writer, all []accounts.Account) {
	if len(all) == 0 {
		fmt.Fprintln(w, "There are no accounts. Make the first: baraza account invite NAME --role administrator --everywhere")
		return
	}
	rows := [][]string{{"NAME", "SIGNS IN", "LAST", "ROLES"}}
	for _, one := range all {
		how := map[string]string{accounts.ByPassword: "password", accounts.ByOIDC: "single sign-on", accounts.ByNothing: "link is over"}[one.SignIn]
		switch {
		case one.Closed != nil:
			how = "closed"
		case one.SignIn == accounts.ByNothing && one.Open != nil:
			how = "invited"
		}
		var roles []string
		for _, country := range slices.Sorted(maps.Keys(one.Roles)) {
			var words []string
			for _, r := range one.Roles[country] {
				words = append(words, string(r))
			}
			name := country
			if country == role.Everywhere {
				name = "everywhere"
			}
			roles = append(roles, name+": "+strings.Join(words, ", "))
		}
		last := "never"
		if one.Last != nil {
			last = one.Last.UTC().Format(time.DateOnly)
		}
		rows = append(rows, []string{one.Name, how, last, strings.Join(roles, "; ")})
	}
	table(w, rows)
}

type accountRoles struct {
	configured
	Name string   `arg:"" help:"The account." placeholder:"NAME"`
	Role []string `help:"Role: designer, releaser, approver, staff, auditor or administrator; again for more. Without any the account has none there." placeholder:"ROLE"`
	where
}

func (c *accountRoles) Run(s streams) error {
	countries, err := c.countries()
	if err != nil {
		return err
	}
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		for _, country := range countries {
			if err := a.SetRoles(ctx, accounts.RolesIn{Name: c.Name, Country: country, Roles: rolesOf(c.Role)}); err != nil {
				return err
			}
		}
		fmt.Fprintf(s.out, "The roles of %s are changed. Their sessions ended: they sign in again.\n", c.Name)
		return nil
	})
}

type accountReset struct {
	asking
	Name string `arg:"" help:"The account." placeholder:"NAME"`
}

func (c *accountReset) Run(s streams) error {
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		link, err := a.Reset(ctx, accounts.Named{Name: c.Name})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, link, func(w io.Writer) {
			fmt.Fprintf(w, "%s has no password, phone, session or token any more.\n", c.Name)
			printLink(w, link)
		})
	})
}

type accountEndToken struct {
	configured
	Name  string `arg:"" help:"The account." placeholder:"NAME"`
	Token string `arg:"" help:"Name of the token, as baraza account list --json has it." placeholder:"TOKEN"`
}

func (c *accountEndToken) Run(s streams) error {
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		if err := a.EndToken(ctx, accounts.TokenOf{Name: c.Name, Token: c.Token}); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "The token %s of %s is ended.\n", c.Token, c.Name)
		return nil
	})
}

type accountClose struct {
	configured
	Name string `arg:"" help:"The account." placeholder:"NAME"`
	Yes  bool   `help:"Do not ask."`
}

func (c *accountClose) Run(s streams) error {
	if err := agreed(s, c.Yes, fmt.Sprintf("This closes the account %s for ever; its name is not given again.", c.Name)); err != nil {
		return err
	}
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		if err := a.CloseAccount(ctx, accounts.Named{Name: c.Name}); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "The account %s is closed.\n", c.Name)
		return nil
	})
}
