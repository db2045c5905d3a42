package fake

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// A Template is one that was approved, or was not, in one language.
type Template struct {
	Name     string
	Language string // as in language.code
	Category string // MARKETING, UTILITY (when empty) or AUTHENTICATION
	Status   string // APPROVED (when empty), PAUSED, DISABLED, PENDING, REJECTED
	Header   string // a text with at most {{1}}, or IMAGE, VIDEO, DOCUMENT
	Body     string // with {{1}}, {{2}}, …
	Footer   string
	Buttons  []TemplateButton
}

// A TemplateButton is one below a template.
type TemplateButton struct {
	Kind string // quick_reply, url, copy_code, or another that takes no parameter, such as phone_number
	Text string
	URL  string // with at most {{1}}, at its end
}

var holes = regexp.MustCompile(`\{\{([0-9]+)\}\}`)

// parameters counts the holes that differ.
func parameters(text string) int {
	seen := map[string]bool{}
	for _, hole := range holes.FindAllStringSubmatch(text, -1) {
		seen[hole[1]] = true
	}
	return len(seen)
}

func fill(text string, values []string) string {
	return holes.ReplaceAllStringFunc(text, func(hole string) string {
		i, err := strconv.Atoi(strings.Trim(hole, "{}"))
		if err != nil || i < 1 || i > len(values) {
			return hole
		}
		return values[i-1]
	})
}

// findTemplate is the one a message names, or why it cannot be sent.
func (s *Server) findTemplate(block fields) (*Template, *refusal) {
	name := block["name"].(string)
	code := block["language"].(fields)["code"].(string)
	for i, t := range s.config.Templates {
		if t.Name != name || t.Language != code {
			continue
		}
		switch t.Status {
		case "", "APPROVED":
			return &s.config.Templates[i], nil
		case "PAUSED":
			return nil, refuse(132015, "The template %s in %s is paused for its quality.", name, code)
		case "DISABLED":
			return nil, refuse(132016, "The template %s in %s is disabled.", name, code)
		}
	}
	return nil, refuse(132001, "template name (%s) does not exist in %s", name, code)
}

// checkTemplate holds the components of a message against those of its template.
func checkTemplate(t *Template, block fields) *refusal {
	given := map[string][]any{}
	components, _ := block["components"].([]any)
	for _, one := range components {
		component := one.(fields)
		place := component["type"].(string)
		if place == "button" {
			place += component["index"].(string)
			if problem := t.button(component); problem != nil {
				return problem
			}
		}
		if _, twice := given[place]; twice {
			return refuse(132000, "%s is given twice.", place)
		}
		given[place] = component["parameters"].([]any)
	}
	if problem := t.header(given["header"]); problem != nil {
		return problem
	}
	values, problem := textValues(given["body"])
	if problem != nil {
		return problem
	}
	if want := parameters(t.Body); len(values) != want {
		return refuse(132000, "body: number of localizable_params (%d) does not match the expected number of params (%d)", len(values), want)
	}
	if n := units(fill(t.Body, values)); n > interactiveMax {
		return refuse(132005, "The body with its parameters has %d characters, more than %d.", n, interactiveMax)
	}
	for i, b := range t.Buttons {
		if _, there := given["button"+decimal(i)]; !there && (b.Kind == "copy_code" || parameters(b.URL) > 0) {
			return refuse(132000, "button %d needs a parameter, and has none.", i)
		}
	}
	return nil
}

func (t *Template) header(given []any) *refusal {
	want := 0
	kind := "text"
	switch t.Header {
	case "IMAGE", "VIDEO", "DOCUMENT":
		want, kind = 1, strings.ToLower(t.Header)
	default:
		want = parameters(t.Header)
	}
	if len(given) != want {
		return refuse(132000, "header: number of params (%d) does not match the expected number of params (%d)", len(given), want)
	}
	if want == 0 {
		return nil
	}
	if got := given[0].(fields)["type"]; got != kind {
		return refuse(132012, "header: expected %s, received %s.", kind, got)
	}
	return nil
}

func (t *Template) button(component fields) *refusal {
	i, _ := strconv.Atoi(component["index"].(string))
	sub := component["sub_type"].(string)
	if i >= len(t.Buttons) {
		return refuse(132000, "button %d: the template has %d buttons.", i, len(t.Buttons))
	}
	if t.Buttons[i].Kind != sub {
		return refuse(132012, "button %d is of type %s, not %s.", i, t.Buttons[i].Kind, sub)
	}
	want := map[string]string{"quick_reply": "payload", "url": "text", "copy_code": "coupon_code"}[sub]
	if got := component["parameters"].([]any)[0].(fields)["type"]; got != want {
		return refuse(132012, "button %d: expected a parameter of type %s, received %s.", i, want, got)
	}
	if sub == "url" && parameters(t.Buttons[i].URL) == 0 {
		return refuse(132000, "button %d takes no parameter: its address is fixed.", i)
	}
	return nil
}

var looseSpace = regexp.MustCompile(`[\n\t]| {5}`)

// textValues are the texts of parameters, none of which may break the template's lines.
func textValues(given []any) ([]string, *refusal) {
	var values []string
	for i, one := range given {
		value, ok := one.(fields)["text"].(string)
		switch {
		case !ok:
			return nil, refuse(132012, "body: parameter %d is not a text.", i+1)
		case looseSpace.MatchString(value):
			return nil, refuse(132018, "body: parameter %d has a new line, a tab or more than 4 spaces in a row.", i+1)
		}
		values = append(values, value)
	}
	return values, nil
}

// getTemplates answers with the templates of an account, all in one page.
func (s *Server) getTemplates(r *http.Request) answer {
	data := []fields{}
	for i, t := range s.config.Templates {
		status, category := t.Status, t.Category
		if status == "" {
			status = "APPROVED"
		}
		if category == "" {
			category = "UTILITY"
		}
		components := []fields{{"type": "BODY", "text": t.Body}}
		data = append(data, fields{"id": decimal(i + 1), "name": t.Name, "language": t.Language,
			"status": status, "category": category, "components": components})
	}
	return answer{body: fields{"data": data, "paging": fields{}}}
}
