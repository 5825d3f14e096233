// Keeps a page live: adds lines that the node rendered, updates counters, can be paused.
// Without it the page is the same, as of the moment when it was made.
(() => {
  "use strict";
  const url = document.body.dataset.live;
  if (!url || !window.EventSource) return;

  const panel = document.getElementById("live");
  const state = document.getElementById("live-state");
  const pause = document.getElementById("live-pause");
  const list = document.querySelector("[data-live-list]");
  const notices = [...document.querySelectorAll("[data-live-notice]")];
  const heldMax = 500;
  let paused = false;
  let held = [];

  const say = (text, tone) => {
    if (state.textContent !== text) state.textContent = text;
    panel.dataset.tone = tone;
  };

  const add = ({ kind, html }) => {
    if (list) {
      const template = document.createElement("template");
      template.innerHTML = html;
      const line = template.content.firstElementChild;
      if (!line || list.querySelector(`[data-seq="${Number(line.dataset.seq)}"]`)) return;
      line.classList.add("fresh");
      list.prepend(line);
      while (list.children.length > Number(list.dataset.liveList)) list.lastElementChild.remove();
      document.querySelectorAll("[data-live-empty]").forEach((empty) => empty.remove());
    }
    for (const notice of notices) {
      if (!notice.dataset.liveNotice.split(" ").includes(kind)) continue;
      const number = notice.querySelector("[data-live-number]");
      number.textContent = String(Number(number.textContent) + 1);
      notice.hidden = false;
    }
  };

  const waiting = () => (held.length ? `Paused, ${held.length} waiting` : "Paused");

  const source = new EventSource(url);
  source.addEventListener("open", () => say(paused ? waiting() : "Live", paused ? "care" : "good"));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) say("Not live: reload the page", "bad");
    else say("Reconnecting", "care");
  });
  source.addEventListener("line", (event) => {
    const line = JSON.parse(event.data);
    if (!paused) return add(line);
    held.push(line);
    if (held.length > heldMax) held.shift();
    say(waiting(), "care");
  });
  source.addEventListener("counts", (event) => {
    if (paused) return;
    for (const [name, value] of Object.entries(JSON.parse(event.data))) {
      document.querySelectorAll(`[data-count="${CSS.escape(name)}"]`).forEach((place) => {
        place.textContent = value;
      });
    }
  });
  source.addEventListener("end", () => {
    source.close();
    say("Signed out: sign in again", "bad");
  });

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    if (paused) return say(waiting(), "care");
    held.splice(0).forEach(add);
    say(source.readyState === EventSource.OPEN ? "Live" : "Reconnecting", "good");
  });
  // Leaving a page must not look like a lost connection.
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  panel.hidden = false;
})();
