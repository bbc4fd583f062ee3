// The till's keys, taps and sounds. It never needs focus: digits typed anywhere go to the entry, scans of devices arrive
// through the node. What is on the screen comes from the node; here live only the entry, the chosen line and the open panel.
"use strict";

(() => {
  const till = document.getElementById("till");
  const ws = till.dataset.workstation;
  const exponent = Number(till.dataset.exponent);
  const decimal = till.dataset.decimal;
  const api = `/api/v1/workstations/${encodeURIComponent(ws)}`;
  const $ = (id) => document.getElementById(id);

  // ------------------------------------------------------------------ sound
  let audio = null;
  function unlockSound() {
    if (!audio && window.AudioContext) audio = new AudioContext();
    if (audio && audio.state === "suspended") audio.resume().then(showSound, () => {});
    showSound();
  }
  function showSound() { $("sound").hidden = !audio || audio.state === "running"; }
  function beep(frequency, start, length, loud) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, audio.currentTime + start);
    volume.gain.linearRampToValueAtTime(loud, audio.currentTime + start + 0.006);
    volume.gain.setValueAtTime(loud, audio.currentTime + start + length - 0.012);
    volume.gain.linearRampToValueAtTime(0, audio.currentTime + start + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + length);
  }
  const played = { good: 0, error: 0 };
  function play(tone) {
    if (!(tone in played)) return;
    played[tone] += 1;
    till.dataset[`played${tone === "good" ? "Good" : "Error"}`] = played[tone];
    if (!audio || audio.state !== "running") return;
    if (tone === "good") beep(1760, 0, 0.07, 0.25);
    else { beep(233, 0, 0.14, 0.4); beep(196, 0.2, 0.22, 0.4); }
  }
  if (window.AudioContext) audio = new AudioContext();
  setTimeout(showSound, 500);

  // ------------------------------------------------------------------ entry
  const ENTRY_MAX = 200;
  let entry = "";
  let times = null;

  function showEntry() {
    const out = $("entry");
    out.textContent = "";
    if (times !== null) out.append(span("times", `${times} ×`));
    if (entry) out.append(span("typed", entry));
    else if (times === null) out.append(span("hint", out.dataset.empty));
    const amount = parseAmount(entry);
    for (const place of document.querySelectorAll("#pay [data-typed]")) {
      const button = place.closest("button");
      if (!place.dataset.idle) place.dataset.idle = place.textContent;
      place.textContent = amount === null ? place.dataset.idle : formatAmount(amount);
      button.classList.toggle("ready", amount !== null);
    }
  }
  function span(name, text) {
    const made = document.createElement("span");
    made.className = name;
    made.textContent = text;
    return made;
  }
  function clearEntry() { entry = ""; times = null; showEntry(); }

  // "20" is 20.00, "20.5" is 20.50: minor units without a float. Longer than an amount, it is a code.
  function parseAmount(text) {
    const match = /^(\d{1,7})(?:[.,](\d{0,3}))?$/.exec(text);
    if (!match || (match[2] || "").length > exponent) return null;
    return Number(match[1] + (match[2] || "").padEnd(exponent, "0"));
  }
  function formatAmount(minor) {
    const digits = String(minor).padStart(exponent + 1, "0");
    return exponent === 0 ? digits : `${digits.slice(0, -exponent)}${decimal}${digits.slice(-exponent)}`;
  }
  // Eight digits as the store writes dates: "26112008" is 2008-11-26. Whether there is such a day, the node says.
  const BIRTH_DATES = {
    ymd: /^(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})$/, dmy: /^(?<d>\d{2})(?<m>\d{2})(?<y>\d{4})$/, mdy: /^(?<m>\d{2})(?<d>\d{2})(?<y>\d{4})$/,
  };
  function parseBirthDate(text, order) {
    const parts = BIRTH_DATES[order].exec(text);
    return parts && `${parts.groups.y}-${parts.groups.m}-${parts.groups.d}`;
  }
  // The article that the open check is about.
  function checked() {
    const { code, quantity } = $("check").dataset;
    return quantity === undefined ? { code } : { code, quantity: Number(quantity) };
  }
  function parseQuantity(text) {
    const match = /^(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(text);
    if (!match) return null;
    const thousandths = Number(match[1] + (match[2] || "").padEnd(3, "0"));
    return thousandths > 0 ? thousandths : null;
  }

  // ------------------------------------------------------------------ commands
  const post = (path, body) => live.enqueue("POST", path, { id: live.freshId(), ...body }).then(answered);
  const erase = (path) => live.enqueue("DELETE", `${path}?id=${live.freshId()}`).then(answered);

  // Words about refusals come with the stream; here only what the stream cannot know.
  function answered(answer) {
    if (answer && answer.status === 401) location.reload();
    if (!answer || (!answer.ok && (answer.status >= 500 || !answer.body || answer.status === 403))) {
      complain(answer && answer.body ? answer.body : { detail: document.querySelector("#lost strong").textContent, remedy: "" });
    }
    return answer;
  }
  function complain(problem) {
    const say = span("", "");
    const box = document.createElement("div");
    box.className = "say error local";
    const words = document.createElement("p");
    const strong = document.createElement("strong");
    strong.textContent = problem.detail;
    say.textContent = problem.remedy || "";
    words.append(strong, say);
    box.append(words);
    document.querySelectorAll("#strip .local").forEach((old) => old.remove());
    $("strip").prepend(box);
    play("error");
  }

  function addCode(code, found) {
    const trimmed = code.trim();
    if (!trimmed) return;
    if (priceArmed() && !found) return checkPrice(trimmed);
    const body = { code: trimmed };
    const quantity = times === null ? armedTimes() : parseQuantity(times);
    if (window.counter.returning?.(trimmed, quantity)) return;
    if (quantity !== null) body.quantity = quantity;
    post(`${api}/lines`, body).then((answer) => { if (answer?.ok && answer.body.order) openedBy(answer.body.order, trimmed); });
  }
  const priceArmed = () => $("act-price").getAttribute("aria-pressed") === "true";
  function armedTimes() {
    const armed = document.querySelector("#strip [data-times]");
    return armed ? Number(armed.dataset.times) : null;
  }
  function armNext(next) { return live.enqueue("POST", `${api}/next-scan`, { next }).then(answered); }

  async function checkPrice(code) {
    armNext("sell");
    const response = await fetch(`/till/${encodeURIComponent(ws)}/price?code=${encodeURIComponent(code)}`).catch(() => null);
    if (response && response.ok) $("price").innerHTML = await response.text();
    else {
      const answer = await live.send("GET", `/api/v1/articles/by-code/${encodeURIComponent(code)}`).catch(() => null);
      complain(answer && answer.body && answer.body.detail ? answer.body : { detail: code, remedy: "" });
    }
  }

  // Money is asked for once: not again before the node has answered, and two taps on one button in the blink of an eye are one.
  const BLINK_MS = 250;
  let asking = false;
  let lastPaid = { id: "", at: -Infinity };
  function pay(button, send) {
    const now = performance.now();
    if (asking || (lastPaid.id === button.id && now - lastPaid.at < BLINK_MS)) return;
    asking = true;
    lastPaid = { id: button.id, at: now };
    clearEntry();
    send().finally(() => { asking = false; });
  }

  const acts = {
    cash: (button) => pay(button, () => post(`${api}/tenders`, { amount: Number(button.dataset.amount) })),
    "cash-typed": (button) => {
      const amount = parseAmount(entry);
      if (amount === null) return $("entry").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
      pay(button, () => post(`${api}/tenders`, { amount }));
    },
    card: (button) => {
      const amount = parseAmount(entry);
      pay(button, () => post(`${api}/card`, amount === null ? {} : { amount }));
    },
    "card-end": (button) => pay(button, () => post(`${api}/card/${button.dataset.attempt}`, { paid: button.dataset.paid === "true" })),
    "of-age": (button) => pay(button, () => post(`${api}/age-check`, { ...checked(), of_age: true })),
    "not-of-age": (button) => pay(button, () => post(`${api}/age-check`, { ...checked(), of_age: false })),
    "put-aside": (button) => pay(button, () => post(`${api}/put-aside`, { code: $("check").dataset.code })),
    "birth-date": (button) => {
      const birth_date = parseBirthDate(entry, button.dataset.order);
      if (birth_date === null) return $("entry").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
      pay(button, () => post(`${api}/age-check`, { ...checked(), birth_date }));
    },
    "card-cancel": (button) => live.enqueue("POST", `${api}/card/${button.dataset.attempt}/cancel`, {}).then(answered),
    "card-resolve": (button) => pay(button, () => post(`${api}/card/${button.dataset.attempt}/resolve`, { charged: button.dataset.charged === "true" })),
    "take-back": (button) => erase(`${api}/tenders/${button.dataset.index}`),
    undo: () => post(`${api}/undo`, {}),
    park: () => post(`${api}/suspend`, {}),
    recall: (button) => { closePanel(); post(`${api}/recall`, { txn: button.dataset.txn }); },
    "void-sale": () => post(`${api}/void`, {}),
    reprint: () => post(`${api}/reprint`, {}),
    "delete-line": () => onLine((row) => { erase(`${api}/lines/${row.dataset.line}`); chosen = null; }),
    "delete-named": (button) => erase(`${api}/lines/${button.dataset.line}`),
    less: () => step(-1000),
    more: () => step(1000),
    "price-check": () => { closePanel(); armNext(priceArmed() ? "sell" : "price_check"); },
    "sell-next": () => { times = null; showEntry(); armNext("sell"); },
    "add-found": (button) => { closePanel(); closePrice(); addCode(button.dataset.code, true); times = null; showEntry(); },
    quick: (button) => { closePanel(); closePrice(); addCode(button.dataset.code); times = null; showEntry(); },
    dismiss: () => document.querySelectorAll("#strip .error").forEach((box) => { box.hidden = true; }),
    settle: (button) => post(`/api/v1/prints/${button.dataset.job}/settle`, { answer: button.dataset.answer }),
    "open-day": () => { closePanel(); post("/api/v1/day/open", {}).then(dayAnswer); },
    "ask-close-day": () => { $("day-close-sure").hidden = false; },
    "close-day": () => { closePanel(); post("/api/v1/day/close", { workstation: ws }).then(dayAnswer); },
    "close-panel": () => closePanel(),
    "close-price": () => closePrice(),
    "open-order": (button) => live.openOrder(ws, button.dataset.order, button.dataset.code),
    lock: () => { closePanel(); post(`${api}/lock`, {}); },
    "sign-out": () => { closePanel(); post(`${api}/sign-out`, {}); },
    "price-act": () => {},
  };
  // The day belongs to no workstation, so its refusals do not come with the stream.
  function dayAnswer(answer) { if (answer && !answer.ok && answer.body) complain(answer.body); }

  // ------------------------------------------------------------------ lines
  let chosen = null;
  const rows = () => [...document.querySelectorAll("#lines .row[data-line]")];
  function currentRow() {
    const all = rows();
    return all.find((row) => row.id === chosen) || all.find((row) => row.classList.contains("newest")) || all.at(-1);
  }
  function onLine(act) { const row = currentRow(); if (row) act(row); }
  function markCurrent() {
    const current = currentRow();
    for (const row of rows()) {
      row.classList.toggle("chosen", row === current && row.id === chosen);
      row.classList.toggle("current", row === current && row.id !== chosen);
    }
  }
  function step(by) {
    onLine((row) => {
      const quantity = Number(row.dataset.quantity) + by;
      if (quantity > 0) setQuantity(row, quantity);
      else erase(`${api}/lines/${row.dataset.line}`);
    });
  }
  function setQuantity(row, quantity) {
    live.enqueue("PATCH", `${api}/lines/${row.dataset.line}`, { id: live.freshId(), quantity }).then(answered);
  }
  function move(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(currentRow());
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    chosen = next.id;
    markCurrent();
    next.scrollIntoView({ block: "nearest" });
  }

  // ------------------------------------------------------------------ panels
  let panel = null;
  // Keys that a panel of another room takes while it is open; what it leaves goes on as everywhere.
  const panelKeys = {};
  // True: taken; "act": it has done something, so that it is no part of what is typed or scanned next.
  const panelTakes = (name) => (panel && panelKeys[panel]?.(name)) || false;
  function openPanel(name) {
    if (panel === name) return closePanel();
    panel = name;
    $("panels").hidden = false;
    for (const box of document.querySelectorAll("#panels .panel")) box.hidden = box.dataset.name !== name;
    showPanelButtons();
    document.dispatchEvent(new CustomEvent("till-panel", { detail: name }));
    if (name === "search") { $("search-text").focus(); runSearch(); }
  }
  function closePanel() {
    if (!panel) return;
    panel = null;
    document.dispatchEvent(new CustomEvent("till-panel", { detail: null }));
    $("panels").hidden = true;
    $("search-text").value = "";
    if (document.activeElement) document.activeElement.blur();
    showPanelButtons();
  }
  function showPanelButtons() {
    for (const button of document.querySelectorAll("[data-panel]")) button.setAttribute("aria-pressed", String(button.dataset.panel === panel));
  }
  function closePrice() { $("price").textContent = ""; }

  let searching = null;
  let searchSoon = 0;
  function runSearch() {
    clearTimeout(searchSoon);
    searchSoon = setTimeout(async () => {
      if (searching) searching.abort();
      searching = new AbortController();
      try {
        const address = `/till/${encodeURIComponent(ws)}/search?q=${encodeURIComponent($("search-text").value)}`;
        const response = await fetch(address, { signal: searching.signal });
        $("search-results").innerHTML = await response.text();
        $("search-results").scrollTop = 0;
      } catch { /* a newer search took over, or the node is away and the banner says so */ }
    }, 40);
  }

  // ------------------------------------------------------------------ taps
  document.addEventListener("click", (event) => {
    unlockSound();
    const row = event.target.closest("#lines .row[data-line]");
    if (row) {
      chosen = chosen === row.id ? null : row.id;
      return markCurrent();
    }
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    // A pointer leaves no focus behind, so that a scanner's Enter cannot press the last button again.
    if (event.detail > 0) button.blur();
    if (gate.tap(button)) return;
    if (button.dataset.key) return key(button.dataset.key);
    if (button.dataset.letter) return letter(button.dataset.letter);
    if (button.dataset.panel) return openPanel(button.dataset.panel);
    if (button.dataset.page) return location.assign(button.dataset.page);
    if (button.dataset.look) return setLook(button.dataset.look);
    if (button.dataset.mirror) return toggle("mirror", "yes");
    if (button.dataset.size) return toggle("size", "large");
    const act = acts[button.dataset.do];
    if (act) act(button);
  });

  function letter(text) {
    const field = $("search-text");
    field.value = text === "Backspace" ? field.value.slice(0, -1) : field.value + text;
    runSearch();
  }
  function setLook(look) {
    if (look === "auto") delete document.documentElement.dataset.look;
    else document.documentElement.dataset.look = look;
    try { localStorage.setItem("look", look); } catch { /* lasts until the reload then */ }
  }
  function toggle(name, on) {
    const look = document.documentElement.dataset;
    const now = look[name] !== on;
    if (now) look[name] = on;
    else delete look[name];
    try { localStorage.setItem(name, now ? on : "no"); } catch { /* lasts until the reload then */ }
    document.querySelector("#lines .row.newest")?.scrollIntoView({ block: "end" });
  }

  // ------------------------------------------------------------------ keys
  // A wedge types 1 to 19 ms apart, with a hiccup now and then; people need more than 60 ms a key and pause before they pull
  // the trigger. What came in one burst and ends in Enter is a scan, whatever was typed before it and whatever has the focus.
  // Printable keys wait a moment before they do anything, so that a "-" or "/" inside a scanned code deletes and pays nothing.
  const PAUSE_MS = 120;
  const SCAN_GAP_MS = 35;
  const SCAN_MIN = 6;
  const SETTLE_MS = 45;
  let burst = "";
  let burstBegan = 0;
  let burstAt = 0;
  let entryBefore = "";
  let searchBefore = null;
  let typed = [];
  let settling = 0;

  function inBurst(name, at) {
    if (at - burstAt > PAUSE_MS || burst === "") beginBurst([]);
    if (burst === "") burstBegan = at;
    burst += name;
    burstAt = at;
  }
  // From the entry as it stands now, with keys that have come already but have not settled.
  function beginBurst(keys) {
    burst = keys.map(({ name }) => name).join("");
    burstBegan = keys[0]?.at ?? 0;
    entryBefore = entry;
    searchBefore = panel === "search" ? $("search-text").value : null;
  }
  function isScan(at) { return burst.length >= SCAN_MIN && at - burstBegan <= SCAN_GAP_MS * burst.length; }
  function takeScan() {
    const code = burst;
    burst = "";
    typed = [];
    entry = entryBefore;
    if (panelTakes({ scan: code })) return showEntry();
    if (searchBefore === null) closePanel();
    else { $("search-text").value = searchBefore; runSearch(); }
    window.counter.scanned?.();
    addCode(code);
    times = null;
    showEntry();
  }
  function settle() {
    clearTimeout(settling);
    const keys = typed;
    typed = [];
    keys.forEach(({ name }, index) => {
      let acted = "*+/-".includes(name);
      let taken = false;
      if (gate.isOpen()) gate.key(name);
      else if (panel === "search") letter(name);
      else if (panel === "more") { pressTile(name); acted = true; }
      else if ((taken = panelTakes(name))) { acted = taken === "act"; showEntry(); }
      else if (/^\p{L}$/u.test(name)) { openPanel("search"); letter(name); }
      else key(name);
      // What has acted is no part of a scan that follows; what came after it may be its beginning.
      if (acted) beginBurst(keys.slice(index + 1));
    });
  }

  function pressButton(id) {
    const button = $(id);
    if (!button || button.disabled) return;
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 120);
    button.click();
  }

  function pressTile(name) {
    const tile = document.querySelector(`#more [data-tile="${CSS.escape(name.toUpperCase())}"]`);
    if (tile) tile.click();
  }

  const functionKeys = {
    F1: () => openPanel("help"), F2: () => openPanel("search"), F3: () => pressButton("act-price"), F4: () => pressButton("act-park"), F5: () => { if (document.querySelector(".quick-row")) openPanel("quick"); },
    F6: () => openPanel("parked"), F7: () => pressButton("act-void"), F8: () => pressButton("act-undo"), F9: () => pressButton("act-reprint"),
    F10: () => openPanel("day"), F11: () => openPanel("more"), F12: () => openPanel("cash"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && !event.altKey || event.metaKey) return;
    if (functionKeys[event.key]) {
      event.preventDefault();
      return gate.isOpen() ? undefined : functionKeys[event.key]();
    }
    if (event.altKey && !event.ctrlKey) return;
    const printable = event.key.length === 1;
    // By the clock of the keys, not by the timer: on a busy machine it comes late, and a pause would be no pause.
    if (typed.length && event.timeStamp - typed.at(-1).at > SETTLE_MS) settle();
    if (printable) inBurst(event.key, event.timeStamp);
    else if (event.key === "Enter" && isScan(event.timeStamp)) {
      event.preventDefault();
      return takeScan();
    }
    const field = event.target === $("search-text");
    const onButton = event.target.closest && event.target.closest("button") && event.target.matches(":focus-visible");
    if (printable && !field && !(onButton && event.key === " ")) {
      event.preventDefault();
      typed.push({ name: event.key, at: event.timeStamp });
      clearTimeout(settling);
      settling = setTimeout(settle, SETTLE_MS);
      return;
    }
    if (!printable) {
      settle();
      if (event.key !== "Shift" && event.key !== "AltGraph") burst = "";
    }
    if (panel === "search" && (field || event.target.classList.contains("found"))) return searchKey(event);
    // Enter and Space on a button that was reached by Tab press it; a PIN that was typed goes first.
    if (onButton && !(event.key === "Enter" && gate.isTyped()) && (event.key === "Enter" || event.key === " ")) return;
    if (["Enter", "Backspace", "Escape", "Delete", "ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      key(event.key);
    }
  });

  function searchKey(event) {
    const found = [...document.querySelectorAll("#search-results .found")];
    const at = found.indexOf(event.target);
    if (event.key === "Escape") closePanel();
    else if (event.key === "Enter") (found[at] || found[0])?.click();
    else if (event.key === "ArrowDown") found[Math.min(at + 1, found.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (found[at - 1] || $("search-text")).focus();
    else return;
    event.preventDefault();
  }
  $("search-text").addEventListener("input", runSearch);

  // One key of the keypad or the keyboard.
  function key(name) {
    if (gate.isOpen()) return gate.key(name);
    if (panelTakes(name)) return showEntry();
    if (/^(\d|00)$/.test(name) && entry.length < ENTRY_MAX) entry += name;
    else if ((name === "." || name === ",") && /^\d+$/.test(entry)) entry += decimal;
    else if (name === "Backspace") entry ? (entry = entry.slice(0, -1)) : (times = null);
    else if (name === "Escape") escape();
    else if (name === "*" || name === "x" || name === "×") multiply();
    // Enter never says that somebody is of age: it ends every scan.
    else if ($("check") && "+-/".includes(name)) pressButton(name === "-" ? "check-no" : entry ? "check-birth" : "check-yes");
    else if ($("check") && name === "Enter") pressButton($("weigh-typed") ? "weigh-typed" : "check-birth");
    else if (name === "Enter" && window.counter.priceTyped?.(entry)) entry = "";
    else if (name === "Enter") { const code = entry; entry = ""; addCode(code); times = null; }
    else if (name === "+") pressButton($("pay-paid") ? "pay-paid" : $("pay-refund") ? "pay-refund" : entry ? "pay-typed" : "pay-exact");
    else if (name === "/") pressButton("pay-card");
    else if (name === "-") pressButton($("pay-not-paid") ? "pay-not-paid" : $("pay-cancel") ? "pay-cancel" : "act-delete");
    else if (name === "Delete") pressButton("act-delete");
    else if (name === "ArrowUp") move(-1);
    else if (name === "ArrowDown") move(1);
    showEntry();
  }

  // Whatever lies on top goes first.
  function escape() {
    if ($("price").firstChild) closePrice();
    else if (window.counter.receiptIsOpen?.()) acts["close-receipt"]();
    else if (panel) closePanel();
    else if (!entry && window.counter.priceAsked?.()) return;
    else if (entry || times !== null) { const armed = times !== null; entry = ""; times = null; if (armed) armNext("sell"); }
    else if (chosen) { chosen = null; markCurrent(); }
    else if ($("weigh-typed")) acts["forget-weight"]();
    else if (document.querySelector("#strip .error:not([hidden])")) acts.dismiss();
    else if (document.querySelector("#strip .armed")) armNext("sell");
  }

  // "3 *": for the line that was chosen, else for the next scan, wherever it comes from.
  function multiply() {
    const quantity = parseQuantity(entry);
    if (quantity === null) return;
    const row = rows().find((candidate) => candidate.id === chosen);
    if (row) setQuantity(row, quantity);
    else { times = entry; armNext({ times: quantity }); }
    entry = "";
  }

  // ------------------------------------------------------------------ the node's news
  let newestSeen = document.querySelector("#lines .row.newest")?.id;
  let drawerWasOpen = false;
  // A customer's code or a bag's label opens its order, at once where no sale is open, else by the button that the strip shows.
  function openedBy(order, code) { if (!rows().length) live.openOrder(ws, order, code); }
  // A new order stands in the head; it is heard softly, and only where no sale is open.
  live.newOrders(() => {
    if (rows().length) return;
    till.dataset.playedNew = Number(till.dataset.playedNew || 0) + 1;
    if (audio && audio.state === "running") { beep(1047, 0, 0.12, 0.1); beep(1318, 0.14, 0.16, 0.1); }
  });
  live.scanning(ws, () => { /* the node itself sells what is scanned at a till */ });
  live.follow(`/till/${encodeURIComponent(ws)}/events`, (update) => {
    const opens = update.signal?.opens;
    if (opens && opens.page === live.page()) openedBy(opens.order, opens.code);
    if (update.signal) {
      play(update.signal.tone);
      document.querySelectorAll("#strip .local").forEach((old) => old.remove());
      if (update.signal.tone === "good") { closePrice(); chosen = null; if (panel && panel !== "search") closePanel(); }
    }
    if (update.rows) {
      const newest = document.querySelector("#lines .row.newest");
      if (newest && newest.id !== newestSeen) {
        newest.classList.add("fresh");
        newest.scrollIntoView({ block: "end" });
        times = null;
      }
      newestSeen = newest?.id;
      if (!newest) $("lines").scrollTop = 0;
    }
    if (update.parts.strip !== undefined && !document.querySelector("#strip .armed")) times = null;
    markCurrent();
    showEntry();
    showPanelButtons();
    gate.show();
    watchDrawer();
    document.dispatchEvent(new Event("till-updated"));
  });

  // The change stays huge until the next scan or until the drawer is pushed in.
  function watchDrawer() {
    const chip = $("printer-chip");
    const open = chip && chip.dataset.drawer === "open";
    const big = document.querySelector("#total .change");
    if (big && drawerWasOpen && !open) $("total").dataset.settled = big.dataset.finished;
    $("total").classList.toggle("settled", Boolean(big) && $("total").dataset.settled === big.dataset.finished);
    drawerWasOpen = open;
  }

  // What the scripts of other rooms build upon.
  const typedAmount = () => parseAmount(entry);
  const typedText = () => entry;
  const shake = () => $("entry").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
  window.counter = { acts, api, answered, armNext, clearEntry, closePanel, complain, erase, formatAmount, parseAmount, parseQuantity, panelKeys, pay, post, shake, typedAmount, typedText };

  markCurrent();
  document.querySelector("#lines .row.newest")?.scrollIntoView({ block: "end" });
  document.addEventListener("till-entry-used", () => { clearEntry(); closePanel(); });
  showEntry();
  till.dataset.ready = "yes";
})();
