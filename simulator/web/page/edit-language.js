// The language server, asked over one socket: JSON-RPC, a message each. It comes back by itself when it is cut off.
export function languageServer({ pack, folder, opened, heard, state }) {
  let socket, ready = false, tries = 0, soon, next = 1, over = false;
  const waiting = new Map();
  const send = m => socket.send(JSON.stringify({ jsonrpc: "2.0", ...m }));
  const lost = () => {
    ready = false;
    for (const { refuse } of waiting.values()) refuse(new Error("There is no connection now."));
    waiting.clear();
  };
  const request = (method, params) => new Promise((give, refuse) => {
    if (socket?.readyState !== 1 || !ready && method !== "initialize") { refuse(new Error("There is no connection now.")); return; }
    const id = next++;
    waiting.set(id, { give, refuse });
    send({ id, method, params });
  });
  const notify = (method, params) => { if (ready) send({ method, params }); return ready; };

  async function begin() {
    const agreed = await request("initialize", { rootUri: "file://" + folder.split("/").map(encodeURIComponent).join("/"), capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } } } });
    ready = true;
    notify("initialized", {});
    tries = 0;
    state("");
    opened(agreed.capabilities.semanticTokensProvider.legend.tokenTypes);
  }
  function connect() {
    clearTimeout(soon);
    const mine = socket = new WebSocket(new URL("/edit/socket?pack=" + encodeURIComponent(pack), location.href).href.replace(/^http/, "ws"));
    mine.onopen = () => begin().catch(() => mine.close());
    mine.onmessage = event => {
      const m = JSON.parse(event.data);
      if (m.method) { heard[m.method]?.(m.params); return; }
      const asked = waiting.get(m.id);
      waiting.delete(m.id);
      if (m.error) asked?.refuse(new Error(m.error.message)); else asked?.give(m.result);
    };
    mine.onclose = () => {
      lost();
      if (over) return;
      state(tries++ ? "There is no connection. What you type stays here; it is checked and can be saved when the connection is back." : "Connecting…");
      soon = setTimeout(connect, Math.min(15000, 500 * 2 ** tries));
    };
  }
  addEventListener("online", () => { if (!over && socket?.readyState > 1) connect(); });
  connect();
  return { request, notify, end() { over = true; clearTimeout(soon); socket.close(); } };
}

// plainly makes what the server tells as Markdown into text of the page.
export function plainly(markdown) {
  const make = (tag, ...inside) => { const e = document.createElement(tag); e.append(...inside); return e; };
  const words = text => text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(w => w.startsWith("`") ? make("code", w.slice(1, -1)) : w.startsWith("**") ? make("strong", w.slice(2, -2)) : w);
  const into = make("div");
  into.className = "told";
  let list;
  for (const part of markdown.split(/(^```[^\n]*\n[\s\S]*?^```$)/m)) {
    if (part.startsWith("```")) { into.append(make("pre", part.replace(/^```[^\n]*\n|\n?```$/g, ""))); list = undefined; continue; }
    for (const block of part.split(/\n{2,}|\n(?=- )/)) {
      const text = block.trim();
      if (!text) continue;
      if (/^-{3,}$/.test(text)) into.append(make("hr"));
      else if (text.startsWith("- ")) { if (!list) into.append(list = make("ul")); list.append(make("li", ...words(text.slice(2)))); continue; }
      else into.append(make("p", ...words(text.replace(/^#+ /, ""))));
      list = undefined;
    }
  }
  return into;
}
