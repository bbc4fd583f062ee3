// What the pages of a desk share: asking the node, and who somebody is when an act needs a person or another person's word.
"use strict";

const desk = (() => {
  const freshId = () => crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // The same id again while the node does not answer: it is done once.
  async function call(method, path, body) {
    for (let pause = 300; ; pause = Math.min(pause * 2, 3000)) {
      try {
        const options = { method, headers: {}, cache: "no-store" };
        if (body !== undefined) {
          options.headers["content-type"] = "application/json";
          options.body = JSON.stringify(body);
        }
        const response = await fetch(path, options);
        if (response.status !== 503) {
          const text = await response.text();
          let answer = null;
          try { answer = text ? JSON.parse(text) : null; } catch { /* not JSON */ }
          return { ok: response.ok, answer };
        }
      } catch { /* the node is away for a moment */ }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  const words = (answer) => answer ? `${answer.detail} ${answer.remedy}` : "?";

  // ---- who somebody is, asked over the page: another person's word, or signing in again. The act waits, with its id, and is done then.
  const ABOUT_WHO = new Set(["needs_override", "override_by_oneself", "override_not_allowed", "pin_wrong", "pin_not_set", "badge_unknown",
    "staff_unknown", "staff_locked_out", "proof_missing"]);
  let giveUp = null;

  // As `call`; `answer` null: given up.
  async function asked(method, path, body) {
    let result = await call(method, path, body);
    if (!document.getElementById("desk-proof")) return result;
    if (!result.ok && result.answer?.code === "sign_in_first") {
      const again = await proven("again", (proof) => call("POST", "/api/v1/desk/sign-in", { id: freshId(), ...proof }), "");
      if (!again) return { ok: false, answer: null };
      if (!again.ok) return again;
      result = await call(method, path, body);
    }
    if (!result.ok && result.answer?.code === "needs_override") {
      const approved = await proven("approve", (proof) => call(method, path, { ...body, approval: proof }), result.answer.detail);
      return approved || { ok: false, answer: null };
    }
    return result;
  }

  // Asks until somebody has proved to be someone, and resolves to what came of it; null: given up.
  function proven(mode, send, why) {
    const dialog = document.getElementById("desk-proof");
    const form = document.getElementById("proof-form");
    const [pin, badge] = ["proof-pin", "proof-badge"].map((id) => document.getElementById(id));
    const say = (text) => { document.getElementById("proof-said").textContent = text; };
    const tiles = [...dialog.querySelectorAll("[data-proof-staff]")];
    let staff = null;
    const choose = (id) => {
      staff = id;
      for (const tile of tiles) tile.setAttribute("aria-pressed", String(tile.dataset.proofStaff === staff));
    };
    document.getElementById("proof-title").textContent = form.dataset[mode];
    document.getElementById("proof-hint").textContent = form.dataset[`${mode}Hint`];
    document.getElementById("proof-do").textContent = form.dataset[`${mode}Do`];
    say(why);
    choose(null);
    pin.value = badge.value = "";
    dialog.showModal();
    // A badge may be scanned at once.
    badge.focus();
    return new Promise((resolve) => {
      let busy = false;
      const done = (result) => {
        pin.value = badge.value = "";
        form.onsubmit = dialog.onclick = dialog.onclose = giveUp = null;
        dialog.close();
        resolve(result);
      };
      giveUp = () => done(null);
      dialog.onclose = () => done(null);
      dialog.onclick = (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.proof === "cancel") done(null);
        else if (button?.dataset.proofStaff) {
          choose(button.dataset.proofStaff);
          pin.focus();
        }
      };
      form.onsubmit = async (event) => {
        event.preventDefault();
        if (busy) return;
        const proof = badge.value ? { badge: badge.value } : { staff, pin: pin.value };
        if (!badge.value && staff === null) return say(form.dataset.choose);
        if (!badge.value && !pin.value) return pin.focus();
        const byPin = !badge.value;
        pin.value = badge.value = "";
        busy = true;
        const result = await send(proof);
        busy = false;
        if (!dialog.open) return;
        if (result.ok || !ABOUT_WHO.has(result.answer?.code)) return done(result);
        say(words(result.answer));
        (byPin ? pin : badge).focus();
      };
    });
  }

  return { asked, call, freshId, words, isAsking: () => giveUp !== null };
})();
