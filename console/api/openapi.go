package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server/desk"
)

// object is one of JSON; its names are written in order, so that a document is always the same.
type object map[string]any

// errorAnswers are the errors that every route may give; of the others, otherErrors says what each means.
var errorAnswers = []struct {
	status int
	says   string
}{
	{http.StatusUnauthorized, "Nobody signed in, or the token is not good any more."},
	{http.StatusForbidden, "The account has no role that may do this here. Of a country that there is not the same is said."},
	{http.StatusTooManyRequests, "The account asks too much at once; Retry-After says how many seconds to wait."},
}

const otherErrors = `Anything else that is wrong. The sentence says what, and what to do:

- 400: the request is not the JSON that is expected
- 404: what is named is not there, or not in this country
- 409: it cannot be done as things stand, such as a change that was planned against what serves no longer
- 413 and 415: the request is too long, or of another type
- 422: the request is understood, and something in it cannot be
- 503: it cannot be done at this moment; ask again
- 507: the disk is full, or no record could be kept of who does it; nothing was done
`

// Document is the OpenAPI document, made from the routes of the desk and of the accounts, the types that they take and give, and the table of
// roles.
func Document() []byte {
	s := &schemas{all: object{"Error": object{"type": "object", "required": []string{"error"}, "additionalProperties": false,
		"properties": object{"error": object{"type": "string", "description": "What is wrong, and what to do, in a sentence."}}}}}
	paths, tags := object{}, []string{}
	for _, route := range desk.Routes() {
		tag, _, _ := strings.Cut(strings.Trim(route.Path, "/"), "/")
		for _, country := range []string{"{country}", role.Everywhere} {
			who := roles(country, route.Path)
			if len(who) == 0 {
				continue
			}
			if !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
			path, operation := "countries/{country}"+route.Path, s.operation(route, who, tag, country == role.Everywhere)
			if country == role.Everywhere {
				path = "machine" + route.Path
				operation["operationId"] = "machine_" + operation["operationId"].(string)
			} else {
				operation["parameters"] = slices.Concat([]object{{"$ref": "#/components/parameters/Country"}}, operation["parameters"].([]object))
			}
			paths[Root+path] = object{"post": operation}
		}
	}
	for _, route := range accounts.Routes() {
		paths[Root+route.Path[1:]] = object{"post": s.ofAccounts(route)}
	}
	paths[Root+"openapi.json"] = object{"get": object{"operationId": "openapi", "summary": "This document, for everybody who signed in.", "tags": []string{"openapi"},
		"responses": responses(object{"description": "The document.", "content": jsonOf(object{"type": "object"})})}}
	var named []object
	for _, tag := range append(tags, "account", "openapi") {
		named = append(named, object{"name": tag})
	}
	document := object{
		"openapi": "3.1.0",
		"info": object{"title": "Baraza", "version": "1", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "What operators of Baraza do, for programs: the same actions as the command line, in the countries in which an account has a role. " +
				"Everything is asked by POST with a JSON object, so that a name or a number of a person never stands in an address, which proxies and logs keep. " +
				"Who acts is the account that asks, and what changes something leaves a record of it."},
		"servers":  []object{{"url": "/"}},
		"security": []object{{"token": []string{}}, {"session": []string{}}},
		"tags":     named,
		"paths":    paths,
		"components": object{
			"schemas": s.all,
			"securitySchemes": object{
				"token": object{"type": "http", "scheme": "bearer", "description": "A token of an account, with roles in countries."},
				"session": object{"type": "apiKey", "in": "cookie", "name": "__Host-baraza", "description": "What a browser keeps of who signed in to the console; " +
					"without https its name is baraza. A request that a page of another site makes is refused."}},
			"parameters": object{
				"Country": object{"name": "country", "in": "path", "required": true, "description": "The word of a country in the configuration.",
					"schema": object{"type": "string", "pattern": "^[a-z0-9_-]+$"}},
				"Signature": object{"name": desk.SignatureHeader, "in": "header", "required": false, "description": "The detached signature of the bundle, in base64.",
					"schema": object{"type": "string", "contentEncoding": "base64"}},
			},
			"responses": sharedAnswers(),
		},
	}
	var out bytes.Buffer
	layOut(&out, plain(document), "\n")
	return append(out.Bytes(), '\n')
}

// plain is what a value is as JSON; all of a document can be written.
func plain(v any) (out any) {
	if err := json.Unmarshal(compact(v), &out); err != nil {
		panic(err)
	}
	return out
}

func compact(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

// layOut writes JSON so that people can read it, and see what has changed: what fits on a line is on one.
func layOut(out *bytes.Buffer, v any, line string) {
	one := compact(v)
	inner := line + "  "
	switch v := v.(type) {
	case map[string]any:
		if len(line)+len(one) <= 140 {
			break
		}
		out.WriteByte('{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(inner + strconv.Quote(name) + ": ")
			layOut(out, v[name], inner)
		}
		out.WriteString(line + "}")
		return
	case []any:
		if len(line)+len(one) <= 140 {
			break
		}
		out.WriteByte('[')
		for i := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(inner)
			layOut(out, v[i], inner)
		}
		out.WriteString(line + "]")
		return
	}
	out.Write(one)
}

func (s *schemas) operation(route desk.Route, who []role.Role, tag string, machine bool) object {
	names := make([]string, len(who))
	for i, r := range who {
		names[i] = string(r)
	}
	says := "For the role " + strings.Join(names, ", ") + "."
	if len(names) > 1 {
		says = "For one of the roles " + strings.Join(names, ", ") + "."
	}
	if route.LeavesRecord() {
		says += " It leaves a record of who did it."
	}
	parameters, body := []object{}, object{"required": true}
	if route.Takes != "" {
		body["content"] = object{route.Takes: object{}}
		body["description"] = "The bytes of a bundle."
		parameters = append(parameters, object{"$ref": "#/components/parameters/Signature"})
	} else {
		body["content"] = jsonOf(s.taken(route.In, !machine))
	}
	done := object{"description": "It was done."}
	if !route.Changes {
		done["description"] = "The answer."
	}
	if route.Gives != "" {
		done["content"] = object{route.Gives: object{}}
	} else {
		done["content"] = jsonOf(s.given(route.Out))
	}
	return object{"operationId": strings.ReplaceAll(strings.ReplaceAll(strings.Trim(route.Path, "/"), "/", "_"), "-", "_"), "summary": route.Does, "description": says,
		"tags": []string{tag}, "x-roles": names, "x-records": route.LeavesRecord(), "parameters": parameters, "requestBody": body, "responses": responses(done)}
}

// ofAccounts is the operation of a route of accounts.
func (s *schemas) ofAccounts(route accounts.Route) object {
	out := s.operation(desk.Route{Path: route.Path, Does: route.Does, Changes: route.Changes, In: route.In, Out: route.Out},
		[]role.Role{role.Administrator}, "account", true)
	says := "For who signed in and has the role administrator in the countries that it is about; no token has that."
	out["security"] = []object{{"session": []string{}}}
	if route.Tokens {
		says = "For who signed in and has the role administrator in the countries that it is about, and for a token with the right offboarding there."
		out["security"] = []object{{"session": []string{}}, {"token": []string{}}}
		out["x-token-right"] = string(role.Offboarding)
	}
	if route.Changes {
		says += " It leaves a record of who did it."
	}
	out["description"] = says
	return out
}

// responses are the good one and the errors.
func responses(done object) object {
	out := object{"200": done, "default": object{"$ref": "#/components/responses/Error"}}
	for _, e := range errorAnswers {
		out[strconv.Itoa(e.status)] = object{"$ref": "#/components/responses/" + answerName(e.status)}
	}
	return out
}

func sharedAnswers() object {
	content := jsonOf(object{"$ref": "#/components/schemas/Error"})
	all := object{"Error": object{"description": otherErrors, "content": content}}
	for _, e := range errorAnswers {
		answer := object{"description": e.says, "content": content}
		if e.status == http.StatusTooManyRequests {
			answer["headers"] = object{"Retry-After": object{"schema": object{"type": "integer"}}}
		}
		all[answerName(e.status)] = answer
	}
	return all
}

func answerName(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

func jsonOf(schema object) object {
	return object{"application/json": object{"schema": schema}}
}
