// Names and PIN pad over the till. Which of them is shown, and whether at all, comes from the node; here live only the chosen name
// and the digits, and both are gone as soon as they were sent. While it is open nothing behind it can be reached.
"use strict";

const gate = (() => {
  const PIN_MAX = 8;
  const till = document.getElementById("till");
  const api = `/api/v1/workstations/${encodeURIComponent(till.dataset.workstation)}`;
  const box = () => document.querySelector("#gate .gate-box");
  let staff = null;
  let pin = "";
  let busy = false;
  let wasOpen = false;

  const isOpen = () => box() !== null;
  function forget() { staff = null; pin = ""; show(); }
  function fence() {
    const here = document.getElementById("gate");
    for (const other of here.parentElement.children) if (other !== here) other.inert = isOpen();
    if (isOpen() && !wasOpen) box().focus();
    wasOpen = isOpen();
  }
  // The next person whose name begins so.
  function letter(first) {
    const tiles = [...document.querySelectorAll("#gate [data-staff]:not([disabled])")].filter((tile) => tile.textContent.trim().toLowerCase().startsWith(first.toLowerCase()));
    const next = tiles[(tiles.findIndex((tile) => tile.dataset.staff === staff) + 1) % tiles.length];
    if (next) { staff = next.dataset.staff; pin = ""; next.scrollIntoView({ block: "nearest" }); }
  }
  function show() {
    fence();
    if (!isOpen()) { staff = null; pin = ""; return; }
    for (const tile of document.querySelectorAll("#gate [data-staff]")) tile.setAttribute("aria-pressed", String(tile.dataset.staff === staff));
    const dots = document.getElementById("pin-dots");
    dots.classList.toggle("typed", pin !== "");
    dots.textContent = pin ? "•".repeat(pin.length) : staff ? dots.dataset.pin : dots.dataset.empty;
  }

  async function send() {
    if (busy || staff === null || pin === "") return;
    const mode = box().dataset.mode;
    const body = { id: live.freshId(), staff, pin };
    busy = true;
    pin = "";
    show();
    const answer = await live.enqueue("POST", `${api}/${mode === "approve" ? "approve" : "sign-in"}`, body);
    busy = false;
    if (answer && answer.ok) forget();
  }

  function key(name) {
    if (/^\d$/.test(name)) { if (staff !== null && pin.length < PIN_MAX) pin += name; }
    else if (/^\p{L}$/u.test(name)) letter(name);
    else if (name === "Enter" || name === "ok") return send();
    else if (name === "Backspace") pin = pin.slice(0, -1);
    else if (name === "clear" || name === "Delete") pin = "";
    else if (name === "Escape") {
      if (pin) pin = "";
      else if (staff !== null) staff = null;
      else if (box().dataset.mode === "approve") return cancel();
    }
    show();
  }
  function cancel() { forget(); live.enqueue("DELETE", `${api}/approve`); }

  // Keys while it is open, on pages that have none of their own for it. What a wedge types is fast; longer than a PIN, or no number, it is a
  // badge. A PIN goes to the node as a PIN and as nothing else.
  const WEDGE_MS = 45;
  let fast = "";
  let typedAt = 0;
  function keydown(event, scanned) {
    if (event.key.length === 1) {
      if (event.key === " ") return;
      fast = event.timeStamp - typedAt < WEDGE_MS ? fast + event.key : event.key;
      typedAt = event.timeStamp;
      event.preventDefault();
      key(event.key);
    } else if (event.key === "Enter") {
      const code = fast;
      fast = "";
      const isBadge = code.length > 2 && (pin === "" || code.length > PIN_MAX || /\D/.test(code));
      // Enter on a button that was reached by Tab presses it.
      if (!isBadge && pin === "" && event.target.closest("button")) return;
      event.preventDefault();
      if (!isBadge) return key("Enter");
      forget();
      scanned(code);
    } else if (["Backspace", "Escape", "Delete"].includes(event.key)) {
      event.preventDefault();
      key(event.key);
    }
  }

  // True when the tap was the gate's.
  function tap(button) {
    if (!isOpen()) return false;
    if (button.dataset.staff) { staff = button.dataset.staff; pin = ""; show(); }
    else if (button.dataset.pinKey) key(button.dataset.pinKey);
    else if (button.dataset.do === "gate-cancel") cancel();
    return true;
  }
  return { isOpen, key, keydown, tap, show, isTyped: () => isOpen() && pin !== "" };
})();
