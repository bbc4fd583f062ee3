// Returns at the till: which reason is chosen, and the acts on a receipt's lines. Everything else comes from the node.
"use strict";

(() => {
  const { acts, api, answered, closePanel, post, erase, pay } = window.counter;
  let chosen = null;
  const buttons = () => [...document.querySelectorAll('[data-do="choose-reason"]')];
  const key = (button) => `${button.dataset.reason}/${button.dataset.disposition}`;
  // The first of the list until one is chosen; for the next customer again.
  function current() {
    const all = buttons();
    return all.find((button) => key(button) === chosen) || all[0];
  }
  function mark() {
    const now = current();
    for (const button of buttons()) button.setAttribute("aria-pressed", String(now && key(button) === key(now)));
    const card = document.querySelector(".receipt-card");
    document.getElementById("return").classList.toggle("open", Boolean(card));
    if (!card && !document.querySelector(".armed-return") && document.getElementById("panels").hidden) chosen = null;
  }
  const why = () => ({ reason: current().dataset.reason, disposition: current().dataset.disposition });
  const receipt = () => document.querySelector(".receipt-card").dataset.receipt;
  const send = (method, path, body) => live.enqueue(method, path, body).then(answered);
  const give = (line, quantity) => post(`${api}/returns`, { receipt: receipt(), line: Number(line), quantity, ...why() });

  Object.assign(acts, {
    "choose-reason": (button) => { chosen = key(button); mark(); },
    "return-line": (button) => {
      const { line, left, now, step } = button.dataset;
      give(line, Math.min(Number(now) + Number(step), Number(left)));
    },
    "return-all": (button) => give(button.dataset.line, Number(button.dataset.left)),
    "return-less": (button) => {
      const rest = Number(button.dataset.now) - Number(button.dataset.step);
      if (rest > 0) give(button.dataset.line, rest);
      else erase(`${api}/lines/${button.dataset.basketLine}`);
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
      send("PUT", `${api}/armed-return`, { ...why(), ...(button.dataset.receipt ? { receipt: button.dataset.receipt } : {}) });
      if (button.dataset.receipt) document.querySelector(".receipt-card").hidden = true;
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
  window.counter.receiptIsOpen = () => Boolean(document.querySelector(".receipt-card"));

  document.getElementById("receipt-number").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); acts["show-receipt"](); }
    else if (event.key !== "Escape") event.stopPropagation();
  });
  document.addEventListener("till-updated", mark);
  mark();
})();
