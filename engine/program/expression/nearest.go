package expression

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// mostShown is how many names are listed to a writer.
const mostShown = 8

// nearest returns the candidates that look like name, nearest first, at most three. A third of the name, and
// one letter more, may differ, but no more than half of the shorter name, unless both begin alike; a
// swap of two letters is one slip.
func nearest(name string, candidates []string) []string {
	type near struct {
		name  string
		slips int
	}
	want := []rune(strings.ToLower(name))
	limit := min(1+len(want)/3, len(want)-1)
	var found []near
	for _, c := range candidates {
		have := []rune(strings.ToLower(c))
		if len(have)-len(want) > limit || len(want)-len(have) > limit || slices.ContainsFunc(found, func(n near) bool { return n.name == c }) {
			continue
		}
		if d := slipsBetween(want, have); d == 0 || d <= limit && plausible(want, have, d) {
			found = append(found, near{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.slips - b.slips })
	var names []string
	for _, n := range found[:min(len(found), 3)] {
		names = append(names, n.name)
	}
	return names
}

// plausible keeps short names apart that have little in common but their length.
func plausible(a, b []rune, slips int) bool {
	short := min(len(a), len(b))
	return max(len(a), len(b)) > 2 && (2*slips <= short || short > 2 && slices.Equal(a[:3], b[:3]))
}

// slipsBetween counts letters put in, left out, replaced, or swapped with their neighbour.
func slipsBetween(a, b []rune) int {
	var last []int
	row, next := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			slip := 1
			if a[i-1] == b[j-1] {
				slip = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+slip)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], last[j-2]+1)
			}
		}
		if last == nil {
			last = make([]int, len(b)+1)
		}
		last, row, next = row, next, last
	}
	return row[len(b)]
}

// suggest is the help for a name of a kind that is not there: the similar ones, or else the few there are.
func suggest(kind, name string, candidates []string) []string {
	near := nearest(name, candidates)
	switch {
	case len(near) == 1:
		article := "A "
		if strings.ContainsRune("aeio", rune(kind[0])) {
			article = "An "
		}
		return []string{article + kind + " with a similar name exists: " + near[0] + "."}
	case len(near) > 1:
		return []string{"These have similar names: " + strings.Join(near, ", ") + "."}
	case len(candidates) == 1:
		return []string{"There is only: " + candidates[0] + "."}
	case len(candidates) > 0 && len(candidates) <= mostShown:
		return []string{"There are: " + strings.Join(candidates, ", ") + "."}
	}
	return nil
}

// replaceBy is the fix where exactly one name is near.
func replaceBy(name string, candidates []string, start, end int) *Replace {
	if near := nearest(name, candidates); len(near) == 1 && utf8.RuneCountInString(name) > 1 {
		return &Replace{Start: start, End: end, Text: near[0]}
	}
	return nil
}
