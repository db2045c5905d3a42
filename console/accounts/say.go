package accounts

import (
	"fmt"
	"time"
)

// counted is "1 code", "2 codes".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// waitSeconds is a wait, a second at least.
func waitSeconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// waitWords is a wait for people.
func waitWords(d time.Duration) string {
	n := waitSeconds(d)
	if n < 90 {
		return counted(n, "second", "seconds")
	}
	return counted((n+59)/60, "minute", "minutes")
}
