// Orders at a workstation: taps on buttons that carry their act, scans of a wedge, sounds. What is on the page comes from the node;
// here live only what was scanned since the page was opened: bags that were seen, the customer's code, chosen orders.
"use strict";

(() => {
  const till = document.getElementById("till");
  const about = document.getElementById("about");
  const ws = till.dataset.workstation;
  const mode = till.dataset.mode;
  const order = about ? about.dataset.order : undefined;
  const batch = about && about.dataset.orders ? about.dataset.orders.split(",") : [];
  const api = `/api/v1/workstations/${encodeURIComponent(ws)}/orders`;

  const { unlockSound, signal, say, complain } = handheld;

  // ---- acts
  // `otherwise`: what else to do with a refusal; true when it did something.
  async function send(act, then, otherwise) {
    const answer = await live.enqueue("POST", api, { id: live.freshId(), act });
    if (answer && answer.ok) {
      signal("good");
      const tote = act.act === "pick" && answer.body ? totes[answer.body.order] : undefined;
      if (tote) {
        say(tote.into, tote.names[answer.body.line] || "", false);
        document.getElementById("spoken").textContent = `${tote.names[answer.body.line] || ""}: ${tote.into}`;
      } else say(act.act === "pick" || act.act === "put_back" ? "" : till.dataset.ok, "", false);
      if (then) location.assign(then);
      return answer.body;
    }
    // Who has to sign in or to ask another sees the gate, which the node puts over the page.
    if (!otherwise?.(answer?.body)) complain(answer);
    return null;
  }

  // Of a batch: where what was scanned goes, by its order; kept from the page as it was before the scan.
  let totes = {};
  function keepTotes() {
    const place = document.getElementById("totes");
    if (place) totes = JSON.parse(place.dataset.totes);
  }

  async function eraseCustomer(subject) {
    const path = `/api/v1/workstations/${encodeURIComponent(ws)}/customers/${subject}?id=${live.freshId()}`;
    const answer = await live.enqueue("DELETE", path);
    if (answer && answer.ok) { signal("good"); say(till.dataset.ok, "", false); return; }
    complain(answer);
  }

  // ---- what the page knows of one order
  const bagsHere = new Set();
  let shown = null;
  const leaves = new Set();
  const later = new Set();
  // The line of which a unit is replaced by the next scan.
  let replacing = null;
  // What was said to be wrong with a line, while its panel is open.
  const wrongs = new Map();
  let ofAge = false;
  let chosen = new Set();
  let lastBag = null;

  // What opened the page: the customer's code, or a bag that is therefore here.
  const BAG = /^CFB1\d\d/;
  const opener = order ? live.scannedFor(order) : null;
  const openedByBag = opener !== null && BAG.test(opener) ? opener : null;
  let customersCode = opener !== null && !BAG.test(opener) ? opener : null;

  // The node's parts come anew; what was scanned since is put back onto them.
  function dress() {
    keepTotes();
    for (const row of document.querySelectorAll("[data-bag]")) {
      const here = bagsHere.has(row.dataset.bag);
      row.classList.toggle("here", here || row.dataset.bag === lastBag);
      const button = row.querySelector("[data-do='bag-here']");
      if (button && here) { button.textContent = button.dataset.checked; button.setAttribute("aria-pressed", "true"); }
    }
    const code = customersCode;
    for (const button of document.querySelectorAll("[data-shown]")) {
      if (button.dataset.shown === "code") button.disabled = code === null;
      if (shown === null && code !== null) shown = "code";
      button.setAttribute("aria-checked", String(button.dataset.shown === shown));
    }
    for (const button of document.querySelectorAll("[data-do='leaves']")) button.setAttribute("aria-pressed", String(leaves.has(Number(button.dataset.line))));
    for (const button of document.querySelectorAll("[data-do='later']")) button.setAttribute("aria-pressed", String(later.has(Number(button.dataset.line))));
    for (const [line, why] of wrongs) {
      const panel = `.problem[data-line='${line}']`;
      for (const button of document.querySelectorAll(`${panel} [data-why]`)) button.setAttribute("aria-checked", String(button.dataset.why === why));
    }
    for (const button of document.querySelectorAll("[data-do='replace']")) {
      const line = Number(button.closest(".problem").dataset.line);
      button.setAttribute("aria-pressed", String(replacing !== null && replacing.line === line));
    }
    for (const button of document.querySelectorAll("[data-do='choose']")) button.setAttribute("aria-pressed", String(chosen.has(button.dataset.order)));
    const age = document.getElementById("of-age");
    if (age) age.setAttribute("aria-pressed", String(ofAge));
    const done = document.getElementById("hand-over");
    if (done) {
      done.disabled = shown === null || bagsMissing() > 0 || (age !== null && !ofAge && !leavesAged());
      done.textContent = later.size > 0 ? done.dataset.part : done.dataset.all;
    }
    still(done, age);
    showCount();
    speak();
    tellGone();
    gate.show();
  }
  // Bags that have to be scanned before it can go. When something is fetched later, one that goes is enough here; which ones have to, the node knows.
  function bagsMissing() {
    const left = document.querySelectorAll(".bag-list [data-bag]").length - bagsHere.size;
    return later.size > 0 ? Math.max(0, 1 - bagsHere.size) : left;
  }
  // Why it cannot be handed over yet.
  function still(done, age) {
    const words = document.getElementById("still");
    if (!words) return;
    const bags = bagsMissing();
    const missing = [];
    if (shown === null) missing.push(words.dataset.shownWords);
    if (bags > 0) missing.push(words.dataset.bagWords.replace("{}", bags));
    if (age !== null && !ofAge && !leavesAged()) missing.push(words.dataset.ageWords);
    words.textContent = missing.length && done.disabled ? `${words.dataset.lead} ${missing.join(" · ")}` : "";
  }
  // The line or the state in hand, for those who hear the page: only when it is another one.
  let inHand = null;
  function speak() {
    const words = document.querySelector("#part [data-spoken]")?.dataset.spoken || "";
    if (inHand === words) return;
    inHand = words;
    document.getElementById("spoken").textContent = words;
  }
  // An order that is taken out of the picker's hands is heard and read out, once.
  let gone = null;
  function tellGone() {
    const words = [...document.querySelectorAll("#part > .note.warn")].map((note) => note.innerText.trim()).join(" ");
    if (gone !== null && words !== "" && words !== gone) {
      signal("error");
      document.getElementById("news").textContent = words;
    }
    gone = words;
  }
  // Whether every line with an age stays here is the node's question; the button only follows it.
  function leavesAged() { return leaves.size + later.size > 0; }

  // Of one line: which, how much, and what is wrong.
  function wrong(button) {
    const panel = button.closest(".problem");
    const why = panel.querySelector("[data-why][aria-checked='true']").dataset.why;
    return { line: Number(panel.dataset.line), quantity: Number(panel.dataset.quantity), why };
  }
  // What was wrong with a line is seen to: its panel closes.
  function seenTo(done, line) {
    if (done) {
      wrongs.delete(line);
      for (const panel of document.querySelectorAll(`.problem[data-line='${line}']`)) panel.open = false;
    }
    dress();
  }
  // What stays is asked anew next time.
  function handed(done) {
    if (!done) return;
    bagsHere.clear();
    leaves.clear();
    later.clear();
    ofAge = false;
    dress();
  }
  // The till takes the money; paid, the order is handed over. When all that was to be paid stays here, there is nothing to take.
  async function pay(terms) {
    const answer = await live.enqueue("POST", api, { id: live.freshId(), act: { act: "pay", ...terms } });
    if (answer && answer.ok) return location.assign(`/till/${encodeURIComponent(ws)}`);
    const body = answer && answer.body;
    if (body && body.code === "nothing_to_pay") return send({ act: "hand_over", ...terms }).then(handed);
    return complain(answer);
  }

  const BATCH_MAX = 6;
  const acts = {
    "bag-here": (button) => { bagsHere.add(button.closest("[data-bag]").dataset.bag); signal("good"); dress(); },
    stage: (button) => {
      const place = document.getElementById("place");
      const bag = Number(button.closest("[data-bag]").dataset.bag);
      if (place.value.trim() === "") return place.focus();
      send({ act: "stage", order, bag, place: place.value.trim() }).then((done) => { if (done) lastBag = null; });
    },
    "of-age": () => { ofAge = !ofAge; dress(); },
    leaves: (button) => {
      const line = Number(button.dataset.line);
      if (!leaves.delete(line)) leaves.add(line);
      later.delete(line);
      dress();
    },
    later: (button) => {
      const line = Number(button.dataset.line);
      if (!later.delete(line)) later.add(line);
      leaves.delete(line);
      dress();
    },
    miss: (button) => {
      const { line, quantity, why } = wrong(button);
      send({ act: "miss_at_counter", order, line, quantity, why, then: button.dataset.then }).then((done) => seenTo(done, line));
    },
    replace: (button) => {
      const { line, why } = wrong(button);
      replacing = replacing !== null && replacing.line === line ? null : { line, why };
      dress();
    },
    "hand-over": () => {
      const proof = shown === "code" ? { code: customersCode } : shown === "name" ? "name" : { paper: shown };
      const terms = { order, shown: proof, bags: [...bagsHere].map(Number), leaves: [...leaves], later: [...later], of_age: ofAge };
      if (document.getElementById("hand-over").hasAttribute("data-due")) return pay(terms);
      return send({ act: "hand_over", ...terms }).then(handed);
    },
    choose: (button) => {
      if (!chosen.delete(button.dataset.order) && chosen.size < BATCH_MAX) chosen.add(button.dataset.order);
      dress();
    },
    "start-chosen": async () => {
      const wanted = [...chosen];
      if (!wanted.length) return document.querySelector("[data-do='choose']")?.focus();
      for (const number of wanted) if (!await send({ act: "start_picking", order: number })) return;
      location.assign(`/pick/${encodeURIComponent(ws)}?orders=${wanted.join(",")}`);
    },
    "print-chosen": () => {
      if (!chosen.size) return document.querySelector("[data-do='choose']")?.focus();
      send({ act: "print_pick_list", orders: [...chosen] });
    },
    fewer: () => step(-1000),
    more: () => step(1000),
    "count-fewer": () => stepCount(-1),
    "count-more": () => stepCount(1),
    "count-take": takeCounted,
    lock: () => live.enqueue("POST", `/api/v1/workstations/${encodeURIComponent(ws)}/lock`, { id: live.freshId() }),
  };

  // How many are confirmed without a scan: all that are left, unless somebody says fewer.
  function step(by) {
    const quantity = document.getElementById("by-hand-quantity");
    const now = Number(quantity.dataset.now || quantity.dataset.max);
    quantity.dataset.now = Math.min(Number(quantity.dataset.max), Math.max(1000, now + by));
    quantity.textContent = String(quantity.dataset.now / 1000);
  }
  function byHand(act) {
    const now = document.getElementById("by-hand-quantity")?.dataset.now;
    return act.act === "pick_by_hand" && now ? { ...act, quantity: Number(now) } : act;
  }

  // How many of a line are taken, or go back, once one of it was scanned: all that are wanted, unless somebody says another number. What was typed
  // outlives the parts that come anew.
  const counts = new Map();
  function count() {
    const box = document.getElementById("count");
    if (!box) return null;
    const field = document.getElementById("count-all");
    const { act = "pick", order: number, line, code, taken, left } = box.dataset;
    const [least, most] = [Number(taken) / 1000 + 1, (Number(taken) + Number(left)) / 1000];
    const typed = /^\d{1,6}$/.test(field.value.trim()) ? Number(field.value) : null;
    return { key: `${act}|${number}|${line}`, field, act, number, code, taken: Number(taken), least, most, typed, fits: typed !== null && typed >= least && typed <= most };
  }
  function showCount() {
    const kept = count();
    if (!kept) return;
    if (counts.has(kept.key)) kept.field.value = counts.get(kept.key);
    const { typed, fits } = count();
    kept.field.setAttribute("aria-invalid", String(!fits));
    const button = document.getElementById("count-take");
    button.textContent = button.dataset.words.replace("{}", fits ? typed : "…");
    button.disabled = !fits;
  }
  function stepCount(by) {
    const { key, least, most, typed } = count();
    counts.set(key, String(Math.min(most, Math.max(least, (typed ?? least) + by))));
    showCount();
    document.getElementById("spoken").textContent = document.getElementById("count-take").textContent;
  }
  function takeCounted() {
    const { key, field, act, number, code, taken, typed, fits } = count();
    if (!fits) return field.select();
    field.blur();
    send({ act, ...(act === "pick" ? { orders: [number] } : { order: number }), code, quantity: typed * 1000 - taken }).then((done) => { if (done) counts.delete(key); });
  }
  document.addEventListener("input", (event) => {
    if (event.target.id !== "count-all") return;
    counts.set(count().key, event.target.value);
    showCount();
  });
  // One choice at a time, and all of it in view.
  document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.matches?.(".choice") || !opened.open) return;
    for (const other of document.querySelectorAll(".choice[open]")) if (other !== opened) other.open = false;
    opened.scrollIntoView({ block: "nearest" });
  }, true);
  document.addEventListener("focusin", (event) => { if (event.target.id === "count-all") event.target.select(); });

  document.addEventListener("click", (event) => {
    unlockSound();
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    if (event.detail > 0) button.blur();
    if (gate.tap(button)) return;
    if (button.dataset.shown) { shown = button.dataset.shown; return dress(); }
    if (button.dataset.why) {
      wrongs.set(Number(button.closest(".problem").dataset.line), button.dataset.why);
      if (replacing !== null) replacing.why = button.dataset.why;
      return dress();
    }
    if (button.dataset.act || button.dataset.erase) {
      if (button.dataset.needsSure && button.dataset.asked !== "yes") {
        button.dataset.asked = "yes";
        button.textContent = till.dataset.sure;
        return;
      }
      if (button.dataset.erase) return eraseCustomer(button.dataset.erase);
      return send(byHand(JSON.parse(button.dataset.act)), button.dataset.then);
    }
    const act = acts[button.dataset.do];
    if (act) act(button);
  });

  // ---- scans: what one means depends on where the order stands
  function scanned(code) {
    unlockSound();
    if (gate.isOpen()) return live.enqueue("POST", `/api/v1/workstations/${encodeURIComponent(ws)}/scan`, { id: live.freshId(), code });
    if (mode === "pick" && batch.length) return send({ act: "pick", orders: picking(), code });
    if (mode === "one") {
      const bag = [...document.querySelectorAll("[data-bag]")].find((row) => row.dataset.code === code);
      const state = document.querySelector(".order-top")?.dataset.state;
      if (bag) {
        if (state === "staged") bagsHere.add(bag.dataset.bag);
        lastBag = bag.dataset.bag;
        signal("good");
        say("", "", false);
        return dress();
      }
      if (state === "picked" && lastBag !== null) {
        const bagNumber = Number(lastBag);
        return send({ act: "stage", order, bag: bagNumber, place: code }).then((done) => { if (done) { lastBag = null; dress(); } });
      }
      if (replacing !== null) {
        const { line, why } = replacing;
        replacing = null;
        return send({ act: "replace_at_counter", order, line, code, why }).then((done) => seenTo(done, line));
      }
      if (document.getElementById("put-back") && !/^CF[BC]1/.test(code)) return putBack(code);
      if (bagsHere.size || customersCode) return ofThis(code);
    }
    return open(code);
  }
  // What is no article may be an order that somebody typed. Eight digits that could be an article's are none.
  function putBack(code) {
    const isArticle = /^\d{9,}$/.test(code) || (/^\d{8}$/.test(code) && [...code].reduce((sum, digit, at) => sum + digit * (at % 2 ? 1 : 3), 0) % 10 === 0);
    return send({ act: "put_back", order, code }, undefined, (body) => {
      const isUnknown = body && ["unknown_article", "unknown_code"].includes(body.code);
      if (isUnknown && !isArticle) open(code);
      return isUnknown && !isArticle;
    });
  }
  // In the middle of a hand-over another order's bag or code is no way out of it: it alarms, and the same scan again opens its order.
  let foreign = null;
  async function ofThis(code) {
    if (code === foreign) return open(code);
    const found = await send({ act: "identify", code, within: order });
    if (!found || !found.order) { foreign = code; return; }
    foreign = null;
    if (!BAG.test(code)) { customersCode = code; shown = "code"; return dress(); }
  }
  // Those of the batch that are still being picked.
  function picking() {
    const finished = new Set([...document.querySelectorAll(".finish strong")].map((strong) => strong.textContent));
    const open = batch.filter((number) => !finished.has(number));
    return open.length ? open : batch;
  }
  const isNumberOf = (code, number) => code.trim().toUpperCase() === number.toUpperCase();
  async function open(code) {
    // A number, its last digits or a name opens or lists orders; what is eight digits may be a customer's number, which the node reads.
    if (!/^CF[BC]1/.test(code) && !/^[\d\s]{8,}$/.test(code) && await find.typed(code)) return;
    const found = await send({ act: "identify", code });
    if (!found || !found.order) return;
    // By its own number, which proves nothing.
    if (isNumberOf(code, found.order)) return found.order === order ? undefined : location.assign(find.addressOf(found.order));
    if (found.order === order && !BAG.test(code)) { customersCode = code; shown = "code"; return dress(); }
    live.openOrder(ws, found.order, code);
  }

  const find = orderSearch(ws, scanned);

  // A wedge types fast and ends in Enter; people type slowly and press Enter as well: both are a code. What is too fast for fingers is a
  // scan, also while the cursor stands where a number is typed.
  const PAUSE_MS = 1500;
  const WEDGE_MS = 45;
  let typed = "";
  let typedAt = 0;
  let burst = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest?.("input");
    if (gate.isOpen() && !field) return gate.keydown(event, scanned);
    if (field) {
      if (event.key === "Enter" && field.id === "place") {
        event.preventDefault();
        const code = field.value.trim();
        if (document.querySelector(`[data-code="${CSS.escape(code)}"]`)) { field.value = ""; scanned(code); }
      }
      if (field.id === "count-all") {
        if (event.key.length === 1) note(event);
        else if (event.key === "Enter") {
          event.preventDefault();
          const code = burst;
          typed = "";
          burst = "";
          if (code.length <= 5) return takeCounted();
          counts.delete(count().key);
          field.blur();
          scanned(code);
        }
      }
      return;
    }
    collect(event);
  });
  function note(event) {
    const pause = event.timeStamp - typedAt;
    if (pause > PAUSE_MS) typed = "";
    burst = pause < WEDGE_MS ? burst + event.key : event.key;
    typed += event.key;
    typedAt = event.timeStamp;
  }
  function collect(event) {
    if (event.key.length === 1) note(event);
    else if (event.key === "Enter" && (typed.length > 1 || /^\d$/.test(typed))) {
      event.preventDefault();
      const code = typed;
      typed = "";
      scanned(code);
    }
  }

  live.scanning(ws, scanned);
  live.follow(till.dataset.live, (update) => {
    if (update.signal) { signal("error"); say(update.signal.text, update.signal.remedy, true); }
    find.again();
    dress();
  });
  if (openedByBag !== null) {
    const bag = document.querySelector(`[data-bag][data-code="${CSS.escape(openedByBag)}"]`);
    if (bag) {
      lastBag = bag.dataset.bag;
      if (document.querySelector(".order-top")?.dataset.state === "staged") bagsHere.add(lastBag);
    }
  }
  dress();
})();
