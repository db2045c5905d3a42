// Without this script the page works too: forms post, and reloading shows what is new.
"use strict";
const log = document.getElementById("messages");
const text = document.getElementById("text");
const open = new Set();
let shown = "";

function end() {
  log.parentElement.scrollTop = log.parentElement.scrollHeight;
}

async function refresh() {
  const answer = await fetch("phone/messages?" + log.dataset.query);
  if (!answer.ok) return;
  const html = await answer.text();
  if (html === shown) return;
  shown = html;
  const focus = log.contains(document.activeElement) ? document.activeElement.closest("li")?.id : undefined;
  log.innerHTML = html;
  for (const id of open) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
  if (focus) (document.getElementById(focus)?.querySelector("button, summary") ?? log).focus();
  end();
}

log.addEventListener("toggle", (event) => {
  const id = event.target.closest("li")?.id;
  if (id) event.target.open ? open.add(id) : open.delete(id);
}, true);
log.addEventListener("load", end, true); // a picture has its height now

// Enter sends, Shift and Enter begin a new line; while an input method composes a word, Enter belongs to it.
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (text.value.trim()) text.form.requestSubmit();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-live]")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
  if (form.contains(text)) text.value = "";
  else form.reset();
  form.closest("details")?.removeAttribute("open");
  const answer = await fetch(form.action, { method: "POST", body });
  if (new URL(answer.url).searchParams.has("problem")) location.href = answer.url;
  await refresh();
  // The button that was pressed may be gone, or folded away.
  if (form.closest("footer") || document.activeElement === document.body) text.focus();
});

new EventSource("phone/changes").onmessage = refresh;
end();
