// The chat itself. What it keeps, and for how long, is in docs/webchat.md; the protocol is in doc.go.
"use strict";
const $ = id => document.getElementById(id);
const words = JSON.parse(document.body.dataset.words);
const log = $("log"), text = $("text");
const embedded = parent !== window;

// ---- What is kept: with the tab, or on the device when the person says so. Where a browser keeps nothing for pages
// in frames, it is kept until the page is closed.
const prefix = "baraza " + location.pathname + " ";
const memory = new Map();
const nowhere = { getItem: k => memory.get(k) ?? null, setItem: (k, v) => memory.set(k, v), removeItem: k => memory.delete(k),
  key: i => [...memory.keys()][i], get length() { return memory.size; } };
const storage = name => {
  try {
    window[name].setItem(prefix + "try", "1");
    window[name].removeItem(prefix + "try");
    return window[name];
  } catch { return null; }
};
const tab = storage("sessionStorage") || nowhere, device = storage("localStorage");
let kept = device && device.getItem(prefix + "keep") ? device : tab;

const names = place => Array.from({ length: place.length }, (_, i) => place.key(i)).filter(k => k.startsWith(prefix));
const get = (name, otherwise) => {
  try { return JSON.parse(kept.getItem(prefix + name)) ?? otherwise; } catch { return otherwise; }
};
const put = (name, value) => {
  try { kept.setItem(prefix + name, JSON.stringify(value)); } catch { /* it is full: the chat goes on without */ }
};
const wipe = place => names(place).forEach(k => place.removeItem(k));
const move = to => {
  const from = kept;
  if (to === from) return;
  for (const k of names(from)) to.setItem(k, from.getItem(k));
  kept = to;
  wipe(from);
};

// ---- The log holds the last messages of both sides, so that a page that is loaded again shows them.
const most = 100;
const remember = entry => {
  const all = get("log", []).filter(e => e.id !== entry.id);
  all.push(entry);
  put("log", all.slice(-most));
};
const settle = id => put("log", get("log", []).map(e => e.id === id ? { ...e, waiting: undefined } : e));

// ---- Showing. Text becomes text nodes and nothing else.
const make = (tag, set = {}, ...inside) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(set)) v === undefined || e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
};
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
    for (const [on, tag] of [[s.b, "strong"], [s.i, "em"], [s.s, "s"]]) {
      if (on) { const inner = make(tag); at.append(inner); at = inner; }
    }
    linked(at, s.t);
  }
  return into;
};
const gone = e => e.addEventListener("error", () => e.replaceWith(make("p", { class: "footer" }, words.gone)), { once: true });
const media = (m, alone) => {
  if (m.kind === "document") return make("p", {}, make("a", { class: "act", href: m.url, download: m.name }, words.open + ": " + m.name));
  const e = m.kind === "audio" || m.kind === "video"
    ? make(m.kind, { src: m.url, controls: "", preload: "none", "aria-label": m.name })
    : make("img", { src: m.url, alt: alone ? m.name : "" }); // else the text says it
  gone(e);
  return e;
};
const sender = name => make("span", { class: "unseen" }, name + ": ");
const bottom = () => { log.scrollTop = log.scrollHeight; if (getComputedStyle(log).overflowY === "visible") log.lastChild?.scrollIntoView({ block: "nearest" }); };

const options = m => {
  const list = make("ul", { class: "options" });
  let last = 0;
  const choose = (button, what) => {
    if (Date.now() - last < 1000) return; // a second tap is an accident
    last = Date.now();
    list.classList.add("chosen");
    for (const b of list.querySelectorAll("button")) b.setAttribute("aria-pressed", b === button);
    say(what);
  };
  for (const o of m.options || []) {
    const b = make("button", { type: "button" }, o.label, o.about ? make("small", {}, o.about) : null);
    b.onclick = () => choose(b, { text: o.label, token: o.token, about: m.id });
    list.append(make("li", {}, b));
  }
  if (m.asks === "location" && navigator.geolocation) {
    const b = make("button", { type: "button", lang: document.documentElement.lang, dir: document.documentElement.dir }, "📍 " + words.location);
    b.onclick = () => navigator.geolocation.getCurrentPosition(
      p => choose(b, { location: { lat: p.coords.latitude, lon: p.coords.longitude } }),
      () => complain(words.noLocation), { timeout: 30000, maximumAge: 60000 });
    list.append(make("li", {}, b));
  }
  return list.children.length ? list : null;
};
const theirs = m => {
  const e = make("div", { class: "message", lang: m.lang, dir: m.dir }, sender(words.them));
  if (m.header) e.append(make("p", { class: "header" }, m.header));
  if (m.media && m.media.url) e.append(media(m.media, !m.spans));
  if (m.spans) e.append(spans(make("p"), m.spans));
  if (m.place) e.append(make("p", {}, make("a", { class: "act", href: `geo:${m.place.lat},${m.place.lon}` }, `${words.map}: ${m.place.lat}, ${m.place.lon}`)));
  if (m.contact) e.append(make("p", {}, make("a", { class: "act", href: "tel:" + m.contact.replace(/[^+\d]/g, "") }, make("bdi", { dir: "ltr" }, m.contact))));
  if (m.link && m.link.url.startsWith("https://")) e.append(make("p", {}, make("a", { class: "act", href: m.link.url, title: m.link.url, target: "_blank", rel: "noopener noreferrer nofollow" }, m.link.label)));
  if (m.footer) e.append(make("p", { class: "footer" }, m.footer));
  const choices = options(m);
  if (choices) e.append(choices);
  log.append(e);
};
const mine = m => {
  const shownText = m.location ? "📍 " + m.location.lat.toFixed(4) + ", " + m.location.lon.toFixed(4) : m.text;
  const e = make("div", { class: "message mine" }, sender(words.you), make("p", { dir: "auto" }, shownText));
  e.dataset.id = m.id;
  if (m.waiting) e.append(make("p", { class: "state" }, words.waiting));
  log.append(e);
};
const complain = what => { $("alert").textContent = what; };
const state = what => { if ($("status").textContent !== what) $("status").textContent = what; };
let typingEnds;
const typing = on => {
  clearTimeout(typingEnds);
  $("typing").textContent = on ? words.typing : "";
  if (on) typingEnds = setTimeout(typing, 6000);
};

// ---- What waits to be sent. Each message has a key of its own, so that two tabs do not overwrite each other; keys are
// in the order of writing.
let counter = 0;
const waiting = () => names(kept).filter(k => k.startsWith(prefix + "out ")).sort();
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
function say(what) {
  complain("");
  const m = { type: "message", id: random(), ...what };
  put("out " + String(Date.now()).padStart(15, "0") + " " + String(counter++).padStart(6, "0") + " " + m.id, m);
  mine({ ...m, waiting: true });
  remember({ ...m, mine: true, waiting: true });
  bottom();
  if (!socket) now();
  next();
}
const unwait = (id, lost) => {
  for (const k of waiting()) if (k.endsWith(" " + id)) kept.removeItem(k);
  settle(id);
  log.querySelector(`[data-id="${CSS.escape(id)}"] .state`)?.remove();
  if (lost) complain(lost);
};

// ---- The connection. One message is under way at a time; the next goes when it is received.
let socket, ready = false, underway, again, tries = 0, deaf, beat, nextAt = 0;
const shown = new Set();

function next() {
  clearTimeout(again);
  if (!ready || underway) return;
  const k = waiting()[0];
  if (!k) return;
  const pause = nextAt - Date.now();
  if (pause > 0) { again = setTimeout(next, pause); return; }
  const m = JSON.parse(kept.getItem(k));
  underway = m.id;
  nextAt = Date.now() + 550; // slower than the server's limit
  tell(m);
}
function tell(m) {
  socket.send(JSON.stringify(m));
  if (m.type !== "ack") listen();
}
// listen gives up a connection on which nothing is heard for a while after something was said.
function listen() { clearTimeout(deaf); deaf = setTimeout(drop, 15000); }

const heard = {
  welcome(m) {
    ready = true; tries = 0; underway = undefined;
    if (m.secret) put("secret", m.secret);
    state("");
    next();
  },
  received(m) { if (underway === m.id) underway = undefined; unwait(m.id); next(); },
  message(m) {
    if (!shown.has(m.id)) {
      shown.add(m.id);
      typing(false);
      theirs(m);
      remember(m);
      bottom();
    }
    tell({ type: "ack", id: m.id });
  },
  typing() { typing(true); },
  pong() {},
  error(m) {
    if (m.code === "version") { complain(words.reload); tries = 8; return; }
    if (!m.id) return;
    if (underway === m.id) underway = undefined;
    if (m.code === "not-kept") { nextAt = Date.now() + 5000; next(); return; }
    unwait(m.id, m.code === "too-long" ? words.tooLong : words.notTaken);
    next();
  },
};

// doing says what is tried. A browser that thinks it is offline may be wrong, so it is tried all the same.
const doing = () => state(navigator.onLine === false || tries > 2 ? words.offline : words.connecting);
let soon;
function connect() {
  clearTimeout(soon);
  if (socket) return;
  doing();
  const mySocket = socket = new WebSocket(new URL("socket", location.href).href.replace(/^http/, "ws"));
  listen();
  socket.onopen = () => {
    if (socket !== mySocket) return;
    const seen = get("log", []).filter(e => !e.mine).map(e => e.id).slice(-64);
    tell({ type: "hello", v: 1, lang: navigator.language, secret: get("secret", undefined), seen });
    beat = setInterval(() => { if (ready && !document.hidden) tell({ type: "ping" }); }, 40000);
  };
  socket.onmessage = event => {
    if (socket !== mySocket) return;
    clearTimeout(deaf);
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
  typing(false);
  doing();
  clearTimeout(soon);
  if (rests !== true) soon = setTimeout(connect, Math.min(30000, 1000 * 2 ** tries++) * (0.5 + Math.random() / 2));
}
const now = () => { tries = 0; if (!ready) { drop(); connect(); } };

// ---- What people do.
const send = event => {
  event.preventDefault();
  const t = text.value.trim();
  if (!t) return;
  say({ text: t });
  text.value = "";
  grow();
  text.focus();
};
const grow = () => { text.style.height = "auto"; text.style.height = text.scrollHeight + 2 + "px"; };
$("composer").onsubmit = send;
text.oninput = grow;
text.onkeydown = event => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event); };
$("keep").checked = kept === device;
$("keep").disabled = !device;
$("keep").onchange = () => {
  if ($("keep").checked) { move(device); put("keep", true); } else { move(tab); tab.removeItem(prefix + "keep"); }
};
const forget = () => {
  wipe(tab);
  if (device) wipe(device);
  kept = tab;
  $("keep").checked = false;
  shown.clear();
  log.replaceChildren();
  complain("");
  tries = 0;
  drop();
  connect();
  complain(words.forgotten);
};
$("forget").onclick = () => { forget(); text.focus(); };
// What another page takes off the device does not stay here: this one would go on keeping it there.
addEventListener("storage", event => {
  if (kept === device && event.storageArea === device && (event.key === null || event.key === prefix + "keep") && event.newValue === null) forget();
});
$("exit").onclick = () => {
  wipe(tab);
  const to = document.body.dataset.exit;
  document.documentElement.hidden = true;
  if (embedded) parent.postMessage({ baraza: "exit", to }, "*"); // the loader leaves no trace in the history
  setTimeout(() => { top.location.replace(to); }, embedded ? 300 : 0); // where there is no loader
};
if (embedded) {
  $("close").hidden = false;
  $("close").onclick = () => parent.postMessage({ baraza: "close" }, "*");
  addEventListener("keydown", event => { if (event.key === "Escape") $("close").click(); });
}
addEventListener("online", now);
addEventListener("offline", drop);
addEventListener("pageshow", event => { if (event.persisted) now(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !ready) now(); });

for (const e of get("log", [])) {
  if (e.mine) mine(e); else { shown.add(e.id); theirs(e); }
}
bottom();
connect();
