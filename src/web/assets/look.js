// Before the first paint: the look this browser was given on the till's "Day" panel. Kept in this browser only.
(() => {
  "use strict";
  try {
    const look = localStorage.getItem("look");
    if (look === "light" || look === "dark") document.documentElement.dataset.look = look;
    if (localStorage.getItem("mirror") === "yes") document.documentElement.dataset.mirror = "yes";
    if (localStorage.getItem("size") === "large") document.documentElement.dataset.size = "large";
  } catch { /* A browser that keeps nothing gets the automatic look. */ }
})();
