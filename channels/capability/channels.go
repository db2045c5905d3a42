package capability

// Sizes of files. WhatsApp and Telegram publish "MB" without saying which; the smaller, decimal one is never
// refused.
const (
	kB = 1000
	mB = 1000 * kB
)

// All is every channel a pack can be checked for, in the order they are shown to people. It is read only.
var All = []Channel{whatsApp, telegram, webChat, sms, text}

// WhatsApp publishes "characters" and nowhere says what one is. Clients in JavaScript count UTF-16 units, which
// are never fewer than code points; counting them is safe under either reading.
var whatsApp = Channel{
	Name:  "whatsapp",
	Title: "WhatsApp",
	Unit:  UTF16,

	// WhatsApp Cloud API, text messages: "body" at most 4096.
	Body: 4096,
	// WhatsApp Cloud API, interactive reply buttons messages: body 1024. The page on interactive list messages
	// says 4096, working clients stop at 1024: we keep to 1024 for both.
	BodyWithOptions: 1024,
	// WhatsApp Cloud API, image, video and document messages: caption 1024; audio and stickers have none.
	Caption: 1024,
	// WhatsApp Cloud API, interactive reply buttons messages and interactive list messages: text header 60,
	// footer 60.
	Header: 60,
	Footer: 60,
	// WhatsApp Cloud API, interactive reply buttons messages: 1 to 3 buttons, title 20, unique in the message,
	// id 256.
	Buttons:     3,
	ButtonLabel: 20,
	// WhatsApp Cloud API, interactive list messages: 10 rows over all sections, button 20, row title 24,
	// description 72, row id 200. The id's limit is the smaller of the two, so one token serves both.
	Rows:       10,
	ListButton: 20,
	RowLabel:   24,
	RowAbout:   72,
	TokenBytes: 200,

	// WhatsApp Cloud API, interactive reply buttons messages: header of text, image, video or document. A list
	// has a header of text only.
	ButtonHeaders: []Kind{Image, Video, Document},
	// WhatsApp Cloud API, media, "supported media types".
	Media: []MediaLimit{
		{Kind: Image, Types: []string{"jpg", "jpeg", "png"}, MaxBytes: 5 * mB, Caption: true},
		// ogg with the Opus codec and one track only; the file's name cannot show it.
		{Kind: Audio, Types: []string{"aac", "amr", "mp3", "m4a", "ogg"}, MaxBytes: 16 * mB},
		{Kind: Video, Types: []string{"mp4", "3gp"}, MaxBytes: 16 * mB, Caption: true},
		{Kind: Document, Types: []string{"txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx"}, MaxBytes: 100 * mB, Caption: true},
		// 100 kB is for still stickers; animated ones may have 500 kB, which the file's name does not show.
		{Kind: Sticker, Types: []string{"webp"}, MaxBytes: 100 * kB},
	},

	Location: true,
	Contact:  true,
	// WhatsApp Cloud API, interactive call-to-action URL button messages: body 1024, one button, display text 20.
	Links:     true,
	LinkLabel: 20,
	Templates: true,

	// WhatsApp help centre, "How to format your messages".
	Bold:   "*",
	Italic: "_",
	Strike: "~",

	// Ours: one person gets about one message in six seconds (WhatsApp Cloud API, pair rate limits), each may be
	// charged, and their order is not guaranteed.
	MessagesInARow: 4,
}

// Telegram counts UTF-16 units, and counts them after the marks have been read.
var telegram = Channel{
	Name:  "telegram",
	Title: "Telegram",
	Unit:  UTF16,

	// Telegram Bot API, sendMessage: text 4096 after entities parsing, with or without a keyboard below it.
	Body:            4096,
	BodyWithOptions: 4096,
	// Telegram Bot API, sendPhoto and its like: caption 1024 after entities parsing.
	Caption: 1024,

	// Telegram Bot API, InlineKeyboardButton: no length of a label is published, callback_data has 1 to 64
	// bytes. Telegram itself takes about a hundred buttons; ten is ours, one a line, the most that a small phone
	// shows together with the question. More options are paged.
	Buttons:    10,
	TokenBytes: 64,

	// A photo, video or document takes an inline keyboard too, but its text is then a caption, not a body.
	ButtonHeaders: nil,
	// Telegram Bot API, sending files: photos 10 MB, other files 50 MB; stickers 512 kB.
	Media: []MediaLimit{
		{Kind: Image, Types: []string{"jpg", "jpeg", "png", "webp"}, MaxBytes: 10 * mB, Caption: true},
		// Telegram Bot API, sendAudio (mp3, m4a) and sendVoice (ogg with the Opus codec).
		{Kind: Audio, Types: []string{"mp3", "m4a", "ogg"}, MaxBytes: 50 * mB, Caption: true},
		{Kind: Video, Types: []string{"mp4"}, MaxBytes: 50 * mB, Caption: true},
		{Kind: Document, MaxBytes: 50 * mB, Caption: true},
		{Kind: Sticker, Types: []string{"webp"}, MaxBytes: 512 * kB},
	},

	Location: true,
	Contact:  true,
	// Telegram Bot API, InlineKeyboardButton: a url, and no length of its label is published.
	Links: true,

	// Telegram Bot API, MarkdownV2 style.
	Bold:   "*",
	Italic: "_",
	Strike: "~",

	// Ours: about one message a second in one chat (Telegram Bots FAQ), and a screen holds about as many.
	MessagesInARow: 4,
}

// webChat is our own page, so nearly all limits are ours: what a small phone shows well, and what the socket carries.
var webChat = Channel{
	Name:  "webchat",
	Title: "web chat",
	Unit:  UTF16,

	// Ours: some screens of a phone. The longest text, its looks and ten options are far below a message of 64 KiB.
	Body:            8000,
	BodyWithOptions: 8000,
	Caption:         8000,
	// Ours: a line or two above and below the bubble.
	Header: 120,
	Footer: 120,

	// Ours: ten, one a line, as on Telegram; a label may take several lines. More options are paged. 64 bytes are
	// the most that comes back with a tap.
	Buttons:    10,
	TokenBytes: 64,

	ButtonHeaders: []Kind{Image, Audio, Video, Document, Sticker},
	// Ours: what the browsers of the last years show without help, in sizes that a phone's connection carries.
	// Documents are saved and opened by whatever the phone has.
	Media: []MediaLimit{
		{Kind: Image, Types: []string{"jpg", "jpeg", "png", "webp"}, MaxBytes: 5 * mB, Caption: true},
		{Kind: Audio, Types: []string{"mp3", "m4a", "aac", "ogg"}, MaxBytes: 16 * mB, Caption: true},
		{Kind: Video, Types: []string{"mp4"}, MaxBytes: 16 * mB, Caption: true},
		{Kind: Document, Types: []string{"txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx"}, MaxBytes: 50 * mB, Caption: true},
		{Kind: Sticker, Types: []string{"webp"}, MaxBytes: 500 * kB, Caption: true},
	},

	Location: true,
	Contact:  true,
	// Our own page; a label may take several lines.
	Links: true,

	// The page makes looks of them; these are the marks a person would know.
	Bold:   "*",
	Italic: "_",
	Strike: "~",

	// Ours: a screen holds about as many.
	MessagesInARow: 4,
}

// sms is text alone: options are numbered, every part is paid.
var sms = Channel{
	Name:  "sms",
	Title: "SMS",
	Unit:  GSM,

	// Twilio, Programmable Messaging, error 21617: a body has at most 1600 characters, in either alphabet.
	Body:            1600,
	BodyWithOptions: 1600,

	// Ours: each message is paid and may arrive in another order.
	MessagesInARow: 2,
	// Ours: 459 characters in the GSM alphabet, 201 in any other script.
	Parts: 3,
}

// text is a plain terminal or log: the channel with nothing but lines. It counts what a reader sees.
var text = Channel{
	Name:  "text",
	Title: "plain text",
	Unit:  Graphemes,
}
