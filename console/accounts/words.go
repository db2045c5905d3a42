package accounts

import "fmt"

// words are all that people read on these pages, in English; another language is another table.
var words = map[string]string{
	"sign-in": "Sign in", "problem": "Problem: %s", "not-done": "Not done", "going-on": "One moment", "go-on": "Go on",
	"name": "Name", "password": "Password", "code": "Code of your phone", "code-hint": "The 6 digits that your authenticator shows now.",
	"code-title": "Enter a code", "code-else": "I do not have my phone", "recovery": "Recovery code", "recovery-hint": "One of the codes that you wrote down. Each works once.",
	"code-help":   "Without phone and codes, ask an administrator to let you begin anew.",
	"sign-in-sso": "Sign in with %s", "or": "or",

	"wrong-sign-in":    "Name and password do not fit together.",
	"wrong-code":       "This code is not good. Wait for the next one, and look whether the clock of your phone is right. A code works once.",
	"wrong-recovery":   "This recovery code is not good, or was used before.",
	"wait":             "There were too many tries. Wait %s and try again.",
	"step-over":        "That took too long, or your account was changed. Begin anew.",
	"name-missing":     "Write your name, as it stands in your invitation.",
	"password-missing": "Write your password.",
	"code-missing":     "Write the code.",
	"signed-out":       "You are signed out.",
	"too-large":        "What was sent cannot be read.",

	"password-short":  "Use at least 12 characters. A few words that do not belong together are good.",
	"password-long":   "This is too long; use at most 512 bytes.",
	"password-name":   "Do not use your name.",
	"password-common": "This is one of the first that others would try. Use another.",
	"password-twice":  "The two are not the same. Write it again.",
	"password-wrong":  "This is not your password.",

	"invited": "Set up your account", "invited-as": "You were invited as", "invited-roles": "Your roles:",
	"invited-lost": "This link cannot be used: it was used before, its time is over, or a newer one was made. Ask who invited you for another.",
	"new-password": "New password", "new-password-hint": "At least 12 characters. Let a password manager make it, or take a few words that do not belong together.",
	"again": "The same once more", "go-on-phone": "Go on to your phone",
	"phone": "Set up your phone", "phone-how": "Open an authenticator on your phone, add an account there and scan this picture.",
	"phone-picture": "Picture for the authenticator; the text below says the same",
	"phone-text":    "If you cannot scan it, type this text in:", "phone-code": "Code that it shows now", "finish": "Finish",
	"codes": "Write down your recovery codes", "codes-how": "Each of these lets you in once when you do not have your phone. Keep them on paper or in a password manager, apart from the phone. They are not shown again.",
	"codes-done": "I have them, go on",

	"account": "Your account", "account-roles": "What you may do", "account-signed": "How you sign in",
	"by-password": "With a password and a code of your phone. %d recovery codes are left.", "by-oidc": "With %s.",
	"change-password": "Change your password", "old-password": "Your password now", "change": "Change it",
	"password-changed": "Your password is changed. Other browsers in which you were signed in are signed out.",
	"new-phone":        "Change your phone, or get new recovery codes", "new-phone-how": "You set up your account anew: password, phone and recovery codes. Until you are through, all stays as it is.", "begin": "Begin",
	"phone-or-recovery": "Code of your phone, or a recovery code",
	"sessions":          "Sign out everywhere", "sessions-how": "Ends every session of yours, this one as well. Tokens stay.",
	"tokens": "Tokens for programs", "tokens-how": "A token lets a program ask in your place. It has no more than the roles you choose, and never those of an administrator.",
	"token-name": "What is it for?", "token-name-hint": "Such as nightly export. Records name it.", "token-roles": "What it may do", "token-until": "Last day",
	"token-until-hint": "Within a year.", "make-token": "Make a token", "token-made": "This is the token “%s”. Copy it now: it is not shown again.",
	"offboarding": "offboarding: lists accounts, and closes those of people who leave, but no administrator's",
	"token-ended": "The token is ended.", "end-token": "End %s", "token-says": "until %s, last used %s", "never": "never", "none": "You have none.",
	"everywhere": "every country",

	"sso-title":   "Single sign-on",
	"sso-off":     "There is no single sign-on here.",
	"sso-down":    "The login of your organisation does not answer at this moment. Wait a little and try again.",
	"sso-lost":    "That took too long, or began in another browser. Begin anew.",
	"sso-refused": "The login of your organisation did not let you in.",
	"sso-unknown": "You are known there, but have no account here, or not with this address. Ask an administrator for an invitation.",
	"sso-other":   "Your login belongs to another account here.",
}

// word is what people read for a key.
func word(key string, with ...any) string {
	text, ok := words[key]
	if !ok {
		return key
	}
	if len(with) > 0 {
		return fmt.Sprintf(text, with...)
	}
	return text
}
