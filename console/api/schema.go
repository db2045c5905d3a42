package api

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
)

// schemas are those of the types that routes take and give, as encoding/json writes and reads them.
type schemas struct{ all object }

// taken is the schema of a request. A field that may be left out may be; one more than is known is refused. What nobody sends
// is not in it: the account is who acts, and the address says the country where in is true.
func (s *schemas) taken(t reflect.Type, in bool) object {
	name, but := typeName(t)+"Request", map[string]bool{"by": true, "country": in}
	if _, ofCountry := t.FieldByName("Country"); !in && ofCountry && typeName(t) == t.Name() {
		name = t.Name() + "MachineRequest" // beside the one in a country
	}
	return s.named(name, func() object {
		out := s.fields(t, but, plainly)
		delete(out, "required") // the desk says in words what it lacks: what is needed hangs on what else is said
		out["additionalProperties"] = false
		return out
	})
}

// given is the schema of an answer.
func (s *schemas) given(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.given(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return object{}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.given(t.Elem())}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.given(t.Elem())}
	case reflect.Struct:
		return s.named(typeName(t), func() object {
			out := s.fields(t, nil, nullable)
			out["additionalProperties"] = false
			return out
		})
	}
	panic(fmt.Sprintf("nobody knows how JSON writes a %s", t)) // a route that a test meets first
}

// named puts a schema among the components, once, and refers to it.
func (s *schemas) named(name string, make func() object) object {
	if _, ok := s.all[name]; !ok {
		s.all[name] = object{} // for one that holds itself
		s.all[name] = make()
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// typeName is the name of a type of the desk, and of another's with its package's before it.
func typeName(t reflect.Type) string {
	pkg := path.Base(t.PkgPath())
	if pkg == "desk" {
		return t.Name()
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + t.Name()
}

// fields is an object with those of a struct, but for some. Fields of a struct that is embedded are its own. empty says what
// is written for those that always are.
func (s *schemas) fields(t reflect.Type, but map[string]bool, empty func(reflect.Type, object) object) object {
	properties, required := object{}, []string{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && name == "" {
				walk(f.Type)
				continue
			}
			switch name = cmp.Or(name, f.Name); {
			case !f.IsExported() || name == "-" || but[name]:
			default:
				schema := s.given(f.Type)
				if optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"); !optional {
					required = append(required, name)
					schema = empty(f.Type, schema)
				}
				properties[name] = schema
			}
		}
	}
	walk(t)
	out := object{"type": "object", "properties": properties}
	if slices.Sort(required); len(required) > 0 {
		out["required"] = required
	}
	return out
}

func plainly(_ reflect.Type, schema object) object { return schema }

// nullable allows null, which encoding/json writes for a list, a map or a pointer without anything.
func nullable(t reflect.Type, schema object) object {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
	default:
		return schema
	}
	kind, plain := schema["type"].(string)
	switch {
	case plain:
		schema["type"] = []string{kind, "null"}
		return schema
	case schema["$ref"] != nil:
		return object{"anyOf": []object{schema, {"type": "null"}}}
	}
	return schema // anything, null too
}
