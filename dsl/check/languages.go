package check

// reading is what one message may ask of its reader.
type reading struct {
	sentences  int
	characters int
	words      int // of one sentence
}

// readingLimits by language; "" is for those that are not named. There is no formula of reading ease that holds
// across languages, so these are plain counts, generous enough that a text which is over one is really heavy.
// Languages that write little words of their own (articles, prepositions) get more words for one thought than
// those that join them to others.
var readingLimits = map[string]reading{
	"":   {sentences: 8, characters: 700, words: 35},
	"am": {sentences: 8, characters: 500, words: 25},
	"ar": {sentences: 8, characters: 600, words: 28},
	"en": {sentences: 8, characters: 700, words: 35},
	"es": {sentences: 8, characters: 700, words: 38},
	"fa": {sentences: 8, characters: 600, words: 32},
	"fr": {sentences: 8, characters: 700, words: 38},
	"pt": {sentences: 8, characters: 700, words: 38},
	"so": {sentences: 8, characters: 700, words: 30},
	"sw": {sentences: 8, characters: 700, words: 28},
}

// identityPhrases are what a question should not ask for, by language: full numbers of papers, cards and
// accounts, pictures of papers, and secrets.
var identityPhrases = map[string][]string{
	"en": {
		"passport number", "number of your passport", "ID number", "identity number", "identity card number",
		"ID card number", "national ID", "registration number", "card number", "account number", "bank account",
		"photo of your passport", "photo of your ID", "picture of your passport", "copy of your passport",
		"PIN", "PIN code", "password", "secret code",
	},
	"es": {
		"número de pasaporte", "número de su pasaporte", "número de cédula", "número de su cédula",
		"número de identidad", "número de documento", "número de su documento", "número de tarjeta",
		"número de su tarjeta", "número de cuenta", "número de su cuenta", "foto de su cédula",
		"foto de su pasaporte", "copia de su pasaporte", "clave", "contraseña", "PIN",
	},
	"fr": {
		"numéro de passeport", "numéro de votre passeport", "numéro d'identité", "numéro de carte",
		"numéro de votre carte", "numéro de compte", "numéro de votre compte", "photo de votre passeport",
		"photo de votre carte", "copie de votre passeport", "code PIN", "code secret", "mot de passe",
	},
	"pt": {
		"número do passaporte", "número do seu passaporte", "número de identidade", "número do documento",
		"número do seu documento", "número do cartão", "número da conta", "número da sua conta",
		"foto do seu passaporte", "CPF", "senha", "PIN",
	},
	"sw": {
		"namba ya pasipoti", "nambari ya pasipoti", "namba ya kitambulisho", "nambari ya kitambulisho",
		"namba ya kadi", "nambari ya kadi", "namba ya akaunti", "nambari ya akaunti", "picha ya pasipoti",
		"picha ya kitambulisho", "nenosiri", "namba ya siri", "nambari ya siri", "PIN",
	},
	"ar": {
		"رقم جواز السفر", "رقم جواز سفرك", "رقم الجواز", "رقم الهوية", "رقم هويتك", "رقم البطاقة", "رقم بطاقتك",
		"رقم الحساب", "رقم حسابك", "صورة جواز السفر", "صورة هويتك", "كلمة السر", "كلمة المرور", "الرقم السري",
	},
}
