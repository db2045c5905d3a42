package page

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"baraza/console/api"
	"baraza/console/role"
	"baraza/server/audit"
	"baraza/server/desk"
)

// recordsMost is how many records a page has.
const recordsMost = 100

// records is the page of who did what.
type records struct {
	Countries  []string // that can be chosen
	Country    string
	Everywhere bool // those of all countries, and of none, can be chosen
	What       string
	Records    []audit.Record
	Older      string // the address of the next page; "" for none
	Problems   int
}

// records shows who did what, in the countries where the caller may read it.
func (p *pages) records(v *visit) error {
	q := v.r.URL.Query()
	page := records{Country: q.Get("country"), What: strings.TrimSpace(q.Get("what")), Everywhere: api.May(v.caller, role.Everywhere, "/audit/list")}
	for _, name := range p.mine(v.caller) {
		if api.May(v.caller, name, "/audit/list") {
			page.Countries = append(page.Countries, name)
		}
	}
	if page.Country == "" && !page.Everywhere && len(page.Countries) > 0 {
		page.Country = page.Countries[0]
	}
	if page.Country == "" && !page.Everywhere || page.Country != "" && !slices.Contains(page.Countries, page.Country) {
		return &desk.Problem{Status: http.StatusForbidden, Text: say("no-audit")}
	}
	ask := desk.RecordQuery{Country: page.Country}
	if n, err := strconv.ParseUint(q.Get("before"), 10, 64); err == nil {
		ask.Before = n
	}
	list, err := p.desks[page.Country].Records(v.ctx(), ask)
	if err != nil {
		return err
	}
	page.Problems = list.Problems
	more := list.More
	last := uint64(0) // of those that were looked at
	for _, r := range slices.Backward(list.Records) {
		if len(page.Records) == recordsMost {
			more = true
			break
		}
		if last = r.Number; strings.HasPrefix(r.What, page.What) {
			page.Records = append(page.Records, r)
		}
	}
	if more && last > 0 {
		page.Older = "/console/audit?" + url.Values{"country": {page.Country}, "what": {page.What}, "before": {strconv.FormatUint(last, 10)}}.Encode()
	}
	return p.show(v, http.StatusOK, say("title-records"), "records", page)
}
