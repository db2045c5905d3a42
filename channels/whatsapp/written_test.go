package whatsapp

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABodyIsWrittenAsTheStandardLibraryWritesIt(t *testing.T) {
	t.Parallel()
	hard := "a \"word\"\n<b> \u2028 \xff {[:"
	of := func(kind string, change func(*message)) message {
		m := newMessage(kind)
		change(&m)
		return m
	}
	question := func(change func(*interactive)) message {
		return of("interactive", func(m *message) {
			m.Interactive = &interactive{Type: "button"}
			change(m.Interactive)
		})
	}
	for name, m := range map[string]message{
		"nothing": {},
		"text":    of("text", func(m *message) { m.Text = &text{hard} }),
		"all around": of("text", func(m *message) {
			m.To, m.Recipient, m.Opaque, m.Context, m.Text = "+15550100", "r", hard, &quoted{hard}, &text{}
		}),
		"no action": question(func(*interactive) {}),
		"buttons": question(func(i *interactive) {
			i.Header, i.Footer, i.Body = &header{Type: "text", Text: hard}, &body{hard}, body{"{"}
			i.Action.Buttons = []button{{"reply", reply{"1", hard}}, {"reply", reply{"2", "["}}, {}}
		}),
		"a picture above": question(func(i *interactive) { i.Header = &header{Type: "image", Image: &media{ID: "7"}} }),
		"a list": question(func(i *interactive) {
			i.Action.Button = "Choose:"
			i.Action.Sections = []section{{[]row{{"1", hard, ""}, {"2", "two", hard}}}, {}, {[]row{}}}
		}),
		"a link": question(func(i *interactive) {
			i.Action = action{Name: "cta_url", Parameters: &link{hard, "https://example.org/?a&b"}}
		}),
		"a place": of("location", func(m *message) { m.Location = &location{1.5, -2, hard} }),
		"a card":  of("contacts", func(m *message) { m.Contacts = []contact{{contactName{"A", "A"}, nil}} }),
		"a file":  of("image", func(m *message) { m.Image = &media{Caption: hard} }),
		"a template": of("template", func(m *message) {
			m.Template = &template{Name: "t", Components: []component{{Type: "body", Parameters: []parameter{{Type: "text", Text: hard}}}}}
		}),
	} {
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.json()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
