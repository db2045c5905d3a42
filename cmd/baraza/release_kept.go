package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"baraza/server/desk"
)

type releaseList struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Pack    string `help:"The pack, where several of the country come as releases." placeholder:"PACK"`
}

func (c *releaseList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.ReleaseList(ctx, desk.OneRelease{Country: c.Country, Pack: c.Pack})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { releasesWords(w, list) })
	})
}

func releasesWords(w io.Writer, list desk.ReleaseList) {
	if len(list.Releases) == 0 {
		fmt.Fprintf(w, "No release of %s is kept yet.\n", list.Pack)
		return
	}
	rows := [][]string{{"RELEASE", "", "KEPT", "LEFT", "CONVERSATIONS", "SIGNED BY"}}
	for _, r := range list.Releases {
		standing := r.Standing
		if r.Standing == desk.IsTried {
			standing = fmt.Sprintf("is tried, %d %%", r.Percent)
		}
		if r.Damaged != "" {
			standing += ", damaged"
		}
		rows = append(rows, []string{shortHash(r.Release), standing, minute(r.Kept), minute(r.Left), fmt.Sprint(r.Conversations), cmp.Or(r.SignedBy, "not written down")})
	}
	table(w, rows)
	fmt.Fprintln(w, "\nTimes are those of UTC. What nobody needs any more goes with: baraza release forget")
	if list.NotKept > 0 {
		fmt.Fprintf(w, "%s on a release that is not kept any more.\n", counted(list.NotKept, "conversation is", "conversations are"))
	}
}

// minute is a time in UTC, to the minute; "" for none.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// kept shows a release that a country keeps.
func (c *releaseShow) kept(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		one, err := d.ReleaseShow(ctx, desk.OneRelease{Country: c.Bundle, Pack: c.Pack, Release: c.Hash})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, one, func(w io.Writer) {
			rows := manifestRows(one.Release, one.Manifest, len(one.Flows), one.Steps)
			rows = append(rows, []string{"kept since", minute(one.Kept)}, []string{"signed by", cmp.Or(one.SignedBy, "not written down")},
				[]string{"now", one.Standing}, []string{"conversations", fmt.Sprint(one.Conversations)})
			for i, t := range one.Tables {
				rows = append(rows, []string{map[bool]string{true: "tables"}[i == 0], fmt.Sprintf("%s, %s", t.Name, counted(t.Rows, "row", "rows"))})
			}
			table(w, rows)
			fmt.Fprintf(w, "\nIts flows: %s\n", strings.Join(one.Flows, ", "))
			c.files(w, one.Manifest)
			if len(one.History) > 0 {
				fmt.Fprintln(w, "\nWhat was done with it, in UTC")
				rows = nil
				for _, e := range one.History {
					rows = append(rows, []string{"  " + minute(e.At), e.What, shown(e.Who), cmp.Or(e.Served, "-"), shown(e.Why)})
				}
				table(w, rows)
			}
		})
	})
}

type releaseForget struct {
	changing
	Release string `arg:"" help:"Hash of the release, or its beginning." placeholder:"HASH"`
}

func (c *releaseForget) Run(s streams) error {
	change := c.change("")
	change.Release = c.Release
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.Forget(ctx, change)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { releasesWords(w, list) })
	})
}
