package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
)

// runs starts a command that runs until it is interrupted, and gives what it has printed once the pattern stands there.
func runs(t *testing.T, pattern string, command func(context.Context, streams) error) (printed []string, out *announced) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out = &announced{news: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- command(ctx, streams{strings.NewReader(""), out, out}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with: %v", err)
		}
	})
	late := time.After(2 * time.Minute)
	for {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(out.String()); m != nil {
			return m, out
		}
		select {
		case <-out.news:
		case err := <-ended:
			ended <- nil
			t.Fatalf("it ended with: %v", err)
		case <-late:
			t.Fatalf("it prints:\n%s", out)
		}
	}
}

const (
	inside = `document.documentElement.scrollWidth <= innerWidth && document.querySelector("main").scrollWidth <= document.querySelector("main").clientWidth`
	last   = `document.querySelector("#messages li:last-child")`
)

// bottom is the newest message, once it is the business's.
func bottom(t *testing.T, ctx context.Context, has string) {
	t.Helper()
	browsertest.Holds(t, ctx, last+`?.matches(".in") && `+last+`.textContent.includes("`+has+`")`)
}

func TestOneWritesAndTapsOnTheFakePhoneFromRightToLeft(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	phone, _ := runs(t, `(?m)^  jo +(http://\S+)$`, (&serve{Dev: true, Packs: "../../flows", Addr: "127.0.0.1:0"}).develop)
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(phone[1]))
	browsertest.Holds(t, ctx, `document.querySelector(".empty")`)
	browsertest.Accessible(t, ctx, "an empty phone")
	browsertest.Write(t, ctx, "مرحبا")
	bottom(t, ctx, "اختر لغتك")
	browsertest.Write(t, ctx, "العربية")
	bottom(t, ctx, "أوافق")
	if got := browsertest.Eval[string](t, ctx, `[...`+last+`.querySelectorAll(".text, .options button")].map(e => getComputedStyle(e).direction).join()`); !regexp.MustCompile(`^rtl(,rtl)+$`).MatchString(got) {
		t.Errorf("text and buttons run %s", got)
	}
	browsertest.Accessible(t, ctx, "buttons on the phone")
	browsertest.Picture(t, ctx, "phone-ar-buttons")

	t.Log("a button")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#messages li:last-child .options button")))
	browsertest.Holds(t, ctx, last+`?.querySelector("details")`)
	if got := browsertest.Eval[string](t, ctx, `[...document.querySelectorAll("#messages li.out .text")].map(e => e.textContent).join("|")`); got != "مرحبا|العربية|أوافق" {
		t.Errorf("one has said %q", got)
	}
	t.Log("a row of a list")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#messages li:last-child summary")))
	browsertest.Holds(t, ctx, last+`.querySelector("details").open`)
	if !browsertest.Eval[bool](t, ctx, inside) {
		t.Error("one has to scroll sideways")
	}
	if got := browsertest.Eval[string](t, ctx, `[...document.querySelectorAll("button, summary, textarea, nav a")].filter(e => e.checkVisibility()).map(e => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([, r]) => r.width < 44 || r.height < 44).map(([name, r]) => name + " " + r.width + "×" + r.height).join()`); got != "" {
		t.Errorf("too small to tap: %s", got)
	}
	browsertest.Accessible(t, ctx, "a list on the phone")
	browsertest.Picture(t, ctx, "phone-ar-list")
	row := browsertest.Eval[string](t, ctx, `(b => { b.scrollIntoView({block: "center"}); return b.firstChild.textContent; })(`+last+`.querySelectorAll(".options button")[2])`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#messages li:last-child .options form:nth-of-type(3) button")))
	browsertest.Holds(t, ctx, `[...document.querySelectorAll("#messages li.out .text")].at(-1).textContent === "`+row+`" && `+last+`.matches(".in")`)
	browsertest.Scheme(t, ctx, "dark")
	browsertest.Accessible(t, ctx, "the phone in the dark")
	for _, address := range browsertest.Eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if !strings.HasPrefix(address, phone[1][:strings.Index(phone[1], "/fake/")]) {
			t.Errorf("the page asks for %s", address)
		}
	}
	if got := browsertest.Eval[string](t, ctx, `document.title + decodeURIComponent(location.href)`); strings.Contains(got, "مرحبا") || strings.Contains(got, row) {
		t.Errorf("title or address have what was written: %s", got)
	}
}

// The picture of docs/operations.md: make pictures.
func TestPicturesOfTheFakePhone(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	phone, _ := runs(t, `(?m)^  ec +(http://\S+)$`, (&serve{Dev: true, Packs: "../../flows", Addr: "127.0.0.1:0"}).develop)
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 820, chromedp.EmulateScale(2), chromedp.EmulateMobile), chromedp.Navigate(phone[1]))
	browsertest.Holds(t, ctx, `document.querySelector(".empty")`)
	for _, step := range [][2]string{{"hola", "Español"}, {"Español", "Acepto"}, {"Acepto", "Ver servicios"}, {"oficinas", "Ver ciudades"}, {"Quito", "Ventanilla Quito"}} {
		browsertest.Write(t, ctx, step[0])
		bottom(t, ctx, step[1])
	}
	browsertest.Eval[bool](t, ctx, `document.activeElement.blur(), true`)
	browsertest.Picture(t, ctx, "phone")
}
