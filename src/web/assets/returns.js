// Returns at the till: which reason is chosen, and the acts on a receipt's lines. Everything else comes from the node.
"use strict";

(() => {
  const { acts, api, answered, closePanel, post, erase, pay } = window.counter;
  // Why it comes back, as chosen for this receipt or customer; nothing is chosen for the cashier.
  let chosen = null;
  let chosenFor = "";
  const card = () => document.querySelector(".receipt-card");
  const reasons = () => [...document.querySelectorAll('[data-do="choose-reason"]')];
  function mark() {
    document.getElementById("return").classList.toggle("open", Boolean(card()));
    const receipt = card()?.dataset.receipt || "";
    const isOver = !receipt && !document.querySelector(".armed-return") && document.getElementById("panels").hidden;
    if (receipt !== chosenFor || isOver) chosen = null;
    chosenFor = receipt;
    // What came back of it already said why, also to another screen.
    chosen ??= card()?.querySelector(".receipt-line.chosen")?.dataset.reason || null;
    const known = new Set(reasons().map((button) => button.dataset.reason));
    if (known.size === 1) [chosen] = known;
    for (const button of reasons()) button.setAttribute("aria-checked", String(button.dataset.reason === chosen));
    const places = reasons().find((button) => button.dataset.reason === chosen)?.dataset.places.split(" ") || [];
    for (const button of document.querySelectorAll(".goes-to")) button.hidden = !places.includes(button.dataset.disposition);
    for (const words of document.querySelectorAll(".where-to")) words.hidden = chosen === null;
  }
  const send = (method, path, body) => live.enqueue(method, path, body).then(answered);
  function give(row, quantity, disposition, reason) {
    post(`${api}/returns`, { receipt: card().dataset.receipt, line: Number(row.line), quantity, disposition, reason });
  }
  const rowOf = (button) => button.closest(".receipt-line").dataset;

  Object.assign(acts, {
    "choose-reason": (button) => { chosen = button.dataset.reason; mark(); },
    // The place is the act: one more comes back and goes there; what came back already goes along when the place is another.
    "return-line": (button) => {
      const row = rowOf(button);
      const { disposition } = button.dataset;
      const more = Number(row.now) === 0 || row.disposition === disposition ? Number(row.step) : 0;
      give(row, Math.min(Number(row.now) + more, Number(row.left)), disposition, chosen);
    },
    "return-all": (button) => { const row = rowOf(button); give(row, Number(row.left), row.disposition, row.reason); },
    "return-less": (button) => {
      const row = rowOf(button);
      const rest = Number(row.now) - Number(row.step);
      if (rest > 0) give(row, rest, row.disposition, row.reason);
      else erase(`${api}/lines/${row.basketLine}`);
    },
    "close-receipt": () => send("DELETE", `${api}/receipt`),
    "show-receipt": () => {
      const field = document.getElementById("receipt-number");
      const number = field.value.trim();
      if (!number) return;
      field.value = "";
      closePanel();
      send("PUT", `${api}/receipt`, { receipt: number });
    },
    "arm-return": (button) => {
      closePanel();
      const { receipt, disposition } = button.dataset;
      send("PUT", `${api}/armed-return`, { reason: chosen, disposition, ...(receipt ? { receipt } : {}) });
      if (receipt) card().hidden = true;
    },
    "disarm-return": () => send("DELETE", `${api}/armed-return`),
    "ask-post-void": () => { document.getElementById("post-void-sure").hidden = false; },
    "post-void": (button) => { closePanel(); pay(button, () => post(`${api}/post-void`, { txn: button.dataset.txn })); },
    refund: (button) => pay(button, () => post(`${api}/refund`, {})),
    "refund-cash": (button) => pay(button, () => post(`${api}/refund`, { by: "cash" })),
  });

  // A code that is typed or comes from a wedge, while scanned articles come back.
  window.counter.returning = (code, quantity) => {
    const armed = document.querySelector(".armed-return");
    if (!armed || code.startsWith("CFR1")) return false;
    const { reason, disposition, receipt } = armed.dataset;
    post(`${api}/returns/articles`, { code, reason, disposition, ...(receipt ? { receipt } : {}), ...(quantity === null ? {} : { quantity }) });
    return true;
  };
  window.counter.receiptIsOpen = () => Boolean(card());

  document.getElementById("receipt-number").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); acts["show-receipt"](); }
    else if (event.key !== "Escape") event.stopPropagation();
  });
  document.addEventListener("till-updated", mark);
  document.addEventListener("till-panel", ({ detail }) => {
    if (detail === "return" && !document.querySelector(".armed-return")) chosen = null;
    mark();
  });
  mark();
})();
