package contract

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

type fields = map[string]any

// judge evaluates the part of JSON Schema that the document uses for messages: $ref, allOf, anyOf, oneOf, not,
// discriminator, type, enum, required, properties, additionalProperties, items, minItems, maxItems, minLength,
// maxLength, minimum, maximum, pattern. format and nullable are not evaluated.
type judge struct{ whole fields }

// scope is what the surroundings of a schema have settled about the same value.
type scope struct {
	known  map[string]bool // properties that a schema beside this one declares
	chosen bool            // a discriminator has chosen: its base must not choose again
}

func (j *judge) check(at string, schema fields, value any, s scope) error {
	if ref, ok := schema["$ref"].(string); ok {
		target, err := j.resolve(ref)
		if err != nil {
			return err
		}
		return j.check(at, target, value, s)
	}
	if d, ok := schema["discriminator"].(fields); ok && !s.chosen {
		if err := j.choose(at, d, value, s); err != nil || schema["oneOf"] != nil {
			return err
		}
	}
	s.known = j.declared(schema, s.known)
	if err := j.combined(at, schema, value, s); err != nil {
		return err
	}
	if options, ok := schema["enum"].([]any); ok && !slices.Contains(options, value) {
		return fmt.Errorf("%s is %v, not one of %v", place(at), value, options)
	}
	if kind, ok := schema["type"].(string); ok && !is(kind, value) {
		return fmt.Errorf("%s is %T, not of type %s", place(at), value, kind)
	}
	switch value := value.(type) {
	case string:
		return checkText(at, schema, value)
	case float64:
		return checkNumber(at, schema, value)
	case []any:
		return j.checkList(at, schema, value)
	case fields:
		return j.checkObject(at, schema, value, s)
	}
	return nil
}

// choose follows a discriminator to the one schema that the value names.
func (j *judge) choose(at string, d fields, value any, s scope) error {
	key, _ := d["propertyName"].(string)
	object, _ := value.(fields)
	kind, _ := object[key].(string)
	mapping, _ := d["mapping"].(fields)
	ref, ok := mapping[kind].(string)
	if !ok {
		return fmt.Errorf("%s is %q, not one of %v", place(at+"."+key), kind, slices.Sorted(maps.Keys(mapping)))
	}
	s.chosen = true
	return j.check(at, fields{"$ref": ref}, value, s)
}

// combined evaluates the schemas that are combined into this one.
func (j *judge) combined(at string, schema fields, value any, s scope) error {
	for _, part := range schemas(schema["allOf"]) {
		if err := j.check(at, part, value, s); err != nil {
			return err
		}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		parts := schemas(schema[key])
		if len(parts) == 0 {
			continue
		}
		var problems []error
		for _, part := range parts {
			if err := j.check(at, part, value, s); err != nil {
				problems = append(problems, err)
			}
		}
		switch fits := len(parts) - len(problems); {
		case fits == 0:
			return fmt.Errorf("%s fits none of %d schemas: %w", place(at), len(parts), errors.Join(problems...))
		case fits > 1 && key == "oneOf":
			return fmt.Errorf("%s fits %d of %d schemas, not one alone", place(at), fits, len(parts))
		}
	}
	if not, ok := schema["not"].(fields); ok && j.check(at, not, value, scope{}) == nil {
		return fmt.Errorf("%s is what it must not be", place(at))
	}
	return nil
}

func (j *judge) checkObject(at string, schema fields, value fields, s scope) error {
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, there := value[key.(string)]; !there {
			return fmt.Errorf("%s has no %s", place(at), key)
		}
	}
	properties, _ := schema["properties"].(fields)
	for _, key := range slices.Sorted(maps.Keys(value)) {
		if property, ok := properties[key].(fields); ok {
			if err := j.check(at+"."+key, property, value[key], scope{}); err != nil {
				return err
			}
			continue
		}
		if schema["additionalProperties"] == false && !s.known[key] {
			return fmt.Errorf("%s has %s, which nothing declares", place(at), key)
		}
	}
	return nil
}

func (j *judge) checkList(at string, schema fields, value []any) error {
	if low, ok := integer(schema["minItems"]); ok && len(value) < low {
		return fmt.Errorf("%s has %d elements, fewer than %d", place(at), len(value), low)
	}
	if high, ok := integer(schema["maxItems"]); ok && len(value) > high {
		return fmt.Errorf("%s has %d elements, more than %d", place(at), len(value), high)
	}
	items, ok := schema["items"].(fields)
	if !ok {
		return nil
	}
	for i, one := range value {
		if err := j.check(fmt.Sprintf("%s[%d]", at, i), items, one, scope{}); err != nil {
			return err
		}
	}
	return nil
}

// checkText counts code points, as JSON Schema says.
func checkText(at string, schema fields, value string) error {
	n := utf8.RuneCountInString(value)
	if low, ok := integer(schema["minLength"]); ok && n < low {
		return fmt.Errorf("%s has %d characters, fewer than %d", place(at), n, low)
	}
	if high, ok := integer(schema["maxLength"]); ok && n > high {
		return fmt.Errorf("%s has %d characters, more than %d", place(at), n, high)
	}
	if pattern, ok := schema["pattern"].(string); ok {
		like, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("read the pattern of %s: %w", place(at), err)
		}
		if !like.MatchString(value) {
			return fmt.Errorf("%s is %q, which does not match %s", place(at), value, pattern)
		}
	}
	return nil
}

func checkNumber(at string, schema fields, value float64) error {
	if low, ok := integer(schema["minimum"]); ok && value < float64(low) {
		return fmt.Errorf("%s is %g, less than %d", place(at), value, low)
	}
	if high, ok := integer(schema["maximum"]); ok && value > float64(high) {
		return fmt.Errorf("%s is %g, more than %d", place(at), value, high)
	}
	return nil
}

// declared adds the properties that a schema declares, also by the schemas combined into it. Read literally,
// additionalProperties next to allOf would refuse what the other parts declare, and with it every message.
func (j *judge) declared(schema fields, known map[string]bool) map[string]bool {
	all := maps.Clone(known)
	if all == nil {
		all = map[string]bool{}
	}
	if ref, ok := schema["$ref"].(string); ok {
		if target, err := j.resolve(ref); err == nil {
			return j.declared(target, all)
		}
	}
	properties, _ := schema["properties"].(fields)
	for key := range properties {
		all[key] = true
	}
	for _, part := range schemas(schema["allOf"]) {
		all = j.declared(part, all)
	}
	return all
}

func (j *judge) resolve(ref string) (fields, error) {
	return find(j.whole, strings.TrimPrefix(ref, "#/"))
}

// find follows a path of keys and numbers, parted by slashes.
func find(whole any, path string) (fields, error) {
	node := whole
	for key := range strings.SplitSeq(path, "/") {
		switch inner := node.(type) {
		case fields:
			node = inner[strings.ReplaceAll(strings.ReplaceAll(key, "~1", "/"), "~0", "~")]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i < 0 || i >= len(inner) {
				return nil, fmt.Errorf("the document has no %s", path)
			}
			node = inner[i]
		default:
			node = nil
		}
	}
	found, ok := node.(fields)
	if !ok {
		return nil, fmt.Errorf("the document has no %s", path)
	}
	return found, nil
}

func schemas(value any) []fields {
	list, _ := value.([]any)
	var all []fields
	for _, one := range list {
		if schema, ok := one.(fields); ok {
			all = append(all, schema)
		}
	}
	return all
}

func is(kind string, value any) bool {
	switch value := value.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && value == math.Trunc(value)
	case []any:
		return kind == "array"
	case fields:
		return kind == "object"
	}
	return false // null
}

func integer(value any) (int, bool) {
	switch n := value.(type) {
	case uint64:
		return int(n), true
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}

func place(at string) string {
	if at == "" {
		return "the body"
	}
	return strings.TrimPrefix(at, ".")
}
