package syntax

import "baraza/dsl/ast"

var (
	withRules = []lexRule{{after: "=", kind: exprToken, until: []string{","}}}
	pathRule  = []lexRule{{kind: pathToken}}
	exprRule  = []lexRule{{kind: exprToken}}
)

// statementLines are what a step does.
func statementLines() []*Head {
	say := grammar[ast.Say]()
	ask := grammar[ast.Ask]()
	askRules := []lexRule{
		{after: "as", kind: plainToken, last: true},
		{after: "from", kind: exprToken, until: []string{"where", "show"}},
		{after: "where", kind: exprToken, until: []string{"show"}, behind: true},
	}
	heads := []*Head{
		{Keyword: "say", Shape: "say: TEXT", Example: "say: Hello! How can we help?", Below: statements, Text: Block,
			Means: "Sends a text.", bare: bare[ast.Say]},
		{Keyword: "say one of", Shape: "say one of", Example: "say one of", Below: statements, Opens: InWordings, NeedsLines: true,
			Means: "Sends one of the wordings below, each in its turn.", kind: "one of", bare: bare[ast.Say]},
		{Keyword: "say location", Shape: "say location LAT, LON[: NAME]", Example: "say location office.lat, office.lon: {office.name}", Below: statements, Text: MayBlock,
			Means: "Sends a place on the map.", kind: "location", read: say,
			lex: []lexRule{{kind: exprToken, until: []string{","}}, {after: ",", kind: exprToken, until: []string{","}}}},
		{Keyword: "say contact", Shape: "say contact NUMBER: NAME", Example: "say contact +254 700 000 000: Help desk", Below: statements, Text: Block,
			Means: "Sends a telephone number as a contact.", kind: "contact", read: say, lex: []lexRule{{kind: restToken}}},
		{Keyword: "say link", Shape: "say link ADDRESS: TEXT", Example: "say link https://example.org/asylum: The steps are on this page.", Below: statements, Text: OneLine, Opens: InLink, NeedsLines: true,
			Means: "Sends a text with a button that opens a page.", kind: "link", read: say, lex: pathRule},
		{Keyword: "say template", Shape: "say template NAME [with NAME = VALUE, NAME]", Example: "say template call_reminder with name = nickname", Below: statements,
			Means: "Sends an approved template.", kind: "template", read: say, lex: withRules},
	}
	for _, kind := range []string{"image", "audio", "video", "document", "sticker"} {
		heads = append(heads, &Head{Keyword: "say " + kind, Shape: "say " + kind + " PATH[: CAPTION]", Example: "say " + kind + " media/" + sampleFiles[kind],
			Below: statements, Text: MayBlock, Means: "Sends " + withArticle[kind] + " of the pack.", kind: kind, read: say, lex: pathRule})
	}
	return append(heads, []*Head{
		{Keyword: "ask", Shape: "ask [NAME] [as TYPE]: TEXT", Example: "ask city: In which city are you?", Below: statements, Text: OneLine, Opens: InAsk,
			Means: "Sends a question and waits; without a name it is a menu.", read: ask, lex: askRules},
		{Keyword: "ask several", Shape: "ask several NAME: TEXT", Example: "ask several needs: What do you need?", Below: statements, Text: OneLine, Opens: InAsk,
			Means: "Asks for more than one of the options below.", read: ask},
		{variant: true, Keyword: "ask", Below: statements, Text: OneLine, Opens: InAsk, Shape: "ask ROW from ROWS [where CONDITION] [show COLUMN]: TEXT",
			Example: "ask office from offices where office.town == city show name: Which office?",
			Means:   "Offers the rows of a table, or of a fetched list; the answer is the row."},
		{Keyword: "if", Shape: "if CONDITION", Example: `if city == "nairobi"`, Below: statements, Opens: InBlock, NeedsLines: true,
			Means: "Does the lines below only when the condition holds.", read: grammar[ast.If](), lex: exprRule},
		{Keyword: "else if", Shape: "else if CONDITION", Example: "else if age < 18", Below: statements, Opens: InBlock, NeedsLines: true,
			Means: "Another condition, when none above it held.", read: grammar[ast.ElseIf](), lex: exprRule},
		{Keyword: "else", Shape: "else", Example: "else", Below: statements, Opens: InBlock, NeedsLines: true,
			Means: "What to do when no condition above held.", bare: bare[ast.Else]},
		{Keyword: "for each", Shape: "for each ROW in ROWS [where CONDITION][, up to NUMBER]", Example: "for each office in offices where office.town == city, up to 3", Below: statements, Opens: InForEach, NeedsLines: true,
			Means: "Does the lines below for each row.", read: grammar[ast.ForEach](),
			lex: []lexRule{{after: "in", kind: exprToken, until: []string{"where", ", up to"}}, {after: "where", kind: exprToken, until: []string{", up to"}, behind: true}}},
		{Keyword: "set", Shape: "set NAME = EXPRESSION", Example: "set closest = nearest(offices, here)", Below: statements,
			Means: "Gives a variable or a field a value.", read: grammar[ast.Set](), lex: []lexRule{{after: "=", kind: exprToken}}},
		{Keyword: "->", Shape: "-> TARGET", Example: "-> menu", Below: statements,
			Means: "Moves to a step, to flow.step, to a flow, or to end, back, next or continue.", read: grammar[ast.Move]()},
		{Keyword: "call", Shape: "call FLOW [with NAME = EXPRESSION] [as NAME]", Example: "call find_office with city = city as office", Below: statements,
			Means: "Goes through another flow and comes back with what it returns.", read: grammar[ast.Call](),
			lex: []lexRule{{after: "=", kind: exprToken, until: []string{",", "as"}}}},
		{Keyword: "return", Shape: "return [EXPRESSION]", Example: "return office", Below: statements,
			Means: "Ends a called flow and gives a value back.", read: grammar[ast.Return](), lex: exprRule},
		{Keyword: "end", Shape: "end", Example: "end", Below: statements,
			Means: "Ends the conversation.", bare: bare[ast.End]},
		{Keyword: "need consent", Shape: "need consent NAME", Example: "need consent callback", Below: statements, Opens: InNeed,
			Means: "Goes on only with a recorded, current consent; asks for it where there is none.", read: grammar[ast.Need]()},
		{Keyword: "hand over to", Shape: "hand over to TEAM[, urgent][ if CONDITION]: SUMMARY", Example: "hand over to protection: A person asks for a call", Below: statements, Text: OneLine, Opens: InHandOver,
			Means: "Gives the conversation to people and takes it back when they are done.", read: grammar[ast.HandOver](), lex: []lexRule{{after: "if", kind: exprToken}}},
		{Keyword: "alert", Shape: "alert TEAM[, urgent]: TEXT", Example: "alert protection: A rumour about the border is going round.", Below: statements, Text: Block,
			Means: "Tells a team without handing over.", read: grammar[ast.Alert]()},
		{Keyword: "save", Shape: "save RECORD [as NAME]", Example: "save rumour as report", Below: statements, Opens: InSave,
			Means: "Keeps a record; its number is in NAME.reference; saving again under the same name changes it.", read: grammar[ast.Save]()},
		{Keyword: "fetch", Shape: "fetch NAME from SERVICE [with NAME = EXPRESSION]", Example: "fetch status from cases with number = case_number", Below: statements, Opens: InFetch,
			Means: "Asks another system.", read: grammar[ast.Fetch](), lex: withRules},
		{Keyword: "remind in", Shape: "remind in DURATION -> TARGET", Example: "remind in 2 days -> consent", Below: statements, Opens: InRemind,
			Means: "Comes back later.", read: grammar[ast.Remind]()},
		{Keyword: "cancel reminders", Shape: "cancel reminders", Example: "cancel reminders", Below: statements,
			Means: "Forgets the reminders of this person.", bare: bare[ast.CancelReminders]},
		{Keyword: "wait", Shape: "wait NUMBER seconds", Example: "wait 3 seconds", Below: statements,
			Means: "Pauses before the next message, at most 10 seconds, with typing shown.", read: grammar[ast.Wait]()},
		{Keyword: "hide", Shape: "hide: TEXT", Example: "hide: Today: sunny, 24 degrees.", Below: statements, Text: Block,
			Means: "Sends an innocent text, drops all traces of this conversation and ends it.", bare: bare[ast.Hide]},
		{Keyword: "opt out", Shape: "opt out", Example: "opt out", Below: statements,
			Means: "Writes to the person no more, but for answers.", bare: bare[ast.OptOut]},
		{Keyword: "opt in", Shape: "opt in", Example: "opt in", Below: statements,
			Means: "Allows reminders and templates again.", bare: bare[ast.OptIn]},
		{Keyword: "erase contact", Shape: "erase contact", Example: "erase contact", Below: statements,
			Means: "Deletes what is known about the person.", bare: bare[ast.EraseContact]},
		{Keyword: "export contact", Shape: "export contact", Example: "export contact", Below: statements,
			Means: "Gives the person what is known about them.", bare: bare[ast.ExportContact]},
	}...)
}

var sampleFiles = map[string]string{"image": "map.png: The way to our office", "audio": "welcome.ogg", "video": "tour.mp4: How to come here",
	"document": "form.pdf: The form to fill in", "sticker": "thanks.webp"}

// belowStatements are the lines that only stand below a certain statement.
func belowStatements() []*Head {
	when := grammar[ast.When]()
	heads := []*Head{
		{Keyword: "-", Shape: "- [ID] LABEL [-> TARGET]", Example: "- [yes] Yes, please -> offices", Below: inAsk, Text: Label, Opens: InOption,
			Means: "An answer to choose; its id is the value.", read: grammar[ast.Option]()},
		{Keyword: "-", Shape: "- TEXT", Example: "- Welcome back!", Below: []Place{InWordings}, Text: Rest,
			Means: "One of the wordings.", bare: bare[ast.Wording]},
		{Keyword: "text", Shape: "text: TEXT", Example: "text: In which city are you?", Below: []Place{InAsk, InHandOver, InLink}, Text: Block,
			Means: "A longer text than fits the line above.", kind: "text", bare: bare[ast.Prop]},
		{Keyword: "button", Shape: "button: LABEL", Example: "button: Read the steps", Below: []Place{InLink}, Text: Block,
			Means: "What the button of the link says.", kind: "button", bare: bare[ast.Prop]},
		{Keyword: "image", Shape: "image PATH", Example: "image media/map.png", Below: inAsk,
			Means: "An image above the question.", kind: "image", read: grammar[ast.Prop](), lex: pathRule},
		{Keyword: "list button", Shape: "list button: LABEL", Example: "list button: Services", Below: inAsk, Text: Block,
			Means: "What the button says that opens a long list.", kind: "list button", bare: bare[ast.Prop]},
		{Keyword: "skip", Shape: "skip: LABEL", Example: "skip: I prefer not to say", Below: inAsk, Text: Block,
			Means: "An answer that passes the question.", kind: "skip", bare: bare[ast.Prop]},
		{Keyword: "also", Shape: "also: WORD, WORD", Example: "also: kalobeyei, turkana", Below: []Place{InOption},
			Means: "Other words for the same answer.", read: grammar[ast.Also](), lex: []lexRule{{after: ":", kind: phraseToken}}},
		{Keyword: "about", Shape: "about: TEXT", Example: "about: Addresses and hours", Below: []Place{InOption}, Text: Block,
			Means: "A second line below the label in a list.", kind: "about", bare: bare[ast.Prop]},
		{Keyword: "only if", Shape: "only if CONDITION", Example: "only if is_open(protection)", Below: []Place{InOption},
			Means: "Offers the option only when the condition holds.", read: grammar[ast.OnlyIf](), lex: exprRule},
		{Keyword: "share", Shape: "share NAME, NAME", Example: "share nickname, callback_number", Below: []Place{InHandOver},
			Means: "What the team is told besides the text.", read: grammar[ast.Share]()},
		{row: "column line", Shape: "COLUMN = EXPRESSION", Example: "heard = what", Below: []Place{InSave},
			Means: "The value of one column.", read: grammar[ast.Assign](), lex: []lexRule{{after: "=", kind: exprToken}}},
		{Keyword: "template", Shape: "template NAME [with NAME = EXPRESSION, NAME]", Example: "template call_reminder with name = nickname", Below: []Place{InRemind},
			Means: "The template that is sent when the reminder is due.", read: grammar[ast.TemplateUse](), lex: withRules},
	}
	whens := []struct {
		kind, rest, sample, means string
		below                     []Place
	}{
		{"not understood", " [N times]", "when not understood 2 times -> person", "What to do with an answer that is not understood.", inAsk},
		{"silent", " for DURATION", "when silent for 24 hours -> end", "What to do when no answer comes.", []Place{InAsk, InHandOver}},
		{"refused", "", "when refused -> no_call", "What to do when the person says no.", []Place{InNeed}},
		{"none", "", "when none -> menu", "What to do when there is no row.", []Place{InAsk, InForEach}},
		{"failed", "", "when failed -> try_later", "What to do when the other system gives no answer.", []Place{InFetch}},
		{"waiting", "", "when waiting: A colleague will answer you here.", "What to say while the person waits.", []Place{InHandOver, InFetch}},
		{"outside hours", "", "when outside hours: We open {opens(protection)}.", "What to do when the team is not there.", []Place{InHandOver}},
		{"answered", "", "when answered: A colleague is with you now.", "What to do when a colleague takes the conversation.", []Place{InHandOver}},
		{"no answer", " for DURATION", "when no answer for 4 hours -> no_answer", "What to do when nobody has answered.", []Place{InHandOver}},
		{"done", "", "when done -> menu", "What to do when the team gives the conversation back.", []Place{InHandOver}},
	}
	for _, w := range whens {
		heads = append(heads, &Head{Keyword: "when " + w.kind, Shape: "when " + w.kind + w.rest + "[: TEXT| -> TARGET]", Example: w.sample,
			Below: w.below, Text: MayBlock, Opens: InBlock, NeedsLines: true, Means: w.means, kind: w.kind, read: when})
	}
	for _, kind := range media {
		heads = append(heads, &Head{Keyword: "when " + kind, Shape: "when " + kind + " [or KIND] [as NAME][: TEXT| -> TARGET]",
			Example: "when " + kind + " as sent -> look", Below: inAsk, Text: MayBlock, Opens: InBlock, NeedsLines: true,
			Means: "What to do when the person sends " + withArticle[kind] + ".", kind: "media", read: when})
	}
	return heads
}

// testLines are tests and what stands below them.
func testLines() []*Head {
	bot := grammar[ast.Bot]()
	person := grammar[ast.Person]()
	fetch := grammar[ast.FetchGiven]()
	expect := grammar[ast.Expect]()
	heads := []*Head{
		{Keyword: "test", Shape: "test TITLE", Example: "test A person in Nairobi finds the office", Below: margin, Text: Rest, Opens: InTest, NeedsLines: true,
			Means: "A conversation as it must go.", bare: bare[ast.Test]},
		{Keyword: "given consent", Shape: "given consent NAME", Example: "given consent service_notice", Below: inTest,
			Means: "The person has given this consent before.", read: grammar[ast.Given]()},
		{Keyword: "given", Shape: "given NAME = EXPRESSION", Example: `given city = "nairobi"`, Below: inTest,
			Means: "A field has this value before.", read: grammar[ast.Given](), lex: []lexRule{{after: "=", kind: exprToken}}},
		{Keyword: "language", Shape: "language CODE", Example: "language en", Below: inTest,
			Means: "The person's language.", read: grammar[ast.InLanguage]()},
		{Keyword: "channel", Shape: "channel NAME", Example: "channel sms", Below: inTest,
			Means: "The channel the person writes on.", read: grammar[ast.OnChannel]()},
		{Keyword: "at", Shape: "at DATE TIME", Example: "at 2026-11-20 09:00", Below: inTest,
			Means: "The date and time now.", read: grammar[ast.At]()},
		{Keyword: "person", Shape: "person: TEXT", Example: "person: Where is the office?", Below: inTest, Text: Block,
			Means: "The person writes.", kind: "writes", bare: bare[ast.Person]},
		{Keyword: "person taps", Shape: "person taps: LABEL", Example: "person taps: Nairobi", Below: inTest, Text: Block,
			Means: "The person taps an option.", kind: "taps", bare: bare[ast.Person]},
		{Keyword: "person sends", Shape: "person sends KIND [LAT, LON]", Example: "person sends location -1.28, 36.82", Below: inTest,
			Means: "The person sends something else than text.", kind: "sends", read: person},
		{Keyword: "bot", Shape: "bot: TEXT", Example: "bot: In which city are you?", Below: inTest, Text: Block,
			Means: "The bot says this; … stands for anything.", kind: "says", bare: bare[ast.Bot]},
		{Keyword: "bot offers", Shape: "bot offers: LABEL, LABEL", Example: "bot offers: Nairobi, Kakuma", Below: inTest,
			Means: "The options the person sees.", kind: "offers", read: bot, lex: []lexRule{{after: ":", kind: phraseToken}}},
		{Keyword: "bot link", Shape: "bot link[: LABEL]", Example: "bot link: Read the steps: https://example.org/asylum", Below: inTest, Text: MayBlock,
			Means: "The bot sends a link; behind the label may stand its address.", kind: "link", bare: bare[ast.Bot]},
		{Keyword: "bot template", Shape: "bot template NAME", Example: "bot template call_reminder", Below: inTest,
			Means: "The bot sends a template.", kind: "template", read: bot},
	}
	for _, kind := range media {
		heads = append(heads, &Head{Keyword: "bot " + kind, Shape: "bot " + kind + "[: TEXT]", Example: "bot " + kind, Below: inTest, Text: MayBlock,
			Means: "The bot sends " + withArticle[kind] + ".", kind: kind, bare: bare[ast.Bot]})
	}
	return append(heads, []*Head{
		{Keyword: "after", Shape: "after DURATION", Example: "after 25 hours", Below: inTest,
			Means: "Moves the clock.", read: grammar[ast.After]()},
		{Keyword: "staff", Shape: "staff: TEXT", Example: "staff: Hello, how can I help?", Below: inTest, Text: Block,
			Means: "A colleague writes.", bare: bare[ast.Staff]},
		{Keyword: "staff done", Shape: "staff done", Example: "staff done", Below: inTest,
			Means: "The team gives the conversation back.", kind: "done", bare: bare[ast.Staff]},
		{Keyword: "fetch", Shape: "fetch SERVICE: FILE, or fetch SERVICE failed", Example: "fetch cases: tests/case.json", Below: inTest,
			Means: "What the other system answers.", read: fetch, lex: []lexRule{{after: ":", kind: pathToken}}},
		{Keyword: "expect at", Shape: "expect at TARGET", Example: "expect at offices.town", Below: inTest,
			Means: "Where the conversation waits now.", kind: "at", read: expect},
		{Keyword: "expect ended", Shape: "expect ended", Example: "expect ended", Below: inTest,
			Means: "The conversation is over.", kind: "ended", bare: bare[ast.Expect]},
		{Keyword: "expect saved", Shape: "expect saved RECORD", Example: "expect saved rumour", Below: inTest,
			Means: "A record was kept.", kind: "saved", read: expect},
		{Keyword: "expect handed to", Shape: "expect handed to TEAM", Example: "expect handed to protection", Below: inTest,
			Means: "The conversation was given to a team.", kind: "handed", read: expect},
		{Keyword: "expect alerted", Shape: "expect alerted TEAM", Example: "expect alerted protection", Below: inTest,
			Means: "A team was told.", kind: "alerted", read: expect},
		{Keyword: "expect", Shape: "expect CONDITION", Example: `expect city == "nairobi"`, Below: inTest,
			Means: "What holds now.", kind: "condition", read: expect, lex: exprRule},
	}...)
}
