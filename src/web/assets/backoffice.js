// The back office: the acts of the page, and news from the node without losing what somebody types.
"use strict";

(() => {
  const REFRESH_MS = 5000;
  const ASK_AGAIN_MS = 6000;
  const place = () => document.getElementById("office");
  const complaint = document.getElementById("office-problem");
  const { asked, call, freshId, words } = desk;

  function complain(text) {
    complaint.textContent = text;
    complaint.hidden = !text;
  }

  async function act(method, path, body) {
    const { ok, answer } = await asked(method, path, body);
    complain(ok || !answer ? "" : words(answer));
    if (ok) await refresh(false);
    return ok;
  }

  // Puts the page's new content in place; what was unfolded stays unfolded, and the focus stays where it was.
  async function refresh(byItself) {
    if (desk.isAsking() && byItself) return;
    let text;
    try {
      const response = await fetch(location.href, { headers: byItself ? { "x-counterfoil-refresh": "1", accept: "text/html" } : { accept: "text/html" }, cache: "no-store" });
      if (!response.ok) return;
      text = await response.text();
    } catch { return; }
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("office");
    if (!fresh || fresh.innerHTML === place().innerHTML) return;
    const open = new Map([...place().querySelectorAll("details")].map((details, index) => [details.id || index, details.open]));
    fresh.querySelectorAll("details").forEach((details, index) => {
      const was = open.get(details.id || index);
      if (was !== undefined) details.open = was;
    });
    // What somebody chose to print stays chosen.
    for (const select of place().querySelectorAll("#print-again select")) {
      const now = fresh.querySelector(`#${select.id}`);
      if (select.selectedIndex > 0 && now && [...now.options].some((option) => option.value === select.value)) now.value = select.value;
    }
    const focused = document.activeElement && document.activeElement.id;
    const list = place().querySelector(".days-list");
    const scrolled = list ? list.scrollTop : 0;
    place().replaceWith(document.adoptNode(fresh));
    const again = place().querySelector(".days-list");
    if (again) again.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  const typing = () => [...place().querySelectorAll("input, form:not(#print-again) select")].some((input) => input.value) || place().querySelector("[data-asked]");
  setInterval(() => {
    if (document.visibilityState === "visible" && !typing()) refresh(true);
  }, REFRESH_MS);

  // Acts that cannot be taken back ask once more, on the same spot.
  function sure(button) {
    if (!button.dataset.sure || button.dataset.asked) return true;
    const words = button.textContent;
    button.dataset.asked = "yes";
    button.textContent = button.dataset.sure;
    setTimeout(() => {
      delete button.dataset.asked;
      button.textContent = words;
    }, ASK_AGAIN_MS);
    return false;
  }

  const countSafe = (what) => act("POST", "/api/v1/safe/count", { id: freshId(), ...what });

  const acts = {
    "open-day": () => act("POST", "/api/v1/day/open", { id: freshId() }),
    "close-day": () => act("POST", "/api/v1/day/close", { id: freshId() }),
    collect: (button) => act("POST", "/api/v1/safe/collections", { id: freshId(), bag: button.dataset.bag }),
    "safe-start": async () => {
      if (await countSafe({ do: "start_count" })) document.querySelector("#count-safe input")?.focus();
    },
    "safe-again": async () => {
      if ((await countSafe({ do: "cancel_count" })) && (await countSafe({ do: "start_count" }))) document.querySelector("#count-safe input")?.focus();
    },
    "safe-cancel": () => countSafe({ do: "cancel_count" }),
    "sign-out": () => act("DELETE", "/api/v1/desk/sign-in"),
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button || button.disabled || !acts[button.dataset.do] || !sure(button)) return;
    button.disabled = true;
    await acts[button.dataset.do](button);
    button.disabled = false;
  });

  // "12,50" or "12.50" in minor units; null when it is no such amount.
  function minor(text, exponent) {
    const found = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim());
    if (!found || (found[2] || "").length > exponent) return null;
    return Number(found[1] + (found[2] || "").padEnd(exponent, "0"));
  }

  // How many of each value; null when one of them is no number.
  function piecesOf(form) {
    const fields = [...form.querySelectorAll("[data-value]")].map((field) => [field, Number(field.dataset.value), field.value.trim()]);
    const odd = fields.find(([, , text]) => !/^\d*$/.test(text));
    if (odd) {
      odd[0].focus();
      return null;
    }
    return fields.filter(([, , text]) => Number(text) > 0).map(([, value, text]) => ({ value, count: Number(text) }));
  }
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#count-safe");
    const pieces = form && piecesOf(form);
    if (!pieces) return;
    const exponent = Number(form.dataset.exponent);
    const sum = document.getElementById("safe-sum");
    const text = String(pieces.reduce((total, piece) => total + piece.value * piece.count, 0)).padStart(exponent + 1, "0");
    sum.textContent = exponent ? `${text.slice(0, -exponent)}${sum.dataset.mark}${text.slice(-exponent)}` : text;
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id === "desk-sign-in") {
      event.preventDefault();
      const { staff, pin, badge } = Object.fromEntries(new FormData(form));
      const proof = badge ? { badge } : { staff, pin };
      form.elements.pin.value = "";
      form.elements.badge.value = "";
      if (!(await act("POST", "/api/v1/desk/sign-in", { id: freshId(), ...proof }))) form.elements.pin.focus();
    } else if (form.id === "print-again") {
      event.preventDefault();
      const { report, workstation } = Object.fromEntries(new FormData(form));
      const button = form.querySelector("button");
      button.disabled = true;
      await act("POST", `/api/v1/reports/${report}/print`, { id: freshId(), workstation });
      button.disabled = false;
    } else if (form.id === "count-safe") {
      event.preventDefault();
      const pieces = piecesOf(form);
      if (pieces && (await countSafe({ do: "count", count: { pieces } }))) document.querySelector("#close-safe select, #close-safe button")?.focus();
    } else if (form.id === "close-safe") {
      event.preventDefault();
      await countSafe({ do: "close", reason: form.elements.reason?.value || null });
    } else if (form.id === "pack-bag") {
      event.preventDefault();
      const amount = minor(form.elements.amount.value, Number(form.dataset.exponent));
      if (amount === null) {
        complain(form.dataset.bad);
        form.elements.amount.focus();
        return;
      }
      if (await act("POST", "/api/v1/safe/bags", { id: freshId(), bag: form.elements.bag.value.trim(), amount })) {
        document.querySelector("#pack-bag input")?.focus();
      }
    }
  });
})();
