package runner

import (
	"fmt"
	"strings"
)

// Left says what is still in memory of conversations once Run has returned; "" when nothing is, as it has to be.
func (r *Runner) Left() string {
	var left []string
	add := func(n int, of string) {
		if n > 0 {
			left = append(left, fmt.Sprintf("%d %s", n, of))
		}
	}
	for _, s := range r.shards {
		add(len(s.talks), "conversations")
	}
	add(len(r.timers.busy), "timers")
	add(len(r.sender.busy)+len(r.sender.active), "sends")
	add(len(r.sender.back), "people who came back")
	add(len(r.refs.taken), "references")
	return strings.Join(left, ", ")
}
