package page

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are what the pages say, in English; another language is another table. Of two forms with | between them the first
// is for one.
var Words = map[string]string{
	"title-overview":  "What serves",
	"title-problem":   "This could not be done",
	"title-wrong":     "Problem: %s",
	"title-status":    "%s in %s",
	"title-upload":    "Plan a release of %s in %s",
	"title-plan":      "Release %s of %s in %s",
	"title-confirm":   "Activate release %s?",
	"title-promote":   "Give release %s to everybody?",
	"title-percent":   "How many get release %s?",
	"title-rollback":  "Go back to release %s?",
	"title-take-back": "Take release %s back?",
	"title-records":   "Who did what",

	"failed":        "This failed, and nobody foresaw how. Nothing is known to have changed; look before you try again. The log of the process says more.",
	"nothing-here":  "There is nothing at this address.",
	"sign-in-first": "Sign in first.",
	"no-audit":      "Who did what is for auditors of a country, or of all.",
	"no-country":    "You have no role in this country. Ask its administrator.",
	"no-role-here":  "This is for another role in %s than yours. Ask the country’s administrator.",
	"no-pack":       "The pack %s of %s does not come as releases, or there is none of this name.",

	"all-countries": "All countries",
	"to-pack":       "%s in %s",
	"plan-again":    "Look at it again",
	"where":         "Where you are",
	"wrong-fields":  "Look at what you filled in",
	"back":          "Leave it as it is",

	"serves":         "Serves",
	"since":          "Since",
	"by":             "By",
	"why":            "Why",
	"tried":          "Tried",
	"tried-for":      "%d in 100 of those who begin",
	"tried-testers":  "and 1 tester|and %d testers",
	"open":           "Open conversations",
	"alerts":         "Alerts of 7 days",
	"no-alerts":      "none",
	"nothing-serves": "Nothing serves yet: nobody is answered before a release is activated.",
	"from-folder":    "Read from its folder; it does not come as releases.",
	"no-countries":   "You have no role in any country yet. Ask an administrator.",
	"go-status":      "Status and history",
	"pack":           "Pack %s",
	"conversations":  "1 conversation|%d conversations",
	"others-open":    "on releases that served before",
	"on-others":      "on releases that are not kept",
	"unreadable":     "1 cannot be read|%d cannot be read",
	"more-alerts":    "at least %d",

	"now":           "Now",
	"history":       "History",
	"actions":       "What you can do",
	"release":       "Release",
	"how":           "For whom",
	"everybody":     "everybody",
	"others":        "the others",
	"of-those":      "%d in 100 of those who begin",
	"before":        "served until %s",
	"kept-never":    "kept, never activated",
	"times":         "Times are those of %s.",
	"live":          "The numbers are read again every few seconds.",
	"pause":         "Stop reading again",
	"resume":        "Read again",
	"paused":        "The numbers stand still.",
	"moved-on":      "What serves has changed. Read the whole page again to see it.",
	"reload":        "Read the page again",
	"signed-out":    "You are not signed in any more.",
	"lost":          "The server does not answer now; the numbers are those of before.",
	"do-plan":       "Plan a release",
	"do-promote":    "Give it to everybody",
	"do-percent":    "Change how many get it",
	"do-rollback":   "Roll back",
	"do-take-back":  "Take it back",
	"do-again":      "Let it serve again",
	"again-label":   "Let release %s serve again",
	"nothing-to-do": "You can look. Changing what serves is for the role releaser.",
	"bars":          "Open conversations by release",
	"nobody-open":   "Nobody is in the middle of a conversation.",

	"done-activated":   "Release %s is activated. It takes effect at the next message of each person.",
	"done-promoted":    "Release %s serves everybody now.",
	"done-percent":     "%d in 100 of those who begin get release %s now.",
	"done-rolled-back": "Release %s serves again. It takes effect at the next message of each person.",

	"upload-says":        "A plan says what a release would change and for whom. Nothing changes by it. Make the two files with: baraza release build, baraza release sign.",
	"bundle-file":        "Bundle",
	"bundle-hint":        "The file that baraza release build wrote, such as ec.bundle.",
	"signature-file":     "Signature",
	"signature-hint":     "The file beside it that ends in .sig. A plan needs none, activating does.",
	"do-upload":          "Plan it",
	"upload-kept":        "The files are kept here for an hour, for you alone, and are deleted then.",
	"choose-bundle":      "Choose the file of the bundle.",
	"other-pack":         "This is a bundle of the pack %s, and this page is about %s.",
	"no-bundle":          "These files were deleted, for they are kept for an hour at most, the newest three of each account. Send them again.",
	"too-many":           "The server keeps as many bundles as it may. Try again in some minutes.",
	"too-long":           "This is longer than a bundle can be.",
	"upload-cut":         "The files did not arrive whole. Send them again.",
	"too-long-signature": "This is no signature: it is too long.",

	"planned-against": "Planned against release",
	"planned-none":    "Nothing serves yet; this would be the first release.",
	"signed-by":       "Signed by",
	"signed-nobody":   "nobody who may release here",
	"refused":         "It cannot be activated",
	"refused-says":    "Each of these has to be put right first:",
	"what-changes":    "What changes",
	"changes-nothing": "Nothing that people meet, or it is the first release.",
	"was":             "Was",
	"is":              "Now",
	"what":            "What",
	"none":            "nothing",
	"changes-data":    "People’s data: consents, fields and records",
	"changes-flow":    "Steps, questions and what leads to them",
	"changes-else":    "Teams, tables, services and settings",
	"changes-text":    "Texts in %s",
	"tests":           "Its tests",
	"tests-passed":    "1 test passes.|%d tests pass.",
	"tests-failed":    "1 test does not pass:|%d tests do not pass:",
	"tests-mend":      "Mend the pack or its tests before you activate it: one of them is wrong.",
	"tests-none":      "It has no tests.",
	"tests-unsigned":  "They are run once somebody who may release here has signed it.",
	"tests-unknown":   "Its tests could not be run: %s",
	"not-compared":    "What people are told was not compared: %s.",
	"differ-none":     "In none of those that passed does the release that serves say anything else.",
	"differ-some":     "In 1 test people are told something else than now:|In %d tests people are told something else than now:",
	"with-this":       "With this release",
	"as-now":          "As it serves now",
	"differs":         "differs",
	"differ-more":     "1 more test differs|%d more tests differ",
	"table-of":        "Table: %s",
	"fates":           "Who is in the middle of a conversation",
	"fates-nobody":    "Nobody.",
	"fate":            "What becomes of them",
	"step":            "Step",
	"language":        "Language",
	"number":          "Conversations",
	"continues":       "continues",
	"moves":           "moves",
	"stays":           "stays for now",
	"restarts":        "restarts its step",
	"is stranded":     "is stranded",
	"fates-sum":       "%s: %d continue, %d move, %d stay on their release for now, %d restart their step, %d stranded.",
	"percent-fates":   "This is so when everybody gets it; with a part of them, whoever is in the middle of a conversation is left alone.",

	"activate":       "Activate it",
	"percent":        "Of 100 people who begin a conversation, how many get it",
	"percent-hint":   "From 0 to 100. With fewer than 100 the others keep what serves now, and you can give it to everybody later, or take it back.",
	"testers":        "Testers",
	"testers-hint":   "Keys of contacts who get it in any case, with spaces between them. baraza contact find gives them.",
	"why-hint":       "It is kept with the change, and read by those who ask later. Name nobody.",
	"why-needed":     "Say why.",
	"why-long":       "Say it in at most 1,000 bytes.",
	"percent-wrong":  "Write a number from 0 to 100.",
	"percent-part":   "Write a number from 0 to 99. To give it to everybody, go back and choose that.",
	"do-confirm":     "Go on",
	"plan-only":      "Activating is for the role releaser.",
	"will-all":       "Release %s serves everybody in %s who writes to %s, from the next message of each person on.",
	"will-part":      "Of 100 people in %[2]s who begin a conversation with %[3]s, %[4]d get release %[1]s from now on, always the same ones.",
	"will-testers":   "1 tester gets it in any case.|%d testers get it in any case.",
	"will-open":      "%s in the middle of a conversation now.",
	"will-fates":     "Of these conversations %d go on with it, %d are finished on their release first, and %d begin their step again.",
	"testers-wrong":  "“%s” is no key of a contact: it has 32 of the characters 0 to 9 and a to f.",
	"will-open-part": "%s in the middle of a conversation now and not affected.",
	"will-back":      "You can roll back at any time.",
	"do-activate":    "Activate",
	"will-promote":   "Release %s, which %d in 100 of those who begin get now, serves everybody in %s from the next message of each person on. %s open on the release that serves now.",
	"will-rollback":  "Release %[1]s serves everybody in %[3]s again, in place of %[2]s, from the next message of each person on. %[4]s open on %[2]s.",
	"will-take-back": "Release %[1]s is taken back: whoever begins gets release %[2]s again. %[3]s open on %[1]s.",
	"not-kept":       "No release %s is kept.",
	"nothing-back":   "No release is left that served everybody before this one, so there is nothing to go back to. Any that is kept can serve again from the page of the pack.",
	"nothing-tried":  "No release is being tried, so there is nothing to give to everybody or to change.",
	"will-percent":   "Release %s is tried: %d in 100 of those who begin a conversation get it. %s open on it.",

	"people-are":        "1 person is|%d people are",
	"conversations-are": "1 conversation is|%d conversations are",
	"tried-no-more":     "Release %s is not being tried any more.",

	"title-kept":          "Release %s of %s in %s",
	"gates":               "What its pack says a release needs",
	"gates-none":          "Its pack asks for nothing before a release may serve.",
	"gate-met":            "met",
	"gate-open":           "overridden",
	"gate-closed":         "not met",
	"gates-closed":        "1 of these holds it back.|%d of these hold it back.",
	"overridden-by":       "Overridden by %s.",
	"override-asked":      "%s asks to override it. Another person has to confirm that.",
	"do-override-ask":     "Ask to override it",
	"do-override-confirm": "Confirm the override",
	"override-label":      "Why “%s” may be overridden",
	"override-hint":       "It takes effect when two people have asked. Both reasons are kept with the release and in the log.",
	"do-keep":             "Keep it here, so that others can approve it",
	"keep-says":           "It is kept on the server then, and nothing else changes. Its address is for the approver.",
	"approve":             "Approve it",
	"approve-says":        "You say that it may serve people, and another person activates it.",
	"do-approve":          "Approve",
	"held-back":           "It cannot be activated before that.",
	"done-kept":           "Release %s is kept. Give the address of this page to who approves it.",
	"done-approved":       "You have approved it.",
	"done-override":       "Your word is kept.",
	"kept-plan":           "Only the plan of its bundle tells what becomes of each conversation; send the bundle on the page of the pack for that.",
	"serves-already":      "It serves now.",

	"stop":            "Emergency stop",
	"title-stop":      "Emergency stop of %s",
	"stop-says":       "From the next second on nobody in %s is answered by a flow. Everybody who writes is told the notice below, in their language. Safety words, emergency texts and teams go on, and what people write waits.",
	"notice":          "What people are told",
	"notice-in":       "Notice in %s",
	"instead":         "Where I leave a text empty, people get the first one that I wrote",
	"stop-word":       "To confirm, write the word of the country: %s",
	"stop-word-wrong": "Write the word of the country: %s.",
	"do-stop":         "Stop automated replies",
	"stops":           "Emergency stop",
	"is-frozen":       "%s is stopped since %s, by %s: flows answer nobody there, and people are told a notice.",
	"is-resuming":     "%s is served again; what people wrote meanwhile is being answered.",
	"go-stop":         "See it, or end it",
	"held-messages":   "Messages that wait to be answered",
	"held-replies":    "Replies of flows that are held",
	"stop-end":        "End it",
	"stop-end-says":   "What people wrote meanwhile is answered then, one after the other, as the flow that serves then says.",
	"replies":         "Replies that flows had written before the stop",
	"replies-drop":    "Delete them: they may say what the stop was about",
	"replies-send":    "Send them",
	"do-stop-end":     "Answer people again",
	"stop-again":      "Say something else",
	"stop-resuming":   "Stop it again",
	"as-in":           "the text in %s",
	"do-notice":       "Replace the notice",
	"notice-now":      "What people are told now",
	"notice-wrong":    "The notice is not good yet.",
	"done-frozen":     "%s is stopped.",
	"done-served":     "%s is served again.",
	"stop-moved-on":   "This has changed. Read the whole page again to see it.",
	"stage":           "Stands",
	"stage-served":    "is served",
	"stage-frozen":    "is stopped",
	"stage-resuming":  "is served again, and what waited is being answered",

	"title-accounts":     "Accounts",
	"title-account":      "Account %s",
	"title-link":         "A link for %s",
	"no-administrator":   "Accounts are for administrators.",
	"email":              "E-mail address",
	"email-hint":         "Only where people sign in with the organisation’s single sign-on.",
	"sign-in":            "Signs in",
	"sign-in-none":       "not yet",
	"sign-in-password":   "with password and code",
	"sign-in-oidc":       "with single sign-on",
	"link-open":          "not yet; has a link until %s",
	"account-closed":     "closed on %s",
	"last":               "Last time",
	"invite":             "Invite somebody",
	"invite-says":        "You get a link that works once. Give it to the person yourself, in a way that you trust.",
	"name":               "Name",
	"name-hint":          "Records call them so: small letters, such as rosa.benitez.",
	"roles":              "Roles",
	"do-invite":          "Invite",
	"all-accounts":       "All accounts",
	"role-designer":      "designer: plans releases",
	"role-releaser":      "releaser: changes what serves, and stops it in an emergency",
	"role-approver":      "approver: says as a second person that a release may serve",
	"role-staff":         "staff: answers cases and people’s requests",
	"role-auditor":       "auditor: reads who did what",
	"role-administrator": "administrator: sees to accounts and the machine",
	"link-says":          "Give this link to %s. It works once, until %s (UTC), and is shown only now.",
	"own-account":        "This is your own account. Another administrator sees to it.",
	"roles-says":         "Saving ends the sessions of the account. Without any role it is out of the country.",
	"do-roles":           "Save roles",
	"done-roles":         "The roles are saved.",
	"tokens":             "Tokens",
	"expires":            "until %s",
	"do-revoke":          "End it",
	"done-revoked":       "The token has ended.",
	"reset":              "Begin anew",
	"reset-says":         "For who lost a phone or a password: both go, with tokens and sessions, and you get a new link.",
	"do-reset":           "Begin anew",
	"close":              "Close the account",
	"close-says":         "It ends for ever, with its sessions and tokens. Its name is not given again.",
	"do-close":           "Close it",
	"done-closed":        "The account is closed.",
	"account-word":       "To confirm, write the name: %s",
	"account-word-wrong": "Write the name: %s.",

	"no-choices":      "an answer without choices",
	"audit-says":      "Times are those of UTC. The newest first.",
	"country":         "Country",
	"every-country":   "every country",
	"containing":      "What",
	"do-filter":       "Show",
	"when":            "When",
	"who":             "Who",
	"about":           "About",
	"outcome":         "Outcome",
	"audit-none":      "There is no such record.",
	"audit-problems":  "The log is not as it was written, in 1 place. Run: baraza audit verify|The log is not as it was written, in %d places. Run: baraza audit verify",
	"older":           "Older ones",
	"audit-what-hint": "The beginning of the action, such as release.",
	"outcome-done":    "done",
	"outcome-refused": "refused",
	"outcome-failed":  "failed",
}

// say is a sentence of the table with what it is about.
func say(key string, about ...any) string {
	text, ok := Words[key]
	if !ok {
		return key // a test finds those that are missing
	}
	if len(about) > 0 {
		return fmt.Sprintf(text, about...)
	}
	return text
}

// count is a number of things in words.
func count(n int, key string) string {
	one, many, _ := strings.Cut(say(key), "|")
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// short is a hash as people compare it.
func short(hash string) string { return hash[:min(12, len(hash))] }

// clip is the beginning of what somebody wrote, as a message repeats it.
func clip(text string) string {
	if all := []rune(text); len(all) > 40 {
		return string(all[:40]) + "…"
	}
	return text
}

// sentence is what the desk says, as it stands on a page.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// piece is a part of a text; Differs where the other text has something else.
type piece struct {
	Text    string
	Differs bool
}

// parts cuts a text into what it has in common with another at its beginning and its end, and what is between. It cuts
// between words alone, so that no letter is torn apart in any script.
func parts(text, other string) []piece {
	a, b := strings.SplitAfter(text, " "), strings.SplitAfter(other, " ")
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	to, end := len(a), len(b)
	for to > from && end > from && a[to-1] == b[end-1] {
		to, end = to-1, end-1
	}
	if from == 0 && to == len(a) {
		return []piece{{Text: text}} // nothing in common: there is nothing to point at
	}
	var all []piece
	middle := strings.Join(a[from:to], "")
	marked := strings.TrimRight(middle, " ")
	for _, p := range []piece{{strings.Join(a[:from], ""), false}, {marked, true}, {middle[len(marked):] + strings.Join(a[to:], ""), false}} {
		if p.Text != "" {
			all = append(all, p)
		}
	}
	return all
}
