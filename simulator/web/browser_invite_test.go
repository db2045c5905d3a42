package web_test

import (
	"bytes"
	"context"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"rsc.io/qr"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// photographed are the rows of the code that the page shows, read from the screen as a camera sees it: four light
// modules around it, then so many in a row. A dark one is 1.
func photographed(t *testing.T, ctx context.Context, size int) []string {
	t.Helper()
	at := browsertest.Eval[[]float64](t, ctx, `(e => { e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })(document.querySelector("#qr svg"))`)
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	screen, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	const quiet = 4
	module := min(at[2], at[3]) / float64(size+2*quiet)
	if module < 3 {
		t.Errorf("a module of the code has %.1f pixels: too small for a cheap camera", module)
	}
	var rows []string
	for y := range size + 2*quiet {
		var row strings.Builder
		for x := range size + 2*quiet {
			c := screen.At(int(at[0]+(at[2]-module*float64(size+2*quiet))/2+(float64(x)+.5)*module), int(at[1]+(float64(y)+.5)*module))
			if color.GrayModel.Convert(c).(color.Gray).Y < 128 {
				row.WriteByte('1')
			} else {
				row.WriteByte('0')
			}
		}
		rows = append(rows, row.String())
	}
	for i, row := range rows {
		if edge := i < quiet || i >= size+quiet; edge && strings.Contains(row, "1") || strings.Contains(row[:quiet]+row[size+quiet:], "1") {
			t.Errorf("the edge of the code is not light: %s", row)
		}
	}
	rows = rows[quiet : size+quiet]
	for i, row := range rows {
		rows[i] = row[quiet : size+quiet]
	}
	return rows
}

func TestADesignerInvitesByLinkAndByCode(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	const key = "a-key-of-at-least-22-letters"
	r := newRoom(t, web.Settings{Own: here, Key: key})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.server.URL+"/watch/#"+key))
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === "" && document.querySelector("#create select[name=pack] option")`)
	if got := browsertest.Eval[string](t, ctx, `location.href`); strings.Contains(got, key) {
		t.Errorf("the key is still in the address: %s", got)
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#new summary")))
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("[name=title]"), "Documents, first round"),
		chromedp.SendKeys(chromedp.CSS("[name=passphrase]"), "olive tree"),
		chromedp.SendKeys(chromedp.CSS("[name=tasks]"), "Your card runs out. Find out what to do. | es: Su carné vence. -> offices.show"))
	browsertest.Eval[bool](t, ctx, `(f => { f.language.value = "en"; f.uses.value = 1; return true; })(document.getElementById("create").elements)`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#create .main")))
	browsertest.Holds(t, ctx, `!document.getElementById("invitation").hidden && document.querySelector("#qr svg")`)
	browsertest.Scheme(t, ctx, "dark") // a code that is light on dark is read by few cameras
	browsertest.Accessible(t, ctx, "the invitation in the dark")
	link := browsertest.Eval[string](t, ctx, `document.getElementById("link").value`)
	want, err := qr.Encode(link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for y := range want.Size {
		row := make([]byte, want.Size)
		for x := range want.Size {
			if row[x] = '0'; want.Black(x, y) {
				row[x] = '1'
			}
		}
		rows = append(rows, string(row))
	}
	if diff := cmp.Diff(rows, photographed(t, ctx, want.Size)); diff != "" {
		t.Errorf("the code is not that of %s (-want +got):\n%s", link, diff)
	}
	browsertest.Picture(t, ctx, "designer-code-dark")
	browsertest.Scheme(t, ctx, "light")
	browsertest.Picture(t, ctx, "designer-code")
	if title := browsertest.Eval[string](t, ctx, `document.title + location.href`); strings.Contains(title, link[strings.Index(link, "#")+1:]) {
		t.Errorf("title or address have the token: %s", title)
	}

	t.Log("the link leads to the round, for one person who knows the passphrase")
	browsertest.Do(t, ctx, chromedp.Navigate(link))
	browsertest.Holds(t, ctx, `!document.getElementById("passphrase").hidden`)
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#pass"), "Olive tree"), chromedp.Click(chromedp.CSS("#passphrase button")))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, connected)
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("goal").textContent`); got != "Your card runs out. Find out what to do." {
		t.Errorf("the task is %q", got)
	}
	all, err := r.rounds.Rounds()
	if err != nil || len(all) != 1 || all[0].Used != 1 || all[0].Tasks[0].Reach != "offices.show" || all[0].Tasks[0].Text["es"] != "Su carné vence." {
		t.Errorf("the round is %+v, %v", all, err)
	}
	if _, err := r.rounds.Enter(link[strings.Index(link, "#")+1:], "olive tree"); err != rounds.ErrUsed {
		t.Errorf("a second person is told %v", err)
	}
}
