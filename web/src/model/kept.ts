// Files of the folder `model/`, kept on the device so that the page works without a network. The small ones are asked
// for anew when there is a network; a network's weights are kept under their hash and never asked for twice.
// (The page itself is kept by the service worker: src/offline/.)

import { Fault } from "../fault";
import type { NetworkFile } from "./description";
import { sha256 } from "./sha256";

const SHELF = "skinlesion-model";

/** How long a network that hardly answers is waited for, in milliseconds, where there is something kept to go on with. */
const PATIENCE = 4000;

/** The shelf; none where the browser has no caches (a page that was not opened over https). */
async function shelf(): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(SHELF);
  } catch {
    return undefined;
  }
}

/** A file as the server has it now, or, when it cannot be reached, as it was last. */
export async function fetchFresh(url: string): Promise<Response> {
  const kept = await shelf();
  const last = await kept?.match(url);
  try {
    const response = await fetch(url, { cache: "no-cache", signal: last && AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Fault("model-missing", `${url}: ${response.status}`);
    await kept?.put(url, response.clone()).catch(() => undefined);
    return response;
  } catch (thrown) {
    if (last) return last;
    throw thrown instanceof Fault ? thrown : new Fault("model-missing", url);
  }
}

/** A network's bytes, proved against its hash. `progress` hears of bytes as they arrive. */
export async function fetchNetwork(url: string, file: NetworkFile, progress: (bytes: number) => void): Promise<Uint8Array> {
  const kept = await shelf();
  const key = `${url}?sha256=${file.sha256}`;
  const last = await kept?.match(key);
  if (last) {
    const bytes = new Uint8Array(await last.arrayBuffer());
    if (sha256(bytes) === file.sha256) return bytes;
  }
  const bytes = await download(url, progress);
  if (sha256(bytes) !== file.sha256) throw new Fault("network-damaged", file.file);
  if (kept) await replace(kept, url, key, bytes).catch(() => undefined);
  return bytes;
}

async function download(url: string, progress: (bytes: number) => void): Promise<Uint8Array> {
  try {
    // Not from the browser's own cache: it may hold another version under the same name.
    const response = await fetch(url, { cache: "no-cache" });
    if (!response.ok || !response.body) throw new Fault("network-missing", `${url}: ${response.status}`);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let read = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      read += part.value.length;
      progress(read);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : new Fault("network-missing", url);
  }
}

/** Keeps a network and lets go of other versions of the same file. */
async function replace(kept: Cache, url: string, key: string, bytes: Uint8Array): Promise<void> {
  for (const request of await kept.keys()) {
    if (request.url.startsWith(`${url}?`)) await kept.delete(request);
  }
  await kept.put(key, new Response(new Blob([bytes as Uint8Array<ArrayBuffer>])));
}
