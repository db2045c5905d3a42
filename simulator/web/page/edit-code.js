// The text that is edited: CodeMirror, told what the language server knows.
import { Compartment, Decoration, EditorState, EditorView, Prec, StateEffect, StateField, ViewPlugin, autocompletion, completionKeymap, defaultKeymap,
  highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, hoverTooltip, indentUnit, indentWithTab, keymap,
  lineNumbers, nextDiagnostic, search, searchKeymap, setDiagnostics, snippet } from "./codemirror.js";
import { plainly } from "./edit-language.js";

// Places: the server counts lines from 0 and UTF-16 units, as CodeMirror does within a line.
export const placeAt = (doc, at) => { const line = doc.lineAt(at); return { line: line.number - 1, character: at - line.from }; };
export const offsetAt = (doc, p) => {
  if (p.line >= doc.lines) return doc.length;
  const line = doc.line(p.line + 1);
  return Math.min(line.to, line.from + p.character);
};

// Colours come from the server, which knows what each name stands for. They move with the text until newer ones come.
const colour = StateEffect.define();
const colours = StateField.define({
  create: () => Decoration.none,
  update(all, tr) {
    all = all.map(tr.changes);
    for (const e of tr.effects) if (e.is(colour)) all = e.value;
    return all;
  },
  provide: field => EditorView.decorations.from(field),
});
export function coloured(state, data, kinds) {
  const all = [];
  let line = 0, from = 0;
  for (let i = 0; i + 4 < data.length; i += 5) {
    if (data[i]) from = 0;
    line += data[i];
    from += data[i + 1];
    if (line >= state.doc.lines) break;
    const l = state.doc.line(line + 1), start = l.from + from, end = Math.min(l.to, start + data[i + 2]);
    if (start < end) all.push(Decoration.mark({ class: "tok-" + kinds[data[i + 3]] }).range(start, end));
  }
  return { effects: colour.of(Decoration.set(all)) };
}

// Each line runs the way its first letter does. In a line that begins from left to right, a text that runs the other
// way is kept together, so that its stops and holes do not jump.
const direction = Decoration.line({ attributes: { dir: "auto" } }), apart = Decoration.mark({ attributes: { dir: "auto" }, bidiIsolate: null });
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/, latin = /\p{Script=Latin}/u;
const directions = ViewPlugin.fromClass(class {
  constructor(view) { this.look(view); }
  update(u) { if (u.docChanged || u.viewportChanged) this.look(u.view); }
  look(view) {
    const lines = [], texts = [];
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to;) {
        const line = view.state.doc.lineAt(at), begin = line.text.search(rightToLeft);
        lines.push(direction.range(line.from));
        const text = begin > 0 && latin.test(line.text.slice(0, begin)) ? line.text.slice(begin).replace(/["\s]+$/, "") : "";
        if (text) texts.push(apart.range(line.from + begin, line.from + begin + text.length));
        at = line.to + 1;
      }
    }
    this.lines = Decoration.set(lines);
    this.texts = Decoration.set(texts);
  }
}, {
  provide: plugin => {
    const texts = view => view.plugin(plugin)?.texts ?? Decoration.none;
    return [EditorView.decorations.of(view => view.plugin(plugin)?.lines ?? Decoration.none), Prec.lowest([EditorView.decorations.of(texts), EditorView.bidiIsolatedRanges.of(texts)])];
  },
});

// Offers of the server. Each says itself which text it takes the place of.
const kinds = { 3: "function", 6: "variable", 7: "class", 9: "namespace", 10: "property", 12: "text", 14: "keyword", 15: "keyword", 17: "text", 21: "constant", 23: "method" };
const filled = text => text.replace(/\$(\d+)/g, "$${$1}").replace(/\\([\\$])/g, "$1");
function put(item) {
  return (view, completion, _, to) => {
    const doc = view.state.doc, from = Math.min(to, offsetAt(doc, item.textEdit?.range.start ?? placeAt(doc, to)));
    const text = item.textEdit?.newText ?? item.label;
    if (item.insertTextFormat === 2) snippet(filled(text))(view, completion, from, to);
    else view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: "input.complete" });
  };
}
const offers = ask => async context => {
  if (!context.explicit && /^\s*$/.test(context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from))) return null;
  let list;
  try { list = await ask("textDocument/completion", context.pos); } catch { return null; }
  if (context.aborted || !list) return null;
  const doc = context.state.doc;
  let from = context.pos;
  const options = list.items.flatMap(item => {
    const start = item.textEdit ? offsetAt(doc, item.textEdit.range.start) : context.pos;
    const typed = doc.sliceString(start, context.pos).toLowerCase(), name = (item.filterText || item.label).toLowerCase();
    if (!name.includes(typed) || name === typed && !context.explicit) return [];
    from = Math.min(from, start);
    return [{ label: item.label, detail: item.detail, type: kinds[item.kind], apply: put(item), first: name.startsWith(typed) ? 0 : 1, order: item.sortText || item.label,
      info: item.documentation ? () => plainly(item.documentation.value) : undefined }];
  });
  options.sort((a, b) => a.first - b.first || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return options.length ? { from, options, filter: false } : null;
};

const severities = { 1: "error", 2: "warning", 3: "info", 4: "hint" };
export const underlined = (state, list) => setDiagnostics(state, list.map(d => {
  const from = offsetAt(state.doc, d.range.start), to = offsetAt(state.doc, d.range.end);
  return { from, to: Math.max(from, to), severity: severities[d.severity], message: d.message };
}));

// theme follows the device; what it is on its own is in edit.css.
const dark = matchMedia("(prefers-color-scheme: dark)"), scheme = new Compartment();

// code makes the editor. ask puts a question of the server about a place; acts are what keys do; changed hears of
// every change.
export function code({ parent, ask, acts, changed }) {
  const key = act => () => { act(); return true; };
  const told = async (view, at) => {
    let found;
    try { found = await ask("textDocument/hover", at); } catch { return null; }
    if (!found) return null;
    const doc = view.state.doc;
    return { pos: found.range ? offsetAt(doc, found.range.start) : at, end: found.range ? offsetAt(doc, found.range.end) : at, above: true, create: () => ({ dom: plainly(found.contents.value) }) };
  };
  const extensions = buffer => [
    EditorView.cspNonce.of(document.querySelector("link[nonce]").nonce),
    scheme.of(EditorView.darkTheme.of(dark.matches)),
    lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(), highlightSelectionMatches(), history(), search({ top: true }),
    EditorView.lineWrapping, EditorView.perLineTextDirection.of(true), directions, colours, indentUnit.of("  "),
    autocompletion({ override: buffer.readOnly ? [] : [offers(ask)], icons: false, closeOnBlur: true }), hoverTooltip(told),
    EditorState.readOnly.of(buffer.readOnly),
    EditorView.contentAttributes.of({ "aria-label": "Text of " + buffer.name, "aria-describedby": "leave", tabindex: "0", ...(buffer.readOnly ? { "aria-readonly": "true" } : {}), spellcheck: "false" }),
    EditorView.updateListener.of(u => { if (u.docChanged) changed(u); }),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        if (event.button !== 0 || !(event.ctrlKey || event.metaKey)) return false;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (at == null) return false;
        view.dispatch({ selection: { anchor: at } });
        acts.definition();
        event.preventDefault();
        return true;
      },
    }),
    keymap.of([
      { key: "Mod-s", run: key(acts.save), preventDefault: true }, { key: "Shift-Alt-f", run: key(acts.format) }, { key: "F12", run: key(acts.definition) },
      { key: "F1", run: key(acts.explain) }, { key: "Mod-.", run: key(acts.explain) }, { key: "F8", run: nextDiagnostic },
      ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab,
    ]),
  ];
  const view = new EditorView({ parent, state: EditorState.create({ doc: "", extensions: extensions({ name: "no file", readOnly: true }) }) });
  dark.addEventListener("change", () => view.dispatch({ effects: scheme.reconfigure(EditorView.darkTheme.of(dark.matches)) }));
  return {
    view,
    fresh: buffer => EditorState.create({ doc: buffer.text, extensions: extensions(buffer) }),
    at: () => view.state.selection.main.head,
    go(from, to = from) { view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) }); view.focus(); },
  };
}
