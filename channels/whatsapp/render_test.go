package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/channels/whatsapp/contract"
	"baraza/engine"
)

// files are the media of a pack.
var files = fstest.MapFS{
	"media/map.jpg":    {Data: []byte("\xff\xd8\xff\xe0 a picture")},
	"media/hello.ogg":  {Data: []byte("OggS a voice")},
	"media/law.pdf":    {Data: []byte("%PDF-1.4 a law")},
	"media/video.mp4":  {Data: []byte("\x00\x00\x00\x18ftypmp42")},
	"media/wave.webp":  {Data: []byte("RIFF....WEBP")},
	"media/letter.exe": {Data: []byte("MZ")},
}

func choices(labels ...string) []engine.Choice {
	all := make([]engine.Choice, len(labels))
	for i, l := range labels {
		all[i] = engine.Choice{Token: fmt.Sprintf("b1.2n9c0q3.o_%c", 'a'+i), Label: l, Number: i + 1}
	}
	return all
}

// outgoing are messages of every kind, in several scripts. Each is a golden file, and the fake API takes each.
var outgoing = map[string]engine.Outgoing{
	"text":          {Language: "en", Text: "Hello *Ana*, dial \\*131# or see https://example.org/a_b"},
	"text-arabic":   {Language: "ar", Text: "مرحبًا، المكتب *مفتوح* اليوم. اتصل على \u2066+593 99 000 0001\u2069"},
	"text-farsi":    {Language: "fa", Text: "دفتر _امروز_ باز است؛ کد شما \u2066A\\_12\u2069 است"},
	"text-amharic":  {Language: "am", Text: "ቢሮው *ዛሬ* ክፍት ነው።"},
	"text-emoji":    {Language: "es", Text: "Su familia 👩‍👩‍👧 puede venir 🇪🇨"},
	"text-framed":   {Language: "en", Header: "Office", Text: "Open today", Footer: "Free of charge"},
	"buttons":       {Language: "fa", Header: "دفتر", Text: "آیا می\u200cآیید؟", Footer: "برای توقف STOP", Style: engine.Buttons, Options: choices("بله", "نه")},
	"buttons-image": {Language: "am", Text: "ቢሮው ይህ ነው?", Media: engine.Media{Kind: "image", ID: "media/map.jpg"}, Style: engine.Buttons, Options: choices("አዎ", "አይ", "ሌላ 👩‍👩‍👧")},
	"buttons-image-and-header": {Language: "es", Header: "Oficina", Text: "¿Es aquí?", Media: engine.Media{Kind: "image", ID: "media/map.jpg"},
		Style: engine.Buttons, Options: choices("Sí", "No")},
	"list": {Language: "ar", Text: "أي *مكتب* تريد؟", ListButton: "عرض المكاتب", Footer: "٣ مكاتب", Style: engine.List, Options: []engine.Choice{
		{Token: "b2.2n9c0q3.quito", Label: "كيتو", About: "مفتوح من الإثنين إلى الجمعة", Number: 1},
		{Token: "b2.2n9c0q3.cuenca", Label: "كوينكا", Number: 2},
		{Token: "b2.2n9c0q3.-more-1", Label: "المزيد…"}}},
	"list-with-image":  {Language: "fa", Text: "کدام؟", Media: engine.Media{Kind: "image", ID: "media/map.jpg"}, Style: engine.List, Options: choices("یک", "دو", "سه", "چهار")},
	"numbers":          {Language: "ar", Text: "اختر:", Style: engine.Numbers, Options: choices("كيتو", "كوينكا", "غيرها")},
	"location":         {Language: "es", Text: "Oficina *de* Quito", Place: &engine.LatLon{Lat: -0.1807, Lon: -78.4678}},
	"location-request": {Language: "es", Text: "¿Dónde está?", Asks: "location"},
	"link":             {Language: "ar", Text: "الخطوات في هذه *الصفحة*.", Link: "https://example.org/asylum?a=b&c=d", LinkLabel: "اقرأ الخطوات"},
	"link-long":        {Language: "am", Text: strings.Repeat("ቢሮው ዛሬ ክፍት ነው። ", 90), Link: "https://example.org/asylum", LinkLabel: "እርምጃዎች"},
	"contact":          {Language: "es", Text: "Línea de ayuda", Contact: "+593 2 000 0000"},
	"image":            {Language: "ar", Text: "هذه *خريطة*", Media: engine.Media{Kind: "image", ID: "media/map.jpg"}},
	"image-long":       {Language: "ar", Text: strings.Repeat("خريطة المكتب. ", 100), Media: engine.Media{Kind: "image", ID: "media/map.jpg"}},
	"audio":            {Language: "am", Text: "ሰላም", Media: engine.Media{Kind: "audio", ID: "media/hello.ogg"}},
	"video":            {Language: "en", Media: engine.Media{Kind: "video", ID: "media/video.mp4"}},
	"document":         {Language: "en", Text: "The law", Media: engine.Media{Kind: "document", ID: "media/law.pdf"}},
	"sticker":          {Language: "en", Media: engine.Media{Kind: "sticker", ID: "media/wave.webp"}},
	"template": {Language: "pt-BR", Template: "call_reminder", Params: []string{"Ana \\*Maria\\*", "segunda,\n 5  de outubro"}, Text: "…",
		Style: engine.Buttons, Options: []engine.Choice{{Label: "Sim", Number: 1}, {Label: "Não", Number: 2}}},
	"template-plain":     {Language: "es", Template: "still_there", Text: "¿Sigue ahí?"},
	"template-arguments": {Language: "es", Template: "call_reminder", Args: []engine.Value{{Name: "name", Value: "Ana"}, {Name: "n", Value: 3.0}}, Text: "…"},
	"staff":              {Language: "es", Text: "Hola, soy Eva\\_M", Staff: true},
	"long-question":      {Language: "am", Text: strings.Repeat("ቢሮው ዛሬ ክፍት ነው። ", 90), Style: engine.Buttons, Options: choices("አዎ", "አይ")},
}

func channel(settings whatsapp.Settings) *whatsapp.Channel { return whatsapp.New(settings) }

func parts(t testing.TB, c *whatsapp.Channel, o engine.Outgoing) []channels.Part {
	t.Helper()
	all, err := c.Parts(o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryKindOfMessageHasItsBody(t *testing.T) {
	t.Parallel()
	c := channel(whatsapp.Settings{})
	for name, o := range outgoing {
		var b bytes.Buffer
		for i, p := range parts(t, c, o) {
			body, err := whatsapp.Request(channels.Delivery{ID: fmt.Sprintf("d-1-%d", i), Part: p,
				To: []channels.Identity{{Channel: "whatsapp", Kind: channels.Phone, Value: "593990000001"}}}, "MEDIA")
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Indent(&b, body, "", " "); err != nil {
				t.Fatal(err)
			}
			b.WriteByte('\n')
		}
		golden(t, filepath.Join("testdata/bodies", name+".json"), b.Bytes())
	}
}

func TestWhatDoesNotFitIsRefusedAndNeverCut(t *testing.T) {
	t.Parallel()
	c := channel(whatsapp.Settings{})
	question := func(change func(*engine.Outgoing)) engine.Outgoing {
		o := engine.Outgoing{Language: "en", Text: "?", Style: engine.Buttons, Options: choices("Yes", "No")}
		change(&o)
		return o
	}
	refused := func(want string, o engine.Outgoing) {
		t.Helper()
		all, err := c.Parts(o)
		refusal, ok := errors.AsType[*channels.Refusal](err)
		if !ok || refusal.Code != want || all != nil {
			t.Errorf("%s: got %v and %d parts", want, err, len(all))
		}
	}
	refused("label-too-long", engine.Outgoing{Text: "The steps", Link: "https://example.org", LinkLabel: strings.Repeat("ي", 21)})
	refused("empty-label", engine.Outgoing{Text: "The steps", Link: "https://example.org", LinkLabel: " "})
	refused("empty-text", engine.Outgoing{Link: "https://example.org", LinkLabel: "Read"})
	for want, o := range map[string]engine.Outgoing{
		"label-too-long":   question(func(o *engine.Outgoing) { o.Options[1].Label = strings.Repeat("ي", 21) }),
		"header-too-long":  question(func(o *engine.Outgoing) { o.Header = strings.Repeat("ه", 61) }),
		"footer-too-long":  question(func(o *engine.Outgoing) { o.Footer = strings.Repeat("ሰ", 61) }),
		"same-label":       question(func(o *engine.Outgoing) { o.Options[1].Label = "Yes" }),
		"empty-label":      question(func(o *engine.Outgoing) { o.Options[1].Label = "  " }),
		"no-token":         question(func(o *engine.Outgoing) { o.Options[1].Token = "" }),
		"token-too-long":   question(func(o *engine.Outgoing) { o.Options[1].Token = strings.Repeat("x", 201) }),
		"empty-text":       question(func(o *engine.Outgoing) { o.Text = "\u200b" }),
		"too-many-options": question(func(o *engine.Outgoing) { o.Options = choices("1", "2", "3", "4") }),
		"empty-message":    {Text: " \n"},
		"media-kind":       {Media: engine.Media{Kind: "hologram", ID: "media/map.jpg"}},
		"empty-parameter":  {Template: "call_reminder", Params: []string{" "}},
	} {
		refused(want, o)
	}
}

func TestAPersonWithoutANumberIsReachedByTheirID(t *testing.T) {
	t.Parallel()
	p := parts(t, channel(whatsapp.Settings{}), outgoing["text-emoji"])[0]
	id := func(kind, value string) channels.Identity {
		return channels.Identity{Channel: "whatsapp", Kind: kind, Value: value}
	}
	for name, c := range map[string]struct {
		to   []channels.Identity
		want [2]string
	}{
		"number and id": {[]channels.Identity{id(channels.ScopedID, "EC.44"), id(channels.Phone, "593990000001")}, [2]string{"+593990000001", ""}},
		"with a plus":   {[]channels.Identity{id(channels.Phone, "+593990000001")}, [2]string{"+593990000001", ""}},
		"id alone":      {[]channels.Identity{id(channels.ParentID, "EC.ENT.1"), id(channels.ScopedID, "EC.44")}, [2]string{"", "EC.44"}},
		"parent alone":  {[]channels.Identity{id(channels.ParentID, "EC.ENT.1")}, [2]string{"", "EC.ENT.1"}},
	} {
		body, err := whatsapp.Request(channels.Delivery{ID: "d", To: c.to, Part: p, ReplyTo: "wamid.X"}, "")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			To, Recipient string
			Context       struct {
				ID string `json:"message_id"`
			}
			Opaque string `json:"biz_opaque_callback_data"`
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, [2]string{got.To, got.Recipient}); diff != "" || got.Context.ID != "wamid.X" || got.Opaque != "d" {
			t.Errorf("%s: %s (-want +got):\n%s", name, body, diff)
		}
	}
	if _, err := whatsapp.Request(channels.Delivery{Part: p, To: []channels.Identity{{Kind: channels.TelegramUser, Value: "1"}}}, ""); err == nil {
		t.Error("a person of another channel has an address here")
	}
}

func TestPartsOfAnythingAreSoundOrRefused(t *testing.T) {
	t.Parallel()
	c := channel(whatsapp.Settings{})
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aب*_~\\\n 👩\u200d👧\u0301\u2066")), 0, 3000, -1)
		o := engine.Outgoing{Text: text.Draw(r, "text"), Language: rapid.SampledFrom([]string{"ar", "xx", ""}).Draw(r, "language"),
			Style: engine.Style(rapid.IntRange(0, 4).Draw(r, "style")), Header: rapid.String().Draw(r, "header"),
			Media:  engine.Media{Kind: rapid.SampledFrom([]string{"", "", "image", "audio", "document", "x"}).Draw(r, "kind"), ID: "media/map.jpg"},
			Params: rapid.SliceOfN(rapid.String(), 0, 2).Draw(r, "params"), Template: rapid.SampledFrom([]string{"", "", "", "t"}).Draw(r, "template"),
			Asks: rapid.SampledFrom([]string{"", "location"}).Draw(r, "asks")}
		for range rapid.IntRange(0, 12).Draw(r, "options") {
			o.Options = append(o.Options, engine.Choice{Token: rapid.StringMatching(`[a-z.]{0,9}`).Draw(r, "token"), Label: rapid.String().Draw(r, "label")})
		}
		all, err := c.Parts(o)
		again, errAgain := c.Parts(o)
		if diff := cmp.Diff(all, again); diff != "" || (err == nil) != (errAgain == nil) {
			r.Fatalf("not the same twice: %s", diff)
		}
		if _, refused := errors.AsType[*channels.Refusal](err); err != nil && !refused || err == nil && len(all) == 0 {
			r.Fatalf("%d parts and the error %v", len(all), err)
		}
		for _, p := range all {
			if !json.Valid(p.Body) {
				r.Fatalf("no JSON: %s", p.Body)
			}
		}
	})
}

func TestMetasDocumentTakesEveryBody(t *testing.T) {
	t.Parallel()
	judge := contract.Judge(t)
	c := channel(whatsapp.Settings{})
	for name, o := range outgoing {
		for i, p := range parts(t, c, o) {
			for _, id := range []channels.Identity{{Kind: channels.Phone, Value: "593990000001"}, {Kind: channels.ScopedID, Value: "EC.44"}} {
				body, err := whatsapp.Request(channels.Delivery{ID: "d-1", Part: p, To: []channels.Identity{id}, ReplyTo: "wamid.X"}, "MEDIA")
				if err != nil {
					t.Fatal(err)
				}
				if err := judge(body); err != nil {
					t.Errorf("%s, part %d: %v\n%s", name, i, err, body)
				}
			}
		}
	}
}
