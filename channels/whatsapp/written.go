package whatsapp

import (
	"encoding/json"

	"baraza/engine/quote"
)

// bodyRoom is about the most that a question with options takes.
const bodyRoom = 1024

// json is the body as json.Marshal writes it, byte for byte. What nearly every turn sends, texts and questions with
// options, is written without reflection; the rest is left to the standard library.
func (m *message) json() ([]byte, error) {
	if m.Location != nil || m.Contacts != nil || m.Template != nil || len(m.uploads()) > 0 {
		return json.Marshal(m)
	}
	w := object{b: make([]byte, 0, bodyRoom)}
	w.open()
	w.text("messaging_product", m.Product)
	w.text("recipient_type", m.RecipientType)
	w.textIf("to", m.To)
	w.textIf("recipient", m.Recipient)
	w.text("type", m.Type)
	if m.Context != nil {
		w.begin("context")
		w.text("message_id", m.Context.MessageID)
		w.close()
	}
	if m.Text != nil {
		w.begin("text")
		w.text("body", m.Text.Body)
		w.close()
	}
	if m.Interactive != nil {
		w.begin("interactive")
		m.Interactive.write(&w)
		w.close()
	}
	w.textIf("biz_opaque_callback_data", m.Opaque)
	w.close()
	return w.b, nil
}

// write writes what is in the object; a header with a file is not written by it.
func (i *interactive) write(w *object) {
	w.text("type", i.Type)
	if i.Header != nil {
		w.begin("header")
		w.text("type", i.Header.Type)
		w.textIf("text", i.Header.Text)
		w.close()
	}
	w.begin("body")
	w.text("text", i.Body.Text)
	w.close()
	if i.Footer != nil {
		w.begin("footer")
		w.text("text", i.Footer.Text)
		w.close()
	}
	w.begin("action")
	i.Action.write(w)
	w.close()
}

func (a *action) write(w *object) {
	w.textIf("name", a.Name)
	if len(a.Buttons) > 0 {
		w.list("buttons")
		for n := range a.Buttons {
			w.open()
			w.text("type", a.Buttons[n].Type)
			w.begin("reply")
			w.text("id", a.Buttons[n].Reply.ID)
			w.text("title", a.Buttons[n].Reply.Title)
			w.close()
			w.close()
		}
		w.endList()
	}
	w.textIf("button", a.Button)
	if len(a.Sections) > 0 {
		w.list("sections")
		for n := range a.Sections {
			w.open()
			a.Sections[n].write(w)
			w.close()
		}
		w.endList()
	}
	if a.Parameters != nil {
		w.begin("parameters")
		w.text("display_text", a.Parameters.Label)
		w.text("url", a.Parameters.URL)
		w.close()
	}
}

func (s *section) write(w *object) {
	if s.Rows == nil {
		w.name("rows")
		w.b = append(w.b, "null"...)
		return
	}
	w.list("rows")
	for n := range s.Rows {
		w.open()
		w.text("id", s.Rows[n].ID)
		w.text("title", s.Rows[n].Title)
		w.textIf("description", s.Rows[n].Description)
		w.close()
	}
	w.endList()
}

// object is JSON that is being written.
type object struct{ b []byte }

// comma stands behind everything but an opening bracket and a colon.
func (w *object) comma() {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', ':':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *object) open() {
	w.comma()
	w.b = append(w.b, '{')
}

func (w *object) close() { w.b = append(w.b, '}') }

func (w *object) name(name string) {
	w.comma()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *object) begin(name string) {
	w.name(name)
	w.open()
}

func (w *object) list(name string) {
	w.name(name)
	w.b = append(w.b, '[')
}

func (w *object) endList() { w.b = append(w.b, ']') }

func (w *object) text(name, s string) {
	w.name(name)
	w.b = quote.Append(w.b, s)
}

func (w *object) textIf(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}
