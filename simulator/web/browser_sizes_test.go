package web_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// wide are the things that stick out of the page, each with its right and left edge.
const wide = `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && !e.closest(".unseen")).map(e => [e, e.getBoundingClientRect()]).
	filter(([, r]) => r.width > 1 && (r.right > document.documentElement.clientWidth + 1 || r.left < -1)).map(([e, r]) => e.localName + "#" + e.id + " " + Math.round(r.left) + "–" + Math.round(r.right)).join()`

// fits wants a page, and the question about a message where it is open, to be read without scrolling sideways.
func fits(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Errorf("%s: one has to scroll sideways", what)
	}
	if got := browsertest.Eval[string](t, ctx, wide); got != "" {
		t.Errorf("%s: out of the page stick %s", what, got)
	}
	if !browsertest.Eval[bool](t, ctx, `[...document.querySelectorAll("dialog[open]")].every(e => e.scrollWidth <= e.clientWidth)`) {
		t.Errorf("%s: one has to scroll the question sideways", what)
	}
}

func TestTheTestersPageFitsSmallScreensAndLargeLetters(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	for _, c := range []struct {
		what, pack, language, hello string
		width, height               int64
		scale                       float64
		letters                     string
	}{
		{"a screen of 320 pixels", "ec", "es", "Acepto", 320, 568, 1, "100%"},
		{"a screen of 320 pixels, from right to left", "jo", "ar", "مرحبا", 320, 568, 1, "100%"},
		{"a screen of 640 pixels at 200 %", "ec", "es", "Acepto", 320, 240, 2, "100%"},
		{"a screen of 1280 pixels at 200 %", "ec", "en", "Accept", 640, 400, 2, "100%"},
		{"letters of 200 % on 360 pixels", "ec", "es", "Acepto", 360, 740, 1, "200%"},
		{"letters of 200 % on 320 pixels, from right to left", "jo", "ar", "مرحبا", 320, 568, 1, "200%"},
	} {
		t.Log(c.what)
		_, token := r.invite(rounds.Round{Pack: c.pack, Persona: rounds.Persona{Language: c.language}, Tasks: []rounds.Task{
			{ID: "one", Text: map[string]string{"es": "Averigüe dónde renovar su documento.", "en": "Find where to renew your document."}}}}, "olive")
		browsertest.Do(t, ctx, chromedp.Navigate("about:blank"), chromedp.EmulateViewport(c.width, c.height, chromedp.EmulateScale(c.scale)),
			chromedp.Navigate(r.server.URL+"/try/?lang="+c.language+"#"+token))
		browsertest.Eval[bool](t, ctx, fmt.Sprintf(`document.documentElement.style.fontSize = %q, true`, c.letters))
		browsertest.Holds(t, ctx, `!document.getElementById("passphrase").hidden`)
		fits(t, ctx, c.what+", the passphrase")
		browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#pass"), "olive"), chromedp.Click(chromedp.CSS("#passphrase button")))
		browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
		fits(t, ctx, c.what+", the consent")
		browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
		browsertest.Holds(t, ctx, connected)
		browsertest.Write(t, ctx, c.hello)
		browsertest.Write(t, ctx, "https://example.org/a-very-long-address-without-any-place-to-break-it-at-all-0123456789")
		browsertest.Holds(t, ctx, answered+` > 1 && `+settled)
		browsertest.Eval[bool](t, ctx, `document.getElementById("more").click(), [...document.querySelectorAll("details")].forEach(e => { e.open = true; }), true`)
		fits(t, ctx, c.what+", the conversation")
		browsertest.Picture(t, ctx, fmt.Sprintf("tester-%d-%s-%s", c.width, c.language, c.letters[:1]))
		browsertest.Eval[bool](t, ctx, `document.querySelector(".about").click(), true`)
		browsertest.Holds(t, ctx, `document.getElementById("about").open`)
		fits(t, ctx, c.what+", the remark")
		for _, id := range []string{"about-voice", "about-send", "about-cancel"} {
			if !browsertest.Eval[bool](t, ctx, fmt.Sprintf(`(e => { e.focus(); e.scrollIntoView({block: "nearest"}); const r = e.getBoundingClientRect(); return e.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)); })(document.getElementById(%q))`, id)) {
				t.Errorf("%s: one does not get to %s", c.what, id)
			}
		}
		browsertest.Eval[bool](t, ctx, `document.getElementById("about-cancel").click(), document.getElementById("finish").click(), true`)
		browsertest.Holds(t, ctx, `!document.getElementById("over").hidden`)
		fits(t, ctx, c.what+", the end")
	}
}

func TestNothingMovesForWhomMovementIsTooMuch(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	browsertest.StillPictures(t, ctx)
	const moves = `matchMedia("(prefers-reduced-motion: reduce)").matches && document.getAnimations().length === 0 && [document.documentElement, ...document.querySelectorAll("*")].every(e =>
		["", "::before", "::after", "::backdrop"].every(part => (s => s.animationName === "none" && s.transitionDuration.split(", ").every(d => parseFloat(d) === 0) && s.scrollBehavior === "auto")(getComputedStyle(e, part || null))))`
	still := func(what string) {
		t.Helper()
		if !browsertest.Eval[bool](t, ctx, moves) {
			t.Errorf("%s moves", what)
		}
	}
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	r.try(ctx, "es", token)
	browsertest.Write(t, ctx, "Acepto")
	browsertest.Holds(t, ctx, answered+` > 0 && `+settled)
	still("the conversation")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(".about")))
	browsertest.Holds(t, ctx, `document.getElementById("about").open`)
	still("the remark")
	browsertest.Do(t, ctx, chromedp.Navigate(r.server.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#sessions button")`)
	still("the designer's page")
}
