package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"baraza/server/audit"
	"baraza/server/config"
	"baraza/server/desk"
)

// auditCommand is about the log of who did what. It reads the file alone, also while somebody serves.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Say whether the log is as it was written, and name each record that is not."`
	List   auditList   `cmd:"" help:"List who did what."`
	Export auditExport `cmd:"" help:"Print the log as a table for spreadsheets (CSV), or as JSON."`
}

// auditing is what each of them takes.
type auditing struct {
	configured
	Data string `help:"Folder of the data, in place of the one in the configuration." placeholder:"DIR"`
}

func (c *auditing) path() (string, error) {
	if c.Data != "" {
		return filepath.Join(c.Data, "audit.log"), nil
	}
	configuration, err := readConfig(c.Config)
	if err != nil {
		return "", fmt.Errorf("%w; --data names the folder where there is no configuration", err)
	}
	return configuration.Audit(), nil
}

type auditVerify struct {
	auditing
	Noted string `help:"Hash of a record that was noted elsewhere, or its beginning; the log must still hold it." placeholder:"HASH"`
	JSON  bool   `name:"json" help:"Print JSON, for programs."`
}

func (c *auditVerify) Run(s streams) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if c.Noted != "" && (len(c.Noted) < 8 || strings.Trim(c.Noted, "0123456789abcdef") != "") {
		return errors.New("--noted takes a hash, or at least the first 8 of its digits: 0 to 9 and a to f")
	}
	r, err := audit.Verify(path, c.Noted, nil)
	if err != nil {
		return err
	}
	missed := c.Noted != "" && !r.Noted
	if err := printed(s, c.JSON, r, func(w io.Writer) { c.words(w, r, missed) }); err != nil {
		return err
	}
	if len(r.Problems) > 0 || missed {
		return errFound
	}
	return nil
}

func (c *auditVerify) words(w io.Writer, r audit.Report, missed bool) {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p.Says)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "and %d more\n", r.More)
	}
	if missed {
		fmt.Fprintf(w, "no record has the hash %s: it was changed or taken out, or the whole log was written anew\n", c.Noted)
	}
	if r.Records == 0 {
		fmt.Fprintln(w, "There are no records.")
	} else {
		fmt.Fprintf(w, "%s, from %s to %s.\nThe last is number %d, with the hash\n  %s\n", counted(r.Records, "record", "records"),
			inUTC(r.First), inUTC(r.Last), r.Number, r.Hash)
	}
	if r.Torn > 0 {
		fmt.Fprintf(w, "%s left unfinished by a process that was killed; a record marks each.\n", counted(r.Torn, "line was", "lines were"))
	}
	if r.Loose && r.Records > 0 {
		fmt.Fprint(w, "No file audit.log.last lies beside it, so nobody would miss records that were taken off\nthe end: compare the last one with a hash that was noted elsewhere.\n")
	}
	if len(r.Problems) == 0 && !missed {
		fmt.Fprintln(w, "Each is as it was written.")
		return
	}
	fmt.Fprint(w, `
The log is not as it was written. Copy the data folder away before anything else,
compare with a copy of the log from elsewhere, and ask who could write here. To
begin a new log, move audit.log and audit.log.last away while nobody serves.
`)
}

func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// choosing are the records that list and export show.
type choosing struct {
	auditing
	Country string `help:"Those about this country alone." placeholder:"COUNTRY"`
	Since   string `help:"Those from this day on (2026-11-28, in UTC), or from this moment (2026-11-28T08:00:00Z)." placeholder:"TIME"`
	JSON    bool   `name:"json" help:"Print JSON, for programs: one record a line, as the log has it."`
}

// records are those that were chosen. Of a log that is not as it was written they are what can still be read; that is
// said, and the command ends with 1.
func (c *choosing) records(s streams) (all []audit.Record, found error, err error) {
	path, err := c.path()
	if err != nil {
		return nil, nil, err
	}
	var since time.Time
	if c.Since != "" {
		if since, err = time.Parse(time.DateOnly, c.Since); err != nil {
			if since, err = time.Parse(time.RFC3339, c.Since); err != nil {
				return nil, nil, fmt.Errorf("%q is no day and no moment; write 2026-11-28, or 2026-11-28T08:00:00Z", c.Since)
			}
		}
	}
	r, err := audit.Verify(path, "", func(r audit.Record) {
		if !r.At.Before(since) && (c.Country == "" || r.Country == c.Country) {
			all = append(all, r)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if len(r.Problems) > 0 {
		fmt.Fprintln(s.err, "baraza: the log is not as it was written; see: baraza audit verify")
		found = errFound
	}
	return all, found, nil
}

type auditList struct{ choosing }

func (c *auditList) Run(s streams) error {
	all, found, err := c.records(s)
	if err != nil {
		return err
	}
	if c.JSON {
		return errors.Join(jsonLines(s.out, all), found)
	}
	if len(all) == 0 {
		fmt.Fprintln(s.out, "There are no such records.")
		return found
	}
	rows := [][]string{{"NUMBER", "TIME (UTC)", "WHO", "WHAT", "OUTCOME", "COUNTRY", "ABOUT", "WHY"}}
	for _, r := range all {
		who := r.Who
		if r.Account != "" && r.Account != r.Who {
			who += " (" + r.Account + ")"
		}
		row := []string{strconv.FormatUint(r.Number, 10), r.At.UTC().Format(time.DateTime), who, r.What, outcome(r), r.Country, about(r), r.Why}
		for i := range row {
			row[i] = oneLine(shown(row[i]))
			if row[i] == "" {
				row[i] = "-"
			}
		}
		rows = append(rows, row)
	}
	table(s.out, rows)
	return found
}

func outcome(r audit.Record) string {
	if r.Status == 0 {
		return r.Outcome
	}
	return fmt.Sprintf("%s (%d)", r.Outcome, r.Status)
}

// about says in short what it was done to, and which release or roles took the place of which.
func about(r audit.Record) string {
	change := strings.TrimSpace(shortStanding(r.Before) + " -> " + shortStanding(r.After))
	switch {
	case r.After == "":
		return r.About
	case strings.HasPrefix(r.What, "account ") || strings.HasPrefix(r.What, "token "): // whose roles they are
		return r.About + ": " + strings.TrimPrefix(change, "-> ")
	}
	return change
}

// shortStanding shortens the hashes in what served.
func shortStanding(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if len(w) == 64 {
			words[i] = shortHash(w)
		}
	}
	return strings.Join(words, " ")
}

type auditExport struct{ choosing }

func (c *auditExport) Run(s streams) error {
	all, found, err := c.records(s)
	if err != nil {
		return err
	}
	if c.JSON {
		return errors.Join(jsonLines(s.out, all), found)
	}
	w := csv.NewWriter(s.out)
	_ = w.Write([]string{"number", "at", "who", "account", "what", "country", "pack", "about", "why", "before", "after", "outcome", "status", "previous", "hash"})
	for _, r := range all {
		status := ""
		if r.Status != 0 {
			status = strconv.Itoa(r.Status)
		}
		row := []string{strconv.FormatUint(r.Number, 10), r.At.UTC().Format(time.RFC3339Nano), r.Who, r.Account, r.What, r.Country, r.Pack,
			r.About, r.Why, r.Before, r.After, r.Outcome, status, r.Previous, r.Hash}
		for i := range row {
			row[i] = cell(row[i])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return errors.Join(w.Error(), found)
}

// cell is a text that no spreadsheet takes for a formula: they begin with one of these signs, after blanks too.
func cell(text string) string {
	text = oneLine(shown(text))
	if text != "" && strings.ContainsRune("=+-@|%＝＋－＠'", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// jsonLines prints records as the log has them.
func jsonLines(w io.Writer, all []audit.Record) error {
	for _, r := range all {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// recordRestore says in the log that a backup took the place of the data, and what became of each country's freeze by it.
func recordRestore(c *config.Config, r *desk.Restoring) error {
	l, err := audit.Open(c.Audit(), time.Now, nil)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	record := audit.Record{Who: desk.Account(), Account: desk.Account(), What: "store restore",
		About: "the backup of " + r.Manifest.At.UTC().Format(time.RFC3339), Outcome: audit.Done}
	_, err = l.Append(record)
	for _, one := range r.Freezes {
		if one.Here.Stage == one.Next.Stage {
			continue
		}
		record.Country, record.Before, record.After, record.Why = one.Country, one.Here.Stage, one.Next.Stage, one.Next.Why
		_, failed := l.Append(record)
		err = errors.Join(err, failed)
	}
	return errors.Join(err, l.Close())
}
