// Quick keys, and the price that a department asks for: typed before its key, or after it and then Enter.
"use strict";

(() => {
  const { acts, api, pay, post } = window.counter;
  const exponent = Number(document.getElementById("till").dataset.exponent);
  const strip = document.getElementById("strip");
  let asking = null;

  function parse(text) {
    const match = /^(\d{1,7})(?:[.,](\d{0,3}))?$/.exec(text);
    if (!match || (match[2] || "").length > exponent) return null;
    return Number(match[1] + (match[2] || "").padEnd(exponent, "0"));
  }
  function quantity() {
    const typed = document.querySelector("#entry .times");
    const armed = document.querySelector("#strip [data-times]");
    if (armed) return Number(armed.dataset.times);
    const match = typed && /^(\d{1,5})(?:[.,](\d{1,3}))?/.exec(typed.textContent);
    return match ? Number(match[1] + (match[2] || "").padEnd(3, "0")) : null;
  }
  function sell(button, wanted, price) {
    const body = { department: wanted.department, price };
    if (wanted.code !== undefined) body.code = wanted.code;
    const count = quantity();
    if (count !== null) body.quantity = count;
    ask(null);
    pay(button, () => post(`${api}/open-price`, body));
  }

  // What is asked stands in the strip until it is answered, whatever else arrives there.
  function ask(wanted) {
    asking = wanted;
    show();
  }
  function show() {
    strip.querySelectorAll(".price-asked").forEach((old) => old.remove());
    if (!asking) return;
    const template = document.getElementById("price-asked").content.cloneNode(true);
    template.querySelector("strong").textContent = asking.name;
    strip.prepend(template);
  }
  document.addEventListener("till-updated", show);

  acts.department = (button) => {
    const { department, code } = button.dataset;
    const wanted = { department, code, name: button.dataset.name };
    window.counter.closePanel();
    const typed = document.querySelector("#entry .typed");
    const price = typed ? parse(typed.textContent) : null;
    if (price === null || code !== undefined) ask(wanted);
    else sell(button, wanted, price);
  };
  for (const on of [true, false]) {
    acts[`training-${on ? "on" : "off"}`] = () => { window.counter.closePanel(); post(`${api}/training`, { on }); };
  }
  acts["forget-price"] = () => ask(null);

  // Enter while a price is asked for; `false`: it means what it always does.
  window.counter.priceTyped = (text) => {
    if (!asking || text === "") return false;
    const price = parse(text);
    if (price === null) document.getElementById("entry").animate([{ opacity: 0.2 }, { opacity: 1 }], 300);
    else sell(document.getElementById("entry"), asking, price);
    return true;
  };
  // Escape takes the question away.
  window.counter.priceAsked = () => {
    const was = asking !== null;
    ask(null);
    return was;
  };
  // A scan means an article; nobody is asked for a price any more.
  window.counter.scanned = () => ask(null);
})();
