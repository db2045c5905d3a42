package desk

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"baraza/server/audit"
)

// RecordQuery chooses records of who did what; empty parts choose all. On a desk of one country they are those of it.
type RecordQuery struct {
	Country string     `json:"country,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	// Before chooses those with a smaller number: the next page of a list that had more.
	Before uint64 `json:"before,omitempty"`
}

// RecordList is in the order in which they were written, at most the newest mostRecords of them.
type RecordList struct {
	Records []audit.Record `json:"records"`
	More    bool           `json:"more,omitempty"` // there are earlier ones
	// Problems counts the places where the log is not as it was written; verify names them.
	Problems int `json:"problems,omitempty"`
}

const mostRecords = 1000

// Records lists them.
func (d *Desk) Records(_ context.Context, in RecordQuery) (RecordList, error) {
	out := RecordList{Records: []audit.Record{}}
	all, problems, err := d.chosen(in)
	if err != nil {
		return out, err
	}
	out.Problems = problems
	if out.More = len(all) > mostRecords; out.More {
		all = all[len(all)-mostRecords:]
	}
	out.Records = append(out.Records, all...)
	return out, nil
}

// chosen reads the log, and counts where it is not as it was written.
func (d *Desk) chosen(in RecordQuery) (all []audit.Record, problems int, err error) {
	if _, ok := d.Countries[in.Country]; !ok && (d.one || in.Country != "") {
		return nil, 0, missing("there is no country %q; the countries are %s", in.Country, listed(d.countryNames()))
	}
	r, err := d.readLog("", func(r audit.Record) {
		if (in.Country == "" || r.Country == in.Country) && (in.Since == nil || !r.At.Before(*in.Since)) && (in.Before == 0 || r.Number < in.Before) {
			all = append(all, r)
		}
	})
	return all, len(r.Problems) + r.More, err
}

// readLog reads the whole log, one reader at a time: it is as long as the service is old.
func (d *Desk) readLog(noted string, each func(audit.Record)) (audit.Report, error) {
	if d.Audit == nil {
		return audit.Report{}, conflict("there is no log of who did what")
	}
	d.reading.Lock()
	defer d.reading.Unlock()
	return d.Audit.Verify(noted, each)
}

// serveRecords gives the chosen records as the log has them, so that each hash can be computed again.
func (d *Desk) serveRecords(w http.ResponseWriter, r *http.Request) error {
	var in RecordQuery
	if err := readBody(r, &in); err != nil {
		return err
	}
	d.bind(r.Context(), &in)
	action := doingOf(r.Context())
	action.asked = true
	all, _, err := d.chosen(in)
	if err != nil {
		return err
	}
	if action.Country = in.Country; in.Since != nil {
		action.About = "those since " + in.Since.UTC().Format(time.RFC3339)
	}
	if err := action.leaves(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jsonl")
	lines := json.NewEncoder(w)
	for i := range all {
		if err := lines.Encode(&all[i]); err != nil {
			panic(http.ErrAbortHandler) // the one who asked sees that it is not whole
		}
	}
	return nil
}

// Noted is the hash of a record that was noted elsewhere, or its beginning; "" for none.
type Noted struct {
	Noted string `json:"noted,omitempty"`
}

// Verify says whether the log is as it was written.
func (d *Desk) Verify(_ context.Context, in Noted) (audit.Report, error) {
	if err := d.wholeMachine(); err != nil {
		return audit.Report{}, err
	}
	if in.Noted != "" && (len(in.Noted) < 8 || strings.Trim(in.Noted, "0123456789abcdef") != "") {
		return audit.Report{}, wrong("noted is a hash, or at least the first 8 of its digits: 0 to 9 and a to f")
	}
	return d.readLog(in.Noted, nil)
}
