// What the pages of orders and of stock have in common: two tones, a shake of the handheld, and a line that says what happened.
"use strict";

const handheld = (() => {
  const till = document.getElementById("till");

  // Browsers play nothing until somebody has touched the page.
  let audio = null;
  function unlockSound() {
    if (!audio && window.AudioContext) audio = new AudioContext();
    if (audio && audio.state === "suspended") audio.resume().catch(() => {});
  }
  function beep(frequency, length) {
    if (!audio || audio.state !== "running") return;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.3, audio.currentTime);
    volume.gain.linearRampToValueAtTime(0, audio.currentTime + length);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + length);
  }
  const played = { good: 0, error: 0 };
  function signal(tone) {
    played[tone] += 1;
    till.dataset[tone === "good" ? "playedGood" : "playedError"] = played[tone];
    if (tone === "good") { beep(1760, 0.09); navigator.vibrate?.(50); }
    else { beep(196, 0.45); navigator.vibrate?.(400); }
  }
  function say(strong, text, bad) {
    const said = document.getElementById("said");
    said.hidden = !strong;
    said.className = bad ? "bad" : "good";
    said.querySelector("strong").textContent = strong;
    said.querySelector("span").textContent = text || "";
  }
  // Why it was not done, as the node says it; without an answer, that it did not hear us.
  function complain(answer) {
    const body = answer && answer.body;
    signal("error");
    say(body ? body.detail : document.querySelector("#lost strong").textContent, body ? body.remedy : "", true);
  }

  // A new order has a sound of its own.
  live.newOrders(() => {
    till.dataset.playedNew = Number(till.dataset.playedNew || 0) + 1;
    beep(1318, 0.25);
    navigator.vibrate?.([60, 80, 60]);
  });

  return { unlockSound, beep, signal, say, complain };
})();
