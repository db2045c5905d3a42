package whatsapp

import (
	"strconv"
	"time"

	"baraza/channels"
)

// A verdict says what an error code of the Graph API calls for. Codes come in the answer to a request, in a webhook,
// or both; the same table serves both, and nothing else of an error (title, subcode, HTTP status) is looked at.
type verdict struct {
	first, last int
	class       channels.Class
	wait        time.Duration // at least; 0: the sender's backoff
	tries       int           // in all; 0: as the class allows
}

// verdicts are by code. M/support/error-codes, copy of September 2026.
var verdicts = []verdict{
	{0, 0, channels.Unauthorized, 0, 0},                       // token not valid
	{1, 2, channels.Retry, 0, 0},                              // unknown, temporary
	{3, 3, channels.Unauthorized, 0, 0},                       // capability
	{4, 4, channels.SenderThrottled, 0, 0},                    // app
	{10, 10, channels.Unauthorized, 0, 0},                     // permission
	{33, 33, channels.AccountBlocked, 0, 0},                   // number deleted
	{100, 100, channels.RequestBug, 0, 0},                     // parameter
	{190, 190, channels.Unauthorized, 0, 0},                   // token expired
	{200, 299, channels.Unauthorized, 0, 0},                   // permissions
	{368, 368, channels.Restricted, 0, 0},                     // policy
	{613, 613, channels.SenderThrottled, 0, 0},                // calls
	{80007, 80008, channels.SenderThrottled, 0, 0},            // business account
	{130403, 130403, channels.Unreachable, 0, 0},              // blocked by us
	{130429, 130429, channels.SenderThrottled, 0, 0},          // throughput
	{130472, 130472, channels.Unreachable, 0, 0},              // in an experiment
	{130497, 130497, channels.Forbidden, 0, 0},                // this person's country
	{131000, 131000, channels.Retry, 0, 0},                    // something went wrong
	{131005, 131005, channels.Unauthorized, 0, 0},             // permission
	{131008, 131009, channels.RequestBug, 0, 0},               // parameter missing, of a wrong value
	{131016, 131016, channels.Retry, 0, 0},                    // service
	{131020, 131020, channels.RequestBug, 0, 0},               // groups
	{131021, 131021, channels.Unreachable, 0, 0},              // to ourselves
	{131026, 131026, channels.Unreachable, 0, 0},              // not deliverable
	{131030, 131030, channels.Unreachable, 0, 0},              // not on the list of a test number
	{131031, 131031, channels.Restricted, 0, 0},               // locked
	{131037, 131037, channels.AccountBlocked, 0, 0},           // display name
	{131041, 131041, channels.RequestBug, 0, 0},               // groups
	{131042, 131042, channels.AccountBlocked, 0, 0},           // payment
	{131044, 131044, channels.RequestBug, 0, 0},               // calls
	{131045, 131045, channels.AccountBlocked, 0, 0},           // not registered
	{131047, 131047, channels.OutsideWindow, 0, 0},            // more than 24 hours
	{131048, 131048, channels.Suspended, time.Hour, 0},        // spam
	{131049, 131049, channels.Unreachable, 24 * time.Hour, 0}, // the person has had enough marketing
	{131050, 131050, channels.Stopped, 0, 0},                  // the person stopped marketing
	{131051, 131051, channels.RequestBug, 0, 0},               // kind of message
	{131052, 131052, channels.MediaUnusable, 0, 1},            // inbound media
	{131053, 131053, channels.MediaUnusable, 0, 2},            // upload
	{131055, 131055, channels.TemplateUnusable, 0, 0},         // marketing API
	{131056, 131056, channels.PairThrottled, 0, 0},            // pair: 4^n seconds
	{131057, 131057, channels.Retry, time.Minute, 0},          // maintenance
	{131059, 131059, channels.RequestBug, 0, 0},               // groups
	{131062, 131062, channels.Unreachable, 0, 0},              // needs a phone number
	{131063, 131063, channels.AccountBlocked, 0, 0},           // marketing off
	{131064, 131064, channels.Suspended, time.Hour, 0},        // templates of a wrong category
	{131201, 131215, channels.RequestBug, 0, 0},               // groups
	{132000, 132018, channels.TemplateUnusable, 0, 0},         // count, missing, length, policy, value, format, paused …
	{132068, 132068, channels.RequestBug, 0, 0},               // flows blocked
	{132069, 132069, channels.SenderThrottled, time.Hour, 0},  // flows: 10 an hour
	{133000, 133003, channels.AccountBlocked, 0, 0},           // registration
	{133004, 133004, channels.Retry, 0, 0},                    // server
	{133005, 133010, channels.AccountBlocked, 0, 0},           // registration
	{133015, 133015, channels.AccountBlocked, 5 * time.Minute, 0},
	{133016, 133016, channels.SenderThrottled, time.Hour, 0}, // registrations
	{134011, 134011, channels.AccountBlocked, 0, 0},          // terms of payment
	{134100, 134100, channels.TemplateUnusable, 0, 0},
	{134101, 134101, channels.TemplateUnusable, 10 * time.Minute, 0}, // still syncing
	{134102, 134102, channels.TemplateUnusable, 0, 0},
	{135000, 135000, channels.RequestBug, 0, 0},         // generic
	{137000, 137000, channels.PersonChanged, 0, 0},      // another device key
	{138000, 138999, channels.RequestBug, 0, 0},         // calls
	{139000, 139004, channels.RequestBug, 0, 0},         // flows
	{139200, 139200, channels.RequestBug, 0, 0},         // direct send
	{2388019, 2388299, channels.TemplateUnusable, 0, 0}, // making a template
}

// judge is what an error code calls for. A code that nobody knew when this was written was still refused, so trying
// again cannot send twice.
func judge(code int) channels.Result {
	r := channels.Result{Class: channels.Retry, Code: strconv.Itoa(code)}
	for i := range verdicts {
		if v := &verdicts[i]; v.first <= code && code <= v.last {
			r.Class, r.RetryAfter, r.Tries = v.class, v.wait, v.tries
			break
		}
	}
	return r
}
