// The tester's page. The protocol is in tester.go. Of what is written nothing is kept here but what waits to be sent;
// the rest comes again from the server.
"use strict";
const $ = id => document.getElementById(id);
const words = JSON.parse(document.body.dataset.words), tests = JSON.parse(document.body.dataset.tests);
const log = $("log"), text = $("text");
const prefix = "baraza try ";

// ---- What is kept until the tab is closed: the session's secret, the page's number and what waits.
const memory = new Map();
const nowhere = { getItem: k => memory.get(k) ?? null, setItem: (k, v) => memory.set(k, v), removeItem: k => memory.delete(k),
  key: i => [...memory.keys()][i], get length() { return memory.size; } };
const kept = (() => { try { sessionStorage.setItem(prefix, "1"); sessionStorage.removeItem(prefix); return sessionStorage; } catch { return nowhere; } })();
const get = (name, otherwise) => { try { return JSON.parse(kept.getItem(prefix + name)) ?? otherwise; } catch { return otherwise; } };
const put = (name, value) => { try { kept.setItem(prefix + name, JSON.stringify(value)); } catch { /* full: it goes on without */ } };
const wipe = () => { for (const n of ["secret", "queue", "n", "token", "tasks", "task begun", "device"]) kept.removeItem(prefix + n); };

// An invitation's token leaves the address before anything else happens.
const invited = () => {
  const token = location.hash.slice(1);
  if (!/^[\w-]{22,64}$/.test(token)) return false;
  history.replaceState(null, "", location.pathname + location.search);
  if (token !== get("token")) { wipe(); put("token", token); }
  return true;
};
invited();
addEventListener("hashchange", () => { if (invited()) location.reload(); });

// ---- Showing. Text becomes text nodes and nothing else.
const make = (tag, set = {}, ...inside) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(set)) v === undefined || e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
};
const fill = (t, all) => t.replace(/\{(\w+)\}/g, (_, k) => all[k] ?? "");
const complain = what => { $("alert").textContent = what; };
const state = what => { if ($("status").textContent !== what) $("status").textContent = what; };
const show = id => { for (const s of ["door", "chat", "over"]) $(s).hidden = s !== id; };
const link = /https?:\/\/[^\s<>"'\u2066-\u2069]+[^\s<>"'\u2066-\u2069.,:;!?)\]،؟]/g;
const linked = (into, t) => {
  let at = 0;
  for (const m of t.matchAll(link)) {
    into.append(t.slice(at, m.index), make("a", { href: m[0], target: "_blank", rel: "noopener noreferrer" }, m[0]));
    at = m.index + m[0].length;
  }
  into.append(t.slice(at));
};
const spans = (into, all) => {
  for (const s of all) {
    let at = into;
    for (const [on, tag] of [[s.b, "strong"], [s.i, "em"], [s.s, "s"]]) if (on) { const inner = make(tag); at.append(inner); at = inner; }
    linked(at, s.t);
  }
  return into;
};
const device = () => document.body.dataset.device || "full";
const media = m => {
  const name = (words[m.kind] || m.kind) + ": " + m.name;
  if (device() === "text" || device() === "no-images" && m.kind !== "audio") return make("p", { class: "footer" }, `[${name} – ${words.hidden}]`);
  if (m.kind === "document") return make("p", {}, make("a", { class: "act", href: m.url, download: m.name }, words.open + ": " + m.name));
  const e = m.kind === "audio" || m.kind === "video" ? make(m.kind, { src: m.url, controls: "", preload: "none", "aria-label": name }) : make("img", { src: m.url, alt: name });
  e.addEventListener("error", () => e.replaceWith(make("p", { class: "footer" }, words.gone)), { once: true });
  e.addEventListener("load", costs);
  return e;
};
// The page scrolls, not the log: the newest stands above the composer.
const bottom = () => { log.lastElementChild?.scrollIntoView({ block: "end" }); };
const sender = name => make("span", { class: "unseen" }, name + ": ");

const options = m => {
  const list = make("ul", { class: "options" });
  let last = 0;
  const choose = (button, what) => {
    if (Date.now() - last < 1000) return; // a second tap is an accident
    last = Date.now();
    for (const b of list.querySelectorAll("button")) b.setAttribute("aria-pressed", b === button);
    say(what);
  };
  (m.options || []).forEach((o, i) => {
    if (device() === "text") { list.append(make("li", {}, `${o.number || i + 1}. ${o.label}`)); return; }
    const b = make("button", { type: "button" }, o.label, o.about ? make("small", {}, o.about) : null);
    b.onclick = () => choose(b, { type: "tap", text: o.label, token: o.token, template: m.template });
    list.append(make("li", {}, b));
  });
  if (m.asks === "location" && navigator.geolocation) {
    const b = make("button", { type: "button", lang: document.documentElement.lang, dir: document.documentElement.dir }, words.location);
    b.onclick = () => locate(p => choose(b, { type: "place", place: p }));
    list.append(make("li", {}, b));
  }
  if (!list.children.length) return null;
  return m.list && device() !== "text" ? make("details", { class: "list" }, make("summary", {}, m.list), list) : list;
};
const remarkable = (e, m) => {
  const quote = () => [...e.querySelectorAll("p:not(.footer)")].map(p => p.textContent).join("\n");
  const b = make("button", { type: "button", class: "about", "aria-label": words.about, title: words.about, lang: document.documentElement.lang }, "⋯");
  b.onclick = () => remark(m.seq, quote(), e);
  let held, from;
  const off = () => { clearTimeout(held); held = undefined; };
  e.addEventListener("pointerdown", event => {
    off();
    from = event;
    if (event.isPrimary && !event.target.closest("button, a, summary, audio, video")) held = setTimeout(() => { off(); remark(m.seq, quote(), e); }, 600);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) e.addEventListener(end, off);
  // A finger that rests trembles; one that goes further scrolls.
  e.addEventListener("pointermove", event => { if (held && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > 10) off(); });
  e.addEventListener("contextmenu", event => { if (held) event.preventDefault(); });
  e.append(b);
};
const seen = { last: 0 };
const show1 = {
  message(m) {
    const e = make("div", { class: "message" + (m.staff ? " staff" : ""), lang: m.lang, dir: m.dir }, sender(m.staff ? words.staff : words.them));
    if (m.header) e.append(make("p", { class: "header" }, m.header));
    if (m.media && m.media.url) e.append(media(m.media));
    if (m.spans) e.append(spans(make("p"), m.spans));
    if (m.place) e.append(make("p", {}, make("a", { class: "act", href: `geo:${m.place.lat},${m.place.lon}` }, `${words.map}: ${m.place.lat}, ${m.place.lon}`)));
    if (m.contact) e.append(make("p", {}, make("bdi", { dir: "ltr" }, m.contact)));
    if (m.link && /^https:\/\//.test(m.link.url)) e.append(make("p", {}, make("a", { class: "act", href: m.link.url, target: "_blank", rel: "noopener noreferrer" }, m.link.label)));
    if (m.footer) e.append(make("p", { class: "footer" }, m.footer));
    const choices = options(m);
    if (choices) e.append(choices);
    remarkable(e, m);
    log.append(e);
  },
  mine(m) {
    const waits = m.n && log.querySelector(`[data-n="${m.n}"]`);
    const e = waits || bubble(m.n);
    const p = e.querySelector("p");
    const shownNow = p.textContent;
    if (!waits || m.covered) p.textContent = m.kind ? `[${words[m.kind] || words.location}]` : m.text;
    if (m.covered && shownNow !== m.text) e.append(make("p", { class: "state" }, words.covered));
    mark(e, words.sent, "✓");
    if (!waits) log.append(e);
  },
  note(m) {
    const t = fill(words[m.code] || "", { time: m.text });
    if (t) log.append(make("p", { class: "note", lang: document.documentElement.lang }, t));
  },
};
const bubble = n => make("div", { class: "message mine", ...(n ? { "data-n": n } : {}) }, sender(words.you), make("p", { dir: "auto" }));
const mark = (e, name, sign) => {
  e.querySelector(".mark")?.remove();
  e.append(make("span", { class: "mark" }, make("span", { "aria-hidden": "true" }, sign), make("span", { class: "unseen" }, name)));
};

// Entries come once, in order. A pause of the flow is shown as typing.
const coming = [];
let pausing;
function arrive(m, again) {
  if (m.seq !== seen.last + 1) return; // shown already; a gap cannot be: the connection would have ended
  seen.last = m.seq;
  if (m.type === "typing" && again) return;
  coming.push(m);
  if (!pausing) unfold();
}
function unfold() {
  pausing = undefined;
  while (coming.length) {
    const m = coming.shift();
    if (m.type === "typing") { typing(true); pausing = setTimeout(unfold, 1000 * (m.seconds || 1)); return; }
    if (m.type !== "mine") typing(false);
    show1[m.type]?.(m);
  }
  bottom();
}
const typing = on => { $("typing").textContent = on ? words.typing : ""; };

// ---- What waits to be sent: numbered from 1, one under way at a time.
const queue = () => get("queue", []);
function post(what) {
  const n = get("n", 0) + 1;
  put("n", n);
  put("queue", [...queue(), { n, ...what }]);
  if (!socket) now();
  next();
  return n;
}
function say(what) {
  complain("");
  const n = post(what);
  const e = bubble(n);
  e.querySelector("p").textContent = what.text || (what.kind ? `[${words[what.kind]}]` : `[${words.location}]`);
  mark(e, words.waiting, "…");
  log.append(e);
  bottom();
}

// ---- The connection.
let socket, ready = false, underway, tries = 0, deaf, beat, soon, nextAt = 0, later, bytes = 0, over = false;
const count = s => { bytes += new Blob([s]).size; costs(); };
const costs = () => {
  const loaded = performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0);
  $("cost").textContent = ((bytes + loaded) / 1024).toFixed(1) + " KB";
};
function tell(m) {
  const s = JSON.stringify(m);
  socket.send(s);
  count(s);
  listen();
}
// listen gives up a connection on which nothing is heard for long after something was said: slow ones are meant to be slow.
function listen() { clearTimeout(deaf); deaf = setTimeout(drop, $("connection").value === "offline" ? 3e6 : 30000); }
function next() {
  clearTimeout(later);
  if (!ready || underway) return;
  const m = queue()[0];
  if (!m) return;
  const pause = nextAt - Date.now();
  if (pause > 0) { later = setTimeout(next, pause); return; }
  underway = m.n;
  nextAt = Date.now() + 550; // slower than the server's limit
  tell(m);
}
const heard = {
  invited(m) {
    state("");
    $("open").hidden = $("passphrase").hidden = true;
    inLanguage(m.language);
    $("until").textContent = fill(words.until, { date: date(m.keep) });
    $("consent").hidden = false;
    $("door-title").textContent = m.title;
    $("door-title").lang = m.language;
    for (const [id, record] of [["yes", true], ["no", false]]) $(id).onclick = () => { $(id).disabled = true; tell({ type: "begin", record }); };
    preset(m.device);
    if (m.connection) $("connection").value = m.connection;
  },
  begun(m) {
    put("secret", m.secret);
    put("n", 0);
    put("queue", []);
    put("tasks", 0);
    seen.last = 0;
    log.replaceChildren();
    heard.resumed(m);
    text.focus();
    if ($("connection").value !== "full") $("connection").onchange();
  },
  resumed(m) {
    ready = true;
    tries = 0;
    underway = undefined;
    state("");
    show("chat");
    inLanguage(m.language);
    $("kept").textContent = m.recorded ? fill(words.keptYes, { date: date(m.keep) }) : words.keptNo;
    tasks(m.tasks || []);
    put("queue", queue().filter(q => q.n > m.heard));
    if (m.speed) $("connection").value = m.speed;
    if (m.ended) ending(words.finished);
    // What was written and has not arrived is shown again when the page was loaded anew.
    if (seen.last === 0) for (const q of queue()) if (["say", "tap", "place", "media"].includes(q.type)) {
      const e = bubble(q.n);
      e.querySelector("p").textContent = q.text || `[${words[q.kind] || words.location}]`;
      mark(e, words.waiting, "…");
      log.append(e);
    }
    next();
  },
  again(m) { for (const e of m.entries) arrive(e, true); },
  message: arrive, mine: arrive, note: arrive, typing: arrive,
  got(m) {
    if (underway === m.n) underway = undefined;
    const done = queue().find(q => q.n === m.n);
    put("queue", queue().filter(q => q.n > m.n));
    if (done?.type === "delete") ending(words.deleted, true);
    if (done?.type === "finish") ending(words.finished);
    next();
  },
  pong() {},
  refused(m) {
    if (m.code === "passphrase") {
      const first = $("passphrase").hidden;
      $("passphrase").hidden = false;
      state("");
      if (!first) complain(words.needPassphrase);
      over = true;
      $("pass").focus();
      return;
    }
    if (m.code === "too-fast") return;
    over = true;
    const left = { gone: words.goneSession, version: words.reload }[m.code] || words[m.code] || words.trouble;
    if (m.code === "gone") { wipe(); show("over"); $("over-title").textContent = words.thanks; $("over-text").textContent = left; $("over-delete").hidden = true; } else complain(left);
    state("");
  },
};
const date = d => { try { return new Date(d).toLocaleDateString(document.documentElement.lang); } catch { return d.slice(0, 10); } };
// The word TEST stands there in the language of the conversation, or in the nearest that there is.
const inLanguage = l => {
  const base = (l || "").split("-")[0];
  if (!tests[base]) return;
  $("test").firstChild.textContent = tests[base];
  $("test").lang = base;
  $("test").dir = base === "ar" || base === "fa" ? "rtl" : "ltr";
};
const doing = () => state(navigator.onLine === false || tries > 1 ? words.offline : words.connecting);
function connect() {
  clearTimeout(soon);
  if (socket || over) return;
  const secret = get("secret"), token = get("token");
  if (!secret && !token) { state(""); $("open").hidden = false; return; }
  doing();
  const mySocket = socket = new WebSocket(new URL(document.body.dataset.base + "try/socket", location.href).href.replace(/^http/, "ws"));
  listen();
  socket.onopen = () => {
    if (socket !== mySocket) return;
    const hello = { type: "hello", v: 1, lang: navigator.language };
    tell(secret ? { ...hello, secret, seen: seen.last } : { ...hello, token, pass: $("pass").value || undefined });
    beat = setInterval(() => { if (ready && !document.hidden) tell({ type: "ping" }); }, 40000);
  };
  socket.onmessage = event => {
    if (socket !== mySocket) return;
    clearTimeout(deaf);
    count(event.data);
    const m = JSON.parse(event.data);
    heard[m.type]?.(m);
    if (underway) listen();
  };
  socket.onclose = event => { if (socket === mySocket) drop(event.code === 4001); };
}
function drop(rests) {
  clearTimeout(deaf);
  clearInterval(beat);
  const old = socket;
  socket = underway = undefined;
  ready = false;
  if (old) { old.onclose = null; old.close(); }
  clearTimeout(soon);
  if (over) return;
  doing();
  if (rests !== true) soon = setTimeout(connect, Math.min(30000, 1000 * 2 ** tries++) * (0.5 + Math.random() / 2));
}
const now = () => { tries = 0; if (!ready && !over) { drop(); connect(); } };

// ---- Tasks, one at a time.
let all = [];
function tasks(list) {
  all = list;
  const at = get("tasks", 0), card = $("card"), t = all[at];
  card.hidden = !t;
  if (!t) return;
  const own = document.documentElement.lang;
  const language = t.text[own] ? own : Object.keys(t.text)[0];
  $("which").textContent = `${at + 1}/${all.length}`;
  $("goal").textContent = t.text[language];
  $("goal").lang = language;
  if (get("task begun", -1) !== at) { put("task begun", at); post({ type: "task", task: t.id, text: "begin" }); }
}
for (const b of document.querySelectorAll("[data-task]")) b.onclick = () => {
  const at = get("tasks", 0);
  post({ type: "task", task: all[at].id, text: b.dataset.task });
  put("tasks", at + 1);
  tasks(all);
  if ($("card").hidden) log.append(make("p", { class: "note" }, words.tasksDone)), bottom();
};

// ---- Remarks about a message.
let about;
function remark(seq, quoted, from) {
  about = { seq, from };
  $("quoted").textContent = quoted;
  $("quoted").lang = from.lang;
  $("words").value = "";
  $("about-status").textContent = "";
  $("about").querySelector("input").checked = true;
  $("about").showModal();
}
$("about-cancel").onclick = () => $("about").close();
$("about").addEventListener("close", () => { if (taping?.button === $("about-voice")) taping.cancel(); about?.from.querySelector(".about")?.focus(); });
// What is still being said or on its way belongs to the remark, though Send was pressed first.
$("about-send").onclick = async () => {
  const of = about;
  if (taping?.button === $("about-voice")) taping.stop();
  $("about-send").disabled = true;
  await of.spoken;
  $("about-send").disabled = false;
  if (about !== of || !$("about").open) return; // given up meanwhile
  if (of.lost) { of.lost = false; return; } // it says so; another press sends the words alone
  const kind = $("about").querySelector("input:checked").value;
  post({ type: "remark", about: of.seq, kind, text: $("words").value.trim() || undefined, media: of.voice });
  of.from.querySelector(".remarked")?.remove();
  of.from.append(make("p", { class: "footer remarked" }, words.noted));
  $("about").close();
};

// ---- Voice, photos and places, only when they are tapped.
let taping;
async function tape(button, told, done) {
  if (taping) { taping.stop(); return; }
  let stream;
  try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { told(words.noVoice, true); return; }
  const label = button.textContent, parts = [], recorder = new MediaRecorder(stream, { audioBitsPerSecond: 16000 });
  let keep = true, over;
  const stop = () => { if (recorder.state !== "inactive") recorder.stop(); };
  const ends = setTimeout(stop, 60000);
  taping = { button, stop, cancel: () => { keep = false; stop(); }, ended: new Promise(is => { over = is; }) };
  recorder.ondataavailable = event => parts.push(event.data);
  recorder.onstop = async () => {
    clearTimeout(ends);
    for (const t of stream.getTracks()) t.stop();
    taping = undefined;
    button.textContent = label;
    button.setAttribute("aria-pressed", false);
    told("");
    if (keep) await done(new Blob(parts, { type: recorder.mimeType.split(";")[0] }));
    over();
  };
  recorder.start();
  button.textContent = words.stop;
  button.setAttribute("aria-pressed", true);
  told(words.recording);
}
async function upload(blob) {
  try {
    const r = await fetch(document.body.dataset.base + "try/media", { method: "POST", body: blob, headers: { "Content-Type": blob.type, Authorization: "Bearer " + get("secret") } });
    if (!r.ok) throw new Error(r.status);
    bytes += blob.size;
    costs();
    return (await r.json()).id;
  } catch { return null; }
}
$("voice").onclick = () => tape($("voice"), (what, bad) => (bad ? complain : state)(what), async blob => {
  const id = await upload(blob);
  if (id === null) complain(words.noSend); else say({ type: "media", kind: "audio", media: id });
});
$("about-voice").onclick = async () => {
  const of = about, told = what => { if (about === of) $("about-status").textContent = what; };
  await tape($("about-voice"), told, async blob => {
    const id = await upload(blob);
    of.lost = id === null;
    if (!of.lost) of.voice = id;
    told(of.lost ? words.noSend : words.recordedVoice);
  });
  if (taping?.button !== $("about-voice")) return;
  if (about === of && $("about").open) of.spoken = taping.ended; else taping.cancel(); // the browser asked for too long
};
// A photo is drawn anew: smaller, and without what the camera wrote into it.
$("photo").onchange = async () => {
  const chosen = $("photo").files[0];
  $("photo").value = "";
  if (!chosen) return;
  try {
    const picture = await createImageBitmap(chosen), most = 1280 / Math.max(picture.width, picture.height, 1280);
    const canvas = make("canvas");
    canvas.width = picture.width * most;
    canvas.height = picture.height * most;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.7));
    const id = await upload(blob);
    if (id === null) complain(words.noSend); else say({ type: "media", kind: "image", media: id });
  } catch { complain(words.noSend); }
};
const locate = done => {
  if (!navigator.geolocation) { complain(words.noLocation); return; }
  navigator.geolocation.getCurrentPosition(p => done({ lat: p.coords.latitude, lon: p.coords.longitude }), () => complain(words.noLocation), { timeout: 30000, maximumAge: 60000 });
};
$("place").onclick = () => locate(place => say({ type: "place", place }));
$("more").onclick = () => {
  $("tools").hidden = !$("tools").hidden;
  $("more").setAttribute("aria-expanded", !$("tools").hidden);
};

// ---- As on another phone or line.
function preset(name) {
  if (name) $("device").value = name;
  document.body.dataset.device = $("device").value || "full";
}
$("device").onchange = () => { preset(); redraw(); };
// redraw asks for the whole conversation again, for another device shows it in another way.
function redraw() {
  seen.last = 0;
  coming.length = 0;
  log.replaceChildren();
  put("device", $("device").value);
  grow();
  drop();
  connect();
}
$("connection").onchange = () => { if (ready) tell({ type: "connection", kind: $("connection").value }); };

// ---- The end.
for (const b of document.querySelectorAll("[data-face]")) b.onclick = () => {
  for (const other of document.querySelectorAll("[data-face]")) other.setAttribute("aria-pressed", other === b);
  post({ type: "face", face: Number(b.dataset.face) });
};
$("finish").onclick = () => post({ type: "finish" });
const erase = () => { if (confirm(words.sure)) post({ type: "delete" }); };
$("delete").onclick = $("over-delete").onclick = erase;
function ending(what, deleted) {
  show("over");
  $("over-text").textContent = what;
  $("over-delete").hidden = deleted === true;
  if (deleted) { over = true; const token = get("token"); wipe(); log.replaceChildren(); if (token) put("token", token); }
  $("over-title").focus();
}
$("again").onclick = () => { const token = get("token"); wipe(); if (token) put("token", token); };
$("exit").onclick = () => {
  wipe();
  document.documentElement.hidden = true;
  location.replace(document.body.dataset.exit);
};
$("passphrase").onsubmit = event => { event.preventDefault(); complain(""); over = false; drop(); connect(); };

const send = event => {
  event.preventDefault();
  const t = text.value.trim();
  if (!t) return;
  say({ type: "say", text: t });
  text.value = "";
  grow();
  text.focus();
};
const grow = () => { text.style.height = "auto"; text.style.height = text.scrollHeight + 2 + "px"; };
$("composer").onsubmit = send;
text.oninput = grow;
text.onkeydown = event => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event); };
addEventListener("online", now);
addEventListener("offline", () => drop());
addEventListener("pageshow", event => { if (event.persisted) now(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !ready) now(); });
preset(get("device", ""));
connect();
