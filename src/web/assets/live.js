// Keeps a page in step with the node: puts changed parts in place by id, says when the line to the node is lost, and sends
// commands in order, each under an id of its own that is repeated until the node has answered.
"use strict";

const live = (() => {
  // A beat comes every second; a little more than two missing ones mean that nobody is there.
  const SILENCE_MS = 2600;
  const LOST_AFTER_MS = 1000;
  let lastHeard = performance.now();
  let lostSince = null;

  // ---- parts
  function put(update, after) {
    // Somebody who reads another language signed in: everything is written anew, after what was typed before is sent.
    if (update.language && update.language !== document.documentElement.lang) return void chain.then(() => location.reload());
    const active = document.activeElement;
    const focusId = active && active.id;
    // On pages whose main part takes the focus when the button in hand is gone.
    const main = document.querySelector("main[tabindex]");
    // What somebody has opened stays open, whatever else came meanwhile.
    const open = new Set([...document.querySelectorAll("details[data-keep][open]")].map((details) => details.dataset.keep));
    const focusKey = main && active && active !== document.body ? keyOf(active) : null;
    for (const [id, html] of Object.entries(update.parts)) {
      const place = document.getElementById(id);
      if (place) place.innerHTML = html;
    }
    if (update.rows) putRows(update.rows);
    for (const details of document.querySelectorAll("details[data-keep]")) if (open.has(details.dataset.keep)) details.open = true;
    if (focusId && document.activeElement === document.body) {
      const again = document.getElementById(focusId);
      if (again) again.focus({ preventScroll: true });
    }
    if (focusKey && document.activeElement === document.body) {
      const again = [...document.querySelectorAll(active.tagName)].find((element) => !element.disabled && keyOf(element) === focusKey);
      (again || main).focus({ preventScroll: true });
    }
    if (update.news) tell(update.news);
    if (after) after(update);
    document.body.dataset.revision = update.revision;
  }

  // The same button before and after its part came anew, for those who go by keyboard.
  function keyOf(element) {
    const { order, bag } = element.closest("[data-order], [data-bag]")?.dataset || {};
    return [element.tagName, element.dataset.do, element.dataset.shown, element.dataset.line, order, bag, element.textContent].join("|");
  }

  function putRows(rows) {
    const list = document.getElementById(rows.list);
    if (!list) return;
    const wanted = new Set(rows.ids);
    for (const row of [...list.children]) if (!wanted.has(row.id)) row.remove();
    let place = list.firstElementChild;
    for (const id of rows.ids) {
      let row = document.getElementById(id);
      if (id in rows.html) {
        const holder = document.createElement("template");
        holder.innerHTML = rows.html[id];
        const made = holder.content.firstElementChild;
        if (row) {
          if (row === place) place = made;
          row.replaceWith(made);
        }
        row = made;
      }
      if (row !== place) list.insertBefore(row, place);
      else place = place.nextElementSibling;
    }
  }

  // ---- the workstation's scanner: the page that came in front last has it, as long as its stream stands.
  let scanner = null;
  function scanning(ws, onScan) {
    const at = `/api/v1/workstations/${encodeURIComponent(ws)}/scanner`;
    scanner = { page: freshId(), newest: 0, at, onScan };
    document.addEventListener("visibilitychange", sayInFront);
    window.addEventListener("focus", sayInFront);
    // A window that stands beside another one of the same workstation.
    document.addEventListener("pointerdown", sayInFront);
  }
  let said = { inFront: null, at: -Infinity };
  const SAY_AGAIN_MS = 2000;
  function sayInFront(event) {
    const inFront = document.visibilityState === "visible";
    const isNews = inFront !== said.inFront || event?.type !== "pointerdown";
    if (!isNews && performance.now() - said.at < SAY_AGAIN_MS) return;
    said = { inFront, at: performance.now() };
    fetch(`${scanner.at}`, {
      method: "POST", keepalive: true, cache: "no-store", headers: { "content-type": "application/json" },
      body: JSON.stringify({ page: scanner.page, in_front: inFront }),
    }).catch(() => { /* with the line to the node gone there is no scanner either; the stream says so */ });
  }
  // Taken before it is used: a scan that another page has, or that was said to be scanned again, is nobody's here.
  function takeScans(scans) {
    for (const scan of scans) {
      if (!scanner || scan.page !== scanner.page || scan.serial <= scanner.newest) continue;
      scanner.newest = scan.serial;
      enqueue("POST", `${scanner.at}/take`, { page: scanner.page, serial: scan.serial }).then((answer) => {
        if (answer && answer.ok && answer.body.taken) scanner.onScan(scan.code);
      });
    }
  }

  // ---- an order to go to, and what was scanned for it
  const CODE = "counterfoil-collect-code";
  const CODE_MS = 15 * 60 * 1000;
  function openOrder(ws, order, code) {
    try { sessionStorage.setItem(CODE, JSON.stringify({ order, code, at: Date.now() })); } catch { /* it is scanned again there */ }
    location.assign(`/orders/${encodeURIComponent(ws)}/order/${encodeURIComponent(order)}`);
  }
  function scannedFor(order) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(CODE) || "null");
      return kept && kept.order === order && Date.now() - kept.at < CODE_MS ? kept.code : null;
    } catch { return null; }
  }

  // ---- new orders: in the page's title, and once for each arrival in words and by the page's own sound, also for those that came while
  // one page went and the next one opened.
  const HEARD = "counterfoil-orders-heard";
  const title = document.title;
  let heardNews = null;
  try { heardNews = JSON.parse(sessionStorage.getItem(HEARD) || "null"); } catch { /* then it begins with this page */ }
  let onNewOrder = () => {};
  function tell(news) {
    document.title = news.waiting > 0 ? `(${news.waiting}) ${title}` : title;
    const before = heardNews;
    heardNews = { arrivals: news.arrivals, waiting: news.waiting };
    try { sessionStorage.setItem(HEARD, JSON.stringify(heardNews)); } catch { /* as above */ }
    if (!before) return;
    // The node counts from its start: after that only a larger number of waiting orders says that some came.
    const isNew = news.arrivals > before.arrivals || (news.arrivals < before.arrivals && news.waiting > before.waiting);
    if (!isNew) return;
    const words = document.getElementById("news");
    if (words) {
      words.textContent = "";
      words.textContent = news.words;
    }
    onNewOrder();
  }

  // ---- stream
  function follow(address, after) {
    const named = scanner ? `${address}${address.includes("?") ? "&" : "?"}page=${scanner.page}` : address;
    const source = new EventSource(named);
    const heard = () => {
      lastHeard = performance.now();
      setLost(false);
    };
    source.addEventListener("open", () => {
      heard();
      if (scanner) sayInFront();
    });
    source.addEventListener("beat", heard);
    source.addEventListener("update", (event) => {
      heard();
      const update = JSON.parse(event.data);
      put(update, after);
      if (update.scans) takeScans(update.scans);
    });
    source.addEventListener("error", () => {
      setLost(true);
      // After an HTTP error (a revoked screen, too many streams) the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) {
        source.close();
        setTimeout(() => follow(address, after), 1000);
      }
    });
  }

  function setLost(lost) {
    if (!lost) lostSince = null;
    else if (lostSince === null) lostSince = performance.now();
    showLost();
  }

  function showLost() {
    const banner = document.getElementById("lost");
    if (!banner) return;
    const now = performance.now();
    banner.hidden = !((lostSince !== null && now - lostSince >= LOST_AFTER_MS) || now - lastHeard > SILENCE_MS);
  }
  setInterval(showLost, 250);

  // ---- commands
  function freshId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  const WAITING_MAX = 100;
  const GIVE_UP_MS = 120000;
  let chain = Promise.resolve();
  let waiting = 0;

  // Sends one request; the same id again on every failure of the network, so that nothing is done twice and nothing is lost.
  // Resolves with {ok, status, body}; `null` when it was given up.
  async function send(method, path, body) {
    const began = performance.now();
    for (let pause = 150; ; pause = Math.min(pause * 2, 2000)) {
      try {
        const options = { method, headers: {}, cache: "no-store" };
        if (body !== undefined) {
          options.headers["content-type"] = "application/json";
          options.body = JSON.stringify(body);
        }
        const response = await fetch(path, options);
        if (response.status !== 503) {
          const text = await response.text();
          let parsed = null;
          try { parsed = text ? JSON.parse(text) : null; } catch { /* not JSON: the status says enough */ }
          return { ok: response.ok, status: response.status, body: parsed };
        }
      } catch { setLost(true); }
      if (performance.now() - began > GIVE_UP_MS) return null;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  // In order: a scan typed after another one arrives after it.
  function enqueue(method, path, body) {
    if (waiting >= WAITING_MAX) return Promise.resolve(null);
    waiting += 1;
    const mine = chain.then(() => send(method, path, body));
    chain = mine.catch(() => null).then((answer) => {
      waiting -= 1;
      return answer;
    });
    return mine;
  }

  // Pressed at once, whatever the node says later.
  document.addEventListener("pointerdown", (event) => {
    const button = event.target.closest("button");
    if (button && !button.disabled) button.classList.add("pressed");
  });
  const release = () => document.querySelectorAll("button.pressed").forEach((button) => button.classList.remove("pressed"));
  document.addEventListener("pointerup", () => setTimeout(release, 80));
  document.addEventListener("pointercancel", release);

  return { follow, enqueue, send, freshId, scanning, scannedFor, openOrder, page: () => scanner?.page, newOrders: (play) => { onNewOrder = play; } };
})();
