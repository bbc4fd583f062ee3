// The panel "Customer": what is typed and found stays in this page until it is sent, and is gone when the panel closes.
"use strict";

(() => {
  const { acts, api, answered, closePanel, erase, post } = window.counter;
  const $ = (id) => document.getElementById(id);
  const box = document.querySelector('.panel[data-name="customer"]');
  const form = $("customer-new");
  const found = $("customer-found");
  const letters = box.querySelector(".customer-letters");
  let subject = null;
  let field = $("customer-text");

  const fill = (text, value) => text.replace("{}", value);
  // Letters make room for what has to be read: a refusal about somebody new, with the consent below it, and somebody who was found.
  function say(text) {
    $("customer-said").textContent = text || "";
    $("customer-said").hidden = !text;
    if (!form.hidden) letters.hidden = Boolean(text);
  }
  // One thing at a time: look for somebody, somebody who was found, or somebody new.
  function showOnly(what) {
    $("customer-find").hidden = what === "new";
    found.hidden = what !== "found";
    form.hidden = what !== "new";
    $("customer-new-open").hidden = what !== "find";
    letters.hidden = what === "found";
  }
  function hideFound() { subject = null; showOnly("find"); }
  function clear() {
    form.reset();
    $("customer-text").value = "";
    say("");
    hideFound();
  }
  function show(customer) {
    subject = customer.subject;
    found.querySelector(".name").textContent = customer.name || customer.email || customer.phone || customer.card;
    found.querySelector(".more").textContent = [customer.email, customer.phone, customer.card].filter(Boolean).join(" · ");
    const at = customer.agreed_ms === null ? "" : new Date(customer.agreed_ms).toLocaleDateString(document.documentElement.lang);
    found.querySelector(".agreed").textContent = at ? fill(found.dataset.agreed, at) : "";
    found.querySelector('[data-do="customer-erase"]').hidden = false;
    found.querySelector('[data-do="customer-erase-sure"]').hidden = true;
    showOnly("found");
    say("");
    found.querySelector('[data-do="customer-attach"]').focus();
  }
  const refused = (answer) => say(answer && answer.body ? `${answer.body.detail} ${answer.body.remedy || ""}` : document.querySelector("#lost strong").textContent);

  Object.assign(acts, {
    "customer-find": async () => {
      const text = $("customer-text").value.trim();
      hideFound();
      if (!text) return;
      const answer = await live.enqueue("POST", `${api}/customers/find`, { text });
      if (answer && answer.ok) show(answer.body);
      else refused(answer);
    },
    // What was typed to find them is not typed again.
    "customer-new": () => {
      const text = $("customer-text").value.trim();
      const kind = text.includes("@") ? "email" : /^[+\d][\d ()/.-]*$/.test(text) ? "phone" : "card";
      form.reset();
      form.elements[kind].value = text;
      say("");
      showOnly("new");
      field = form.elements.name;
      field.focus();
    },
    "customer-attach": () => { const who = subject; closePanel(); clear(); post(`${api}/customer`, { subject: who }); },
    "customer-detach": () => { closePanel(); erase(`${api}/customer`); },
    "customer-save": async () => {
      const values = Object.fromEntries(["name", "email", "phone", "card"].map((name) => [name, form.elements[name].value]));
      const agreed = form.elements.agreed;
      const answer = await live.enqueue("POST", `${api}/customers`, { ...values, agreed_to: agreed.checked ? agreed.value : "" });
      if (!answer || !answer.ok) return refused(answer);
      closePanel();
      clear();
      post(`${api}/customer`, { subject: answer.body.subject });
    },
    "customer-erase": (button) => { button.hidden = true; found.querySelector('[data-do="customer-erase-sure"]').hidden = false; },
    "customer-erase-sure": async () => {
      const answer = answered(await live.enqueue("DELETE", `${api}/customers/${subject}?id=${live.freshId()}`));
      if (!answer || !answer.ok) return closePanel();
      clear();
      say(found.dataset.erased);
    },
    "customer-letter": (button) => {
      const text = button.dataset.text;
      field.value = text === "Backspace" ? field.value.slice(0, -1) : field.value + text;
    },
  });

  box.addEventListener("focusin", (event) => { if (event.target.matches('input[type="text"]')) field = event.target; });
  // A tap into a field brings the letters back.
  box.addEventListener("pointerdown", (event) => {
    if (!event.target.matches('input[type="text"]') || !letters.hidden) return;
    if (form.hidden) hideFound();
    else say("");
  });
  // Fields take their own keys; Enter goes on.
  box.addEventListener("keydown", (event) => {
    if (!event.target.matches("input") || /^F\d+$/.test(event.key) || event.key === "Escape") return;
    event.stopPropagation();
    if (event.key !== "Enter") return;
    event.preventDefault();
    acts[event.target.id === "customer-text" ? "customer-find" : "customer-save"]();
  });
  box.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-panel="customer"]')) return;
    clear();
    field = $("customer-text");
    if (!box.hidden) field.focus();
  });
})();
