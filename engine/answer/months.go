package answer

import "strings"

// dateFillers are the folded words that may stand between the parts of a date.
var dateFillers = map[string]bool{"de": true, "del": true, "of": true, "the": true, "el": true, "mwaka": true, "سنه": true, "عام": true}

// months gives the month of a folded name.
var months = monthTable(monthNames)

// monthNames holds each language's names and abbreviations, parted by spaces. No name may mean two months.
var monthNames = [][12]string{
	{ // en
		"january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
		"september sep sept", "october oct", "november nov", "december dec",
	},
	{ // es
		"enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul", "agosto ago",
		"septiembre setiembre sep sept set", "octubre oct", "noviembre nov", "diciembre dic",
	},
	{ // fr
		"janvier janv", "fevrier fevr fev", "mars", "avril avr", "mai", "juin", "juillet juil", "aout",
		"septembre sept", "octobre oct", "novembre nov", "decembre dec",
	},
	{ // sw
		"januari", "februari", "machi", "aprili", "mei", "juni", "julai", "agosti", "septemba", "oktoba", "novemba",
		"desemba",
	},
	{ // so
		"janaayo jannaayo", "febraayo feebraayo", "maarso", "abriil", "maajo", "juun juunyo", "luulyo luuliyo",
		"agoosto ogosto", "sebtembar sebteembar", "oktoobar", "nofembar nofeembar", "desembar diseembar",
	},
	// Egypt and the Gulf, then the Maghreb
	{ // ar
		"يناير جانفي", "فبراير فيفري", "مارس", "ابريل افريل", "مايو ماي", "يونيو يونيه جوان", "يوليو يوليه جويليه",
		"اغسطس اوت", "سبتمبر", "اكتوبر", "نوفمبر", "ديسمبر",
	},
	// the Levant and Iraq; an underscore stands for the space inside a name
	{ // ar
		"كانون_الثاني", "شباط", "اذار", "نيسان", "ايار", "حزيران", "تموز", "اب", "ايلول", "تشرين_الاول", "تشرين_الثاني",
		"كانون_الاول",
	},
}

func monthTable(languages [][12]string) map[string]int {
	table := map[string]int{}
	for _, language := range languages {
		for i, names := range language {
			for name := range strings.FieldsSeq(names) {
				table[strings.ReplaceAll(name, "_", " ")] = i + 1
			}
		}
	}
	return table
}
