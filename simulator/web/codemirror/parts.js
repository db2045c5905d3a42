// What the editor's page takes from CodeMirror 6. Whatever is not named here is not in the file that browsers load.
export { Compartment, EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
export { Decoration, EditorView, ViewPlugin, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
export { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
export { indentUnit } from "@codemirror/language";
export { autocompletion, completionKeymap, snippet } from "@codemirror/autocomplete";
export { nextDiagnostic, setDiagnostics } from "@codemirror/lint";
export { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
