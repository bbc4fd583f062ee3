// Returns what is wrong with the page as it stands: things cut off, targets too small, text too pale.
const faults = [];
const seen = (e) => e.offsetParent !== null && getComputedStyle(e).visibility === "visible" && e.getClientRects().length > 0;
const name = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${[...e.classList].join(".")} "${e.textContent.trim().slice(0, 40)}"`;
const root = document.documentElement;
// A page that is meant to be scrolled ends where it ends.
const flows = root.dataset.measure === "flowing";
if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} wide`);
if (!flows && root.scrollHeight > innerHeight) faults.push(`the page is ${root.scrollHeight} high`);

const scrolls = (e) => e.closest("#lines, .fill") !== null;
for (const e of document.querySelectorAll("body *")) {
  if (!seen(e) || e.closest("svg")) continue;
  const box = e.getBoundingClientRect();
  if (scrolls(e)) continue;
  if (e.matches(".unseen")) continue;
  if (box.right > innerWidth + 1 || (!flows && box.bottom > innerHeight + 1) || box.left < -1 || (!flows && box.top < -1)) faults.push(`outside: ${name(e)}`);
  if (e.scrollHeight > e.clientHeight + 2 && e.clientHeight > 0 && getComputedStyle(e).overflowY === "hidden" && !e.matches(".text, .say strong")) faults.push(`cut below: ${name(e)}`);
  // These end in an ellipsis on purpose, and a field moves its text.
  if (e.matches(".store, .who-chip span, input")) continue;
  if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== "inline") faults.push(`cut: ${name(e)}`);
}
for (const e of document.querySelectorAll("button")) {
  if (!seen(e)) continue;
  const box = e.getBoundingClientRect();
  const least = e.matches(".small") ? 40 : e.matches(".letters button, .quiet") ? 44 : 56;
  if (box.width < least || box.height < least) faults.push(`${Math.round(box.width)} x ${Math.round(box.height)} is small: ${name(e)}`);
}
for (const e of document.querySelectorAll("#till input")) {
  if (!seen(e)) continue;
  const box = (e.closest("label") || e).getBoundingClientRect();
  if (box.height < 44) faults.push(`${Math.round(box.height)} high is small: ${name(e)} ${e.name}`);
}
// Hands find it without looking.
const exact = document.getElementById("pay-exact");
if (exact) {
  const [at, pay] = [exact, document.getElementById("pay")].map((e) => e.getBoundingClientRect());
  if (pay.right - at.right > 2 || pay.bottom - at.bottom > 2) faults.push("the exact amount has left its corner");
}
const big = document.querySelector("#total .big");
if (big && parseFloat(getComputedStyle(big).fontSize) < 76) faults.push("the total is below 14 mm");
const newest = document.querySelector("#lines .row.newest");
if (newest) {
  const list = document.getElementById("lines").getBoundingClientRect();
  const box = newest.getBoundingClientRect();
  if (box.bottom > list.bottom + 1 || box.top < list.top - 1) faults.push("the newest line is not in view");
  // Where a line comes back from stands below it: such a sale is short.
  if (!newest.querySelector(".note") && list.height / newest.offsetHeight < 7) faults.push(`only ${(list.height / newest.offsetHeight).toFixed(1)} rows fit`);
}

// Contrast by WCAG: relative luminance of the text's colour on the first ground that is not transparent.
const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => {
  const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
};
const over = ([r, g, b, a = 1], under) => [r * a + under[0] * (1 - a), g * a + under[1] * (1 - a), b * a + under[2] * (1 - a)];
const ground = (e) => {
  if (!e) return [255, 255, 255];
  const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length === 4 && c[3] === 0) return ground(e.parentElement);
  return over(c, ground(e.parentElement));
};
const price = "#total .big, #total .cash-due, .row .price, #pay .amount, .found .price, .price-card .amount";
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = new Set();
for (let node = walk.nextNode(); node; node = walk.nextNode()) {
  const e = node.parentElement;
  if (!node.textContent.trim() || !seen(e) || e.closest("script, :disabled") || told.has(e)) continue;
  told.add(e);
  const under = ground(e);
  const style = getComputedStyle(e);
  const ink = over(parse(style.color), under);
  const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const least = e.closest(price) && !e.closest(".done, .code, .typed") ? 7 : large ? 3 : 4.5;
  if (ratio < least) faults.push(`contrast ${ratio.toFixed(1)} below ${least}: ${name(e)}`);
}
return faults;
