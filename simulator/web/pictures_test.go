package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// The pictures of README.md and docs/guide are made by these tests: make pictures.

// printed is the screen of the pictures: small, and sharp enough for print.
func printed() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(360, 740, chromedp.EmulateScale(2), chromedp.EmulateMobile)
}

func TestPicturesOfAnInvitation(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	const key = "a-key-of-at-least-22-letters"
	r := newRoom(t, web.Settings{Own: here, Key: key})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(640, 570), chromedp.Navigate(r.server.URL+"/"))
	browsertest.Accessible(t, ctx, "the first page")
	browsertest.Picture(t, ctx, "guide/start")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(420, 980), chromedp.Navigate(r.server.URL+"/watch/#"+key))
	browsertest.Holds(t, ctx, `document.querySelector("#create select[name=pack] option")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#new summary")))
	browsertest.Eval[bool](t, ctx, `(f => { f.title.value = "Documents, first round"; f.language.value = "es";
		f.tasks.value = "Su carné vence el mes que viene. Averigüe qué hacer. -> documents.expiry"; return true; })(document.getElementById("create").elements)`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#create .main")))
	browsertest.Holds(t, ctx, `!document.getElementById("invitation").hidden`)
	browsertest.Eval[bool](t, ctx, `document.getElementById("qr").scrollIntoView({block: "end"}), document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "guide/invitation")
}

func TestPicturesOfATester(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}, Tasks: []rounds.Task{
		{ID: "quito", Text: map[string]string{"es": "Está en Quito. Averigüe adónde puede ir."}}}}, "")
	browsertest.Do(t, ctx, printed(), chromedp.Navigate(r.server.URL+"/try/?lang=es#"+token))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Picture(t, ctx, "guide/tester-consent")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, connected)
	for i, text := range []string{"hola", "Acepto", "oficinas", "Quito"} {
		browsertest.Write(t, ctx, text)
		browsertest.Holds(t, ctx, `document.querySelectorAll(".mine .mark .unseen").length === `+string(rune('1'+i))+` && document.querySelector("#log > :last-child:not(.mine)") && `+allSent)
	}
	browsertest.Holds(t, ctx, `document.querySelector("#log").textContent.includes("Escriba menú para otros servicios")`)
	browsertest.Eval[bool](t, ctx, `document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "guide/tester")
	browsertest.Eval[bool](t, ctx, `[...document.querySelectorAll(".about")].at(-1).click(), true`)
	browsertest.Holds(t, ctx, `document.getElementById("about").open`)
	browsertest.Eval[bool](t, ctx, `document.querySelector("input[value=better]").click(), document.getElementById("words").value = "Diga también qué bus lleva allí.", document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "guide/tester-remark")
}

func TestPicturesOfATesterFromRightToLeft(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Pack: "jo", Persona: rounds.Persona{Language: "ar"}}, "")
	browsertest.Do(t, ctx, printed())
	r.try(ctx, "ar", token)
	browsertest.Write(t, ctx, "مرحبا")
	browsertest.Holds(t, ctx, answered+` > 0 && `+settled)
	browsertest.Eval[bool](t, ctx, `document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "guide/tester-ar")
}

func TestPicturesOfADesigner(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	for _, text := range []string{"hola", "Acepto", "oficinas"} {
		p.write(text)
	}
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(r.server.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#sessions button")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#sessions button")))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .bot").length > 2 && document.querySelector("#map .here")`)
	browsertest.Eval[bool](t, ctx, `document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "guide/designer")
}
