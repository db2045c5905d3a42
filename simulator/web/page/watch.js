// The designer's page: the list of sessions, and one of them followed live. What is said goes over one socket.
"use strict";
const $ = id => document.getElementById(id);
const make = (tag, set = {}, ...inside) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(set)) v === undefined || e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
};
const complain = what => { $("alert").textContent = what; };
let socket, tries = 0, soon, followed = "", packs = [], last, beat;

// The key leaves the address at once, and is exchanged for a cookie.
async function enter() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", location.pathname);
  const r = await fetch("/watch/enter", { method: "POST", headers: { "X-Baraza": "watch", "Content-Type": "application/json" }, body: JSON.stringify({ key }) });
  if (!r.ok) complain("This key is not the one that was printed when the simulator began.");
}
const say = m => { complain(""); if (socket?.readyState === 1) socket.send(JSON.stringify(m)); else complain("There is no connection now."); };

function connect() {
  clearTimeout(soon);
  const mine = socket = new WebSocket(new URL("/watch/socket", location.href).href.replace(/^http/, "ws"));
  mine.onopen = () => {
    tries = 0;
    $("status").textContent = "";
    if (followed) say({ type: "follow", id: followed });
    beat = setInterval(() => mine.send('{"type":"ping"}'), 40000);
  };
  mine.onmessage = event => { const m = JSON.parse(event.data); heard[m.type]?.(m); };
  mine.onclose = () => {
    clearInterval(beat);
    tries++;
    $("status").textContent = tries > 2 ? "Not connected. Outside this machine you need the link with the key that the simulator printed." : "Connecting…";
    soon = setTimeout(connect, Math.min(30000, 1000 * 2 ** tries));
  };
}

// fill brings a list up to date without losing the focus of what stays.
const fill = (list, items, key, draw) => {
  const old = new Map([...list.children].map(e => [e.dataset.key, e]));
  const now = items.map(item => {
    const k = key(item), json = JSON.stringify(item), e = old.get(k);
    if (e && e.dataset.json === json) return e;
    const fresh = make("li", { "data-key": k }, ...draw(item));
    fresh.dataset.json = json;
    return fresh;
  });
  const focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  list.replaceChildren(...now);
  if (focused) [...list.children].find(e => e.dataset.key === focused)?.querySelector("button")?.focus();
};
const heard = {
  list(m) {
    packs = m.packs;
    fill($("packs"), m.packs, p => p.name, p => [make("bdi", {}, p.title), ` (${p.name}, ${p.version.slice(0, 8)})`, p.says ? make("p", { class: "bad" }, "The files as they are now cannot run: " + p.says) : null]);
    fill($("sessions"), m.sessions, s => s.id, s => {
      const b = make("button", { type: "button", "aria-pressed": s.id === followed },
        `${s.tester ? "Tester " + s.tester : "Not recorded"}, ${s.pack}, ${s.begun}`, make("br"), `${s.round} – ${s.step || "not begun"}, ${s.turns} turns${s.ended ? ", finished" : s.here ? "" : ", away"}`);
      b.onclick = () => follow(s.id);
      return [b];
    });
    fill($("rounds"), m.rounds, r => r.id, r => {
      const parts = [make("bdi", {}, r.title), ` (${r.pack}, ${r.version === "draft" ? "newest draft" : r.version.slice(0, 8)}): ${r.used} of ${r.uses}, until ${r.expires}${r.passphrase ? ", with passphrase" : ""}${r.revoked ? ", taken back" : ""} `];
      parts.push(make("a", { href: `/watch/round/?round=${r.id}`, "aria-label": "What it found: " + r.title }, "What it found"), " ");
      for (const format of ["md", "csv"]) parts.push(make("a", { href: `/watch/report?round=${r.id}&format=${format}`, "aria-label": `Report as ${format}: ${r.title}` }, "Report (" + format + ")"), " ");
      if (!r.revoked) {
        const b = make("button", { type: "button", "aria-label": "Take back: " + r.title }, "Take back");
        b.onclick = () => { if (confirm("Take the invitation back? Who has begun goes on.")) say({ type: "revoke", id: r.id }); };
        parts.push(b);
      }
      return parts;
    });
    const choose = $("create").elements.pack, chosen = choose.value;
    if (choose.children.length !== packs.length) { choose.replaceChildren(...packs.map(p => make("option", { value: p.name }, p.title))); choose.value = chosen || packs[0].name; choose.onchange(); }
  },
  session(m) {
    if (m.id !== followed) return;
    const fresh = !last;
    if (fresh) $("log").replaceChildren();
    $("followed").hidden = false;
    $("none").hidden = true;
    for (const l of m.lines) line(l);
    $("log").scrollTop = $("log").scrollHeight;
    $("who").textContent = `${m.pack}, ${m.version.slice(0, 8)}${m.draft ? " (newest draft)" : ""}`;
    $("clock").textContent = `Its clock: ${m.now}${m.due ? ". Next timer: " + m.due : ""}${m.reminder ? ". Next reminder: " + m.reminder : ""}${m.window ? ". Window closes: " + m.window : ""}`;
    $("waits").textContent = m.waits ? `${m.flow}.${m.step}: ${m.waits}` : "No conversation is open.";
    $("source").textContent = m.source ? m.source + "\n" + m.text : "";
    $("values").replaceChildren(...(m.values || []).map(([k, v]) => make("tr", {}, make("th", { scope: "row" }, k), make("td", { dir: "auto" }, v))));
    $("way").replaceChildren(...(m.way || []).map(w => make("li", {}, w)));
    const p = packs.find(p => p.name === m.pack);
    for (const [id, all, now] of [["language", p?.languages, m.language], ["channel", p?.channels, m.channel], ["service", m.services], ["field", m.fields], ["consent", m.consents]]) {
      const e = $(id);
      if (e.dataset.all !== String(all)) { e.dataset.all = String(all); e.replaceChildren(...(all || []).map(x => make("option", {}, x))); }
      if (now) e.value = now;
    }
    $("staff").hidden = !m.case;
    $("fetch").hidden = !m.services;
    $("known").hidden = !m.fields;
    $("agree").hidden = !m.consents;
    if (!last || last.flow !== m.flow || last.version !== m.version) map(m); else light(m);
    last = m;
  },
  changed(m) { $("changed").textContent = `The conversation went on with draft ${m.version.slice(0, 8)}:\n` + m.changes.join("\n"); },
  invitation(m) {
    $("link").value = location.origin + m.path;
    $("invitation").hidden = false;
    $("qr").replaceChildren();
    if (m.qr) $("qr").append(drawn(m.qr)); else $("qr").textContent = "A code for phones is drawn where the simulator has an address that phones can reach.";
    $("link").focus();
  },
  problem(m) {
    if (m.of !== "field") { complain(m.text); return; }
    $("known-says").textContent = m.text; // where it is to be corrected
    $("value").setAttribute("aria-invalid", "true");
    $("value").focus();
  },
};
function line(l) {
  $("log").append(make("p", { class: l.who, lang: l.lang }, make("small", { lang: "en" }, `${l.n}. ${l.who}, ${l.at}`), l.text, l.options ? make("small", {}, l.options.join(" · ")) : null));
}
function follow(id) {
  followed = id;
  last = undefined;
  $("changed").textContent = "";
  for (const e of $("sessions").children) e.querySelector("button").setAttribute("aria-pressed", e.dataset.key === id);
  say({ type: "follow", id });
}
// A map comes as a document of its own: it can run nothing, and its looks are in our style.
function map(m) {
  $("flow").textContent = m.flow ? "Map of " + m.flow : "Map";
  if (!m.flow) { $("map").replaceChildren(); return; }
  const ask = new XMLHttpRequest();
  ask.open("GET", `/watch/map?pack=${encodeURIComponent(m.pack)}&version=${encodeURIComponent(m.version)}&flow=${encodeURIComponent(m.flow)}`);
  ask.responseType = "document";
  ask.overrideMimeType("image/svg+xml");
  ask.onload = () => {
    const svg = ask.responseXML?.documentElement;
    if (svg?.localName !== "svg") return;
    $("map").replaceChildren(document.importNode(svg, true));
    light(last || m);
  };
  ask.send();
}
function light(m) {
  for (const e of $("map").querySelectorAll(".here")) e.classList.remove("here");
  const box = m.index >= 0 && $("map").querySelector("#step-" + m.index);
  if (!box) return;
  box.classList.add("here");
  const at = box.getBoundingClientRect(), frame = $("map").getBoundingClientRect();
  $("map").scrollTop += at.top - frame.top - 40;
  $("map").scrollLeft += at.left - frame.left - 40;
}
function drawn(rows) {
  const space = "http://www.w3.org/2000/svg", n = rows.length, svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", `-4 -4 ${n + 8} ${n + 8}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "The link as a code for a phone's camera");
  path.setAttribute("d", rows.map((r, y) => [...r].map((c, x) => c === "1" ? `M${x} ${y}h1v1h-1z` : "").join("")).join(""));
  svg.append(path);
  return svg;
}

for (const b of document.querySelectorAll("[data-to]")) b.onclick = () => say({ type: "advance", to: b.dataset.to });
for (const b of document.querySelectorAll("[data-do]")) b.onclick = () => say({ type: b.dataset.do });
$("language").onchange = () => say({ type: "language", text: $("language").value });
$("channel").onchange = () => say({ type: "channel", text: $("channel").value });
$("staff").onsubmit = event => { event.preventDefault(); say({ type: "reply", text: $("reply").value }); $("reply").value = ""; };
$("fetch").onsubmit = event => { event.preventDefault(); say({ type: "answer", name: $("service").value, text: $("json").value }); };
$("known").onsubmit = event => {
  event.preventDefault();
  $("known-says").textContent = "";
  $("value").removeAttribute("aria-invalid");
  say({ type: "field", name: $("field").value, text: $("value").value });
};
$("agree").onsubmit = event => { event.preventDefault(); say({ type: "consent", name: $("consent").value }); };
$("copy").onclick = () => navigator.clipboard.writeText($("link").value).catch(() => $("link").select());
$("create").elements.pack.onchange = () => {
  const p = packs.find(p => p.name === $("create").elements.pack.value);
  $("create").elements.language.replaceChildren(make("option", { value: "" }, "the flow asks"), ...p.languages.map(l => make("option", {}, l)));
  $("create").elements.channel.replaceChildren(...p.channels.map(c => make("option", {}, c)));
};
// A task is written in one line: what the tester reads, other languages behind strokes, and the step behind the arrow.
const task = (l, i) => {
  const [text, reach] = l.split("->").map(x => x.trim()), [first, ...others] = text.split("|").map(x => x.trim());
  const p = packs.find(p => p.name === $("create").elements.pack.value);
  const all = { [$("create").elements.language.value || p.languages[0]]: first };
  for (const o of others) { const m = o.match(/^([a-z-]+):\s*(.+)$/i); if (m) all[m[1]] = m[2]; }
  return { ID: "task " + (i + 1), Text: all, Reach: reach || "" };
};
$("create").onsubmit = event => {
  event.preventDefault();
  const v = name => $("create").elements[name].value.trim();
  const odd = v("fields").split("\n").findIndex(l => l.trim() && !l.includes("="));
  if (odd >= 0) { complain(`Line ${odd + 1} of the stored fields has no “=”: write name = value.`); $("create").elements.fields.focus(); return; }
  const fields = Object.fromEntries(v("fields").split("\n").filter(l => l.includes("=")).map(l => { const i = l.indexOf("="); return [l.slice(0, i).trim(), l.slice(i + 1).trim()]; }));
  say({ type: "create", passphrase: v("passphrase"), round: { Title: v("title"), Pack: v("pack"), Version: v("version"), Uses: Number(v("uses")), Days: Number(v("days")),
    Persona: { Language: v("language"), Channel: v("channel"), Device: v("device"), Connection: v("connection"), Fields: fields, Consents: v("consents").split(",").map(c => c.trim()).filter(Boolean) },
    Tasks: v("tasks").split("\n").filter(l => l.trim()).map(task) } });
};
enter().then(connect);
