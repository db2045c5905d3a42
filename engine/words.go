package engine

import "strings"

// wording is what the engine says by itself in one language. A pack's texts go before these; English stands in
// for a language that is not in the table.
type wording struct {
	more, notUnderstood, movedOn, didYouMean, oldButton string
	goOn, menu, done, restart, whyNone                  string
	tooLong, unsupported                                string
	late                                                string // asked when an answer comes after the end
	back                                                string // said when automated replies are no longer held
	yes, no                                             string
	why                                                 []string // words that ask why, folded
}

// didYouMean holds one %s, for the option's label.
var wordings = map[string]wording{
	"en": {
		more: "More…", notUnderstood: "Sorry, I did not understand.",
		movedOn:    "We have improved this service since you last wrote. Let us start this part again.",
		didYouMean: "Did you mean “%s”?", oldButton: "That button belongs to an earlier question. Here is the present one:",
		goOn: "Continue", menu: "Menu", done: "Done", restart: "Let us start again.",
		whyNone: "We ask this only to help you here. You can also talk to a person.",
		tooLong: "That is longer than we can take. Please write it shorter.", unsupported: "I can only read text here.",
		late: "The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?",
		back: "We are back. Let us go on from here:",
		yes:  "Yes", no: "No", why: []string{"why", "why do you ask"},
	},
	"es": {
		more: "Más…", notUnderstood: "Perdón, no entendí.",
		movedOn:    "Mejoramos este servicio desde su último mensaje. Empecemos esta parte de nuevo.",
		didYouMean: "¿Quiso decir «%s»?", oldButton: "Ese botón es de una pregunta anterior. Esta es la de ahora:",
		goOn: "Continuar", menu: "Menú", done: "Listo", restart: "Empecemos de nuevo.",
		whyNone: "Lo preguntamos solo para ayudarle aquí. También puede hablar con una persona.",
		tooLong: "Es más largo de lo que podemos recibir. Escríbalo más corto, por favor.", unsupported: "Aquí solo puedo leer texto.",
		late: "La última conversación terminó y esta respuesta no se guardó. ¿Quiere continuar donde nos quedamos?",
		back: "Ya estamos de vuelta. Sigamos desde aquí:",
		yes:  "Sí", no: "No", why: []string{"por que", "porque"},
	},
	"fr": {
		more: "Plus…", notUnderstood: "Pardon, je n’ai pas compris.",
		movedOn:    "Nous avons amélioré ce service depuis votre dernier message. Reprenons cette partie du début.",
		didYouMean: "Vouliez-vous dire « %s » ?", oldButton: "Ce bouton est celui d’une question précédente. Voici la question actuelle :",
		goOn: "Continuer", menu: "Menu", done: "Terminé", restart: "Reprenons du début.",
		whyNone: "Nous le demandons seulement pour vous aider ici. Vous pouvez aussi parler à une personne.",
		tooLong: "C’est plus long que ce que nous pouvons recevoir. Écrivez plus court, s’il vous plaît.", unsupported: "Ici, je ne lis que du texte.",
		late: "La dernière conversation est terminée et cette réponse n’a pas été gardée. Voulez-vous continuer là où nous étions ?",
		back: "Nous sommes de retour. Reprenons ici :",
		yes:  "Oui", no: "Non", why: []string{"pourquoi"},
	},
	"ar": {
		more: "المزيد…", notUnderstood: "عذرًا، لم أفهم.",
		movedOn:    "لقد حسّنّا هذه الخدمة منذ رسالتك الأخيرة. لنبدأ هذا الجزء من جديد.",
		didYouMean: "هل تقصد «%s»؟", oldButton: "هذا الزر من سؤال سابق. هذا هو السؤال الحالي:",
		goOn: "متابعة", menu: "القائمة", done: "انتهيت", restart: "لنبدأ من جديد.",
		whyNone: "نسأل عن هذا لمساعدتك هنا فقط. يمكنك أيضًا التحدث مع شخص.",
		tooLong: "هذا أطول مما يمكننا استلامه. اكتبه أقصر من فضلك.", unsupported: "أستطيع قراءة النص فقط هنا.",
		late: "انتهت المحادثة الأخيرة ولم تُحفظ هذه الإجابة. هل تريد المتابعة من حيث توقفنا؟",
		back: "لقد عدنا. لنكمل من هنا:",
		yes:  "نعم", no: "لا", why: []string{"لماذا", "ليش"},
	},
	"sw": {
		more: "Zaidi…", notUnderstood: "Samahani, sikuelewa.",
		movedOn:    "Tumeboresha huduma hii tangu ulipoandika mara ya mwisho. Tuanze sehemu hii tena.",
		didYouMean: "Ulimaanisha “%s”?", oldButton: "Kitufe hicho ni cha swali la awali. Swali la sasa ni hili:",
		goOn: "Endelea", menu: "Menyu", done: "Nimemaliza", restart: "Tuanze tena.",
		whyNone: "Tunauliza hili ili kukusaidia hapa tu. Unaweza pia kuzungumza na mtu.",
		tooLong: "Ujumbe ni mrefu kuliko tunavyoweza kupokea. Tafadhali andika kwa ufupi.", unsupported: "Hapa ninaweza kusoma maandishi tu.",
		late: "Mazungumzo ya mwisho yameisha na jibu hili halikuhifadhiwa. Ungependa kuendelea tulipoishia?",
		back: "Tumerudi. Tuendelee kutoka hapa:",
		yes:  "Ndiyo", no: "Hapana", why: []string{"kwa nini", "kwanini"},
	},
	"so": {
		more: "Wax kale…", notUnderstood: "Waan ka xumahay, ma fahmin.",
		movedOn:    "Adeeggan waan hagaajinnay tan iyo fariintaadii u dambaysay. Qaybtan mar kale aan bilowno.",
		didYouMean: "Ma waxaad ula jeeddaa “%s”?", oldButton: "Badhankaasi waa su'aal hore. Tani waa su'aasha hadda:",
		goOn: "Sii wad", menu: "Liiska", done: "Waan dhammeeyay", restart: "Mar kale aan bilowno.",
		whyNone: "Waxaan tan u weydiineynaa oo keliya inaan halkan kugu caawinno. Waxaad sidoo kale la hadli kartaa qof.",
		tooLong: "Way ka dheer tahay inta aan qaadi karno. Fadlan soo gaabi.", unsupported: "Halkan qoraal oo keliya ayaan akhriyi karaa.",
		late: "Wadahadalkii hore wuu dhammaaday, jawaabtanna lama kaydin. Ma rabtaa inaad ka sii waddo meeshii aan joognay?",
		back: "Waan soo noqonnay. Halkan aan ka sii wadno:",
		yes:  "Haa", no: "Maya", why: []string{"waayo", "sabab", "maxaa"},
	},
	"pt": {
		more: "Mais…", notUnderstood: "Desculpe, não entendi.",
		movedOn:    "Melhorámos este serviço desde a sua última mensagem. Vamos recomeçar esta parte.",
		didYouMean: "Quis dizer «%s»?", oldButton: "Esse botão é de uma pergunta anterior. Esta é a atual:",
		goOn: "Continuar", menu: "Menu", done: "Pronto", restart: "Vamos recomeçar.",
		whyNone: "Perguntamos isto só para ajudar aqui. Também pode falar com uma pessoa.",
		tooLong: "É mais longo do que podemos receber. Escreva mais curto, por favor.", unsupported: "Aqui só consigo ler texto.",
		late: "A última conversa terminou e esta resposta não foi guardada. Quer continuar onde ficámos?",
		back: "Estamos de volta. Vamos continuar a partir daqui:",
		yes:  "Sim", no: "Não", why: []string{"por que", "porque"},
	},
	"fa": {
		more: "بیشتر…", notUnderstood: "ببخشید، متوجه نشدم.",
		movedOn:    "از آخرین پیام شما این خدمت را بهتر کرده\u200cایم. این بخش را دوباره شروع کنیم.",
		didYouMean: "منظورتان «%s» بود؟", oldButton: "آن دکمه مربوط به پرسش قبلی است. پرسش کنونی این است:",
		goOn: "ادامه", menu: "فهرست", done: "تمام شد", restart: "دوباره شروع کنیم.",
		whyNone: "این را فقط برای کمک به شما می\u200cپرسیم. می\u200cتوانید با یک نفر هم صحبت کنید.",
		tooLong: "این بلندتر از آن است که بتوانیم بگیریم. لطفاً کوتاه\u200cتر بنویسید.", unsupported: "اینجا فقط می\u200cتوانم متن بخوانم.",
		late: "گفتگوی قبلی تمام شده و این پاسخ نگه داشته نشد. می\u200cخواهید از همان جا ادامه دهید؟",
		back: "ما برگشتیم. از همین جا ادامه دهیم:",
		yes:  "بله", no: "نه", why: []string{"چرا"},
	},
}

// languageNames are languages in their own words, for the language question.
var languageNames = map[string]string{
	"am": "አማርኛ", "ar": "العربية", "bn": "বাংলা", "ckb": "کوردیی ناوەندی", "de": "Deutsch", "en": "English",
	"es": "Español", "fa": "فارسی", "ff": "Fulfulde", "fr": "Français", "ha": "Hausa", "he": "עברית", "hi": "हिन्दी",
	"ht": "Kreyòl ayisyen", "it": "Italiano", "kmr": "Kurmancî", "ku": "Kurdî", "ln": "Lingála", "my": "မြန်မာ",
	"ne": "नेपाली", "om": "Afaan Oromoo", "pl": "Polski", "ps": "پښتو", "pt": "Português", "qu": "Runasimi",
	"rn": "Ikirundi", "ro": "Română", "ru": "Русский", "rw": "Ikinyarwanda", "sn": "ChiShona", "so": "Soomaali",
	"sw": "Kiswahili", "ta": "தமிழ்", "th": "ไทย", "ti": "ትግርኛ", "tr": "Türkçe", "uk": "Українська", "ur": "اردو",
	"vi": "Tiếng Việt", "yo": "Yorùbá", "zh": "中文", "zu": "isiZulu",
}

func wordingOf(lang string) wording {
	base, _, _ := strings.Cut(lang, "-")
	if w, ok := wordings[base]; ok {
		return w
	}
	return wordings["en"]
}

func languageName(lang string) string {
	base, _, _ := strings.Cut(lang, "-")
	if name, ok := languageNames[base]; ok {
		return name
	}
	return lang
}
