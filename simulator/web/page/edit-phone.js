// The phone beside the editor. What was said is kept here; the server says it again on the text on the screen.
import { common } from "./edit-compare.js";

const $ = id => document.getElementById(id);
const make = (tag, set = {}, ...inside) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(set)) v === undefined || e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
};
const mostWords = 200;

// other is what a line said before, without what it still says.
function other(before, after) {
  const old = before.split("\n"), [same] = common(old, after.split("\n")), gone = old.filter((_, i) => !same.has(i));
  return before === "" ? "New here." : gone.length ? "Changed. Before: " + gone.join("\n") : "Changed: something was added.";
}

export function phone(notify) {
  let words = [], shown = [], own = false, program = false;
  const talk = () => {
    own = true;
    if (!notify("phone/talk", { words, channel: $("channel").value, language: $("language").value })) tell("There is no connection now. Try again when it is back.", true);
  };
  const say = word => {
    if (!program) { tell("Nothing can be tried yet: the pack has errors.", true); return; }
    if (words.length >= mostWords) { tell("This conversation is long enough. Start again.", true); return; }
    words.push(word);
    talk();
  };
  const tell = (text, bad = false) => {
    if ($("phone-state").textContent !== text) $("phone-state").textContent = text;
    $("phone-state").classList.toggle("bad", bad);
  };
  const spans = all => {
    const p = make("p");
    for (const s of all) {
      let at = p;
      for (const [on, tag] of [[s.b, "strong"], [s.i, "em"], [s.s, "s"]]) if (on) { const inner = make(tag); at.append(inner); at = inner; }
      at.append(s.t);
    }
    return p;
  };
  const message = m => {
    const e = make("div", { class: "message" + (m.staff ? " staff" : ""), lang: m.lang, dir: m.dir }, make("span", { class: "unseen", lang: "en" }, m.staff ? "The team: " : "The bot: "));
    if (m.header) e.append(make("p", { class: "header" }, m.header));
    if (m.media) e.append(make("p", { class: "footer" }, `[${m.media.kind}: ${m.media.name}]`));
    if (m.spans) e.append(spans(m.spans));
    if (m.place) e.append(make("p", { class: "footer" }, `[location: ${m.place.lat}, ${m.place.lon}]`));
    if (m.contact) e.append(make("p", {}, make("bdi", { dir: "ltr" }, m.contact)));
    if (m.link) e.append(make("p", {}, `${m.link.label}: `, make("bdi", { dir: "ltr" }, m.link.url)));
    if (m.footer) e.append(make("p", { class: "footer" }, m.footer));
    if (m.options) {
      e.append(make("ul", { class: "options" }, ...m.options.map(o => {
        const b = make("button", { type: "button" }, o.label, o.about ? make("small", {}, o.about) : null);
        b.onclick = () => { say({ text: o.label, tap: true }); $("text").focus(); };
        return make("li", {}, b);
      })));
    }
    return e;
  };
  const line = l => l.who === "message" ? message(l.sent)
    : l.who === "person" ? make("div", { class: "person" }, make("span", { class: "unseen" }, "You: "), make("p", { dir: "auto" }, l.text))
    : make("div", { class: "outside" }, make("p", { dir: "auto" }, l.text));

  const shows = m => {
    program = m.ready;
    for (const [id, all] of [["language", m.languages], ["channel", m.channels]]) {
      const e = $(id), names = all || [], first = id === "language" ? 1 : 0, chosen = e.value;
      if ([...e.options].slice(first).map(o => o.value).join() === names.join()) continue;
      e.replaceChildren(...[...e.options].slice(0, first), ...names.map(n => make("option", {}, n)));
      e.value = names.includes(chosen) || first && !chosen ? chosen : first ? "" : names[0];
    }
    // What is as it was stays in its place, so that nothing is read aloud twice; changes by typing are not read at all.
    $("log").setAttribute("aria-live", own ? "polite" : "off");
    const drawn = m.lines.map((l, i) => JSON.stringify([l, m.differs?.line === i ? m.differs.before : null]));
    let same = 0;
    while (same < drawn.length && drawn[same] === shown[same]) same++;
    while ($("log").children.length > same) $("log").lastElementChild.remove();
    for (let i = same; i < m.lines.length; i++) {
      const e = line(m.lines[i]);
      if (m.differs?.line === i) {
        e.classList.add("differs");
        e.prepend(make("p", { class: "before", lang: "en" }, other(m.differs.before, m.differs.after)));
      }
      $("log").append(e);
    }
    shown = drawn;
    const mark = $("log").querySelector(".differs");
    if (mark && !own) $("log").scrollTop = Math.max(0, mark.offsetTop - $("log").offsetTop - 40);
    else $("log").scrollTop = $("log").scrollHeight;
    own = false;
    if (m.errors && !m.ready) tell("Nothing can be tried yet: the pack has errors. See the problems below the text.", true);
    else if (m.errors) tell("The text has errors now, so this is the conversation from before them.", true);
    else if (m.differs && m.differs.line >= m.lines.length) tell("With your change the conversation is shorter. Before, it went on with: " + m.differs.before);
    else if (m.differs) tell("With your change the conversation is another from the marked line on.");
    else tell(words.length ? "" : "Write something to begin, such as hello.");
  };
  $("composer").onsubmit = event => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (!text) return;
    say({ text });
    $("text").value = "";
  };
  $("again").onclick = () => { words = []; talk(); $("text").focus(); };
  $("language").onchange = $("channel").onchange = talk;
  return {
    shows, talk,
    forget() { words = []; shown = []; program = false; $("log").replaceChildren(); $("language").value = ""; $("channel").replaceChildren(); tell(""); },
  };
}
