// Looking an order up by its number, the last digits of it or a name: in the field, or typed anywhere on the page. What fits comes from the
// node as cards.
"use strict";

const orderSearch = (ws, scanned) => {
  const field = document.getElementById("find-text");
  const found = document.getElementById("found");
  const addressOf = (order) => `/orders/${encodeURIComponent(ws)}/order/${encodeURIComponent(order)}`;
  // No fields on the picker's page.
  if (!field) return { typed: async () => false, again: () => {}, addressOf };

  const WAIT_MS = 120;
  const CARD = ".order-card";
  const cards = () => [...found.querySelectorAll(CARD)];
  let asked = 0;
  let soon = 0;

  async function look(text) {
    clearTimeout(soon);
    asked += 1;
    const mine = asked;
    if (text.trim() === "") { found.textContent = ""; return null; }
    let html;
    try {
      const answer = await fetch(`/orders/${encodeURIComponent(ws)}/find?text=${encodeURIComponent(text)}`, { cache: "no-store" });
      if (!answer.ok) return null;
      html = await answer.text();
    } catch { return null; }
    // Somebody typed on.
    if (mine !== asked) return null;
    found.innerHTML = html;
    return found.firstElementChild;
  }
  function close() {
    clearTimeout(soon);
    asked += 1;
    field.value = "";
    found.textContent = "";
  }

  // Opens what has this number, or the only one that fits; else lists them. False: nothing fits.
  async function typed(text) {
    const list = await look(text);
    if (!list) return false;
    const all = cards();
    if (list.dataset.exact) { location.assign(addressOf(list.dataset.exact)); return true; }
    if (all.length === 0) { found.textContent = ""; return false; }
    field.value = text;
    if (all.length === 1) location.assign(all[0].getAttribute("href"));
    else all[0].focus();
    return true;
  }

  field.addEventListener("input", () => {
    clearTimeout(soon);
    const text = field.value;
    // A code that a scanner types is no name.
    if (/^CF[BC]1/.test(text)) return;
    soon = setTimeout(() => look(text), WAIT_MS);
  });
  document.getElementById("find").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "") return field.focus();
    if (/^CF[BC]1/.test(text) || /^\d{4}\s?\d{4}$/.test(text)) {
      close();
      field.blur();
      return scanned(text);
    }
    // With nothing found the words below the field say what to do.
    if (!await typed(text)) await look(text);
  });
  document.getElementById("finding").addEventListener("keydown", (event) => {
    const all = cards();
    const at = all.indexOf(document.activeElement);
    if (event.key === "Escape") { close(); field.focus(); }
    else if (event.key === "ArrowDown" && all.length) all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (all[at - 1] || field).focus();
    else return;
    event.preventDefault();
  });

  // Something changed at the node: what is listed is asked for anew, unless somebody is choosing.
  function again() {
    if (found.firstElementChild && !found.contains(document.activeElement)) look(field.value);
  }
  return { typed, again, addressOf };
};
