// The editor's page: a pack's files, the one that is edited, what is wrong with the pack, and the phone beside it. The
// addresses are in edit.go. What is typed is kept here, also without a connection, until it is saved.
import { code, coloured, offsetAt, placeAt, underlined } from "./edit-code.js";
import { common } from "./edit-compare.js";
import { languageServer, plainly } from "./edit-language.js";
import { phone } from "./edit-phone.js";

const $ = id => document.getElementById(id);
const make = (tag, set = {}, ...inside) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(set)) v === undefined || e.setAttribute(k, v);
  e.append(...inside.filter(x => x != null));
  return e;
};
const complain = what => { $("alert").textContent = what; };
const note = what => { $("notice").textContent = what; };
const counted = (n, what) => n === 1 ? "1 " + what : n + " " + what + "s";
const narrow = matchMedia("(max-width: 64rem)");

let packs = [], pack, may = false, server, kinds = [], files = [], here, asked = 0;
const buffers = new Map(); // of files that are open, by name
const problems = new Map(); // what the server says, by name

// ---- Names. The server knows files by addresses such as file:///packs/ec/menu.flow; of a library, one beside the pack.
const uriOf = name => {
  const out = [];
  for (const part of (pack.folder + "/" + name).split("/")) if (part === "..") out.pop(); else if (part) out.push(encodeURIComponent(part));
  return "file:///" + out.join("/");
};
function nameOf(uri) {
  const path = decodeURIComponent(uri.replace(/^file:\/\//, "")), above = pack.folder.slice(0, pack.folder.lastIndexOf("/") + 1);
  return path.startsWith(pack.folder + "/") ? path.slice(pack.folder.length + 1) : "../" + path.slice(above.length);
}

// ---- What the server of the simulator gives.
async function get(path, query = {}) {
  let r;
  try { r = await fetch(path + "?" + new URLSearchParams(query)); } catch { throw new Error("There is no connection now."); }
  const given = await r.json().catch(() => ({}));
  if (!r.ok) throw Object.assign(new Error(given.says || "The simulator does not answer as it should."), { status: r.status });
  return given;
}
// The key leaves the address at once, and is exchanged for a cookie.
async function enter() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", location.pathname + location.search);
  const r = await fetch("/watch/enter", { method: "POST", headers: { "X-Baraza": "watch", "Content-Type": "application/json" }, body: JSON.stringify({ key }) });
  if (!r.ok) throw new Error("This key is not the one that was printed when the simulator began.");
}

// ---- The text.
const editor = code({
  parent: $("code"),
  ask: (method, at) => { flush(); return here ? server.request(method, { textDocument: { uri: here.uri }, position: placeAt(editor.view.state.doc, at) }) : Promise.reject(); },
  acts: { save: () => save(), format: () => format(), definition: () => definition(), explain: () => explain() },
  changed(u) {
    if (!here) return;
    here.state = u.state;
    here.version++;
    clearTimeout(late);
    late = setTimeout(flush, 120);
    marks();
  },
});
const textOf = b => (b === here ? editor.view.state : b.state).doc;
const isDirty = b => !b.readOnly && !textOf(b).eq(b.saved);
let late, painting;

// fits tells whether a text can be sent: one that is too large is not checked, and would end the connection.
const mostSent = 1000000; // bytes; somewhat less than MaxMessage of simulator/editor
function fits(b) {
  const text = textOf(b).toString(), ok = text.length < mostSent / 8 || new TextEncoder().encode(JSON.stringify(text)).length < mostSent;
  if (!ok) note(b.name + " is too large to be checked or saved here: at most 512 KB. Divide it into several files.");
  return ok;
}

// flush tells the server what is on the screen now.
function flush() {
  clearTimeout(late);
  for (const b of buffers.values()) {
    if (b.told === b.version || !b.open || !fits(b)) continue;
    if (server.notify("textDocument/didChange", { textDocument: { uri: b.uri, version: b.version }, contentChanges: [{ text: textOf(b).toString() }] })) b.told = b.version;
    if (b === here) { clearTimeout(painting); painting = setTimeout(paint, 200); }
  }
}
const tellOpen = b => {
  b.told = b.version;
  b.open = fits(b) && server.notify("textDocument/didOpen", { textDocument: { uri: b.uri, languageId: "flow", version: b.version, text: textOf(b).toString() } });
};
async function paint() {
  const b = here, version = b?.version;
  if (!b || !b.name.endsWith(".flow")) return;
  let tokens;
  try { tokens = await server.request("textDocument/semanticTokens/full", { textDocument: { uri: b.uri } }); } catch { return; }
  if (b === here && b.version === version) editor.view.dispatch(coloured(editor.view.state, tokens.data, kinds));
}

// open shows a file, read from the disk where it is not open yet.
async function open(name) {
  const turn = ++asked;
  let b = buffers.get(name);
  if (!b) {
    let given;
    try { given = await get("/edit/file", { pack: pack.name, name }); } catch (problem) { complain(problem.message); return undefined; }
    if (turn !== asked) return undefined;
    b = buffers.get(name) || taken(name, given.text, given.hash || "");
  }
  if (b === here) return b;
  if (here) {
    here.state = editor.view.state;
    if (here.name.startsWith("../")) closeBuffer(here);
  }
  here = b;
  complain("");
  note(b.name.startsWith("../") ? "This is a file of a library. Open the library's own pack to change it." : b.outdated || "");
  editor.view.setState(b.state);
  $("name").textContent = name;
  document.title = name.split("/").pop() + " – Edit a pack";
  history.replaceState(null, "", "?" + new URLSearchParams({ pack: pack.name, file: name }));
  if (!b.open) tellOpen(b);
  underline();
  paint();
  draw();
  return b;
}
function taken(name, text, hash) {
  const b = { name, uri: uriOf(name), hash, version: 1, open: false, readOnly: name.startsWith("../"), text: text.replace(/\r\n?/g, "\n"),
    ends: 2 * (text.match(/\r\n/g) || []).length > (text.match(/\n/g) || []).length ? "\r\n" : "\n" };
  b.state = editor.fresh(b);
  b.saved = b.state.doc;
  buffers.set(name, b);
  return b;
}
function closeBuffer(b) {
  if (b.open) server.notify("textDocument/didClose", { textDocument: { uri: b.uri } });
  buffers.delete(b.name);
  if (b === here) here = undefined;
}
// change makes a buffer's text another, so that it can be undone.
function change(b, spec) {
  if (b === here) { editor.view.dispatch(spec); return; }
  b.state = b.state.update(spec).state;
  b.version++;
  flush();
  marks();
}
const replaced = (b, text) => ({ changes: { from: 0, to: textOf(b).length, insert: text }, selection: { anchor: Math.min(text.length, b === here ? editor.at() : 0) }, userEvent: "replace" });

// ---- The list of files and of problems. A list is brought up to date without losing the focus of what stays.
function fill(list, items, key, drawn) {
  const old = new Map([...list.children].map(e => [e.dataset.key, e]));
  const focused = list.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : undefined;
  const now = items.map(item => {
    const k = key(item), json = JSON.stringify(item), e = old.get(k);
    if (e?.dataset.json === json) return e;
    const fresh = make("li", { "data-key": k }, drawn(item));
    fresh.dataset.json = json;
    return fresh;
  });
  if (now.length !== list.children.length || now.some((e, i) => e !== list.children[i])) list.replaceChildren(...now);
  if (focused !== undefined) [...list.children].find(e => e.dataset.key === focused)?.querySelector("button")?.focus();
}
const names = { 1: "error", 2: "warning", 3: "information", 4: "information" };
function draw() {
  const all = [...new Set([...files.map(f => f.name), ...[...buffers.values()].filter(b => !b.readOnly).map(b => b.name)])].sort();
  fill($("files"), all.map(name => ({ name, here: name === here?.name, dirty: buffers.has(name) && isDirty(buffers.get(name)), wrong: problems.get(name)?.length || 0 })), f => f.name, f => {
    const says = [f.dirty ? "not saved" : "", f.wrong ? counted(f.wrong, "problem") : ""].filter(Boolean).join(", ");
    const b = make("button", { type: "button", "aria-current": f.here ? "true" : undefined }, f.name, says ? make("small", {}, says) : null);
    b.onclick = () => open(f.name).then(b => { if (!b) return; if (narrow.matches) $("list").open = false; editor.view.focus(); });
    return b;
  });
  const found = [...problems].sort(([a], [b]) => (b === here?.name) - (a === here?.name) || (a < b ? -1 : 1)).flatMap(([name, list]) => list.map(d => ({ name, d })));
  const says = found.length ? counted(found.length, "problem") + " in the pack." : "Nothing is wrong with the pack.";
  if ($("count").textContent !== says) $("count").textContent = says;
  fill($("problems"), found.slice(0, 200), f => [f.name, f.d.range.start.line, f.d.range.start.character, f.d.message].join(), ({ name, d }) => {
    const b = make("button", { type: "button", "data-kind": names[d.severity] }, make("small", {}, `${name}, line ${d.range.start.line + 1}: ${names[d.severity]}`), d.message);
    b.onclick = () => go(name, d.range);
    return b;
  });
  marks();
}
// marks says which texts are not saved.
function marks() {
  const dirty = here && isDirty(here);
  $("dirty").textContent = !here ? "" : here.readOnly ? "to read" : dirty ? "not saved" : "saved";
  $("save").disabled = !may || !here || here.readOnly;
  $("format").disabled = !here || here.readOnly || !here.name.endsWith(".flow");
  $("definition").disabled = $("explain").disabled = !here;
  $("discard").hidden = !dirty && !(here && !here.hash && !here.readOnly);
  for (const e of $("files").children) {
    const b = buffers.get(e.dataset.key);
    if (b && isDirty(b) !== JSON.parse(e.dataset.json).dirty) { draw(); return; }
  }
}
function underline() {
  if (here) editor.view.dispatch(underlined(editor.view.state, problems.get(here.name) || []));
}
async function go(name, range) {
  const b = await open(name);
  if (!b) return;
  const doc = editor.view.state.doc;
  editor.go(offsetAt(doc, range.start), offsetAt(doc, range.end));
}

// ---- What the person does.
const trail = [];
async function definition() {
  if (!here) return;
  flush();
  const from = { name: here.name, at: placeAt(editor.view.state.doc, editor.at()) };
  let found;
  try { found = await server.request("textDocument/definition", { textDocument: { uri: here.uri }, position: from.at }); } catch (problem) { note(problem.message); return; }
  if (!found) { note("Nothing at the cursor is a name that is declared."); return; }
  trail.push(from);
  note("");
  await go(nameOf(found.uri), found.range);
  $("back").hidden = false;
  $("back").textContent = "Back to " + from.name;
}
$("back").onclick = async () => {
  const to = trail.pop();
  if (!trail.length) $("back").hidden = true; else $("back").textContent = "Back to " + trail.at(-1).name;
  if (to) await go(to.name, { start: to.at, end: to.at });
};
// explain says what stands at the cursor, and offers the changes that repair what is wrong there.
async function explain() {
  if (!here) return;
  flush();
  const b = here, textDocument = { uri: b.uri }, position = placeAt(editor.view.state.doc, editor.at());
  let found, repairs;
  try {
    [found, repairs] = await Promise.all([server.request("textDocument/hover", { textDocument, position }),
      server.request("textDocument/codeAction", { textDocument, range: { start: position, end: position }, context: { only: ["quickfix"] } })]);
  } catch (problem) { note(problem.message); return; }
  const version = b.version;
  const offered = b.readOnly ? [] : repairs.filter(r => r.edit?.changes).map(r => {
    const button = make("button", { type: "button" }, r.title);
    button.onclick = () => { if (b.version === version) repair(r); else { note("The text was changed meanwhile, so explain it again."); $("about-close").onclick(); } };
    return make("p", {}, button);
  });
  $("about-text").replaceChildren(...offered, found ? plainly(found.contents.value) : offered.length ? "" : make("p", {}, "There is nothing to explain at the cursor. Put it on a word, a name or a problem."));
  $("about").hidden = false;
  $("about-name").focus();
}
async function repair(action) {
  for (const [uri, edits] of Object.entries(action.edit.changes)) {
    const b = await open(nameOf(uri));
    if (!b || b.readOnly) return;
    const doc = editor.view.state.doc;
    editor.view.dispatch({ changes: edits.map(e => ({ from: offsetAt(doc, e.range.start), to: offsetAt(doc, e.range.end), insert: e.newText })), userEvent: "repair" });
  }
  $("about-close").onclick();
  note("Done: " + action.title);
}
$("about-close").onclick = () => { $("about").hidden = true; editor.view.focus(); };
$("about").onkeydown = event => { if (event.key === "Escape") $("about-close").onclick(); };
async function format() {
  const b = here;
  if (!b || b.readOnly) return;
  flush();
  const version = b.version;
  let edits;
  try { edits = await server.request("textDocument/formatting", { textDocument: { uri: b.uri }, options: { tabSize: 2, insertSpaces: true } }); } catch (problem) { note(problem.message); return; }
  if (b !== here || b.version !== version) { note("You typed on, so it was not formatted. Try again."); return; }
  const doc = editor.view.state.doc;
  editor.view.dispatch({ changes: edits.map(e => ({ from: offsetAt(doc, e.range.start), to: offsetAt(doc, e.range.end), insert: e.newText })), userEvent: "format" });
  note(edits.length ? "Formatted." : "It has its form already.");
}
async function save(b = here, over) {
  if (!b || b.readOnly) return;
  if (!may) { note($("reading").textContent); return; }
  if (b.saving) return;
  b.saving = true;
  const doc = textOf(b);
  let r, given;
  try {
    r = await fetch("/edit/save", { method: "POST", headers: { "X-Baraza": "edit", "Content-Type": "application/json" },
      body: JSON.stringify({ pack: pack.name, name: b.name, hash: over ?? b.hash, text: doc.toString().replace(/\n/g, b.ends) }) });
    given = await r.json();
  } catch {
    complain("It is not saved: the simulator does not answer. Your text stays here; try again.");
    return;
  } finally { b.saving = false; }
  if (r.status === 409) { conflict(b, given.theirs); return; }
  if (!r.ok) { complain("It is not saved. " + (given.says || "")); return; }
  Object.assign(b, { hash: given.hash, saved: doc, outdated: "" });
  complain("");
  note("Saved " + b.name + ".");
  draw();
  look();
}
// discard takes a file as it is on the disk, and forgets one that is not there.
async function discard(b = here) {
  if (!b || !confirm(`Discard what you changed in ${b.name}?`)) return;
  if (!b.hash) { drop(b); return; }
  let given;
  try { given = await get("/edit/file", { pack: pack.name, name: b.name }); } catch (problem) { complain(problem.message); return; }
  take(b, given.text, given.hash);
  note("The text is as it is on the disk. Undo brings yours back.");
}
function drop(b) {
  closeBuffer(b);
  editor.view.setState(editor.fresh({ name: "no file", readOnly: true, text: "" }));
  $("name").textContent = "No file is open";
  draw();
}
function take(b, text, hash) {
  change(b, replaced(b, text.replace(/\r\n?/g, "\n")));
  Object.assign(b, { hash, saved: textOf(b), outdated: "" });
  draw();
}
$("discard").onclick = () => discard();
$("save").onclick = () => save();
$("format").onclick = () => format();
$("definition").onclick = () => definition();
$("explain").onclick = () => explain();
addEventListener("keydown", event => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") { event.preventDefault(); if (!$("code").contains(event.target) && !$("conflict").open) save(); }
});
$("new").onsubmit = async event => {
  event.preventDefault();
  const name = $("new-name").value.trim().replace(/^\/+/, "");
  if (!/\.(flow|csv|po)$/.test(name) || name.startsWith(".") || name.includes("..")) { complain("Give the file a name that ends with .flow, .csv or .po, such as offices.flow."); return; }
  if (!files.some(f => f.name === name) && !buffers.has(name)) taken(name, "", "");
  $("new-name").value = "";
  if (await open(name)) editor.view.focus();
};

// ---- Two people changed one file.
function conflict(b, theirs) {
  const other = theirs.text.replace(/\r\n?/g, "\n"), a = other.split("\n"), c = textOf(b).toString().split("\n");
  const [inBoth, also] = common(a, c), lines = (all, both) => all.map((l, i) => make("span", {}, both.has(i) ? l : make("mark", {}, l)));
  $("theirs").replaceChildren(...theirs.hash ? lines(a, inBoth) : [make("em", {}, "The file is not there any more.")]);
  $("mine").replaceChildren(...lines(c, also));
  $("conflict-says").textContent = `While you were writing, ${b.name} was changed on the disk. Both texts are here; lines that are not the same are marked. Nothing is saved yet.`;
  $("keep-theirs").onclick = () => {
    $("conflict").close();
    if (!theirs.hash) { drop(b); return; }
    take(b, other, theirs.hash);
    note("The text is theirs now. Undo brings yours back.");
  };
  $("keep-mine").onclick = () => { $("conflict").close(); save(b, theirs.hash); };
  $("go-on").onclick = () => { $("conflict").close(); note("Nothing is saved. When you save again, both texts are shown again."); };
  $("conflict").showModal();
  for (const [id, all] of [["theirs", a], ["mine", c]]) { const first = $(id).querySelector("mark"); $(id).scrollTop = first ? first.offsetTop - $(id).offsetTop - 40 : 0; }
  $("conflict-name").focus();
}
$("conflict").addEventListener("close", () => editor.view.focus());

// look sees what changed on the disk. The server hears of it, and a file that is open and was not changed here takes it.
async function look() {
  if (!pack) return;
  const of = pack;
  let given;
  try { given = (await get("/edit/files", { pack: of.name })).files; } catch { return; }
  if (of !== pack) return;
  const before = new Map(files.map(f => [f.name, f.stamp])), now = new Map(given.map(f => [f.name, f.stamp]));
  const changes = [...given.filter(f => before.get(f.name) !== f.stamp).map(f => ({ name: f.name, type: before.has(f.name) ? 2 : 1 })),
    ...files.filter(f => !now.has(f.name)).map(f => ({ name: f.name, type: 3 }))];
  const first = !files.length;
  files = given;
  if (first || !changes.length) { if (first) draw(); return; }
  server.notify("workspace/didChangeWatchedFiles", { changes: changes.map(c => ({ uri: uriOf(c.name), type: c.type })) });
  for (const { name, type } of changes) if (buffers.has(name)) await reread(buffers.get(name), type === 3);
  draw();
}
async function reread(b, gone) {
  let given;
  if (!gone) try { given = await get("/edit/file", { pack: pack.name, name: b.name }); } catch { return; }
  if (given?.hash === b.hash || b.saving) return;
  if (gone || isDirty(b)) {
    b.outdated = gone ? "This file is not on the disk any more. Saving asks you whether to write it anew." : "Somebody else changed this file on the disk. When you save, you see both texts.";
    if (b === here) note(b.outdated);
    return;
  }
  take(b, given.text, given.hash);
  if (b === here) note("This file was changed on the disk; the new text is here.");
}
setInterval(() => { if (document.visibilityState === "visible") look(); }, 3000);
addEventListener("focus", look);
addEventListener("beforeunload", event => { if ([...buffers.values()].some(isDirty)) event.preventDefault(); });

// ---- One pack at a time.
const beside = phone((method, params) => server.notify(method, params));
function choose(name, file) {
  server?.end();
  pack = packs.find(p => p.name === name) || packs[0];
  $("pack").value = pack.name;
  buffers.clear();
  problems.clear();
  files = [];
  trail.length = 0;
  $("back").hidden = true;
  here = undefined;
  beside.forget();
  let begun = false;
  server = languageServer({
    pack: pack.name, folder: pack.folder,
    state: text => { $("status").textContent = text; },
    opened: async legend => {
      kinds = legend;
      problems.clear();
      for (const b of buffers.values()) tellOpen(b);
      beside.talk();
      await look();
      draw();
      if (begun) { paint(); return; }
      begun = true;
      await open(files.some(f => f.name === file) ? file : (files.find(f => f.name === "pack.flow") || files[0])?.name);
    },
    heard: {
      "textDocument/publishDiagnostics"(p) {
        const name = nameOf(p.uri);
        if (p.diagnostics.length) problems.set(name, p.diagnostics); else problems.delete(name);
        if (name === here?.name) underline();
        draw();
      },
      "phone/shows": beside.shows,
      "window/showMessage": p => note(p.message),
    },
  });
}
$("pack").onchange = () => {
  if ([...buffers.values()].some(isDirty) && !confirm("What is not saved in this pack is lost. Go on?")) { $("pack").value = pack.name; return; }
  choose($("pack").value);
};

try {
  await enter();
  const given = await get("/edit/packs"), wanted = new URLSearchParams(location.search);
  ({ may, packs } = given);
  if (!packs.length) throw new Error("There is no pack to edit here.");
  $("reading").hidden = may;
  $("new").hidden = !may;
  $("pack").replaceChildren(...packs.map(p => make("option", { value: p.name }, `${p.title} (${p.name})`)));
  if (narrow.matches) $("list").open = false;
  choose(wanted.get("pack"), wanted.get("file"));
} catch (problem) {
  $("status").textContent = "";
  complain(problem.message);
}
