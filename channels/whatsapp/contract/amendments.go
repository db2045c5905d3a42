package contract

import (
	"errors"
	"slices"
)

// An amendment changes the document where it is not to be taken at its word.
type amendment struct {
	at  string // path of the schema
	why string
	do  func(schema fields) error
}

func (a amendment) apply(whole fields) error {
	schema, err := find(whole, a.at)
	if err != nil {
		return err
	}
	return a.do(schema)
}

const schemaOf = "components/schemas/"

// amendments are all of them. One that no longer finds what it changes fails, so that a newer document is read
// again by a person.
var amendments = []amendment{
	{schemaOf + "BaseMessageProperties", "the document is older than business-scoped ids, the echo and the identity check",
		func(s fields) error {
			declare(s, "recipient", "biz_opaque_callback_data", "recipient_identity_key_hash")
			s["properties"].(fields)["biz_opaque_callback_data"].(fields)["maxLength"] = uint64(512)
			s["anyOf"] = []any{fields{"required": []any{"to"}}, fields{"required": []any{"recipient"}}}
			return remove(s, "required", "to")
		}},
	{schemaOf + "BaseMessageProperties", "the API takes a message without recipient_type as one to a person, and so do the document's own examples",
		func(s fields) error { return remove(s, "required", "recipient_type") }},
	{schemaOf + "TextMessage/allOf/1/properties/text/properties/body", "the page on text messages has a limit that the document leaves out",
		func(s fields) error { s["maxLength"] = uint64(4096); return nil }},
	{schemaOf + "LocationMessage/allOf/1/properties/location/properties/latitude", "the document's own examples have numbers", number},
	{schemaOf + "LocationMessage/allOf/1/properties/location/properties/longitude", "the document's own examples have numbers", number},
	{schemaOf + "LanguageObject", "the document's own examples have no policy", func(s fields) error { return remove(s, "required", "policy") }},
	{schemaOf + "TemplateComponent/properties/index", "the pattern is spoiled: the description says 0 to 9", digit},
	{schemaOf + "ButtonComponent/allOf/1/properties/index", "the pattern is spoiled: the description says 0 to 9", digit},
	{schemaOf + "InteractiveObject/properties/type", "kinds of message that the document leaves out",
		func(s fields) error {
			s["enum"] = append(s["enum"].([]any), "cta_url", "location_request_message", "contact_request")
			return nil
		}},
	{schemaOf + "ActionObject", "the actions of kinds of message that the document leaves out",
		func(s fields) error {
			parameters := fields{"type": "object", "required": []any{"display_text", "url"}, "additionalProperties": false,
				"properties": fields{"display_text": fields{"type": "string", "maxLength": uint64(20)}, "url": fields{"type": "string"}}}
			s["oneOf"] = append(s["oneOf"].([]any),
				fields{"required": []any{"name", "parameters"}, "properties": fields{"name": only("cta_url"), "parameters": parameters}},
				fields{"required": []any{"name"}, "properties": fields{"name": only("send_location")}},
				fields{"required": []any{"name"}, "properties": fields{"name": only("request_contact_info")}})
			return nil
		}},
}

func number(s fields) error {
	if s["type"] != "string" {
		return errors.New("it is no string any more")
	}
	s["type"] = "number"
	return nil
}

func digit(s fields) error {
	if s["pattern"] == nil {
		return errors.New("it has no pattern any more")
	}
	s["pattern"] = "^[0-9]$"
	return nil
}

func only(word string) fields { return fields{"type": "string", "enum": []any{word}} }

// declare adds properties of text.
func declare(schema fields, keys ...string) {
	for _, key := range keys {
		schema["properties"].(fields)[key] = fields{"type": "string"}
	}
}

// remove takes a word out of one of the schema's lists.
func remove(schema fields, list, word string) error {
	words, _ := schema[list].([]any)
	i := slices.Index(words, any(word))
	if i < 0 {
		return errors.New(list + " has no " + word + " any more")
	}
	schema[list] = slices.Delete(slices.Clone(words), i, i+1)
	return nil
}
