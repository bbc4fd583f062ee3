// The pages of the demo's devices: buttons that act, a part that is fetched again while it changes.
"use strict";

(() => {
  const main = document.querySelector("main");

  async function post(address, fields) {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields) });
    return answer.ok ? "" : await answer.text();
  }

  // ---- printer and line: every button with data-act is a switch
  if (main.dataset.act) {
    main.addEventListener("click", async (event) => {
      const button = event.target.closest("button[data-act]");
      if (!button) return;
      await post(main.dataset.act, { act: button.dataset.act, on: button.dataset.on || "" });
      if (main.dataset.poll) await poll();
      else location.reload();
    });
  }

  async function poll() {
    const now = document.getElementById("now");
    const answer = await fetch(`${main.dataset.poll}?revision=${now.dataset.revision}`);
    if (answer.status !== 200) return;
    main.innerHTML = await answer.text();
    const papers = main.querySelector(".paper-side");
    papers.scrollTop = papers.scrollHeight;
  }

  if (main.dataset.poll) {
    const again = async () => {
      // A node that restarts is asked again.
      try { await poll(); } catch { /* next time */ }
      setTimeout(again, 300);
    };
    again();
  }

  // ---- scanner pad
  if (main.dataset.scan) {
    const said = document.getElementById("scanned");
    const scan = async (code) => {
      if (!code) return;
      const trouble = await post(main.dataset.scan, { code });
      said.textContent = trouble || `beep: ${code}`;
    };
    main.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-code]");
      if (button) scan(button.dataset.code);
    });
    const code = document.getElementById("code");
    document.getElementById("scan-code").addEventListener("click", () => scan(code.value));
    code.addEventListener("keydown", (event) => { if (event.key === "Enter") scan(code.value); });
    let asked = 0;
    document.getElementById("filter").addEventListener("input", async (event) => {
      const turn = ++asked;
      const answer = await fetch(`${main.dataset.goods}?q=${encodeURIComponent(event.target.value)}`);
      const text = await answer.text();
      if (turn === asked) document.getElementById("goods").innerHTML = text;
    });
  }
})();
