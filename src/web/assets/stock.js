// Stock work on a handheld: scans of a wedge, steppers, buttons that carry their act, sounds. What is on the page comes from the node; here
// live only which line is open and a number that is being typed.
"use strict";

(() => {
  const till = document.getElementById("till");
  const ws = till.dataset.workstation;
  const mode = till.dataset.mode;
  const api = `/api/v1/workstations/${encodeURIComponent(ws)}/stock`;
  const isSheet = mode === "count" || mode === "receipt";

  const { unlockSound, signal, say, complain } = handheld;

  // ---- acts
  let chosen = null;
  async function send(act, then) {
    const answer = await live.enqueue("POST", api, { id: live.freshId(), act });
    const body = answer && answer.body;
    if (answer && answer.ok) {
      signal("good");
      if (act.act === "finish") finished(body);
      else if (["add", "set", "remove"].includes(act.act)) say("", "", false);
      else say(till.dataset.ok, "", false);
      if (body && body.line && isSheet) { chosen = body.line; dress(); }
      if (then) location.assign(then);
      return body;
    }
    // Who has to sign in or to ask another sees the gate, which the node puts over the page.
    complain(answer);
    return null;
  }
  function finished(body) {
    chosen = null;
    const words = body.document ? till.dataset.finished.replace("{}", body.document) : "";
    const again = document.querySelector(".sheet-lines li") !== null;
    say(words || till.dataset.again, words && again ? till.dataset.again : "", false);
  }

  // ---- figures as people type them: a comma or a point, thousandths inside
  function thousandths(text) {
    const match = /^\s*(\d{1,6})(?:[.,](\d{1,3}))?\s*$/.exec(text);
    return match ? Number(match[1]) * 1000 + Number((match[2] || "").padEnd(3, "0")) : null;
  }
  function setLine(row) {
    const field = row.querySelector("input");
    const quantity = thousandths(field.value);
    if (quantity === null) return field.focus();
    field.value = "";
    field.blur();
    send({ act: "set", sheet: row.dataset.sheet, line: Number(row.dataset.line), quantity });
  }

  // ---- the article that was looked up
  let shown = null;
  async function show(code, quiet) {
    const holder = document.getElementById("article");
    let response;
    try { response = await fetch(`/stock/${encodeURIComponent(ws)}/article?code=${encodeURIComponent(code)}`, { cache: "no-store" }); } catch { return; }
    if (response.ok) {
      const isOpen = holder.querySelector("#adjust[open]") !== null && shown === code;
      const units = holder.querySelector("#units")?.value;
      shown = code;
      const html = await response.text();
      // Somebody is typing how many: the figures can wait.
      if (quiet && holder.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
      holder.innerHTML = html;
      if (isOpen) { holder.querySelector("#adjust").open = true; holder.querySelector("#units").value = units; }
      if (!quiet) { signal("good"); say("", "", false); }
    } else if (!quiet) {
      signal("error");
      say((await response.text()) || "?", "", true);
    }
  }

  // The node's parts come anew; what lives here is put back onto them.
  function dress() {
    const list = document.querySelector(".sheet-lines");
    if (list) {
      const rows = [...list.querySelectorAll("li")];
      if (chosen !== null && !rows.some((row) => Number(row.dataset.line) === chosen)) chosen = null;
      const current = chosen ?? Number(list.dataset.first);
      for (const row of rows) {
        const is = Number(row.dataset.line) === current;
        row.classList.toggle("chosen", is);
        row.querySelector("[data-do='choose']").setAttribute("aria-expanded", String(is));
      }
    }
    gate.show();
  }
  let gateWasOpen = gate.isOpen();
  function changed(update) {
    // Who had to sign in or to ask another has done so: what was said about it is over.
    if (gateWasOpen && !gate.isOpen()) say("", "", false);
    gateWasOpen = gate.isOpen();
    if (update.signal) { signal("error"); say(update.signal.text, update.signal.remedy, true); }
    if (shown) show(shown, true);
    dress();
  }

  document.addEventListener("click", (event) => {
    unlockSound();
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    if (event.detail > 0) button.blur();
    if (gate.tap(button)) return;
    if (button.type === "submit") return;
    if (button.dataset.act) {
      if (button.dataset.needsSure && button.dataset.asked !== "yes") {
        button.dataset.asked = "yes";
        button.textContent = till.dataset.sure;
        return;
      }
      return send(JSON.parse(button.dataset.act), button.dataset.then);
    }
    const row = button.closest("[data-line]");
    if (button.dataset.step && row) {
      const quantity = Math.max(0, Number(row.dataset.quantity) + Number(button.dataset.step));
      row.dataset.quantity = quantity;
      return send({ act: "set", sheet: row.dataset.sheet, line: Number(row.dataset.line), quantity });
    }
    if (button.dataset.do === "set" && row) return setLine(row);
    if (button.dataset.do === "choose" && row) { chosen = Number(row.dataset.line); return dress(); }
    if (button.dataset.do === "lock") return live.enqueue("POST", `/api/v1/workstations/${encodeURIComponent(ws)}/lock`, { id: live.freshId() });
    const units = document.getElementById("units");
    if (units && (button.dataset.do === "more" || button.dataset.do === "fewer")) {
      const now = thousandths(units.value) ?? 1000;
      units.value = String(Math.max(1, now / 1000 + (button.dataset.do === "more" ? 1 : -1)));
      return;
    }
    if (button.dataset.why) {
      const quantity = thousandths(units.value);
      if (quantity === null) return units.focus();
      return send({ act: "adjust", code: button.dataset.sku, quantity, why: button.dataset.why }).then((done) => { if (done) show(shown, true); });
    }
  });

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target.id === "look") {
      const field = document.getElementById("code");
      const code = field.value.trim();
      if (code === "") return field.focus();
      field.value = "";
      field.blur();
      show(code, false);
    }
    if (event.target.id === "delivery-form") {
      const field = document.getElementById("delivery");
      field.blur();
      send({ act: "name_delivery", delivery: field.value.trim() || null });
    }
  });

  function scanned(code) {
    unlockSound();
    if (gate.isOpen()) return live.enqueue("POST", `/api/v1/workstations/${encodeURIComponent(ws)}/scan`, { id: live.freshId(), code });
    if (isSheet) return send({ act: "add", sheet: mode, code });
    if (mode === "tasks") return send({ act: "add", sheet: "count", code }, `/stock/${encodeURIComponent(ws)}/count`);
    return show(code, false);
  }

  // A wedge types fast and ends in Enter; people type slowly and press Enter as well: both are a code. What is too fast for fingers is a
  // scan, also while the cursor stands in a field.
  const PAUSE_MS = 1500;
  const WEDGE_MS = 45;
  let typed = "";
  let typedAt = 0;
  let slowest = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest?.("input");
    if (gate.isOpen() && !field) return gate.keydown(event, scanned);
    if (field) {
      if (event.key.length === 1) note(event);
      else if (event.key === "Enter") {
        const isScan = typed.length > 5 && slowest < WEDGE_MS && field.value.endsWith(typed);
        if (isScan) {
          event.preventDefault();
          const code = typed;
          field.value = field.value.slice(0, field.value.length - code.length);
          field.blur();
          typed = "";
          return scanned(code);
        }
        const row = field.closest("[data-line]");
        if (row) { event.preventDefault(); setLine(row); }
      }
      return;
    }
    collect(event);
  });
  function note(event) {
    const pause = event.timeStamp - typedAt;
    if (pause > PAUSE_MS || typed === "") { typed = ""; slowest = 0; } else slowest = Math.max(slowest, pause);
    typed += event.key;
    typedAt = event.timeStamp;
  }
  function collect(event) {
    if (event.key.length === 1) note(event);
    else if (event.key === "Enter" && typed.length > 2) {
      event.preventDefault();
      const code = typed;
      typed = "";
      scanned(code);
    }
  }

  // Wedge and the workstation's own scanner mean the same.
  live.scanning(ws, scanned);
  live.follow(till.dataset.live, changed);
  dress();
})();
