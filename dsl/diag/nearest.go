package diag

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// mostNear is how many similar names a writer is shown.
	mostNear = 3
	// mostChoices is how many names are listed when none is similar; a longer list is no help.
	mostChoices = 8
	// longestName bounds the work of comparing; names are shorter, and what is longer is no slip.
	longestName = 80
)

// Nearest returns the candidates that look like name, nearest first and otherwise in the order given, at most
// three. Case, accents, "_", "-" and spaces do not count; a swap of two letters counts as one slip; a third of
// the name, and one letter more, may differ, but no more than half of the shorter name, unless both begin alike.
func Nearest(name string, candidates []string) []string {
	type near struct {
		name     string
		distance int
	}
	want := foldName(name)
	if len(want) == 0 || len(want) > longestName {
		return nil
	}
	limit := min(1+len(want)/3, len(want)-1)
	var found []near
	for _, c := range candidates {
		if slices.ContainsFunc(found, func(n near) bool { return n.name == c }) {
			continue
		}
		have := foldName(c)
		if len(have) == 0 || len(have)-len(want) > limit || len(want)-len(have) > limit {
			continue
		}
		if d := distance(want, have); d <= limit && plausible(want, have, d) || d == 0 {
			found = append(found, near{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, n := range found[:min(len(found), mostNear)] {
		names = append(names, n.name)
	}
	return names
}

// plausible keeps short names apart that have little in common but their length, such as the codes of languages.
func plausible(a, b []rune, slips int) bool {
	short := min(len(a), len(b))
	return max(len(a), len(b)) > 2 && (2*slips <= short || short > 2 && slices.Equal(a[:3], b[:3]))
}

// Similar says which names of a kind look like the one that is not there: "A step with a similar name exists:
// welcome (line 4)." It is empty when none does. where gives the place of a name, such as "line 4" or "in
// welcome.flow"; it may be nil, or return "".
func Similar(kind, name string, candidates []string, where func(string) string) string {
	near := Nearest(name, candidates)
	switch len(near) {
	case 0:
		return ""
	case 1:
		return article(kind) + " " + kind + " with a similar name exists: " + placed(near, where) + "."
	}
	return "These have similar names: " + placed(near, where) + "."
}

// Choices says what there is to choose from, when that is little: "There are: english, kiswahili." It is empty
// for none and for more than eight.
func Choices(candidates []string) string {
	switch n := len(candidates); {
	case n == 0 || n > mostChoices:
		return ""
	case n == 1:
		return "There is only: " + candidates[0] + "."
	}
	return "There are: " + strings.Join(candidates, ", ") + "."
}

// Suggest is the help for a name that is not there: the similar names, or else the few there are, or nothing.
func Suggest(kind, name string, candidates []string, where func(string) string) []string {
	if s := cmp.Or(Similar(kind, name, candidates, where), Choices(candidates)); s != "" {
		return []string{s}
	}
	return nil
}

func placed(names []string, where func(string) string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = n
		if where != nil {
			if w := where(n); w != "" {
				parts[i] += " (" + w + ")"
			}
		}
	}
	return strings.Join(parts, ", ")
}

func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeio", unicode.ToLower(rune(noun[0]))) {
		return "An"
	}
	return "A"
}

// foldName keeps what a person would call the same name.
func foldName(s string) []rune {
	if len(s) > 16*longestName {
		s = s[:16*longestName]
	}
	var folded []rune
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("_- ", r) {
			continue
		}
		folded = append(folded, unicode.ToLower(r))
	}
	return folded
}

// distance counts letters put in, left out, replaced, or swapped with their neighbour (Damerau, each letter
// being part of one slip only).
func distance(a, b []rune) int {
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
