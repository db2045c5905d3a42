package expression

import (
	"strings"
	"time"
)

// wording is how one language writes dates, times and lists. In patterns D is the day, M the month, Y the
// year, W the weekday, T the time.
type wording struct {
	months, days         []string // days begin with Sunday
	date, short, weekday string
	at                   string // "D at T", D being a day in words
	today, tomorrow, now string
	yes, no              string
	comma, and           string
	zero                 rune   // of its digits; 0: 0
	firstOfMonth         string // how the first day is written; "": like the others
	andBeforeI           string // Spanish: y becomes e
	latinIn              string // regions that write 0 to 9 all the same
}

// wordings are by base language. A language without one gets dates as 2027-03-31.
var wordings = map[string]*wording{
	"en": {
		months: strings.Fields("January February March April May June July August September October November December"),
		days:   strings.Fields("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
		date:   "D M Y", short: "D M", weekday: "W", at: "D at T", today: "today", tomorrow: "tomorrow", now: "now",
		yes: "yes", no: "no", comma: ", ", and: " and ",
	},
	"es": {
		months: strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		days:   strings.Fields("domingo lunes martes miércoles jueves viernes sábado"),
		date:   "D de M de Y", short: "el D de M", weekday: "el W", at: "D a las T", today: "hoy", tomorrow: "mañana", now: "ahora",
		yes: "sí", no: "no", comma: ", ", and: " y ", andBeforeI: " e ",
	},
	"fr": {
		months: strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		days:   strings.Fields("dimanche lundi mardi mercredi jeudi vendredi samedi"),
		date:   "D M Y", short: "le D M", weekday: "W", at: "D à T", today: "aujourd’hui", tomorrow: "demain", now: "maintenant",
		yes: "oui", no: "non", comma: ", ", and: " et ", firstOfMonth: "1er",
	},
	"pt": {
		months: strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
		days:   strings.Fields("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado"),
		date:   "D de M de Y", short: "D de M", weekday: "W", at: "D às T", today: "hoje", tomorrow: "amanhã", now: "agora",
		yes: "sim", no: "não", comma: ", ", and: " e ",
	},
	"ar": {
		months: strings.Fields("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
		days:   strings.Fields("الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت"),
		date:   "D M Y", short: "D M", weekday: "W", at: "D الساعة T", today: "اليوم", tomorrow: "غدًا", now: "الآن",
		yes: "نعم", no: "لا", comma: " و", and: " و", zero: '٠', latinIn: "MA DZ TN LY EH",
	},
	"fa": {
		months: strings.Fields("ژانویهٔ فوریهٔ مارس آوریل مهٔ ژوئن ژوئیهٔ اوت سپتامبر اکتبر نوامبر دسامبر"),
		days:   strings.Fields("یکشنبه دوشنبه سه\u200cشنبه چهارشنبه پنجشنبه جمعه شنبه"),
		date:   "D M Y", short: "D M", weekday: "W", at: "D ساعت T", today: "امروز", tomorrow: "فردا", now: "اکنون",
		yes: "بله", no: "خیر", comma: "، ", and: " و ", zero: '۰',
	},
	"sw": {
		months: strings.Fields("Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba"),
		days:   strings.Fields("Jumapili Jumatatu Jumanne Jumatano Alhamisi Ijumaa Jumamosi"),
		// No "saa" before the time: hours said with it are counted from sunrise.
		date: "D M Y", short: "D M", weekday: "W", at: "D, T", today: "leo", tomorrow: "kesho", now: "sasa hivi",
		yes: "ndiyo", no: "hapana", comma: ", ", and: " na ",
	},
	"so": {
		months: strings.Fields("Janaayo Febraayo Maarso Abriil Maayo Juun Luulyo Agosto Sebtembar Oktoobar Noofeembar Diseembar"),
		days:   strings.Fields("Axad Isniin Talaado Arbaco Khamiis Jimco Sabti"),
		date:   "D M Y", short: "D M", weekday: "W", at: "D saacadda T", today: "maanta", tomorrow: "berri", now: "hadda",
		yes: "haa", no: "maya", comma: ", ", and: " iyo ",
	},
}

// aliases are languages that write dates and lists like another one.
var aliases = map[string]string{"prs": "fa", "swh": "sw", "arb": "ar"}

// base is the language of a tag without script and region: "fa" of "fa-AF".
func base(lang string) string {
	b, _, _ := strings.Cut(lang, "-")
	b = strings.ToLower(b)
	if a, ok := aliases[b]; ok {
		return a
	}
	return b
}

// wordsOf is a language's wording, nil where there is none.
func wordsOf(lang string) *wording { return wordings[base(lang)] }

// digits writes the digits of s as the language does.
func digits(s, lang string) string {
	w := wordsOf(lang)
	if w == nil || w.zero == 0 {
		return s
	}
	if i := strings.LastIndexByte(lang, '-'); i >= 0 && w.latinIn != "" && strings.Contains(w.latinIn, strings.ToUpper(lang[i+1:])) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return w.zero + r - '0'
		}
		return r
	}, s)
}

// fill puts a day into a pattern. Letters of a pattern stand apart from its words, so none is taken for one.
func (w *wording) fill(pattern string, day time.Time, lang string) string {
	number := digits(day.Format("2"), lang)
	if day.Day() == 1 && w.firstOfMonth != "" {
		number = w.firstOfMonth
	}
	parts := strings.Split(pattern, " ")
	for i, part := range parts {
		switch part {
		case "D":
			parts[i] = number
		case "M":
			parts[i] = w.months[day.Month()-1]
		case "Y":
			parts[i] = digits(day.Format("2006"), lang)
		case "W":
			parts[i] = w.days[day.Weekday()]
		}
	}
	return strings.Join(parts, " ")
}

// openingWords says when next is, seen from at: in days where it is near, else with its date.
func openingWords(at, next time.Time, lang string) string {
	w := wordsOf(lang)
	if w == nil {
		return next.Format("2006-01-02 15:04")
	}
	if !next.After(at) {
		return w.now
	}
	noon := func(t time.Time, ahead int) string {
		y, m, d := t.Date()
		return time.Date(y, m, d+ahead, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	var day string
	switch date := noon(next, 0); {
	case date == noon(at, 0):
		day = w.today
	case date == noon(at, 1):
		day = w.tomorrow
	case date <= noon(at, 6):
		day = w.fill(w.weekday, next, lang)
	default:
		day = w.fill(w.short, next, lang)
	}
	before, after, _ := strings.Cut(w.at, "D")
	words, _, _ := strings.Cut(after, "T")
	return before + day + words + digits(next.Format("15:04"), lang)
}

// languageNames are languages in their own words, for the languages that people in displacement speak and
// those of the countries that receive them.
var languageNames = map[string]string{
	"af": "Afrikaans", "am": "አማርኛ", "ar": "العربية", "az": "Azərbaycan", "be": "Беларуская", "bg": "Български",
	"bm": "Bamanakan", "bn": "বাংলা", "bs": "Bosanski", "ckb": "کوردیی ناوەندی", "cs": "Čeština", "da": "Dansk",
	"de": "Deutsch", "din": "Thuɔŋjäŋ", "dz": "རྫོང་ཁ", "ee": "Eʋegbe", "el": "Ελληνικά", "en": "English",
	"es": "Español", "et": "Eesti", "fa": "فارسی", "ff": "Pulaar", "fi": "Suomi", "fr": "Français", "gn": "Avañe’ẽ",
	"ha": "Hausa", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "ht": "Kreyòl ayisyen", "hu": "Magyar",
	"hy": "Հայերեն", "id": "Indonesia", "ig": "Igbo", "it": "Italiano", "ja": "日本語", "ka": "ქართული",
	"kk": "Қазақ тілі", "km": "ខ្មែរ", "ko": "한국어", "ku": "Kurdî", "kmr": "Kurmancî", "ky": "Кыргызча", "ln": "Lingála",
	"lo": "ລາວ", "lt": "Lietuvių", "lv": "Latviešu", "mg": "Malagasy", "mk": "Македонски", "mn": "Монгол", "ms": "Melayu",
	"my": "မြန်မာ", "ne": "नेपाली", "nl": "Nederlands", "no": "Norsk", "nus": "Thok Nath", "ny": "Chichewa", "om": "Oromoo",
	"pa": "ਪੰਜਾਬੀ", "pl": "Polski", "prs": "دری", "ps": "پښتو", "pt": "Português", "qu": "Runasimi", "rn": "Ikirundi",
	"ro": "Română", "ru": "Русский", "rw": "Ikinyarwanda", "sd": "سنڌي", "sg": "Sängö", "shu": "عربي تشادي",
	"si": "සිංහල", "sk": "Slovenčina", "sl": "Slovenščina", "sn": "ChiShona", "so": "Soomaali", "sq": "Shqip",
	"sr": "Српски", "sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "tg": "Тоҷикӣ", "th": "ไทย",
	"ti": "ትግርኛ", "tk": "Türkmen", "tl": "Tagalog", "tr": "Türkçe", "ug": "ئۇيغۇرچە", "uk": "Українська", "ur": "اردو",
	"uz": "O‘zbek", "vi": "Tiếng Việt", "wo": "Wolof", "yo": "Yorùbá", "zh": "中文", "zu": "isiZulu",
}

// LanguageName is a language in its own words, the tag itself where that is not known.
func LanguageName(tag string) string {
	lower := strings.ToLower(tag)
	if lower == "fa-af" {
		lower = "prs"
	}
	if name, ok := languageNames[lower]; ok {
		return name
	}
	b, _, _ := strings.Cut(lower, "-")
	if name, ok := languageNames[b]; ok {
		return name
	}
	return tag
}
