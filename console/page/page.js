// What moves on the page of a pack, or of an emergency stop, is read again every few seconds, until somebody stops it or the tab is out of sight.
const every = 4000;
const watch = document.getElementById("watch"), pace = document.getElementById("pace"), pause = document.getElementById("pause");
const says = document.getElementById("pace-says"), told = document.getElementById("told");
let paused = false, timer;

const tell = (text, link) => {
  if (told.dataset.says === text) return; // a screen reader has said it
  told.dataset.says = text;
  told.replaceChildren();
  if (!text) return;
  const p = document.createElement("p");
  p.className = "told mind";
  p.append(text);
  if (link) {
    const a = document.createElement("a");
    a.href = location.pathname;
    a.className = "act";
    a.textContent = link;
    p.append(" ", a);
  }
  told.append(p);
};

const read = async () => {
  if (!paused && !document.hidden) {
    try {
      const r = await fetch(watch.dataset.from, { headers: { "X-Baraza-Watching": "1" }, redirect: "manual" });
      if (r.type === "opaqueredirect") { // to the page for signing in
        tell(watch.dataset.out, watch.dataset.reload);
        return;
      }
      if (!r.ok) throw new Error(r.status);
      const now = new DOMParser().parseFromString(await r.text(), "text/html").getElementById("live");
      const was = document.getElementById("live");
      if (now.dataset.standing !== was.dataset.standing) {
        tell(watch.dataset.moved, watch.dataset.reload);
      } else if (told.dataset.says === watch.dataset.lost) {
        tell("");
      }
      if (!paused && now.innerHTML !== was.innerHTML && !was.contains(document.activeElement)) {
        now.dataset.standing = was.dataset.standing; // of the page around it
        was.replaceWith(now);
      }
    } catch {
      if (!paused) tell(watch.dataset.lost);
    }
  }
  timer = setTimeout(read, every);
};

if (watch) {
  pace.hidden = false;
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
    says.textContent = paused ? says.dataset.paused : says.dataset.live;
    clearTimeout(timer);
    read();
  };
  timer = setTimeout(read, every);
}
