package whatsapp

// message is the body of POST /{phone number id}/messages. A part holds it without the person, our id and the ids of
// uploaded media, which Send fills in.
type message struct {
	Product       string       `json:"messaging_product"`
	RecipientType string       `json:"recipient_type"`
	To            string       `json:"to,omitempty"`        // a phone number, with +
	Recipient     string       `json:"recipient,omitempty"` // a business-scoped id; to wins where both stand
	Type          string       `json:"type"`
	Context       *quoted      `json:"context,omitempty"`
	Text          *text        `json:"text,omitempty"`
	Interactive   *interactive `json:"interactive,omitempty"`
	Location      *location    `json:"location,omitempty"`
	Contacts      []contact    `json:"contacts,omitempty"`
	Image         *media       `json:"image,omitempty"`
	Audio         *media       `json:"audio,omitempty"`
	Video         *media       `json:"video,omitempty"`
	Document      *media       `json:"document,omitempty"`
	Sticker       *media       `json:"sticker,omitempty"`
	Template      *template    `json:"template,omitempty"`
	Opaque        string       `json:"biz_opaque_callback_data,omitempty"` // our id, echoed in each status
}

type quoted struct {
	MessageID string `json:"message_id"`
}

// text asks for no preview: that would show more of a page, on a screen others may see, than the author chose.
type text struct {
	Body string `json:"body"`
}

type media struct {
	ID       string `json:"id"` // of the upload
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"` // of a document
}

type location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
}

type contact struct {
	Name   contactName    `json:"name"`
	Phones []contactPhone `json:"phones"`
}

// contactName needs one more name beside the formatted one.
type contactName struct {
	Formatted string `json:"formatted_name"`
	First     string `json:"first_name"`
}

type contactPhone struct {
	Phone string `json:"phone"`
	Type  string `json:"type"`
}

type interactive struct {
	Type   string  `json:"type"` // button, list, cta_url, location_request_message
	Header *header `json:"header,omitempty"`
	Body   body    `json:"body"`
	Footer *body   `json:"footer,omitempty"`
	Action action  `json:"action"`
}

type header struct {
	Type     string `json:"type"` // text, image, video, document
	Text     string `json:"text,omitempty"`
	Image    *media `json:"image,omitempty"`
	Video    *media `json:"video,omitempty"`
	Document *media `json:"document,omitempty"`
}

type body struct {
	Text string `json:"text"`
}

type action struct {
	Name       string    `json:"name,omitempty"`
	Buttons    []button  `json:"buttons,omitempty"`
	Button     string    `json:"button,omitempty"`
	Sections   []section `json:"sections,omitempty"`
	Parameters *link     `json:"parameters,omitempty"`
}

type link struct {
	Label string `json:"display_text"`
	URL   string `json:"url"`
}

type button struct {
	Type  string `json:"type"`
	Reply reply  `json:"reply"`
}

type reply struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type section struct {
	Rows []row `json:"rows"`
}

type row struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

type template struct {
	Name       string      `json:"name"`
	Language   language    `json:"language"`
	Components []component `json:"components,omitempty"`
}

type language struct {
	Policy string `json:"policy"`
	Code   string `json:"code"`
}

type component struct {
	Type       string      `json:"type"` // body, button
	SubType    string      `json:"sub_type,omitempty"`
	Index      string      `json:"index,omitempty"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Type    string `json:"type"` // text, payload
	Text    string `json:"text,omitempty"`
	Payload string `json:"payload,omitempty"`
}

// uploads are the places of the body that want the id of an uploaded file.
func (m *message) uploads() []*media {
	all := []*media{m.Image, m.Audio, m.Video, m.Document, m.Sticker}
	if i := m.Interactive; i != nil && i.Header != nil {
		all = append(all, i.Header.Image, i.Header.Video, i.Header.Document)
	}
	var set []*media
	for _, f := range all {
		if f != nil {
			set = append(set, f)
		}
	}
	return set
}

// setMedia puts a file of this kind into the message; false for a kind WhatsApp does not have.
func (m *message) setMedia(kind string, f *media) bool {
	switch kind {
	case "image":
		m.Image = f
	case "audio":
		m.Audio = f
	case "video":
		m.Video = f
	case "document":
		m.Document = f
	case "sticker":
		m.Sticker = f
	default:
		return false
	}
	m.Type = kind
	return true
}

func newMessage(kind string) message {
	return message{Product: "whatsapp", RecipientType: "individual", Type: kind}
}
