package fake

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A rule is what one value of a request may be. at names the value as the Graph API names parameters:
// interactive['body']['text'].
type rule interface {
	check(at string, value any) *refusal
}

// text is a string of min to max UTF-16 units. A max of 0 is no limit.
type text struct {
	min, max int
	one      []string       // when given, one of these
	like     *regexp.Regexp // when given, matches this
	says     string         // what like asks for
	trimmed  bool           // no space at either end
}

func (r text) check(at string, value any) *refusal {
	s, ok := value.(string)
	switch {
	case !ok:
		return wrongType(at, "a string")
	case units(s) < r.min:
		return plainly(refuse(100, "Param %s must be at least %d characters long.", at, r.min))
	case r.max > 0 && units(s) > r.max:
		return plainly(refuse(100, "Param %s must be at most %d characters long.", at, r.max))
	case r.one != nil && !slices.Contains(r.one, s):
		return plainly(refuse(100, "Param %s must be one of {%s} - got %q.", at, strings.ToUpper(strings.Join(r.one, ", ")), s))
	case r.like != nil && !r.like.MatchString(s):
		return refuse(131009, "%s must be %s.", at, r.says)
	case r.trimmed && strings.TrimSpace(s) != s:
		return refuse(131009, "%s has a space at its start or end.", at)
	}
	return nil
}

// number is a JSON number from low to high.
type number struct{ low, high float64 }

func (r number) check(at string, value any) *refusal {
	n, ok := value.(json.Number)
	if !ok {
		return wrongType(at, "a number")
	}
	if f, err := n.Float64(); err != nil || f < r.low || f > r.high {
		return refuse(131009, "%s must be from %g to %g.", at, r.low, r.high)
	}
	return nil
}

// flag is true or false.
type flag struct{}

func (flag) check(at string, value any) *refusal {
	if _, ok := value.(bool); !ok {
		return wrongType(at, "a boolean")
	}
	return nil
}

// anyObject is an object whose keys are the business's own.
type anyObject struct{}

func (anyObject) check(at string, value any) *refusal {
	if o, ok := value.(fields); !ok || len(o) == 0 {
		return wrongType(at, "an object that is not empty")
	}
	return nil
}

// object has the keys of its rules and no others.
type object struct {
	needs, may map[string]rule
	exactlyOne []string // of may
	also       func(at string, o fields) *refusal
}

func (r object) check(at string, value any) *refusal {
	o, ok := value.(fields)
	if !ok {
		return wrongType(at, "an object")
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if r.needs[key] == nil && r.may[key] == nil {
			return unexpected(key, at)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.needs)) {
		if _, there := o[key]; !there {
			return missing(inside(at, key))
		}
	}
	there := 0
	for _, key := range r.exactlyOne {
		if _, ok := o[key]; ok {
			there++
		}
	}
	if r.exactlyOne != nil && there != 1 {
		return refuse(100, "Param %s must have exactly one of %s.", at, strings.Join(r.exactlyOne, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		known := r.needs[key]
		if known == nil {
			known = r.may[key]
		}
		if problem := known.check(inside(at, key), o[key]); problem != nil {
			return problem
		}
	}
	if r.also != nil {
		return r.also(at, o)
	}
	return nil
}

// list has min to max elements of one rule.
type list struct {
	min, max int
	each     rule
	also     func(at string, l []any) *refusal
}

func (r list) check(at string, value any) *refusal {
	l, ok := value.([]any)
	switch {
	case !ok:
		return wrongType(at, "an array")
	case len(l) < r.min:
		return refuse(131009, "%s must have at least %d elements, not %d.", at, r.min, len(l))
	case r.max > 0 && len(l) > r.max:
		return refuse(131009, "%s must have at most %d elements, not %d.", at, r.max, len(l))
	}
	for i, one := range l {
		if problem := r.each.check(index(at, i), one); problem != nil {
			return problem
		}
	}
	if r.also != nil {
		return r.also(at, l)
	}
	return nil
}

// variants has a rule for each value of one key.
type variants struct {
	by   string
	each map[string]rule
}

func (r variants) check(at string, value any) *refusal {
	o, ok := value.(fields)
	if !ok {
		return wrongType(at, "an object")
	}
	kind, there := o[r.by]
	if !there {
		return missing(inside(at, r.by))
	}
	known := slices.Sorted(maps.Keys(r.each))
	if problem := (text{one: known}).check(inside(at, r.by), kind); problem != nil {
		return problem
	}
	return r.each[kind.(string)].check(at, value)
}

func wrongType(at, want string) *refusal {
	return plainly(refuse(100, "Param %s must be %s.", at, want))
}

func missing(at string) *refusal { return refuse(131008, "Parameter %s is required.", at) }

func unexpected(key, at string) *refusal {
	return plainly(refuse(100, "Unexpected key %q on param %q.", key, at))
}

// plainly makes the details the message too, as the Graph API does for parameters.
func plainly(r *refusal) *refusal {
	r.message = r.details
	return r
}

func inside(at, key string) string {
	if at == "" {
		return key
	}
	return at + "['" + key + "']"
}

func index(at string, i int) string { return inside(at, decimal(i)) }

// units counts UTF-16 units, the largest of the readings of "characters", so that what passes here passes under
// each.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
