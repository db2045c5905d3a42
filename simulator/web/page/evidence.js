// The pages of a round: they are drawn by the server, and this copies a test and blesses a session.
"use strict";
const $ = id => document.getElementById(id);
const told = (text, bad) => { $("blessed").textContent = text; $("blessed").classList.toggle("bad", !!bad); };

for (const b of document.querySelectorAll("[data-copy]")) b.onclick = async () => {
  const text = document.querySelector("pre." + b.dataset.copy);
  try {
    await navigator.clipboard.writeText(text.textContent);
    b.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text); // to copy with the keyboard
    text.focus();
  }
};

const bless = $("do-bless");
if (bless) bless.onclick = async () => {
  bless.disabled = true;
  told("Playing it once more…");
  try {
    const r = await fetch("/watch/round/bless", { method: "POST", headers: { "X-Baraza": "watch", "Content-Type": "application/json" },
      body: JSON.stringify({ session: bless.dataset.session, version: bless.dataset.version }) });
    const known = r.headers.get("Content-Type") === "application/json";
    told(known ? (await r.json()).says : "You are not signed in any more. Open the link with the key again, then this page.", !r.ok);
  } catch {
    told("There is no connection to the simulator now. Nothing was blessed; try again.", true);
  }
  bless.disabled = false;
};
