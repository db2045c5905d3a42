package page_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/console/page"
)

// The pictures of docs/operations.md are made by this test: make pictures.
func TestPicturesOfTheConsole(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t)
	r.behaviour = func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{Passed: 11, Differ: []page.Conversation{{Test: "Somebody says a word", Rows: []page.Row{
			{Planned: "person: hello", Serves: "person: hello"},
			{Planned: "bot: What is your word?", Serves: "bot: What is the word?", Differs: true}}}}}, nil
	}
	r.serves("ke", r.build("help", wording{}))
	for i := range 9 {
		r.writes(fmt.Sprintf("+2547000001%02d", i), 1, "hello")
	}
	next := r.build("help", wording{ask: "What is your word?", arabicAsk: "ما هي كلمتك؟"})
	r.joins(ctx, "ana")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1000, 1320))
	r.opens(ctx, "/console/ke/help/plan", "Plan a release")
	bundle, signature := next.file(t, "help.bundle")
	browsertest.Do(t, ctx, chromedp.SetUploadFiles(chromedp.CSS("#bundle"), []string{bundle}), chromedp.SetUploadFiles(chromedp.CSS("#signature"), []string{signature}))
	clicks(t, ctx, "Plan it")
	shows(t, ctx, "Release "+next.hash[:12])
	browsertest.Picture(t, ctx, "console-plan")
	fills(t, ctx, "percent", "40")
	fills(t, ctx, "why", "The question was misread")
	clicks(t, ctx, "Go on")
	shows(t, ctx, "Activate release")
	clicks(t, ctx, "Activate")
	shows(t, ctx, "help in ke")
	for i := range 9 {
		r.writes(fmt.Sprintf("+2547000002%02d", i), 1, "hello")
	}
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1000, 800))
	r.opens(ctx, "/console/ke/help", "help in ke")
	browsertest.Holds(t, ctx, `[...document.querySelectorAll("#live .number span")].reduce((n, e) => n + Number(e.textContent), 0) === 18`)
	browsertest.Picture(t, ctx, "console")
}
