// The smaller pages: customer display, devices, paired screens, pairing, simulated devices.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const call = async (method, path, body) => {
    const options = { method, headers: {} };
    if (body !== undefined) {
      options.headers["content-type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    const response = await fetch(path, options);
    const text = await response.text();
    let answer = null;
    try { answer = text ? JSON.parse(text) : null; } catch { /* not JSON */ }
    return { ok: response.ok, answer };
  };
  const problem = (result) => {
    const place = $("desk-problem");
    if (!place) return;
    place.hidden = result.ok;
    if (!result.ok) place.textContent = result.answer ? `${result.answer.detail}. ${result.answer.remedy}` : "?";
  };

  // What needs a person asks who it is, where the page has the dialog for it.
  const askedOfSomebody = async (path, body) => {
    const result = await desk.asked("POST", path, body);
    if (result.answer || result.ok) problem(result);
  };

  // ---- live parts
  const followed = document.querySelector("[data-live]");
  if (followed) live.follow(followed.dataset.live);

  // ---- pairing: waits for the code to be confirmed, then collects its cookie
  const pairing = $("pairing");
  if (pairing) {
    const look = setInterval(async () => {
      try {
        const { answer } = await call("GET", "/pair/state");
        if (answer && answer.state === "confirmed") {
          clearInterval(look);
          const { ok } = await call("POST", "/pair/collect");
          if (ok) location.replace(pairing.dataset.to);
        } else if (answer && answer.state === "gone") {
          clearInterval(look);
          $("pair-expired").hidden = false;
        }
      } catch { /* the node is away: try again */ }
    }, 1000);
  }

  // ---- paired screens
  $("confirm-code")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const result = await call("POST", "/api/v1/screens/confirm", { code: $("code").value });
    problem(result);
    if (result.ok) location.reload();
  });
  $("new-token")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const result = await call("POST", "/api/v1/tokens", { name: $("token-name").value });
    problem(result);
    if (result.ok) {
      $("token-secret").textContent = result.answer.token;
      $("token-made").hidden = false;
    }
  });

  // ---- buttons
  const acts = {
    "device-test": (button) => call("POST", `/api/v1/devices/${encodeURIComponent(button.dataset.device)}/test`, { kind: button.dataset.kind }).then(problem),
    "terminal-day": (button) => askedOfSomebody(`/api/v1/devices/${encodeURIComponent(button.dataset.device)}/end-of-day`, { id: desk.freshId() }),
    revoke: async (button) => {
      if (button.dataset.asked !== "yes") {
        button.dataset.asked = "yes";
        button.textContent = button.dataset.sure;
        return;
      }
      await call("DELETE", `/api/v1/screens/${encodeURIComponent(button.dataset.screen)}`);
      location.reload();
    },
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && !button.disabled && acts[button.dataset.do]) acts[button.dataset.do](button);
  });
})();
