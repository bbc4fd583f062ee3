// Discounts and prices by hand: the number in the entry, the chosen line, and the tapped meaning become one command.
"use strict";

(() => {
  const till = document.getElementById("till");
  const exponent = Number(till.dataset.exponent);
  const api = `/api/v1/workstations/${encodeURIComponent(till.dataset.workstation)}`;

  function parse(text, decimals) {
    const match = /^(\d{1,7})(?:[.,](\d{0,3}))?$/.exec(text);
    if (!match || (match[2] || "").length > decimals) return null;
    return Number(match[1] + (match[2] || "").padEnd(decimals, "0"));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do='price-act']");
    if (!button || button.disabled) return;
    const typed = document.querySelector("#entry .typed");
    const [where, what] = button.dataset.kind.split("-");
    const number = parse(typed ? typed.textContent : "", what === "percent" ? 2 : exponent);
    if (number === null) {
      document.getElementById("entry").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
      return;
    }
    const row = document.querySelector("#lines .row.chosen, #lines .row.current");
    if (where === "line" && !row) return;
    const place = where === "line" ? `${api}/lines/${row.dataset.line}` : api;
    const body = { id: live.freshId(), reason: button.dataset.reason };
    if (what === "price") body.price = number;
    else body.off = { [what]: number };
    live.enqueue("POST", `${place}/${what === "price" ? "price" : "discount"}`, body);
    document.dispatchEvent(new CustomEvent("till-entry-used"));
  });
})();
