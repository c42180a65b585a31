// The worker: decodes, resizes and runs the network, so that the page stays live meanwhile.

import { asFault, Fault, type FaultCode } from "../fault";
import { networkForCpu, networkForGpu, type Path } from "../model/choice";
import type { Description, NetworkFile } from "../model/description";
import { fetchNetwork } from "../model/kept";
import { decode, previewOf, rowsOf } from "../picture/decode";
import { resize } from "../picture/resize";
import { adapter } from "./adapter";
import { openOnCpu } from "./cpu";
import type { Answer, Opened, Progress, Reply, Request } from "./messages";
import { threads, type Network } from "./session";

/** The longer side of what is shown: enough for the sharpest phone. */
const PREVIEW = 1200;

interface Open {
  network: Network;
  about: Opened;
}

let source: { folder: string; description: Description } | undefined;
const open: Partial<Record<Path, Promise<Open>>> = {};

async function handle(request: Request, progress: (progress: Progress) => void): Promise<Opened | Answer | null> {
  switch (request.kind) {
    case "describe":
      source = request;
      return null;
    case "open":
      return (await opened(request.path, progress)).about;
    case "classify":
      return inTurn(() => classify(request.path, request.picture, progress));
  }
}

/** The network on a path; opened once, and anew after a failure. */
function opened(path: Path, progress: (progress: Progress) => void): Promise<Open> {
  return (open[path] ??= openOn(path, progress).catch(thrown => {
    delete open[path];
    throw asFault(thrown, path === "gpu" ? "gpu-failed" : "network-failed");
  }));
}

async function openOn(path: Path, progress: (progress: Progress) => void): Promise<Open> {
  if (!source) throw new Fault("network-failed", "no description");
  const { folder, description } = source;
  const fetch = (file: NetworkFile) => fetchNetwork(folder + file.file, file, read => progress({ read, of: file.bytes }));
  if (path === "cpu") {
    const file = networkForCpu(description.files);
    const network = await openOnCpu(await fetch(file), description);
    return { network, about: { format: file.format, file: file.file, threads: threads() } };
  }
  const gpu = await adapter();
  if (!gpu) throw new Fault("gpu-missing");
  const file = networkForGpu(description.files, gpu.features.has("shader-f16"));
  const { openOnGpu } = await import("./gpu");
  const network = await openOnGpu(await fetch(file), description);
  return { network, about: { format: file.format, file: file.file, threads: 1 } };
}

/** Pictures are looked at one after the other: a network cannot be run twice at a time. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(job: () => Promise<T>): Promise<T> {
  const mine = turn.then(job);
  turn = mine.catch(() => undefined);
  return mine;
}

async function classify(path: Path, picture: Blob | ImageBitmap, progress: (progress: Progress) => void): Promise<Answer> {
  const { network, about } = await opened(path, progress);
  const bitmap = picture instanceof Blob ? await decode(picture) : picture;
  try {
    const start = performance.now();
    const prepared = resize(rowsOf(bitmap), source!.description.resize);
    const ready = performance.now();
    const output = await network.run(prepared).catch(async thrown => {
      // A lost device does not come back: the next attempt starts from nothing.
      delete open[path];
      await network.release().catch(() => undefined);
      throw asFault(thrown, path === "gpu" ? "gpu-failed" : "network-failed");
    });
    const done = performance.now();
    return { ...output, prepared, preview: previewOf(bitmap, PREVIEW), format: about.format, preparing: ready - start, running: done - ready };
  } finally {
    bitmap.close();
  }
}

function reply(message: Reply, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

/** What an unforeseen failure is called: memory, most likely, where a picture was being read. */
const OTHERWISE: Record<Request["kind"], FaultCode> = { describe: "network-failed", open: "network-failed", classify: "picture-unreadable" };

addEventListener("message", async ({ data: { id, request } }: MessageEvent<{ id: number; request: Request }>) => {
  try {
    const ok = await handle(request, progress => reply({ id, progress }));
    reply({ id, ok }, ok && "preview" in ok ? [ok.preview, ok.prepared.buffer] : []);
  } catch (thrown) {
    const { code, detail } = asFault(thrown, OTHERWISE[request.kind]);
    reply({ id, fault: code, detail });
  }
});
