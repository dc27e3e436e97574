// Nothing here is needed to work: it keeps the last page for times without network, looks whether something has
// changed, and shares the position of who allows it.
"use strict";
(() => {
  const show = (id, on) => { const part = document.getElementById(id); if (part) part.hidden = !on; };
  navigator.serviceWorker?.register("/squad/worker.js", { scope: "/squad" }).catch(() => {});
  addEventListener("offline", () => show("offline", true));
  addEventListener("online", () => show("offline", false));

  let writing = false;
  addEventListener("input", () => { writing = true; });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  const { state, task } = document.body.dataset;
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(task ? `/squad/state?task=${task}` : "/squad/state", { redirect: "manual" });
      if (answer.ok && await answer.text() !== state) writing ? show("changed", true) : location.reload();
    } catch { /* no network: the next look tells */ }
  };
  if (state) { setInterval(look, 15000); addEventListener("visibilitychange", look); }

  // The permit's page, which loads itself anew where there are no scripts: a screen reader would begin anew each time.
  const sign = () => document.querySelector(".sign.big");
  if (sign()) setInterval(async () => {
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      if (page.querySelector(".sign.big").textContent === sign().textContent) return;
      document.querySelector("main").replaceWith(page.querySelector("main"));
    } catch { location.reload(); } // signed out, or no network: an old green sign must not stand
  }, 20000);

  const share = document.getElementById("share");
  if (!share || !navigator.geolocation) return;
  share.hidden = false;
  let told = 0;
  const tell = ({ coords }) => {
    share.textContent = share.dataset.on;
    if (Date.now() - told < 60000) return;
    told = Date.now();
    const body = new URLSearchParams({
      longitude: coords.longitude, latitude: coords.latitude, word: share.dataset.word, once: told,
    });
    fetch("/squad/position", { method: "POST", body }).catch(() => { told = 0; });
  };
  const start = () => navigator.geolocation.watchPosition(tell, () => { share.textContent = share.dataset.failed; },
    { enableHighAccuracy: true, maximumAge: 30000 });
  share.addEventListener("click", start);
  navigator.permissions?.query({ name: "geolocation" }).then((asked) => { if (asked.state === "granted") start(); })
    .catch(() => {});
})();
