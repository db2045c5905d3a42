package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"baraza/console"
	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/page"
	"baraza/server"
	"baraza/server/config"
)

// withConsole puts the console on the port and the control socket of a process that does not run yet, where the
// configuration has one. What it returns closes it, after the process has ended.
func withConsole(process *server.Server, configuration *config.Config, log *slog.Logger) (end func() error, err error) {
	if configuration.Console == nil {
		return func() error { return nil }, nil
	}
	open, err := console.Open(console.Options{Config: configuration, Audit: process.Audit(), Log: log,
		API: func(who *accounts.Accounts) http.Handler { return api.Handler(process.Desk(), who, log) },
		Page: func(who *accounts.Accounts) http.Handler {
			return page.Handler(page.Options{Desk: process.Desk(), Accounts: who, Behaviour: tried(configuration), Folder: configuration.Data, Log: log})
		}})
	if err != nil {
		return nil, err
	}
	for pattern, page := range open.Mounted() {
		process.Mount(pattern, page)
	}
	process.Control(accounts.ControlPath, open.Control())
	return open.Close, nil
}

// tried runs the tests of a bundle for the console's pages, which know neither the language nor the simulator.
func tried(configuration *config.Config) func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
	return func(ctx context.Context, bundle io.ReadSeeker, serves string) (page.Outcome, error) {
		b, err := behaviourIn(ctx, configuration, bundle, serves)
		if err != nil {
			return page.Outcome{}, err
		}
		out := page.Outcome{Passed: b.Passed, Failed: b.Failed, NotCompared: b.Before}
		for _, d := range b.Differ {
			one := page.Conversation{Test: d.Test}
			for _, r := range d.Rows {
				one.Rows = append(one.Rows, page.Row{Planned: r.Expected, Serves: r.Actual, Differs: r.Differs})
			}
			out.Differ = append(out.Differ, one)
		}
		return out, nil
	}
}
