package web_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/web"
)

const (
	control   = 2
	codeText  = `[...document.querySelectorAll(".cm-line")].map(e => e.textContent).join("\n")`
	codeFocus = `document.activeElement.classList.contains("cm-content")`
)

// press is one key, with what is held down beside it.
func press(t *testing.T, ctx context.Context, key string, held int64) {
	t.Helper()
	codes := map[string]int64{"Enter": 13, "Tab": 9, "Escape": 27, "Home": 36, "End": 35, "ArrowDown": 40, "s": 83, "z": 90, "F12": 123, "F1": 112}
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		p := input.DispatchKeyEventParams{Type: kind, Key: key, Code: key, WindowsVirtualKeyCode: codes[key], Modifiers: held}
		if len(key) == 1 {
			p.Code = "Key" + strings.ToUpper(key)
		}
		if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
			t.Fatal(err)
		}
	}
}

// keyed is written where the cursor is, letter by letter.
func keyed(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	for _, letter := range text {
		if _, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: string(letter)}); err != nil {
			t.Fatal(err)
		}
	}
}

// cursor puts the cursor at the end of a line, counted from 1.
func cursor(t *testing.T, ctx context.Context, line int) {
	t.Helper()
	browsertest.Eval[bool](t, ctx, `document.querySelector(".cm-content").focus(), true`)
	press(t, ctx, "Home", control)
	for range line - 1 {
		press(t, ctx, "ArrowDown", 0)
	}
	press(t, ctx, "End", 0)
}

// sent is written on the phone.
func sent(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#text"), text), chromedp.Click(chromedp.CSS("#composer button")))
}

func TestADesignerEditsAPackAndPlaysIt(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	one, folder := onDisk(t)
	file := filepath.Join(folder, "talk.flow")
	disk := func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	r := newRoom(t, web.Settings{Packs: []web.Pack{one}, Edit: true})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.server.URL+"/edit/?pack=desk&file=talk.flow"))
	browsertest.Eval[bool](t, ctx, `window.refused = [], document.addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + " " + e.blockedURI)), true`)
	browsertest.Holds(t, ctx, codeText+`.includes("Which number?") && document.querySelector(".tok-keyword") && document.getElementById("status").textContent === ""`)
	browsertest.Holds(t, ctx, `document.getElementById("phone-state").textContent.startsWith("Write something")`)
	sent(t, ctx, "hello")
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .message").length === 1`)
	sent(t, ctx, "17")
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .person").length === 2`)
	browsertest.Accessible(t, ctx, "the editor")

	t.Log("a mistake")
	cursor(t, ctx, 1)
	press(t, ctx, "End", control)
	keyed(t, ctx, "\nflwo x: X")
	browsertest.Holds(t, ctx, `document.getElementById("problems").textContent.includes("flwo") && document.querySelector(".cm-lintRange-error")`)
	browsertest.Holds(t, ctx, `document.getElementById("phone-state").textContent.includes("errors now") && document.querySelectorAll("#log .person").length === 2`)
	if got := browsertest.Eval[string](t, ctx, `(s => s.textDecorationStyle + s.backgroundImage)(getComputedStyle(document.querySelector(".cm-lintRange-error")))`); got != "wavynone" {
		t.Errorf("a mistake is underlined %s", got)
	}
	browsertest.Accessible(t, ctx, "the editor with a problem")
	browsertest.Eval[bool](t, ctx, `document.getElementById("leave").tabIndex = -1, document.getElementById("leave").focus(), document.querySelector("#problems button").click(), true`)
	browsertest.Holds(t, ctx, codeFocus)
	press(t, ctx, "F1", 0)
	browsertest.Holds(t, ctx, `document.querySelector("#about-text button")?.textContent.includes("flow")`)
	browsertest.Accessible(t, ctx, "a repair")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#about-text button")))
	browsertest.Holds(t, ctx, codeText+`.includes("\nflow x: X") && `+codeFocus)
	press(t, ctx, "z", control)
	press(t, ctx, "z", control)
	browsertest.Holds(t, ctx, `document.getElementById("dirty").textContent === "saved" && !document.getElementById("problems").textContent.includes("flwo")`)

	t.Log("a completion, which the phone plays at once")
	cursor(t, ctx, 4)
	press(t, ctx, "Enter", 0)
	keyed(t, ctx, "sa")
	// For a moment after offers come they take no key, so that nobody takes one by accident.
	browsertest.Holds(t, ctx, `(all => all.length > 0 && all.every(e => e.textContent.startsWith("sa")))([...document.querySelectorAll(".cm-tooltip-autocomplete li")]) &&
		performance.now() - (window.offered ??= performance.now()) > 300`)
	browsertest.Picture(t, ctx, "editor-completion")
	press(t, ctx, "Enter", 0)
	browsertest.Holds(t, ctx, codeText+`.includes("say: text")`)
	keyed(t, ctx, "Welcome to the desk.")
	browsertest.Holds(t, ctx, codeText+`.includes("  public\n  say: Welcome to the desk.\n")`)
	browsertest.Holds(t, ctx, `document.querySelector("#log .differs")?.textContent.includes("Welcome to the desk.")`)
	if strings.Contains(disk(), "Welcome") {
		t.Error("it was saved without being asked")
	}
	browsertest.Accessible(t, ctx, "the editor with a change")

	t.Log("what a word is, and where it is declared")
	press(t, ctx, "F1", 0)
	browsertest.Holds(t, ctx, `!document.getElementById("about").hidden && document.activeElement.id === "about-name"`)
	press(t, ctx, "Escape", 0)
	browsertest.Holds(t, ctx, codeFocus)
	cursor(t, ctx, 7)
	browsertest.Eval[bool](t, ctx, `[...document.querySelectorAll("#code .cm-line span")].find(e => e.textContent === "cases").dispatchEvent(new MouseEvent("mousedown",
		(r => ({ bubbles: true, cancelable: true, ctrlKey: true, button: 0, clientX: r.x + r.width / 2, clientY: r.y + r.height / 2 }))([...document.querySelectorAll("#code .cm-line span")].find(e => e.textContent === "cases").getBoundingClientRect()))), true`)
	browsertest.Holds(t, ctx, `document.getElementById("name").textContent === "pack.flow"`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#back")))
	browsertest.Holds(t, ctx, `document.getElementById("name").textContent === "talk.flow" && document.getElementById("dirty").textContent === "not saved"`)

	t.Log("a save")
	cursor(t, ctx, 5)
	press(t, ctx, "s", control)
	browsertest.Until(t, "saved", func() bool { return strings.Contains(disk(), "Welcome to the desk.") })
	browsertest.Holds(t, ctx, `document.getElementById("dirty").textContent === "saved"`)

	// conflict has somebody else write the file while the designer writes too, who then saves.
	conflict := func(theirs, mine string) {
		t.Helper()
		cursor(t, ctx, 5)
		keyed(t, ctx, mine)
		browsertest.Holds(t, ctx, `document.getElementById("dirty").textContent === "not saved"`)
		if err := os.WriteFile(file, []byte(strings.Replace(flowText, "That did not work.", theirs, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		press(t, ctx, "s", control)
		browsertest.Holds(t, ctx, `document.getElementById("conflict").open`)
		if got := browsertest.Eval[string](t, ctx, `document.getElementById("theirs").textContent + document.getElementById("mine").textContent`); !strings.Contains(got, theirs) || !strings.Contains(got, mine) {
			t.Errorf("side by side stand %q", got)
		}
	}
	t.Log("a conflict: go on, then mine")
	conflict("Please try later.", " How are you?")
	browsertest.Accessible(t, ctx, "the conflict")
	browsertest.Picture(t, ctx, "editor-conflict")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#go-on")))
	browsertest.Holds(t, ctx, codeFocus+` && document.getElementById("dirty").textContent === "not saved"`)
	if !strings.Contains(disk(), "Please try later.") {
		t.Error("what somebody else wrote is gone")
	}
	press(t, ctx, "s", control)
	browsertest.Holds(t, ctx, `document.getElementById("conflict").open`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#keep-mine")))
	browsertest.Until(t, "mine is saved", func() bool { return strings.Contains(disk(), "How are you?") && !strings.Contains(disk(), "try later") })
	browsertest.Holds(t, ctx, `document.getElementById("dirty").textContent === "saved"`)
	t.Log("a conflict: theirs")
	conflict("Nobody answers.", " Fine?")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#keep-theirs")))
	browsertest.Holds(t, ctx, codeText+`.includes("Nobody answers.") && document.getElementById("dirty").textContent === "saved"`)

	t.Log("a cut line")
	r.line.Cut(true)
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent.includes("no connection")`)
	cursor(t, ctx, 1)
	press(t, ctx, "End", control)
	keyed(t, ctx, "\nflwo y: Y")
	press(t, ctx, "s", control)
	browsertest.Holds(t, ctx, `document.getElementById("alert").textContent.includes("not saved")`)
	if !browsertest.Eval[bool](t, ctx, `!dispatchEvent(new Event("beforeunload", { cancelable: true }))`) {
		t.Error("the page lets itself be left with text that is not saved")
	}
	r.line.Cut(false)
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === "" && document.getElementById("problems").textContent.includes("flwo")`)
	if got := browsertest.Eval[string](t, ctx, codeText); !strings.Contains(got, "flwo y: Y") {
		t.Errorf("what was typed meanwhile is gone: %q", got)
	}
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .person").length === 2`)

	t.Log("out of the text by keyboard")
	press(t, ctx, "Tab", 0)
	if !browsertest.Eval[bool](t, ctx, codeFocus) {
		t.Error("Tab leaves the text without Esc")
	}
	press(t, ctx, "Escape", 0)
	press(t, ctx, "Tab", 0)
	browsertest.Holds(t, ctx, `!document.getElementById("code").contains(document.activeElement)`)

	browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile))
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 320 pixels")
	}
	if got := browsertest.Eval[string](t, ctx, targets); got != "" {
		t.Errorf("too small to tap: %s", got)
	}
	browsertest.Accessible(t, ctx, "the editor on a small screen")
	browsertest.Picture(t, ctx, "editor-small")
	if got := browsertest.Eval[[]string](t, ctx, `refused`); len(got) > 0 {
		t.Errorf("the policy refused %q", got)
	}
	for _, address := range browsertest.Eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if !strings.HasPrefix(address, r.server.URL) {
			t.Errorf("the page asks for %s", address)
		}
	}
}

func TestThePhonePlaysASamplePackToTheSamePlace(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{sample(t, "ec")}, Edit: true})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.server.URL+"/edit/?pack=ec&file=menu.flow"))
	browsertest.Holds(t, ctx, `document.querySelector(".tok-keyword") && document.getElementById("phone-state").textContent.startsWith("Write something")`)
	sent(t, ctx, "hola")
	for _, label := range []string{"Español", "Acepto"} {
		tap := `[...document.querySelectorAll("#log button")].find(e => e.textContent === "` + label + `")`
		browsertest.Holds(t, ctx, tap)
		browsertest.Eval[bool](t, ctx, tap+`.click(), true`)
	}
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .person").length === 3 && document.querySelectorAll("#log .message").length >= 3`)
	cursor(t, ctx, 8)
	keyed(t, ctx, " Escriba o toque.")
	browsertest.Holds(t, ctx, `document.querySelector("#log .differs")?.textContent.includes("Escriba o toque.") && document.querySelectorAll("#log .person").length === 3`)
	browsertest.Picture(t, ctx, "editor")

	t.Log("in another language, on another channel, and from the beginning")
	browsertest.Eval[bool](t, ctx, `(e => { e.value = "en"; e.onchange(); return true; })(document.getElementById("language"))`)
	browsertest.Holds(t, ctx, `!document.querySelector("#log .differs")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#again")))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log > *").length === 0`)
}

// sample is one of the sample packs, where it lies.
func sample(t *testing.T, name string) web.Pack {
	above := os.DirFS("../../flows")
	one := packIn(t, name, above, name)
	one.Folder = web.Folder{Path: "../../flows/" + name, Above: above, Name: name}
	return one
}

func TestTextFromRightToLeftRunsThatWayInTheEditor(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{Packs: []web.Pack{sample(t, "jo")}})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.server.URL+"/edit/?pack=jo&file=menu.flow"))
	browsertest.Holds(t, ctx, `document.querySelector(".tok-keyword") && !document.getElementById("reading").hidden && document.getElementById("save").disabled`)
	// A line begins at the left with its word of the language; the text in it runs the other way.
	got := browsertest.Eval[string](t, ctx, `(e => getComputedStyle(e.closest(".cm-line")).direction + getComputedStyle(e).direction)([...document.querySelectorAll('.cm-line [dir=auto]')].find(e => /[\u0600-\u06ff]/.test(e.textContent)))`)
	if got != "ltrrtl" {
		t.Errorf("line and text run %s", got)
	}
	browsertest.Holds(t, ctx, `document.getElementById("phone-state").textContent.startsWith("Write something")`)
	sent(t, ctx, "مرحبا")
	browsertest.Holds(t, ctx, `document.querySelector("#log .message")`)
	browsertest.Picture(t, ctx, "editor-ar")
	browsertest.Scheme(t, ctx, "dark")
	browsertest.Accessible(t, ctx, "the editor in the dark")
	browsertest.Picture(t, ctx, "editor-ar-dark")

	t.Log("a change can be tried, and not saved")
	cursor(t, ctx, 1)
	keyed(t, ctx, "!")
	press(t, ctx, "s", control)
	browsertest.Holds(t, ctx, `document.getElementById("notice").textContent.includes("baraza demo --edit") && document.getElementById("dirty").textContent === "not saved"`)
}
