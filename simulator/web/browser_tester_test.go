package web_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

const (
	allSent  = `JSON.parse(sessionStorage.getItem("baraza try queue")).length === 0`
	answered = `document.querySelectorAll(".message:not(.mine)").length`
)

// try opens the tester's page of an invitation and agrees to be recorded.
func (r *room) try(ctx context.Context, language, token string) {
	t := r.t.(*testing.T)
	t.Helper()
	browsertest.Do(t, ctx, chromedp.Navigate(r.server.URL+"/try/?lang="+language+"#"+token))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, connected)
}

// only is the one session of a round, whole.
func (r *room) only(round string) rounds.Session {
	r.t.Helper()
	all, err := r.rounds.Sessions(round)
	if err != nil || len(all) != 1 {
		r.t.Fatalf("%d sessions, %v", len(all), err)
	}
	one, err := r.rounds.Session(all[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return one
}

// photo is a large picture, in which the camera has written where it was.
func photo(t *testing.T) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 2000, 1000))
	for x := range 2000 {
		for y := range 1000 {
			picture.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x + y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	comment := "TAKEN-IN-QUITO" // after the mark that begins a JPEG
	whole := slices.Concat(b.Bytes()[:2], []byte{0xFF, 0xFE, 0, byte(len(comment) + 2)}, []byte(comment), b.Bytes()[2:])
	name := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// holds counts in the page, from now on, how often a finger began to hold a message, and which of them hold still. They
// would have to for hours, so that a slow machine makes no hold of a tap.
const holds = `(() => {
	const set = setTimeout, clear = clearTimeout;
	window.began = 0, window.held = new Set();
	window.setTimeout = (f, ms, ...more) => {
		if (ms !== 600) return set(f, ms, ...more);
		const id = set(f, 1e8);
		began++;
		held.add(id);
		return id;
	};
	window.clearTimeout = id => { held.delete(id); clear(id); };
	return true;
})()`

// speak records for a moment: long enough that something is in the recording.
func speak(t *testing.T, ctx context.Context, button string) {
	t.Helper()
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(button)))
	browsertest.Holds(t, ctx, `document.querySelector("`+button+`").getAttribute("aria-pressed") === "true"`)
	browsertest.Eval[bool](t, ctx, `window.spoken = performance.now(), true`)
	browsertest.Holds(t, ctx, `performance.now() - spoken > 700`)
}

func TestATesterSendsAPhotoAVoiceNoteAndAPlaceAndDeletesThem(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t, browsertest.Microphone)
	browsertest.GrantLocation(t, ctx)
	r := newRoom(t, web.Settings{})
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	r.try(ctx, "es", token)
	browsertest.Write(t, ctx, "Acepto")
	browsertest.Holds(t, ctx, answered+` > 0 && `+settled)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#more")))
	browsertest.Accessible(t, ctx, "what can be sent")

	t.Log("a photo")
	browsertest.Do(t, ctx, chromedp.SetUploadFiles(chromedp.CSS("#photo"), []string{photo(t)}))
	browsertest.Holds(t, ctx, `[...document.querySelectorAll(".mine > p:first-of-type")].some(e => e.textContent === "[Imagen]") && `+allSent)
	t.Log("a voice note")
	speak(t, ctx, "#voice")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#voice")))
	browsertest.Holds(t, ctx, `[...document.querySelectorAll(".mine > p:first-of-type")].some(e => e.textContent === "[Nota de voz]") && `+allSent)
	t.Log("a place")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#place")))
	browsertest.Holds(t, ctx, `[...document.querySelectorAll(".mine > p:first-of-type")].some(e => e.textContent === "[Mi lugar]") && `+allSent)
	browsertest.Holds(t, ctx, settled)
	browsertest.Picture(t, ctx, "tester-media")
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("alert").textContent`); got != "" {
		t.Errorf("the page complains: %s", got)
	}

	one := r.only(made.ID)
	var sent []string
	for _, turn := range one.Turns {
		if turn.Who == rounds.Person && turn.Kind != "" {
			sent = append(sent, turn.Kind)
			if turn.Place != nil && (math.Abs(turn.Place.Lat+0.18) > 0.2 || math.Abs(turn.Place.Lon+78.47) > 0.2 || turn.Place.Lat == -0.18) {
				t.Errorf("the place is kept as %v", *turn.Place)
			}
		}
	}
	if got := strings.Join(sent, " "); got != "image audio location" {
		t.Errorf("what arrived: %s", got)
	}
	if len(one.Media) != 2 {
		t.Fatalf("kept: %+v", one.Media)
	}
	for _, m := range one.Media {
		_, data, err := r.rounds.ReadMedia(one.ID, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch m.Kind {
		case "image":
			config, err := jpeg.DecodeConfig(bytes.NewReader(data))
			if err != nil || config.Width != 1280 || config.Height != 640 {
				t.Errorf("the photo has %d by %d, %v", config.Width, config.Height, err)
			}
			if bytes.Contains(data, []byte("QUITO")) {
				t.Error("the photo still has what the camera wrote into it")
			}
		case "audio":
			if !bytes.HasPrefix(data, []byte("\x1aE\xdf\xa3")) && !bytes.HasPrefix(data, []byte("OggS")) {
				t.Errorf("the voice note begins with %q", data[:min(len(data), 8)])
			}
		}
	}

	t.Log("deleted")
	browsertest.Eval[bool](t, ctx, `window.confirm = () => true, document.getElementById("delete").click(), true`)
	browsertest.Holds(t, ctx, `!document.getElementById("over").hidden`)
	if all, err := r.rounds.Sessions(made.ID); err != nil || len(all) != 0 {
		t.Errorf("sessions: %+v, %v", all, err)
	}
	if _, err := r.rounds.Session(one.ID); err == nil {
		t.Error("the session is still there")
	}
	if _, err := r.rounds.Since(one.ID, 0); err == nil {
		t.Error("its turns are still there")
	}
	for _, m := range one.Media {
		if _, _, err := r.rounds.ReadMedia(one.ID, m.ID); err == nil {
			t.Errorf("the %s is still there", m.Kind)
		}
	}
	report, err := r.rounds.Report(made.ID, nil)
	if err != nil || report.Participants != 0 || len(report.Findings) != 0 {
		t.Errorf("the report has %+v, %v", report, err)
	}
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("log").textContent + Object.keys(sessionStorage).filter(k => !k.endsWith(" token")).join()`); got != "" {
		t.Errorf("the page still has %q", got)
	}
}

func TestATesterRemarksByFingerByKeyboardAndByVoice(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t, browsertest.Microphone)
	r := newRoom(t, web.Settings{})
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	r.try(ctx, "es", token)
	browsertest.Write(t, ctx, "hola")
	browsertest.Holds(t, ctx, answered+` > 0 && `+settled)
	const opened, closed = `document.getElementById("about").open`, `!document.getElementById("about").open`
	const bot = ".message:not(.mine)"

	t.Log("by finger")
	browsertest.Hold(t, ctx, bot+" > p", opened)
	quoted := browsertest.Eval[string](t, ctx, `document.getElementById("quoted").textContent`)
	if shown := browsertest.Eval[string](t, ctx, `document.querySelector("`+bot+` > p").textContent`); quoted == "" || !strings.HasPrefix(quoted, shown) {
		t.Errorf("asked about %q, not about %q", quoted, shown)
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("input[value=harmful]")), chromedp.Click(chromedp.CSS("#about-send")))
	browsertest.Holds(t, ctx, closed+" && "+allSent)

	t.Log("a finger that moves on scrolls, and a tap is none")
	browsertest.Eval[bool](t, ctx, holds)
	browsertest.Swipe(t, ctx, bot+" > p", 60)
	browsertest.Holds(t, ctx, `began === 1 && held.size === 0`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(bot+" > p")))
	browsertest.Holds(t, ctx, `began === 2 && held.size === 0 && `+closed)

	t.Log("by keyboard")
	browsertest.Eval[bool](t, ctx, `document.getElementById("log").focus(), true`)
	browsertest.Reach(t, ctx, bot+" .about")
	browsertest.Press(t, ctx, "Enter")
	browsertest.Holds(t, ctx, opened)
	browsertest.Press(t, ctx, "Escape")
	browsertest.Holds(t, ctx, closed+` && document.activeElement.matches(".about")`)
	browsertest.Press(t, ctx, " ")
	browsertest.Holds(t, ctx, opened)
	browsertest.Reach(t, ctx, "input[name=kind]")
	browsertest.Press(t, ctx, "ArrowDown", "ArrowDown", "ArrowDown")
	browsertest.Reach(t, ctx, "#words")
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#words"), "Diga: lleve su carné, llame al 0991234567"))
	browsertest.Reach(t, ctx, "#about-send")
	browsertest.Press(t, ctx, "Enter")
	browsertest.Holds(t, ctx, closed+` && document.activeElement.matches(".about") && `+allSent)

	t.Log("by voice")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(bot+" .about")))
	browsertest.Holds(t, ctx, opened)
	speak(t, ctx, "#about-voice")
	browsertest.Accessible(t, ctx, "the remark while it is spoken")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#about-voice")))
	browsertest.Holds(t, ctx, `document.getElementById("about-status").textContent.includes("lista")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#about-send")))
	browsertest.Holds(t, ctx, closed+" && "+allSent)
	t.Log("by voice, sent without stopping first")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(bot+" .about")))
	speak(t, ctx, "#about-voice")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#about-send")))
	browsertest.Holds(t, ctx, closed+" && "+allSent)
	t.Log("spoken and given up")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(bot+" .about")))
	speak(t, ctx, "#about-voice")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#about-cancel")))
	browsertest.Holds(t, ctx, closed+` && document.getElementById("about-voice").getAttribute("aria-pressed") === "false"`)
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("status").textContent + document.getElementById("alert").textContent`); got != "" {
		t.Errorf("the page still says %q", got)
	}

	one := r.only(made.ID)
	var got []string
	for _, m := range one.Remarks {
		if m.Turn == 0 || m.String == "" || !strings.HasPrefix(quoted, m.Message[:10]) {
			t.Errorf("a remark is about nothing: %+v", m)
		}
		voice := ""
		if m.Voice != "" {
			kept, data, err := r.rounds.ReadMedia(one.ID, m.Voice)
			if err != nil || kept.Kind != "audio" || len(data) < 100 {
				t.Errorf("the voice note has %d bytes: %+v, %v", len(data), kept, err)
			}
			voice = "voice"
		}
		got = append(got, strings.TrimSpace(m.Kind+" "+m.Text+voice))
	}
	if got, want := strings.Join(got, "|"), "harmful|better Diga: lleve su carné, llame al ••••••|unclear voice|unclear voice"; got != want {
		t.Errorf("remarks: got %q, want %q", got, want)
	}
	if len(one.Media) != 2 {
		t.Errorf("what was given up is kept: %+v", one.Media)
	}
}

func TestATesterSaysHowItWentAndLeavesQuickly(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{Exit: "about:blank#weather"})
	task := func(id string) rounds.Task {
		return rounds.Task{ID: id, Text: map[string]string{"en": "Find an office, way " + id}}
	}
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "en"}, Tasks: []rounds.Task{task("a"), task("b"), task("c")}}, "")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	r.try(ctx, "en", token)
	for i, outcome := range []string{rounds.Done, rounds.GaveUp, rounds.NeededHelp} {
		if got, want := browsertest.Eval[string](t, ctx, `document.getElementById("which").textContent + document.getElementById("goal").textContent`),
			[]string{"1/3Find an office, way a", "2/3Find an office, way b", "3/3Find an office, way c"}[i]; got != want {
			t.Errorf("the card says %q, not %q", got, want)
		}
		browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(`[data-task="`+outcome+`"]`)))
	}
	browsertest.Holds(t, ctx, `document.getElementById("card").hidden && `+allSent)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#chat > details > summary")))
	for _, face := range []string{"1", "3", "2"} {
		browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(`[data-face="`+face+`"]`)))
	}
	browsertest.Holds(t, ctx, allSent)
	if got := browsertest.Eval[string](t, ctx, `[...document.querySelectorAll("[data-face][aria-pressed=true]")].map(e => e.dataset.face).join()`); got != "2" {
		t.Errorf("pressed are %s", got)
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#finish")))
	browsertest.Holds(t, ctx, `!document.getElementById("over").hidden`)
	one := r.only(made.ID)
	var outcomes []string
	for _, task := range one.Tasks {
		outcomes = append(outcomes, task.ID+" "+task.Outcome)
	}
	if got := strings.Join(outcomes, "|"); got != "a done|b gave up|c needed help" || one.Face != 2 || one.Ended.IsZero() {
		t.Errorf("kept: %s, face %d, ended %s", got, one.Face, one.Ended)
	}

	t.Log("once more, and away")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#again")))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, connected)
	browsertest.Write(t, ctx, "something nobody else should see")
	browsertest.Eval[bool](t, ctx, `(e => { e.value = "small"; e.onchange(); return true; })(document.getElementById("device"))`)
	browsertest.Holds(t, ctx, connected+` && `+answered+` > 0`)
	pages := browsertest.Eval[int](t, ctx, "history.length")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#exit")))
	browsertest.Holds(t, ctx, `location.href === "about:blank#weather"`)
	if got := browsertest.Eval[int](t, ctx, "history.length"); got != pages || got != 3 { // the empty page, the page, and once more
		t.Errorf("leaving makes %d pages to go back to of %d", got, pages)
	}
	browsertest.Eval[bool](t, ctx, `history.back(), true`)
	browsertest.Holds(t, ctx, `location.pathname === "/try/" && document.readyState === "complete" && !document.getElementById("door").hidden`)
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("log").textContent + Object.keys(sessionStorage).join()`); got != "" {
		t.Errorf("who goes back finds %q", got)
	}
}
