// Keeps the last pages, to show them without network with a notice that they are old. Nothing is sent later by itself:
// a step that wasn't recorded must be seen to be not recorded.
"use strict";
const ASSETS = "squad-assets-VERSION", PAGES = "squad-pages", OFFLINE = "/squad/assets/offline.html?v=VERSION";
const KEEP = ["page.css", "page.js", "icon.svg"].map((name) => `/squad/assets/${name}?v=VERSION`);

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(ASSETS).then((kept) => kept.addAll([...KEEP, OFFLINE])));
});
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("squad-assets-") && name !== ASSETS) await caches.delete(name);
  await clients.claim();
})()));

const fromKept = async (request) => {
  const kept = await (await caches.open(PAGES)).match(request, { ignoreSearch: true, ignoreVary: true });
  if (!kept) return caches.match(OFFLINE);
  const page = (await kept.text()).replace('role="status" hidden>⚠', 'role="status">⚠');
  return new Response(page, { headers: kept.headers });
};
const page = async (request) => {
  let answer;
  try {
    answer = await fetch(request);
  } catch {
    return request.method === "GET" ? fromKept(request) : caches.match(OFFLINE);
  }
  const { pathname } = new URL(answer.url || request.url);
  // Whoever has to sign in must not find what was kept for who was here before.
  if (/^\/squad\/(login|link)/.test(pathname)) await caches.delete(PAGES);
  else if (request.method === "GET" && answer.ok && answer.type === "basic"
    && answer.headers.get("content-type").startsWith("text/html")) {
    await (await caches.open(PAGES)).put(pathname, answer.clone());
  }
  return answer;
};
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (request.method === "GET" && new URL(request.url).pathname.startsWith("/squad/assets/")) {
    event.respondWith(caches.match(request).then((kept) =>
      kept || fetch(request).catch(() => caches.match(request, { ignoreSearch: true }))));
  }
});
