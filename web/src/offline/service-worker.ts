// Keeps the page on the device: its files, under the version of the build (build/precache.ts fills both in).
// What lies in `model/` is kept by the page itself (src/model/kept.ts), under the hash of the network.
//
// A new version is fetched whole beside the old one and waits until the page asks for it, so that a page that is open
// never meets files of two versions.

const worker = self as unknown as ServiceWorkerGlobalScope;

const FILES = "__FILES__".split("|");
const VERSION = "__VERSION__";

/** Several pages may share an origin, and caches belong to origins. */
const FAMILY = `skinlesion-page ${worker.registration.scope} `;
const SHELF = FAMILY + VERSION;

worker.addEventListener("install", event => {
  event.waitUntil(keepPage());
});

worker.addEventListener("activate", event => {
  event.waitUntil(forgetOldPages().then(() => worker.clients.claim()));
});

worker.addEventListener("message", event => {
  if (event.data === "take over") void worker.skipWaiting();
});

worker.addEventListener("fetch", event => {
  const { request } = event;
  const scope = worker.registration.scope;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  const path = request.url.slice(scope.length).replace(/[?#].*/, "");
  if (path.startsWith("model/")) return;
  const isPage = path === "" || path === "index.html";
  event.respondWith(isPage ? pageOrNetwork(request) : keptOrNetwork(request, path));
});

async function keepPage(): Promise<void> {
  const shelf = await caches.open(SHELF);
  await Promise.all(
    FILES.map(async name => {
      // Names with a hash never change, and the page has just fetched them: the browser's own cache will do.
      const response = await fetch(name, { cache: name.startsWith("assets/") ? "force-cache" : "no-cache" });
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      await shelf.put(name, response);
    }),
  );
}

async function forgetOldPages(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter(name => name.startsWith(FAMILY) && name !== SHELF).map(name => caches.delete(name)));
}

async function pageOrNetwork(request: Request): Promise<Response> {
  const shelf = await caches.open(SHELF);
  return (await shelf.match("./")) ?? fetch(request);
}

async function keptOrNetwork(request: Request, path: string): Promise<Response> {
  const shelf = await caches.open(SHELF);
  const kept = await shelf.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  // The GPU's runtime, on its first use.
  if (response.ok && path.startsWith("assets/")) await shelf.put(request, response.clone());
  return response;
}
