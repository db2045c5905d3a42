// Package check says what would go wrong with a pack that can be read: steps that nobody reaches, texts that a
// phone cuts off, people who find nobody to talk to. It runs after pack, which has resolved every name and
// typed every value, and before compile; it changes nothing and never stops early.
//
// Every check is a row of Checks. A check looks either at one flow, and then what it found is kept for as long
// as the flow and what it depends on stay as they are, or at the whole pack, and then its work grows with the
// number of steps, not with their texts: so a pack of a thousand flows is checked again at once after an edit
// to one of them.
package check

import (
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// Group is a theme of checks, as the documentation names it. The group of types and that of the cost of
// expressions are found while names are resolved, so they have no check here.
type Group string

// The groups, in the order in which they run.
const (
	Structure      Group = "structure"
	Channels       Group = "channels"
	Time           Group = "time"
	Language       Group = "language"
	DataProtection Group = "data protection"
	Safety         Group = "safety"
	Content        Group = "content"
)

// A Check is one thing that is looked for. Exactly one of Flow and Pack is set.
type Check struct {
	Name  string // unique; usually the code
	Group Group
	Codes []string // what it may report, each a page of the catalog
	// Flow looks at one flow with its steps, and at declarations; never at another flow.
	Flow func(*flow)
	// Pack looks at all flows together. Its cost must be linear in the number of steps.
	Pack func(*whole)
	// Readable: the check draws conclusions from what is not there, so it is held back where something that
	// could not be read might be it: in a flow whose file has a syntax problem, or for a check of the whole
	// pack, in a pack that has such a file or a move to a place that does not exist.
	Readable bool
}

// Options are what a check needs to know about the occasion.
type Options struct {
	// Today is the date that "review by" is compared with, as 2026-11-22; "" compares nothing.
	Today string
	// Release looks for what is good enough while writing and not for people: placeholders, the example mark.
	Release bool
	// Found is what earlier stages reported: a name that they did not know is not also unused.
	Found diag.List
}

// Checks is every check, in the order in which they run.
var Checks = []Check{
	{Name: "duplicate-question", Group: Structure, Codes: []string{"duplicate-question"}, Flow: duplicateQuestion},
	{Name: "two-unnamed-questions", Group: Structure, Codes: []string{"two-unnamed-questions"}, Flow: twoUnnamedQuestions},
	{Name: "needs-id", Group: Structure, Codes: []string{"needs-id"}, Flow: needsID},
	{Name: "same-label", Group: Structure, Codes: []string{"same-label"}, Flow: sameLabel},
	{Name: "missing-when-failed", Group: Structure, Codes: []string{"missing-when-failed"}, Flow: missingWhenFailed, Readable: true},
	{Name: "unreachable-lines", Group: Structure, Codes: []string{"unreachable-lines"}, Flow: unreachableLines},
	{Name: "misplaced-target", Group: Structure, Codes: []string{"misplaced-target"}, Flow: misplacedTarget},
	{Name: "looks-like-statement", Group: Structure, Codes: []string{"looks-like-statement"}, Flow: looksLikeStatement},
	{Name: "arrow-in-text", Group: Structure, Codes: []string{"arrow-in-text"}, Flow: arrowInText},
	{Name: "unused-variable", Group: Structure, Codes: []string{"unused-variable"}, Flow: unusedVariable, Readable: true},
	{Name: "label-is-safety-word", Group: Structure, Codes: []string{"label-is-safety-word"}, Pack: labelIsSafetyWord},
	{Name: "hides-safety-word", Group: Structure, Codes: []string{"hides-safety-word"}, Pack: hidesSafetyWord},
	{Name: "duplicate-trigger", Group: Structure, Codes: []string{"duplicate-trigger"}, Pack: duplicateTrigger},
	{Name: "missing-safety-trigger", Group: Structure, Codes: []string{"missing-safety-trigger"}, Pack: missingSafetyTrigger, Readable: true},
	{Name: "unreachable-step", Group: Structure, Codes: []string{"unreachable-step"}, Pack: unreachableStep, Readable: true},
	{Name: "falls-into-exception", Group: Structure, Codes: []string{"falls-into-exception"}, Pack: fallsIntoException, Readable: true},
	{Name: "call-depth", Group: Structure, Codes: []string{"call-depth"}, Pack: callDepth},
	{Name: "endless-loop", Group: Structure, Codes: []string{"endless-loop"}, Pack: endlessLoop},

	{Name: "lengths", Group: Channels, Codes: []string{"label-too-long", "text-too-long", "caption-too-long", "too-many-parts"}, Flow: lengths},
	{Name: "declared-lengths", Group: Channels, Codes: []string{"label-too-long", "text-too-long"}, Pack: declaredLengths},
	{Name: "too-many-options", Group: Channels, Codes: []string{"too-many-options"}, Flow: tooManyOptions},
	{Name: "media", Group: Channels, Codes: []string{"media-missing", "media-type", "media-too-large"}, Flow: media},
	{Name: "too-many-messages", Group: Channels, Codes: []string{"too-many-messages"}, Pack: tooManyMessages, Readable: true},

	{Name: "no-person", Group: Safety, Codes: []string{"no-person"}, Pack: noPerson, Readable: true},
	{Name: "no-offer-after-tries", Group: Safety, Codes: []string{"no-offer-after-tries"}, Flow: noOfferAfterTries, Readable: true},
	{Name: "menu-too-deep", Group: Safety, Codes: []string{"menu-too-deep"}, Pack: menuTooDeep, Readable: true},
	{Name: "no-fraud-report", Group: Safety, Codes: []string{"no-fraud-report"}, Pack: noFraudReport, Readable: true},
	{Name: "fallback-not-public", Group: Safety, Codes: []string{"fallback-not-public"}, Pack: fallbackNotPublic},
	{Name: "urgent-dead-end", Group: Safety, Codes: []string{"urgent-dead-end"}, Pack: urgentDeadEnd, Readable: true},

	{Name: "past-review", Group: Content, Codes: []string{"past-review"}, Flow: pastReview},
	{Name: "asks-for-identity", Group: Content, Codes: []string{"asks-for-identity"}, Flow: asksForIdentity},
	{Name: "heavy-reading", Group: Content, Codes: []string{"heavy-reading"}, Flow: heavyReading},
	{Name: "placeholder-contact", Group: Content, Codes: []string{"placeholder-contact"}, Flow: placeholderContact},
	{Name: "declared-content", Group: Content, Codes: []string{"heavy-reading", "placeholder-contact"}, Pack: declaredContent},
}

// All checks a pack once. Who checks the same pack again and again keeps a Cache.
func All(p *pack.Pack, o Options) diag.List { return new(Cache).All(p, o) }
