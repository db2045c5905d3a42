package syntax

import (
	"regexp"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// maxAddress bounds the address of a link; channels take no longer one.
const maxAddress = 2000

// address is one that every channel and browser takes for the same page: https, a name with a country or kind at its
// end and not a number, nobody's user name before it, and behind it only signs that an address has. Other letters
// stand in it as %D9%85, which is how a browser copies them.
var address = regexp.MustCompile(`^https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])(?::[0-9]{1,5})?(?:[/?#](?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?$`)

// checkAddress reports an address that a link cannot have.
func (p *parse) checkAddress(l *line, h *ast.Say) bool {
	if len(h.Address) <= maxAddress && address.MatchString(h.Address) {
		return true
	}
	at := p.at(l.start, l.end)
	for _, t := range p.tokens[l.first:l.last] {
		if t.kind == pathToken {
			at = p.at(t.start, t.end)
		}
	}
	d := diag.New(diag.Error, "wrong-value", at, `"%s" is not an address that a link can have`, clip([]byte(h.Address)))
	rest, plain := strings.CutPrefix(h.Address, "http://")
	switch {
	case len(h.Address) > maxAddress:
		d = d.WithHelp("It has %d characters, and %d are the most.", len(h.Address), maxAddress)
	case plain && address.MatchString("https://"+rest):
		d = d.WithHelp("Only https keeps from others on the way what a person reads. Open the page with https:// once, to see that it is there.").
			WithFix(at, "https://"+rest, false)
	case address.MatchString("https://" + h.Address):
		d = d.WithFix(at, "https://"+h.Address, false)
	case strings.ContainsAny(h.Address, "{}"):
		d = d.WithHelp("No value can stand in it: what is known of a person does not go to another site.").
			WithHelp("For pages that differ, write a link for each below an if.")
	default:
		d = d.WithHelp("Copy it from the browser's address line. It begins with https:// and has no spaces, such as https://example.org/asylum.")
	}
	p.report(l.number, d)
	return false
}

// completeLink checks that a link has one text and one button.
func (p *parse) completeLink(l *line, node *ast.Line, below *seen) {
	switch {
	case below.bad:
	case node.Text == nil && !below.asked:
		p.noText(l)
	case node.Text != nil && below.asked:
		p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(l.start, l.start+int32(p.keywordLen(l))), "this link has two texts").
			WithHelp(`Keep the one behind the colon, or the one in the "text:" line below.`))
	case below.buttons == 0:
		p.report(l.number, diag.New(diag.Error, "unfinished-line", p.at(l.start, l.end), "this link has no button").
			WithHelp("Write below it, indented, what the button says, such as:  button: Read the steps"))
	case below.buttons > 1:
		p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(l.start, l.start+int32(p.keywordLen(l))), "this link has more than one button").
			WithHelp("It opens one page. Write another link for another page."))
	}
}
