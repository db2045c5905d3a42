package desk

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"baraza/engine/runner"
	"baraza/engine/store"
)

// ReportQuery chooses what operators should see, of the last days; 7 when 0.
type ReportQuery struct {
	Days int    `json:"days,omitempty"`
	Code string `json:"code,omitempty"`
}

// Report is one such thing. It has codes and no word of anybody.
type Report struct {
	At      *time.Time `json:"at"`
	Kind    string     `json:"kind"` // report, set-aside, unknown-event, account, alert
	Code    string     `json:"code"`
	Says    string     `json:"says,omitempty"` // more codes
	Pack    string     `json:"pack"`
	Contact string     `json:"contact"`
	Zone    string     `json:"zone"`
}

// ReportList is in the order of time, at most the newest mostReports of them.
type ReportList struct {
	Reports []Report `json:"reports"`
	More    bool     `json:"more,omitempty"` // there were more, which are older
}

const mostReports = 500

var reportKinds = map[uint8]string{runner.ReportEntry: "report", runner.SetAside: "set-aside", runner.Strange: "unknown-event",
	runner.Account: "account", runner.AlertEntry: "alert"}

// Reports lists them.
func (d *Desk) Reports(ctx context.Context, in ReportQuery) (ReportList, error) {
	out := ReportList{Reports: []Report{}}
	switch {
	case in.Days < 0 || in.Days > 366:
		return out, wrong("say 1 to 366 days, not %d", in.Days)
	case in.Days == 0:
		in.Days = 7
	}
	q := store.JournalQuery{Of: store.All, Limit: page, Newest: true, Since: d.now().AddDate(0, 0, -in.Days)}
	for class := range reportKinds {
		q.Classes |= 1 << class
	}
	packs := map[store.Key]string{}
	for !out.More {
		entries, err := d.Store.Journal(ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return out, err
		}
		for _, e := range entries {
			pack, known := packs[e.Key]
			if !known {
				if pack, err = d.packOf(ctx, e.Key); err != nil {
					return out, err
				}
				packs[e.Key] = pack
			}
			if !d.has(pack, e.Key) {
				continue
			}
			r := d.report(pack, e)
			switch {
			case in.Code != "" && in.Code != r.Code:
			case len(out.Reports) == mostReports:
				out.More = true
			default:
				out.Reports = append(out.Reports, r)
			}
		}
		if len(entries) < page {
			break
		}
		q.After = entries[len(entries)-1].ID
	}
	slices.Reverse(out.Reports)
	return out, nil
}

// report reads the codes of an entry. What a person wrote, and what a flow or a provider wrote in words, stays where
// it is.
func (d *Desk) report(pack string, e store.Entry) Report {
	r := Report{At: d.local(pack, e.At), Kind: reportKinds[e.Class], Pack: pack, Contact: e.Key.String(), Zone: d.zone(pack).String()}
	var words runner.Entry
	if err := runner.OpenEntry(d.Keys, pack, e, &words); err != nil {
		r.Code = "unreadable"
		return r
	}
	r.Code = words.Code
	switch e.Class {
	case runner.ReportEntry:
		r.Says = words.Text
	case runner.SetAside:
		r.Code, r.Says = "set-aside", words.Kind
	case runner.Strange:
		r.Says = strconv.Itoa(len(words.Raw)) + " bytes"
	case runner.AlertEntry:
		r.Code = "alert"
	case runner.Account:
		r.Says = words.Subject
	}
	return r
}

// packOf is the pack by whose keys a contact is sealed.
func (d *Desk) packOf(ctx context.Context, key store.Key) (string, error) {
	c, err := d.Store.Load(ctx, key)
	if err != nil && !errors.Is(err, store.ErrDamaged) || c.Pack != "" {
		return c.Pack, err
	}
	for _, pack := range d.packs() {
		if runner.OperatorKey(d.Keys, pack) == key {
			return pack, nil
		}
	}
	return "", nil
}
