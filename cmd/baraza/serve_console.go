package main

import (
	"log/slog"

	"baraza/console"
	"baraza/console/accounts"
	"baraza/server"
	"baraza/server/config"
)

// withConsole puts the console on the port and the control socket of a process that does not run yet, where the
// configuration has one. What it returns closes it, after the process has ended.
func withConsole(process *server.Server, configuration *config.Config, log *slog.Logger) (end func() error, err error) {
	if configuration.Console == nil {
		return func() error { return nil }, nil
	}
	open, err := console.Open(console.Options{Config: configuration, Audit: process.Audit(), Log: log})
	if err != nil {
		return nil, err
	}
	for pattern, page := range open.Mounted() {
		process.Mount(pattern, page)
	}
	process.Control(accounts.ControlPath, open.Control())
	return open.Close, nil
}
