// Puts a button for the chat on a site, and the chat in a frame behind it. See docs/webchat.md.
(() => {
  const me = document.currentScript, src = new URL(me.src);
  const lang = (me.dataset.lang || document.documentElement.lang || navigator.language || "en").slice(0, 35);
  const words = { en: ["Chat", "Close the chat"], es: ["Chat", "Cerrar el chat"], fr: ["Chat", "Fermer le chat"],
    ar: ["محادثة", "إغلاق المحادثة"], sw: ["Mazungumzo", "Funga mazungumzo"] };
  const [open, close] = words[lang.split("-")[0].toLowerCase()] || words.en;
  const label = me.dataset.label || open;
  const button = document.createElement("button");
  let frame;

  const style = (element, rules) => { for (const name in rules) element.style.setProperty(name, rules[name]); };
  const say = () => {
    const shown = !!frame && !frame.hidden;
    button.textContent = shown ? close : label;
    button.setAttribute("aria-expanded", shown);
  };
  const show = shown => {
    if (!frame) {
      frame = document.createElement("iframe");
      const address = new URL("frame", src);
      if (me.dataset.lang) address.searchParams.set("lang", lang);
      frame.src = address;
      frame.title = label;
      frame.allow = "geolocation";
      frame.referrerPolicy = "no-referrer";
      style(frame, { position: "fixed", "z-index": "2147483646", "inset-inline-end": "0", "inset-block-end": "4rem",
        width: "min(100vw, 26rem)", height: "min(calc(100dvh - 4rem), 44rem)", border: "1px solid #7b8794", background: "Canvas" });
      button.before(frame);
    }
    frame.hidden = !shown;
    frame.style.display = shown ? "block" : "none";
    say();
    (shown ? frame : button).focus();
  };

  button.type = "button";
  style(button, { position: "fixed", "z-index": "2147483647", "inset-inline-end": ".75rem", "inset-block-end": ".75rem",
    "min-height": "2.75rem", "min-width": "2.75rem", padding: ".5rem 1.1rem", font: "1rem/1.4 system-ui, sans-serif",
    color: "#fff", background: "#0b4f8a", border: "2px solid #fff", "border-radius": "2rem", cursor: "pointer" });
  button.onclick = () => show(!frame || frame.hidden);
  say();
  addEventListener("message", event => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== src.origin || !event.data) return;
    if (event.data.baraza === "close") show(false);
    if (event.data.baraza === "exit") location.replace(event.data.to);
  });
  const put = () => document.body.append(button);
  document.body ? put() : addEventListener("DOMContentLoaded", put);
})();
