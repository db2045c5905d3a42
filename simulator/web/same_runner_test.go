package web_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/channels/whatsapp/fake"
	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/storetest"
	"baraza/simulator"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// number is the one that people write to.
const number = "1001"

// production is a pack as it is served: the runner, WhatsApp's channel with its webhook, and the Cloud API that stands
// in for Meta's, in a bubble where time passes when told.
type production struct {
	t      *testing.T
	name   string
	prog   *program.Program
	rings  runner.Rings
	kept   *storetest.Memory
	run    *runner.Runner
	cloud  *fake.Server
	graph  *http.Client // to the Cloud API
	phone  *fake.Phone
	other  *other // in WhatsApp's place; nil for WhatsApp
	asked  *services
	seen   map[string]bool // messages of the phone that are written down
	lines  strings.Builder
	events int
}

type bubbleClock struct{}

func (bubbleClock) Now() time.Time                         { return time.Now() }
func (bubbleClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// inProduction does what was done in a session of the simulator, and writes what the phone shows.
func inProduction(t *testing.T, v *web.Version, name string, did played) string {
	t.Helper()
	time.Sleep(time.Until(did.began))
	p := &production{t: t, name: name, prog: v.Program, kept: storetest.NewMemory(), seen: map[string]bool{},
		asked: &services{program: v.Program, answers: map[string]string{}}}
	ring, err := keys.Open(filepath.Join(t.TempDir(), "keys"), "EC", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	p.rings = runner.Rings{Packs: map[string]*keys.Ring{name: ring}, Clock: bubbleClock{}}
	who := did.kept.Persona
	line := p.connect(v.Files)
	ways := map[string]runner.Channel{whatsapp.Name: line}
	if who.Channel != "" && who.Channel != whatsapp.Name {
		p.other = &other{name: who.Channel}
		ways = map[string]runner.Channel{who.Channel: p.other}
	}
	p.known(&who, did.given)
	p.run = runner.New(runner.Config{Store: p.kept, Keys: p.rings, Program: func(string) *program.Program { return p.prog },
		Channels: ways, Clock: bubbleClock{}, Random: func() uint64 { return 0 },
		Fetcher: runner.NewHTTPFetcher(p.asked.hosts(), func(string) (string, bool) { return "secret", true }, bubbleClock{}).Through(p.asked.serve(t))})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.run.Run(ctx) }()
	for i := range did.kept.Turns {
		p.do(ctx, &did.kept.Turns[i])
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	p.cloud.Close()
	return p.lines.String()
}

// connect puts the Cloud API, the channel and the runner onto a wire.
func (p *production) connect(files fs.FS) runner.Channel {
	settings := whatsapp.Settings{BaseURL: "http://graph.example.org", Token: func(string) string { return "token" }, AppSecrets: []string{"app-secret"}}
	line := &line{t: p.t, files: files}
	webhook := serve(p.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { line.hook.ServeHTTP(w, r) }))
	p.cloud = fake.New(fake.Config{Callback: "http://baraza.example.org/whatsapp", Secret: "app-secret", Token: "token", Client: &http.Client{Transport: webhook},
		Numbers: []fake.Number{{ID: number, Display: "+15550001001", Account: "77"}}, Templates: p.templates(), BaseURL: settings.BaseURL,
		Pacing: fake.Unpaced, Latency: fake.Latency{Sent: time.Millisecond, Delivered: time.Millisecond, Read: time.Millisecond}})
	graph := serve(p.t, p.cloud)
	settings.Transport = graph
	p.graph = &http.Client{Transport: graph}
	line.Channel = whatsapp.New(settings)
	line.hook = line.Handler(p)
	p.phone = p.cloud.Meet(fake.Person{Phone: "+15550100001", Name: "Amina"})
	return line
}

// templates are those of the pack, approved as they are written.
func (p *production) templates() (all []fake.Template) {
	for i := range p.prog.Template {
		t := &p.prog.Template[i]
		for n, language := range p.prog.Languages {
			text := func(index int) string { return p.approved(index, n, t.Params) }
			one := fake.Template{Name: t.Name, Language: language, Category: strings.ToUpper(t.Category), Header: text(t.Header), Body: text(t.Body), Footer: text(t.Footer)}
			for _, b := range t.Buttons {
				one.Buttons = append(one.Buttons, fake.TemplateButton{Kind: "quick_reply", Text: text(b)})
			}
			all = append(all, one)
		}
	}
	return all
}

// approved is a text of a template with its holes as {{1}}.
func (p *production) approved(index, language int, params []string) string {
	if index == program.None {
		return ""
	}
	texts := p.prog.Strings[index].Texts
	if language >= len(texts) || texts[language] == nil {
		language = 0
	}
	var b strings.Builder
	for _, s := range texts[language] {
		if s.Kind == program.Literal {
			b.WriteString(s.Literal)
			continue
		}
		fmt.Fprintf(&b, "{{%d}}", 1+slices.Index(params, p.prog.Exprs[s.Expr].Var))
	}
	return b.String()
}

// known puts what is stored of the person into the store, as an earlier conversation left it.
func (p *production) known(who *rounds.Persona, given map[string]any) {
	p.t.Helper()
	if who.Language == "" && len(who.Consents) == 0 && len(given) == 0 {
		return
	}
	must := func(b []byte, err error) []byte {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
		return b
	}
	from := p.from()
	id := func(i runner.Identity) store.Hash {
		return p.rings.Hash(p.name, keys.ForIdentity, i.Channel, i.Kind, i.Value)
	}
	turn := store.Turn{Key: p.rings.Contact(p.name, id(from[0]), 0), Pack: p.name, At: time.Now()}
	text := func(b []byte, s string) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	for _, i := range from {
		sealed := must(p.rings.Seal(p.name, turn.Key, keys.Identity, text(text(text([]byte{1}, i.Channel), i.Kind), i.Value)))
		turn.Identities = append(turn.Identities, store.Identity{Hash: id(i), Sealed: sealed})
	}
	session := engine.New()
	session.Contact.Language = who.Language
	for _, name := range who.Consents {
		session.GiveConsent(p.prog, name)
	}
	// The runner's format 1: the session, and nothing yet of where the person wrote from or what waits for them.
	person := append(text([]byte{1}, string(session.Append(nil))), make([]byte, 8)...)
	turn.Session = must(p.rings.Seal(p.name, turn.Key, keys.Session, person))
	for name, value := range given {
		var alone engine.Session
		alone.SetField(name, value)
		turn.Fields = append(turn.Fields, store.Field{Name: name,
			Sealed: must(p.rings.Seal(p.name, turn.Key, keys.Field+"."+keys.Kind(name), []byte(alone.Contact.Fields)))})
	}
	result, err := p.kept.Commit(p.t.Context(), []store.Turn{turn})
	if err != nil || result[0].Outcome != store.Committed {
		p.t.Fatalf("what is known of the person was not kept: %+v, %v", result, err)
	}
}

// from are the names by which the channel knows the person, the surest first.
func (p *production) from() []runner.Identity {
	if p.other != nil {
		return []runner.Identity{{Channel: p.other.name, Kind: "user_id", Value: "u1"}}
	}
	who := p.cloud.People()[0]
	return []runner.Identity{{Channel: whatsapp.Name, Kind: channels.ScopedID, Value: who.UserID}, {Channel: whatsapp.Name, Kind: channels.Phone, Value: who.WaID}}
}

// do does what a turn of the simulator was, if somebody did it, and writes down what the phone shows then.
func (p *production) do(ctx context.Context, turn *rounds.Turn) {
	p.t.Helper()
	switch turn.Does {
	case rounds.Write, rounds.Tap, rounds.SendMedia:
		fmt.Fprintf(&p.lines, "person %s\n", turn.Text)
		if p.other != nil {
			p.receive(ctx, p.other.event(turn))
		} else {
			p.writes(turn)
		}
	case rounds.Advance:
		time.Sleep(turn.For)
		synctest.Wait()
		zone, _ := time.LoadLocation(p.prog.Timezone)
		fmt.Fprintf(&p.lines, "clock %s\n", time.Now().In(zone).Format("2006-01-02 15:04"))
	case rounds.StaffReply, rounds.StaffDone:
		p.staff(ctx, turn)
	case rounds.SetAnswer:
		p.asked.set(turn.Name, turn.Text)
	case rounds.SetLanguage: // WhatsApp has nothing to say it with
		p.receive(ctx, engine.Event{Kind: engine.SetLanguage, Text: turn.Name})
	case "": // what followed by itself
		return
	default:
		p.t.Fatalf("production has nobody who does %q", turn.Does)
	}
	p.settle(ctx)
	p.show()
}

// writes is what the person does on the phone.
func (p *production) writes(turn *rounds.Turn) {
	p.t.Helper()
	sample := []byte("a file of the person")
	switch {
	case turn.Does == rounds.Write:
		p.phone.Write(turn.Given())
	case turn.Does == rounds.Tap:
		p.tap(turn)
	case turn.Place != nil:
		p.phone.SendLocation(turn.Place.Lat, turn.Place.Lon, "", "")
	case turn.Kind == "contact":
		p.phone.SendContact("Luz", "+15550100002")
	default:
		mime := map[string]string{"image": "image/jpeg", "audio": "audio/ogg", "video": "video/mp4", "document": "application/pdf", "sticker": "image/webp"}[turn.Kind]
		p.phone.SendMedia(turn.Kind, mime, sample, nil)
	}
}

// tap taps the newest option of a label; where WhatsApp shows a numbered text instead of options, the person writes it.
func (p *production) tap(turn *rounds.Turn) {
	p.t.Helper()
	for _, m := range slices.Backward(p.phone.Received()) {
		for _, o := range m.Options {
			if simulator.Unisolated(o.Title) == turn.Text {
				if _, err := p.phone.TapOn(m.ID, o.ID); err != nil {
					p.t.Error(err)
				}
				return
			}
		}
	}
	p.phone.Write(turn.Text)
}

// staff acts as the team of the one case that is open.
func (p *production) staff(ctx context.Context, turn *rounds.Turn) {
	p.t.Helper()
	open, err := p.kept.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Limit: 10})
	open = slices.DeleteFunc(open, func(it store.Item) bool { return it.State == store.CaseDone })
	if err != nil || len(open) != 1 {
		p.t.Errorf("%d cases are open, %v", len(open), err)
		return
	}
	if turn.Does == rounds.StaffReply {
		err = p.run.Reply(ctx, open[0].Key, open[0].Number, turn.Text, engine.Media{}, fmt.Sprint("reply", turn.N))
	} else {
		err = p.run.Done(ctx, open[0].Key, open[0].Number, fmt.Sprint("done", turn.N))
	}
	if err != nil {
		p.t.Error(err)
	}
}

// settle waits until nothing is on its way any more; what the runner keeps back waits on.
func (p *production) settle(ctx context.Context) {
	p.t.Helper()
	rested := 0 // looks at which nothing was on its way; the last message takes a moment to the phone
	for range 1000 {
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		waiting, err := p.kept.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Waiting, Until: time.Now().Add(time.Minute), Limit: 10})
		if err != nil {
			p.t.Fatal(err)
		}
		if len(waiting) > 0 || p.cloud.Pending() > 0 {
			rested = 0
		} else if rested++; rested == 2 {
			return
		}
	}
	p.t.Error("something is on its way without end")
}

// show writes what the phone shows that it has not shown before, in the order in which it was accepted: the platform
// promises no order of arrival.
func (p *production) show() {
	p.t.Helper()
	if p.other != nil {
		p.other.show(p.t, &p.lines)
		return
	}
	shown := map[string]*fake.Message{}
	for _, m := range p.phone.Received() {
		shown[m.ID] = &m
	}
	for _, sent := range p.cloud.Accepted() {
		m := shown[sent.ID]
		if p.seen[sent.ID] {
			continue
		}
		p.seen[sent.ID] = true
		if m == nil {
			p.t.Errorf("an accepted message is not on the phone: %s", sent.Body)
			continue
		}
		onPhone(m, p.content).write(&p.lines)
	}
}

// content fetches a file that the phone shows.
func (p *production) content(id string) []byte {
	p.t.Helper()
	get := func(url string) []byte {
		r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer token")
		response, err := p.graph.Do(r)
		if err != nil {
			p.t.Fatal(err)
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			p.t.Fatalf("a file of the phone: %s, %v", response.Status, err)
		}
		return b
	}
	var node struct{ URL string }
	if err := json.Unmarshal(get("http://graph.example.org/v25.0/"+id), &node); err != nil {
		p.t.Fatal(err)
	}
	return get(node.URL)
}

// receive gives an event to the runner as one of the person's.
func (p *production) receive(ctx context.Context, ev engine.Event) {
	p.t.Helper()
	p.events++
	name := whatsapp.Name
	if p.other != nil {
		name = p.other.name
	}
	in := runner.Inbound{Kind: runner.MessageReceived, ID: fmt.Sprint("m", p.events), Message: fmt.Sprint("m", p.events), Pack: p.name,
		Channel: name, Account: number, From: p.from(), At: time.Now(), Event: ev}
	if err := p.run.Receive(ctx, []runner.Inbound{in}); err != nil {
		p.t.Error(err)
	}
}
