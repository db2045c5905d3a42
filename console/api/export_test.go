package api

import "time"

// Rows are the routes of the table, in its order.
func Rows() (all []string) {
	for _, r := range rows {
		all = append(all, r.route)
	}
	return all
}

// Pace is what bounds an account.
type Pace struct{ pace }

func (p *Pace) Enter(account string, now time.Time) (leave func(), wait int) {
	return p.enter(account, now)
}

// Known tells of how many accounts something is remembered.
func (p *Pace) Known() int { return len(p.known) }
