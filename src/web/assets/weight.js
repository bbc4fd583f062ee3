// Weights and tares that a person types. What the scale says comes with the node's news.
"use strict";

(() => {
  const { acts, answered, api, clearEntry, complain, parseQuantity, pay, post, shake, typedText } = window.counter;
  const till = document.getElementById("till");
  const TOO_FINE = /^\d{1,5}[.,]\d{4,}$/;

  acts["weigh-typed"] = (button) => {
    const text = typedText();
    if (TOO_FINE.test(text)) return complain({ detail: till.dataset.tooFine, remedy: till.dataset.tooFineHint });
    const weight_g = parseQuantity(text);
    if (weight_g === null) return shake();
    const { code, tare } = document.getElementById("check").dataset;
    pay(button, () => post(`${api}/weight`, { code, weight_g, tare_g: Number(tare) }));
  };
  // A weight that was typed meanwhile goes before the question about the goods of the last line.
  acts["weigh-again"] = (button) => (typedText() ? acts["weigh-typed"](button) : live.enqueue("POST", `${api}/weight/again`).then(answered));
  acts["forget-weight"] = () => live.enqueue("DELETE", `${api}/weight`).then(answered);

  // "20" is 20 grams; with a decimal mark it is kilograms.
  acts.tare = () => {
    const text = typedText();
    const tare_g = /^\d{1,5}$/.test(text) ? Number(text) : parseQuantity(text);
    if (tare_g === null) return shake();
    clearEntry();
    window.counter.closePanel();
    live.enqueue("POST", `${api}/tare`, { tare_g }).then(answered);
  };
  acts["no-tare"] = () => live.enqueue("POST", `${api}/tare`, { tare_g: 0 }).then(answered);
})();
