// Package webchat is the channel of a chat in a web page: a button that an organisation puts on its site with a
// line of HTML, a page of ours in a frame behind it, and a WebSocket. There is no provider: the page itself confirms
// what it has shown. A person who has closed the page cannot be reached until they come back.
//
// # Who a person is
//
// The server makes a secret of 128 random bits for each new chat and the page keeps it: until the tab is closed, or
// on the device when the person agrees. A person's identity is a hash of the account and the secret, so whoever reads
// the store cannot take over a chat. The server remembers no secrets: one that a page brings is good if it has the
// form. Nobody is known by name, number or cookie, and an address counts only while handshakes fail.
//
// # The protocol
//
// Messages are JSON objects in text frames of at most 64 KiB, without compression, each with a "type". Unknown fields
// are ignored; an unknown type ends the connection. The page speaks first, and within ten seconds:
//
//	{"type":"hello", "v":1, "lang":"es", "secret":"…", "seen":["…"]}
//
// v is the version of the protocol; lang the browser's language; secret is left out in a new chat; seen are up to 64
// ids of messages that the page has shown lately, which need not come again. The server answers:
//
//	{"type":"welcome", "secret":"…"}     secret only where the page brought none
//
// From the page, then:
//
//	{"type":"message", "id":"…", "text":"hola"}
//	{"type":"message", "id":"…", "text":"Sí", "token":"…", "about":"…"}     a tapped option of the message "about"
//	{"type":"message", "id":"…", "location":{"lat":-0.18, "lon":-78.47}}
//	{"type":"ack", "id":"…"}             the message of this id has been shown, now or before
//	{"type":"ping"}                      answered with {"type":"pong"}
//
// An id is 8 to 32 letters, digits, "-" and "_", random, and the same when the message is sent again. A text has at
// most 4,000 characters in UTF-16 units. The page sends its next message only after the last one was received, so
// that they stay in order.
//
// From the server:
//
//	{"type":"received", "id":"…"}        the page's message is durable; it need not be sent again
//	{"type":"message", "id":"…", …}      to be shown once, however often it comes, and acknowledged each time
//	{"type":"typing"}                    an answer is being written
//	{"type":"error", "code":"…", "id":"…"}
//
// A message has lang and dir, and of these what it needs: header, spans (a list of {"t":"text","b":true,"i":true,
// "s":true}), footer, options (a list of {"label","about","token"}), media ({"kind","url","name"}, the url relative
// to the page and good for an hour), place ({"lat","lon"}), contact (a phone number), link ({"label","url"}, https) and asks
// ("location").
//
// Errors are "not-kept" (send it again in a while), "too-long" and "unreadable" (never again, with the id where it is
// known), "too-fast" and "version" (the connection ends). A connection that ends comes back after a second, and then
// ever more slowly up to half a minute; one that ends with 4001 gave way to a newer page of the same person, and comes
// back when the page is looked at or written in.
//
// # What a page cannot do
//
// People cannot send pictures, voice or files: what strangers may upload to an organisation has to be stored, looked
// at and erased, and nothing of that is a chat's. A question for a place shows a button, and the page asks the
// browser for the place only when it is tapped.
//
// # What guards the socket
//
// The Origin must be there and be one of those named. The first message, and each message once it has begun, has to
// be whole within ten seconds, whatever pings and pongs come between its frames. Messages have a rate, connections a
// number, and what is waiting to be read by a page a bound behind which the connection ends with 1013. Addresses
// are not limited, for a whole camp may share one; only where handshakes from an address fail over and over does it
// wait for a minute. The time for the headers of a request is the server's: set http.Server.ReadHeaderTimeout.
package webchat
