// Brings the service worker in, and says when a new version of the page waits.

/** Registers once the page has all it needs, so that nothing is fetched twice. */
export async function keepOffline(ready: () => void, update: (takeOver: () => void) => void): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const hadOne = navigator.serviceWorker.controller !== null;
  try {
    const registration = await navigator.serviceWorker.register("service-worker.js");
    const offer = (worker: ServiceWorker) => update(() => worker.postMessage("take over"));
    if (registration.waiting && hadOne) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => {
        if (worker.state === "installed" && hadOne) offer(worker);
      });
    });
    let reloading = false;
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      // Only a version that the reader asked for replaces one that is open.
      if (hadOne && !reloading) location.reload();
      reloading = true;
    });
    await navigator.serviceWorker.ready;
    ready();
  } catch {
    // No worker, no offline page; all else works.
  }
}
