// The panel "Cash": how many of each note and coin, the bag's number and the reason are this browser's business until they are sent.
// Everything else, and whose move it is, comes from the node.
"use strict";

(() => {
  const { acts, api, armNext, clearEntry, closePanel, formatAmount, parseAmount, panelKeys, post, shake, typedAmount } = window.counter;
  const box = document.getElementById("till-cash");
  const decimal = document.getElementById("till").dataset.decimal;
  const PIECES_MAX = 99999;
  const BAG_MAX = 32;
  const till = (body) => post(`${api}/till`, body);
  const one = (selector) => box.querySelector(selector);
  const all = (selector) => [...box.querySelectorAll(selector)];

  // ------------------------------------------------------------------ counting
  // The typed text of each place by its value: "3" pieces, or "123.45" for the total. One round of counting knows nothing of the last.
  let round = "";
  let places = new Map();
  let chosen = null;
  let again = false;
  const grid = () => all(".count-grid").find((candidate) => candidate.offsetParent !== null) || null;
  const cells = () => [...grid().querySelectorAll("[data-value]")];
  const text = (value) => places.get(value) || "";
  const total = () => (text("total") ? parseAmount(text("total")) : sum());
  function sum() {
    let minor = 0;
    for (const [value, count] of places) if (value !== "total") minor += Number(value) * Number(count);
    return minor;
  }
  function type(name) {
    const value = chosen;
    const now = text(value);
    let next = now;
    if (name === "Backspace") next = now.slice(0, -1);
    else if (name === "Delete") next = "";
    else if (value === "total") {
      const typed = now + (name === "." || name === "," ? decimal : name);
      if (parseAmount(typed) !== null) next = typed;
    } else if (/^\d+$/.test(name) && Number(now + name) <= PIECES_MAX) next = String(Number(now + name));
    // A sum and pieces would be two counts.
    if (value === "total" && next) places = new Map();
    else if (next) places.delete("total");
    if (next) places.set(value, next);
    else places.delete(value);
  }
  function move(by) {
    const values = cells().map((cell) => cell.dataset.value);
    chosen = values[Math.min(Math.max(values.indexOf(chosen) + by, 0), values.length - 1)];
  }
  function showGrid() {
    const here = grid();
    if (!here) return;
    const name = `${here.dataset.act}/${here.dataset.round}`;
    if (name !== round) { round = name; places = new Map(); chosen = null; }
    if (!cells().some((cell) => cell.dataset.value === chosen)) chosen = cells()[0].dataset.value;
    for (const cell of cells()) {
      const value = cell.dataset.value;
      cell.setAttribute("aria-pressed", String(value === chosen));
      cell.classList.toggle("filled", places.has(value));
      cell.querySelector(".pieces").textContent = text(value) && value !== "total" ? `× ${text(value)}` : text(value);
    }
    for (const place of all(".count-sum")) place.textContent = formatAmount(total());
  }

  // ------------------------------------------------------------------ bag, reason, report
  let bag = "";
  let bagging = false;
  let scanned = "";
  // While the number is asked for, the next scan of a device is the bag's as well.
  function ask(now) {
    if (now !== bagging) armNext(now ? "bag" : "sell");
    bagging = now;
  }
  let reason = null;
  let dismissed = "";
  function show() {
    const recount = document.getElementById("till-recount");
    if (!recount) again = false;
    else recount.hidden = !again;
    showGrid();
    const cell = document.getElementById("bag-cell");
    if (!cell) { bag = ""; ask(false); }
    else {
      if (cell.dataset.bag && cell.dataset.bag !== scanned) { bag = cell.dataset.bag; bagging = false; }
      scanned = cell.dataset.bag || "";
      cell.setAttribute("aria-pressed", String(bagging));
      document.getElementById("bag-number").textContent = bag || (bagging ? "…" : cell.dataset.none);
    }
    const reasons = all('[data-do="till-reason"]');
    if (!reasons.length) reason = null;
    for (const button of reasons) button.setAttribute("aria-pressed", String(button.dataset.reason === reason));
    const report = document.getElementById("till-report");
    if (report) report.hidden = report.dataset.report === dismissed;
  }

  // Two taps on one button in the blink of an eye are one. Beyond that the node says no by itself: an amount is gone from the entry with
  // the first tap, and a till is neither opened nor counted twice.
  const BLINK_MS = 250;
  let tapped = { name: "", at: -Infinity };
  function once(button, send) {
    const name = Object.values(button.dataset).join("/");
    const now = performance.now();
    if (name === tapped.name && now - tapped.at < BLINK_MS) return;
    tapped = { name, at: now };
    clearEntry();
    send();
  }
  const after = (act) => (...args) => { act(...args); show(); };
  const withReason = (body) => (reason === null ? body : { ...body, reason });
  const open = (button, float) => once(button, () => till({ do: "open", float }).then((answer) => { if (answer && answer.ok) closePanel(); }));
  Object.assign(acts, {
    "till-open-usual": (button) => open(button, { total: Number(button.dataset.amount) }),
    "count-cell": after((button) => { chosen = button.dataset.value; }),
    "count-done": (button) => {
      if (!places.size) return one(".count-grid").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
      const pieces = [...places].map(([value, count]) => ({ value: Number(value), count: Number(count) })).filter(({ count }) => count > 0);
      const count = places.has("total") ? { total: total() } : { pieces };
      if (grid().dataset.act === "open") return open(button, count);
      once(button, () => till({ do: "count", count }));
    },
    "till-move": (button) => {
      const amount = typedAmount();
      if (amount === null) return shake();
      const { kind, reason: why } = button.dataset;
      const body = { do: kind, amount, ...(why ? { reason: why } : {}), ...(kind === "pickup" && bag ? { bag } : {}) };
      once(button, () => till(body).then((answer) => { if (answer && answer.ok && kind === "pickup") { bag = ""; show(); } }));
      ask(false);
      show();
    },
    "bag-cell": after(() => ask(!bagging)),
    "no-sale": (button) => { closePanel(); once(button, () => till({ do: "no_sale", reason: button.dataset.reason })); },
    "till-x": (button) => once(button, () => till({ do: "print_x" })),
    "till-day-x": (button) => once(button, () => till({ do: "print_day_x" })),
    "till-start-count": (button) => { round = ""; once(button, () => till({ do: "start_count" })); },
    "till-cancel": (button) => once(button, () => till({ do: "cancel_count" })),
    "till-reason": after((button) => { reason = button.dataset.reason; }),
    "till-close": (button) => once(button, () => till(withReason({ do: "close" }))),
    "till-hand-over": (button) => once(button, () => till(withReason({ do: "hand_over", to: button.dataset.staffId }))),
    "till-recount": after(() => { again = !again; round = ""; }),
    // The count of one is given up, and another begins.
    "till-other-counts": (button) => {
      round = "";
      once(button, () => till({ do: "cancel_count" }).then((answer) => (answer && answer.ok ? till({ do: "start_count" }) : answer)));
    },
    "report-back": () => { dismissed = document.getElementById("till-report").dataset.report; show(); },
  });

  // ------------------------------------------------------------------ keys
  function press(button) {
    if (button && !button.disabled && button.offsetParent !== null) button.click();
  }
  panelKeys.cash = (name) => {
    if (typeof name !== "string") {
      // A scan: of a bag while its number is asked for.
      if (!bagging) return false;
      bag = name.scan.slice(0, BAG_MAX);
      ask(false);
      show();
      return true;
    }
    const report = document.getElementById("till-report");
    const covered = report && !report.hidden;
    if (bagging && !covered) {
      if (/^[\p{L}\d._-]$/u.test(name) && bag.length < BAG_MAX) bag += name;
      else if (name === "00") bag += name;
      else if (name === "Backspace") bag = bag.slice(0, -1);
      else if (name === "Delete") bag = "";
      else if (name === "Enter") ask(false);
      else if (name === "Escape") { bag = ""; ask(false); }
      else return false;
      show();
      return true;
    }
    if (/^\p{L}$/u.test(name)) {
      const tiles = all(`[data-tile="${CSS.escape(name.toUpperCase())}"]`).filter((tile) => tile.offsetParent !== null);
      press(covered ? tiles.find((tile) => report.contains(tile)) : tiles[0]);
      return "act";
    }
    if (covered || name === "Escape") return false;
    if (!grid()) {
      if (name === "+") { press(document.getElementById("till-close")); return "act"; }
      // An amount goes to the entry; what would pay or delete does nothing here.
      return !/^(\d|00|[.,]|Backspace)$/.test(name);
    }
    if (name === "Enter" || name === "ArrowDown" || name === "ArrowRight") move(1);
    else if (name === "ArrowUp" || name === "ArrowLeft") move(-1);
    else if (/^(\d|00|[.,]|Backspace|Delete)$/.test(name)) type(name);
    else if (name === "+") press([...box.querySelectorAll('[data-do="count-done"]')].find((button) => button.offsetParent !== null));
    show();
    return true;
  };

  document.addEventListener("till-updated", show);
  document.addEventListener("till-panel", (event) => {
    if (event.detail !== "cash") ask(false);
    show();
  });
  show();
})();
