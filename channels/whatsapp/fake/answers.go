package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// fields is one object of JSON. Marshalled, its keys are sorted: the same object gives the same bytes.
type fields = map[string]any

// A refusal is an answer other than 200, in the shape the Graph API gives all of them.
type refusal struct {
	status  int // of HTTP
	code    int
	subcode int
	details string // says what was wrong, in error_data.details
	message string // in place of the title that belongs to the code
}

// errorTitles has the codes of the contract that the server can answer or be told to answer.
var errorTitles = map[int]string{
	0:      "AuthException",
	1:      "API Unknown",
	2:      "API Service",
	3:      "API Method",
	4:      "API Too Many Calls",
	10:     "Permission Denied",
	33:     "Parameter value is not valid",
	100:    "Invalid parameter",
	190:    "Access token has expired",
	200:    "API Permission",
	368:    "Temporarily blocked for policies violations",
	80007:  "Rate limit issues",
	130403: "User is blocked by business",
	130429: "Rate limit hit",
	130472: "User's number is part of an experiment",
	130497: "Business account is restricted from messaging users in this country",
	131000: "Something went wrong",
	131005: "Access denied",
	131008: "Required parameter is missing",
	131009: "Parameter value is not valid",
	131016: "Service unavailable",
	131021: "Recipient cannot be sender",
	131026: "Message undeliverable",
	131030: "Recipient phone number not in allowed list",
	131031: "Account has been locked",
	131037: "Display name approval needed",
	131042: "Business eligibility payment issue",
	131045: "Incorrect certificate",
	131047: "Re-engagement message",
	131048: "Spam rate limit hit",
	131049: "Message not delivered to maintain healthy ecosystem engagement",
	131050: "User has stopped marketing messages",
	131051: "Unsupported message type",
	131052: "Media download error",
	131053: "Media upload error",
	131056: "(Business Account, Consumer Account) pair rate limit hit",
	131057: "Account in maintenance mode",
	131062: "Business-scoped user id is not supported for this message",
	131063: "Marketing messages are disabled",
	131064: "Template misclassification limit reached",
	132000: "Template param count mismatch",
	132001: "Template does not exist",
	132005: "Template hydrated text too long",
	132007: "Template format character policy violated",
	132008: "Template parameter value is not valid",
	132012: "Template parameter format mismatch",
	132015: "Template is paused",
	132016: "Template is disabled",
	132018: "Template parameters did not pass validation",
	132068: "Flow is blocked",
	132069: "Flow is throttled",
	133004: "Server temporarily unavailable",
	133010: "Phone number not registered",
	133016: "Account register deregister rate limit exceeded",
	134011: "Payments terms of service have not been accepted",
	135000: "Generic user error",
	137000: "Recipient identity key hash mismatch",
	139200: "Direct send is not available",
}

// errorStatus has the codes whose answer is not a 400. A client is to look at the code alone.
var errorStatus = map[int]int{
	0: http.StatusUnauthorized, 190: http.StatusUnauthorized,
	3: http.StatusForbidden, 10: http.StatusForbidden, 200: http.StatusForbidden, 131005: http.StatusForbidden,
	368: http.StatusForbidden, 131031: http.StatusForbidden, 130497: http.StatusForbidden,
	1: http.StatusInternalServerError, 131000: http.StatusInternalServerError, 131057: http.StatusInternalServerError,
	2: http.StatusServiceUnavailable, 131016: http.StatusServiceUnavailable, 133004: http.StatusServiceUnavailable,
	4: http.StatusTooManyRequests, 80007: http.StatusTooManyRequests, 130429: http.StatusTooManyRequests,
	131048: http.StatusTooManyRequests, 131056: http.StatusTooManyRequests, 133016: http.StatusTooManyRequests,
	132001: http.StatusNotFound,
}

// refuse is the refusal with a code, and details in a sentence.
func refuse(code int, details string, args ...any) *refusal {
	r := &refusal{status: http.StatusBadRequest, code: code, details: fmt.Sprintf(details, args...)}
	if status, ok := errorStatus[code]; ok {
		r.status = status
	}
	return r
}

func (r *refusal) title() string {
	if r.message != "" {
		return r.message
	}
	return errorTitles[r.code]
}

func (r *refusal) body(trace string) fields {
	err := fields{
		"message":    fmt.Sprintf("(#%d) %s", r.code, r.title()),
		"type":       "OAuthException",
		"code":       r.code,
		"error_data": fields{"messaging_product": "whatsapp", "details": r.details},
		"fbtrace_id": trace,
	}
	if r.subcode != 0 {
		err["error_subcode"] = r.subcode
	}
	return fields{"error": err}
}

// webhookError is the same error as statuses and messages carry it.
func webhookError(code int, details string) fields {
	return fields{
		"code": code, "title": errorTitles[code], "message": errorTitles[code],
		"error_data": fields{"details": details},
		"href":       "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes",
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	// The connection may be gone; then nobody waits for the answer.
	_ = json.NewEncoder(w).Encode(body)
}
