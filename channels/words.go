package channels

import "strings"

// listButtons open a list where the author wrote no words for it: WhatsApp, which alone has lists, needs some, of at most
// 20 characters.
var listButtons = map[string]string{
	"am": "አማራጮች", "ar": "الخيارات", "en": "Options", "es": "Opciones", "fa": "گزینه\u200cها", "fr": "Options",
	"pt": "Opções", "prs": "گزینه\u200cها", "ps": "انتخابونه", "ru": "Варианты", "rw": "Amahitamo", "so": "Doorashooyin",
	"sw": "Chaguo", "ti": "ኣማራጺታት", "tr": "Seçenekler", "uk": "Варіанти", "ur": "اختیارات",
}

// ListButton opens a list where the author wrote no words for it, in a language of the pack: a sign that needs no words
// where the table has none.
func ListButton(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	if w, ok := listButtons[base]; ok {
		return w
	}
	return "☰"
}
