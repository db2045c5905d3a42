// Without this script the page works too: forms post, and reloading shows what is new.
"use strict";
const log = document.getElementById("messages");
const open = new Set();
let shown = "";

function end() {
  log.parentElement.scrollTop = log.parentElement.scrollHeight;
}

async function refresh() {
  const answer = await fetch("/phone/messages?" + log.dataset.query);
  if (!answer.ok) return;
  const html = await answer.text();
  if (html === shown) return;
  shown = html;
  const focus = document.activeElement?.closest("li")?.id;
  log.innerHTML = html;
  for (const id of open) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
  if (focus) document.getElementById(focus)?.querySelector("button, summary")?.focus();
  end();
}

log.addEventListener("toggle", (event) => {
  const id = event.target.closest("li")?.id;
  if (id) event.target.open ? open.add(id) : open.delete(id);
}, true);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-live]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const text = form.querySelector("[name=text]");
  if (text) text.value = "";
  form.closest("details")?.removeAttribute("open");
  const answer = await fetch(form.action, { method: "POST", body });
  if (new URL(answer.url).searchParams.has("problem")) location.href = answer.url;
  await refresh();
});

new EventSource("/phone/changes").onmessage = refresh;
end();
