// Brings the page up to date: when head office says that something changed, fetch this same page and put its live part in
// place. What is unfolded stays unfolded; nothing happens while someone selects text. Without this script the page is as it
// was when it was loaded.
"use strict";
(() => {
  const live = document.getElementById("live");
  const line = document.getElementById("line");
  let busy = false, again = false, heard = Date.now(), fetched = heard;

  async function refresh() {
    if (busy) { again = true; return; }
    if (document.hidden || String(document.getSelection()) !== "") return;
    // What is costly to make is not made for every sale.
    if (Date.now() - fetched < 1000 * (live.dataset.every || 0)) return;
    busy = true;
    fetched = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      // The session has ended: the way in is the page's next state.
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      // 405: this page is the answer to a form, at an address that is never asked. It stays as it is.
      say(answer.ok || answer.status === 405 ? "" : "head office has trouble: " + answer.status);
    } catch {
      say("no connection to head office since " + new Date(heard).toLocaleTimeString());
    }
    busy = false;
    if (again) { again = false; refresh(); }
  }

  function show(page) {
    heard = Date.now();
    const fresh = page.getElementById("live");
    if (!fresh || fresh.innerHTML === live.innerHTML) return;
    const open = new Set([...live.querySelectorAll("details[open]")].map((e) => e.id));
    const known = new Set([...live.querySelectorAll("details")].map((e) => e.id));
    for (const details of fresh.querySelectorAll("details")) {
      if (open.has(details.id)) details.open = true;
      if (known.size > 0 && !known.has(details.id)) details.classList.add("fresh");
    }
    const focused = document.activeElement && live.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
    live.replaceChildren(...fresh.childNodes);
    if (focused && focused.id) document.getElementById(focused.id)?.querySelector("summary, a, button")?.focus();
    const tabs = page.querySelector("header nav");
    if (tabs) document.querySelector("header nav").replaceChildren(...tabs.childNodes);
  }

  function say(words) { if (line.textContent !== words) line.textContent = words; }

  // A file goes into the field beside it, where it is seen before it is sent.
  for (const chooser of document.querySelectorAll("input[type=file][data-into]")) {
    chooser.addEventListener("change", async () => {
      const file = chooser.files[0];
      if (file) chooser.form.elements[chooser.dataset.into].value = await file.text();
    });
  }

  const stream = new EventSource("/changes");
  stream.addEventListener("changed", refresh);
  // Ages go on also when nothing changes, and a lost connection is noticed.
  setInterval(refresh, 10000);
  document.addEventListener("visibilitychange", refresh);
})();
