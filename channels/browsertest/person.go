package browsertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Microphone is an option of Start: a device that has one, on which something is heard, and a person who lets pages
// listen.
func Microphone(a *chromedp.ExecAllocator) {
	for _, name := range []string{"use-fake-device-for-media-stream", "use-fake-ui-for-media-stream"} {
		chromedp.Flag(name, true)(a)
	}
}

// keys are those that a test presses, by name: the number that Windows gave them, what they write, and where they are.
var keys = map[string]struct {
	number int64
	text   string
	code   string
}{"Enter": {13, "\r", "Enter"}, "Tab": {9, "", "Tab"}, "Escape": {27, "", "Escape"}, " ": {32, " ", "Space"},
	"ArrowDown": {40, "", "ArrowDown"}, "ArrowUp": {38, "", "ArrowUp"}}

// Press is a person who presses keys of a keyboard, one after the other.
func Press(t *testing.T, ctx context.Context, names ...string) {
	t.Helper()
	for _, name := range names {
		key, ok := keys[name]
		if !ok {
			t.Fatalf("nobody has written down the key %q", name)
		}
		down := input.DispatchKeyEventTypeRawKeyDown
		if key.text != "" {
			down = input.DispatchKeyEventTypeKeyDown // only this one writes, and only what writes taps a button
		}
		for _, kind := range []input.DispatchKeyEventType{down, input.DispatchKeyEventTypeKeyUp} {
			p := input.DispatchKeyEventParams{Type: kind, Key: name, Code: key.code, WindowsVirtualKeyCode: key.number}
			if kind == input.DispatchKeyEventTypeKeyDown {
				p.Text = key.text
			}
			if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Reach presses Tab until an element has the focus, as who uses a keyboard does.
func Reach(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	for range 100 {
		Press(t, ctx, "Tab")
		if Eval[bool](t, ctx, fmt.Sprintf("!!document.activeElement && document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	t.Fatalf("the keyboard does not reach %s", selector)
}

// Hold is a finger that stays on an element, trembling as fingers do, until an expression is true in the page.
func Hold(t *testing.T, ctx context.Context, selector, until string) {
	t.Helper()
	at := Eval[[]float64](t, ctx, fmt.Sprintf(`(e => { e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })(document.querySelector(%q))`, selector))
	touch(t, ctx, input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]})
	touch(t, ctx, input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: at[0] + 2, Y: at[1] - 1})
	Holds(t, ctx, until)
	touch(t, ctx, input.DispatchTouchEventTypeTouchEnd)
}

// Swipe is a finger that moves up by so many pixels from the middle of an element, as who scrolls does.
func Swipe(t *testing.T, ctx context.Context, selector string, up float64) {
	t.Helper()
	at := Eval[[]float64](t, ctx, fmt.Sprintf(`(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector))
	touch(t, ctx, input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]})
	for part := range 4 {
		touch(t, ctx, input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: at[0], Y: at[1] - up*float64(part+1)/4})
	}
	touch(t, ctx, input.DispatchTouchEventTypeTouchEnd)
}

func touch(t *testing.T, ctx context.Context, kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
	t.Helper()
	if points == nil {
		points = []*input.TouchPoint{}
	}
	if _, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
		t.Fatal(err)
	}
}

// StillPictures is a person whose device asks pages not to move.
func StillPictures(t *testing.T, ctx context.Context) {
	t.Helper()
	prefers(t, ctx, "prefers-reduced-motion", "reduce")
}

func prefers(t *testing.T, ctx context.Context, name, value string) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: name, Value: value}}}); err != nil {
		t.Fatal(err)
	}
}
