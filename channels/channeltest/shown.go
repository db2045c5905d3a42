package channeltest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/channels/markup"
	"baraza/engine"
)

// words are what is read of a text: no blanks, and nothing that is not seen.
func words(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

func read(all []Shown) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.Text)
	}
	return words(b.String())
}

func whole(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	for _, text := range []string{
		"short", strings.Repeat("المكتب *مفتوح* اليوم.\n\n", 300), strings.Repeat("ቢሮው", 2000), strings.Repeat("👩‍👩‍👧", 1200),
		"*" + strings.Repeat("word ", 1500) + "end*",
	} {
		before := len(w.Shown())
		send(t, w, engine.Outgoing{Text: text, Language: "ar"})
		if got, want := read(w.Shown()[before:]), words(markup.Plain(text)); got != want {
			t.Errorf("%.30q…: %d characters became %d", text, len(want), len(got))
		}
	}
}

func literal(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	for _, text := range []string{
		`Your name: \*Ana\* \_Maria\_ \~x\~`, `<b>bold</b> & <script>alert(1)</script> &amp;`, "`code` [link](https://example.org)", `a\\b`,
		`*bold \*star\** and _under_`, `dial \*131# or \*100#`,
	} {
		before := len(w.Shown())
		send(t, w, engine.Outgoing{Text: text, Language: "en"})
		if got, want := read(w.Shown()[before:]), words(markup.Plain(text)); got != want {
			t.Errorf("%q is read as %q", want, got)
		}
	}
}

func numbered(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	o := question("Quito", "Cuenca \\*norte\\*")
	o.Style = engine.Numbers
	before := len(w.Shown())
	send(t, w, o)
	if got, want := read(w.Shown()[before:]), "Which?1.Quito2.Cuenca*norte*"; got != want {
		t.Errorf("read as %q, not %q", got, want)
	}
}

func linked(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	const address = "https://example.org/a_b/*c*?d=~e~&f=%D9%85#g"
	for _, label := range []string{"Read the steps", "اقرأ الخطوات", "\\*Read\\*"} {
		for _, text := range []string{"The steps are on this page.", strings.Repeat("الخطوات في هذه الصفحة. ", 300)} {
			before := len(w.Shown())
			send(t, w, engine.Outgoing{Text: text, Language: "en", Link: address, LinkLabel: label})
			shown := w.Shown()[before:]
			got, want := read(shown), words(markup.Plain(text))
			tapped := shown[len(shown)-1].Link == markup.Plain(label)+": "+address
			written := strings.HasSuffix(got, words(markup.Plain(label)+": "+address))
			if tapped == written || !strings.HasPrefix(got, want) {
				t.Errorf("%q: %d characters became %d, and the link %q", label, len(want), len(got), shown[len(shown)-1].Link)
			}
		}
	}
}

func picture(t *testing.T, w *World, _ *Inbox) {
	if w.Image == "" {
		t.Skip("the channel has no pictures")
	}
	begin(t, w)
	o := engine.Outgoing{Text: "The office", Language: "en", Media: engine.Media{Kind: "image", ID: w.Image}}
	before := len(w.Shown())
	send(t, w, o)
	send(t, w, o)
	shown := w.Shown()[before:]
	if len(shown) != 2 || shown[0].Media != "image" || words(shown[0].Text) != "Theoffice" {
		t.Errorf("shown: %+v", shown)
	}
	if w.Uploads != nil && w.Uploads() != 1 {
		t.Errorf("the same picture went up %d times", w.Uploads())
	}
	o.Media.ID = "media/not-there.jpg"
	all, err := w.Channel.Parts(o)
	if err != nil {
		return
	}
	if r := w.Channel.Send(t.Context(), delivery(w, "ours", all[0])); r.Class != channels.RequestBug || r.Code == "" {
		t.Errorf("a picture that is not there ends as %+v", r)
	}
}

// neverCut asks with labels of every length, in letters of one and of several bytes.
func neverCut(t *testing.T, w *World, _ *Inbox) {
	if w.Channel.Capability().Buttons == 0 {
		t.Skip("nothing can be tapped on this channel")
	}
	begin(t, w)
	for _, letter := range []string{"x", "ي", "👩‍👩‍👧"} {
		for _, n := range []int{1, 6, 20, 21, 64, 65, 400} {
			label := strings.Repeat(letter, n)
			o := question(label, "No")
			if _, err := w.Channel.Parts(o); err != nil {
				if refusal, ok := errors.AsType[*channels.Refusal](err); !ok || refusal.Code == "" {
					t.Errorf("%d of %q: the error is %v", n, letter, err)
				}
				continue
			}
			send(t, w, o)
			shown := w.Shown()
			if diff := cmp.Diff([]string{label, "No"}, shown[len(shown)-1].Options); diff != "" {
				t.Errorf("%d of %q (-want +got):\n%s", n, letter, diff)
			}
		}
	}
}

func ordered(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	before := len(w.Shown())
	want := ""
	for i := range 5 {
		long := strings.Repeat(fmt.Sprintf("%d. ", i), 2500)
		send(t, w, engine.Outgoing{Text: long, Language: "en"})
		want += words(long)
	}
	if got := read(w.Shown()[before:]); got != want {
		t.Errorf("%d characters are shown in another order than %d were sent", len(got), len(want))
	}
}
