package fake

import (
	"maps"
	"regexp"
	"strconv"

	"github.com/rivo/uniseg"
)

// The tables of this file are the shapes and limits of request bodies: WhatsApp Cloud API, messages. They are
// written apart from those of the client and the checker on purpose, so that one slip does not hide the other.

const (
	bodyMax        = 4096
	interactiveMax = 1024 // the page on lists says 4096; clients in use stop at 1024
	captionMax     = 1024
	smallMax       = 60 // header and footer
	idMax          = 256
	rowIDMax       = 200
	echoMax        = 512
	contactsMax    = 5 // the page says 257, Meta's schema 5
	rowsMax        = 10
)

var (
	anyText   = text{min: 1}
	webLink   = text{min: 1, max: 2000, like: regexp.MustCompile(`^https?://[^\s]+$`), says: "an address that starts with http:// or https://"}
	messageID = text{min: 1, like: regexp.MustCompile(`^wamid\..+$`), says: "the id of a message, which starts with wamid."}
	phone     = text{like: regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`), says: "a phone number with + and country code"}
	scopedID  = text{like: regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`), says: "a business-scoped user id"}
	product   = text{one: []string{"whatsapp"}}
)

// envelope is what every message has around the block that is named by its type.
var envelope = object{
	needs: map[string]rule{
		"messaging_product": product,
		"recipient_type":    text{one: []string{"individual"}},
		"type":              anyText,
	},
	may: map[string]rule{
		"to":                          phone,
		"recipient":                   scopedID,
		"context":                     object{needs: map[string]rule{"message_id": messageID}},
		"biz_opaque_callback_data":    text{max: echoMax},
		"recipient_identity_key_hash": anyText,
	},
}

// blocks are the kinds of message; each is written in the block of its name.
var blocks = map[string]rule{
	"text": object{needs: map[string]rule{"body": text{min: 1, max: bodyMax}}, may: map[string]rule{"preview_url": flag{}}},

	"image":    media(map[string]rule{"caption": text{max: captionMax}}),
	"video":    media(map[string]rule{"caption": text{max: captionMax}}),
	"audio":    media(nil),
	"sticker":  media(nil),
	"document": media(map[string]rule{"caption": text{max: captionMax}, "filename": anyText}),

	"location": object{
		needs: map[string]rule{"latitude": number{-90, 90}, "longitude": number{-180, 180}},
		may:   map[string]rule{"name": anyText, "address": anyText},
	},
	"reaction": object{needs: map[string]rule{"message_id": messageID, "emoji": emoji{}}},
	"contacts": list{min: 1, max: contactsMax, each: contactCard},
	"template": templateBlock,

	"interactive": variants{by: "type", each: map[string]rule{
		"button":                   interactive(mediaHeader, replyButtons),
		"list":                     interactive(textHeader, listAction),
		"cta_url":                  interactive(mediaHeader, named("cta_url", object{needs: map[string]rule{"display_text": text{min: 1, max: 20}, "url": webLink}})),
		"flow":                     interactive(mediaHeader, named("flow", flowParameters)),
		"contact_request":          interactive(mediaHeader, named("request_contact_info", nil)),
		"location_request_message": locationRequest,
	}},
}

// marks is the body that marks messages as read, and shows that an answer is being written.
var marks = object{
	needs: map[string]rule{"messaging_product": product, "status": text{one: []string{"read"}}, "message_id": messageID},
	may:   map[string]rule{"typing_indicator": object{needs: map[string]rule{"type": text{one: []string{"text"}}}}},
}

// media is given by id or by link, and has further keys by its kind.
func media(more map[string]rule) object {
	may := map[string]rule{"id": anyText, "link": webLink}
	maps.Copy(may, more)
	return object{may: may, exactlyOne: []string{"id", "link"}}
}

var textHeader = variants{by: "type", each: map[string]rule{
	"text": object{needs: map[string]rule{"type": anyText, "text": text{min: 1, max: smallMax}}},
}}

var mediaHeader = variants{by: "type", each: map[string]rule{
	"text":     textHeader.each["text"],
	"image":    object{needs: map[string]rule{"type": anyText, "image": media(nil)}},
	"video":    object{needs: map[string]rule{"type": anyText, "video": media(nil)}},
	"document": object{needs: map[string]rule{"type": anyText, "document": media(map[string]rule{"filename": anyText})}},
}}

var interactiveBody = object{needs: map[string]rule{"text": text{min: 1, max: interactiveMax}}}

func interactive(header, action rule) object {
	return object{
		needs: map[string]rule{"type": anyText, "body": interactiveBody, "action": action},
		may:   map[string]rule{"header": header, "footer": object{needs: map[string]rule{"text": text{min: 1, max: smallMax}}}},
	}
}

// locationRequest has a body and nothing around it.
var locationRequest = object{needs: map[string]rule{"type": anyText, "body": interactiveBody, "action": named("send_location", nil)}}

// named is an action with a name of its own and, for some, parameters.
func named(name string, parameters rule) object {
	needs := map[string]rule{"name": text{one: []string{name}}}
	if parameters != nil {
		needs["parameters"] = parameters
	}
	return object{needs: needs}
}

var replyButtons = object{needs: map[string]rule{"buttons": list{min: 1, max: 3,
	each: object{needs: map[string]rule{
		"type":  text{one: []string{"reply"}},
		"reply": object{needs: map[string]rule{"id": text{min: 1, max: idMax, trimmed: true}, "title": text{min: 1, max: 20}}},
	}},
	also: func(at string, l []any) *refusal {
		seen := map[string]bool{}
		for i, one := range l {
			reply := one.(fields)["reply"].(fields)
			for _, key := range []string{"id", "title"} {
				word := key + "\x00" + reply[key].(string)
				if seen[word] {
					return refuse(131009, "Duplicated %s %q in %s.", key, reply[key], index(at, i))
				}
				seen[word] = true
			}
		}
		return nil
	},
}}}

var listAction = object{needs: map[string]rule{
	"button": text{min: 1, max: 20},
	"sections": list{min: 1, max: 10, each: object{
		needs: map[string]rule{"rows": list{min: 1, max: rowsMax, each: object{
			needs: map[string]rule{"id": text{min: 1, max: rowIDMax, trimmed: true}, "title": text{min: 1, max: 24}},
			may:   map[string]rule{"description": text{min: 1, max: 72}},
		}}},
		may: map[string]rule{"title": text{min: 1, max: 24}},
	}, also: rowsTogether},
}}

// rowsTogether holds what concerns all sections: ten rows in total, ids that differ, titles when there are
// several.
func rowsTogether(at string, sections []any) *refusal {
	rows, seen := 0, map[string]bool{}
	for i, section := range sections {
		if _, titled := section.(fields)["title"]; !titled && len(sections) > 1 {
			return missing(inside(index(at, i), "title"))
		}
		for _, row := range section.(fields)["rows"].([]any) {
			rows++
			id := row.(fields)["id"].(string)
			if seen[id] {
				return refuse(131009, "Duplicated row id %q in %s.", id, at)
			}
			seen[id] = true
		}
	}
	if rows > rowsMax {
		return refuse(131009, "%s has %d rows in total, but at most %d are allowed.", at, rows, rowsMax)
	}
	return nil
}

var flowParameters = object{
	needs: map[string]rule{
		"flow_message_version": text{one: []string{"3"}},
		"flow_cta":             text{min: 1, max: 20},
		"flow_token":           anyText,
	},
	may: map[string]rule{
		"flow_id": anyText, "flow_name": anyText,
		"mode":                text{one: []string{"draft", "published"}},
		"flow_action":         text{one: []string{"navigate", "data_exchange"}},
		"flow_action_payload": object{may: map[string]rule{"screen": anyText, "data": anyObject{}}},
	},
	exactlyOne: []string{"flow_id", "flow_name"},
}

var contactCard = object{
	needs: map[string]rule{"name": object{
		needs: map[string]rule{"formatted_name": anyText},
		may:   texts("first_name", "last_name", "middle_name", "prefix", "suffix"),
	}},
	may: map[string]rule{
		"phones":    list{min: 1, each: object{may: texts("phone", "wa_id", "type")}},
		"emails":    list{min: 1, each: object{may: texts("email", "type")}},
		"urls":      list{min: 1, each: object{may: texts("url", "type")}},
		"addresses": list{min: 1, each: object{may: texts("street", "city", "state", "zip", "country", "country_code", "type")}},
		"org":       object{may: texts("company", "department", "title")},
		"birthday":  text{like: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`), says: "a date as YYYY-MM-DD"},
	},
}

// texts are keys of text; one called type is of the two that Meta's schema knows.
func texts(keys ...string) map[string]rule {
	all := map[string]rule{}
	for _, key := range keys {
		all[key] = anyText
		if key == "type" {
			all[key] = text{one: []string{"HOME", "WORK"}}
		}
	}
	return all
}

var templateBlock = object{
	needs: map[string]rule{
		"name": text{min: 1, max: 512, like: regexp.MustCompile(`^[a-z0-9_]+$`), says: "a template's name of a-z, 0-9 and _"},
		"language": object{
			needs: map[string]rule{"code": text{min: 2, max: 16}},
			may:   map[string]rule{"policy": text{one: []string{"deterministic"}}},
		},
	},
	may: map[string]rule{"components": list{each: variants{by: "type", each: map[string]rule{
		"header": object{needs: map[string]rule{"type": anyText, "parameters": list{min: 1, max: 1, each: templateParameter}}},
		"body":   object{needs: map[string]rule{"type": anyText, "parameters": list{min: 1, each: templateParameter}}},
		"button": object{needs: map[string]rule{
			"type":       anyText,
			"sub_type":   text{one: []string{"quick_reply", "url", "copy_code"}},
			"index":      text{like: regexp.MustCompile(`^[0-9]$`), says: "the place of a button, 0 to 9"},
			"parameters": list{min: 1, max: 1, each: buttonParameter},
		}},
	}}}},
}

var templateParameter = variants{by: "type", each: map[string]rule{
	"text":     object{needs: map[string]rule{"type": anyText, "text": text{min: 1, max: interactiveMax}}},
	"image":    object{needs: map[string]rule{"type": anyText, "image": media(nil)}},
	"video":    object{needs: map[string]rule{"type": anyText, "video": media(nil)}},
	"document": object{needs: map[string]rule{"type": anyText, "document": media(map[string]rule{"filename": anyText})}},
}}

var buttonParameter = variants{by: "type", each: map[string]rule{
	"payload":     object{needs: map[string]rule{"type": anyText, "payload": text{min: 1, max: idMax}}},
	"text":        object{needs: map[string]rule{"type": anyText, "text": text{min: 1, max: 2000}}},
	"coupon_code": object{needs: map[string]rule{"type": anyText, "coupon_code": text{min: 1, max: 15}}},
}}

// emoji is what a reaction shows: one of them, or "" to take it back.
type emoji struct{}

func (emoji) check(at string, value any) *refusal {
	s, ok := value.(string)
	if !ok {
		return wrongType(at, "a string")
	}
	if uniseg.GraphemeClusterCount(s) > 1 {
		return refuse(131009, "%s must be one emoji, or empty to take a reaction back.", at)
	}
	return nil
}

// checkMessage holds a whole body against the tables.
func checkMessage(body fields) *refusal {
	kind, _ := body["type"].(string)
	block, known := blocks[kind]
	around := fields{}
	for key, value := range body {
		if key != kind || !known {
			around[key] = value
		}
	}
	if problem := envelope.check("", around); problem != nil {
		return problem
	}
	switch {
	case !known:
		return (text{one: sortedKeys(blocks)}).check("type", kind)
	case body[kind] == nil:
		return missing(kind)
	case body["to"] == nil && body["recipient"] == nil:
		return missing("to")
	}
	return block.check(kind, body[kind])
}

func decimal(i int) string { return strconv.Itoa(i) }
