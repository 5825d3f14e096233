// Asks again, while it is typed, who would receive an object.
// Without it the form's button does the same.
(() => {
  "use strict";
  const form = document.querySelector("form[data-preview]");
  const place = document.getElementById("answer");
  if (!form || !place || !window.fetch) return;
  let waiting = 0;
  let asked = null;

  const ask = async () => {
    if (asked) asked.abort();
    asked = new AbortController();
    const mine = asked;
    place.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: mine.signal,
      });
      const text = await response.text();
      if (mine !== asked) return;
      if (!response.ok) {
        place.textContent = "This page is no longer signed in, or the node cannot answer now: reload it.";
        return;
      }
      place.innerHTML = text;
    } catch (error) {
      if (error.name === "AbortError") return;
      place.textContent = "The node cannot be reached.";
    }
    place.removeAttribute("aria-busy");
  };

  form.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 150);
  });
  form.querySelector("button").hidden = true;
})();
