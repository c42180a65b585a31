// The page's end of the worker: requests as promises.

import { Fault } from "../fault";
import type { Path } from "../model/choice";
import type { Description } from "../model/description";
import type { Answer, Opened, Progress, Reply, Request } from "./messages";

interface Waiting {
  resolve(ok: Opened | Answer | null): void;
  reject(fault: Fault): void;
  progress?: (progress: Progress) => void;
}

export class Classifier {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.hear(data));
    // A worker that did not even start, because the browser is too old for it.
    this.worker.addEventListener("error", event => {
      for (const { reject } of this.waiting.values()) reject(new Fault("browser-old", event.message));
      this.waiting.clear();
    });
  }

  async describe(folder: string, description: Description): Promise<void> {
    await this.ask({ kind: "describe", folder, description });
  }

  open(path: Path, progress: (progress: Progress) => void): Promise<Opened> {
    return this.ask({ kind: "open", path }, progress) as Promise<Opened>;
  }

  /** Classifies a file, or a bitmap, which is used up. */
  classify(path: Path, picture: Blob | ImageBitmap, progress: (progress: Progress) => void): Promise<Answer> {
    return this.ask({ kind: "classify", path, picture }, progress) as Promise<Answer>;
  }

  private ask(request: Request, progress?: (progress: Progress) => void): Promise<Opened | Answer | null> {
    const id = ++this.last;
    const transfer = request.kind === "classify" && request.picture instanceof ImageBitmap ? [request.picture] : [];
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, progress });
      this.worker.postMessage({ id, request }, transfer);
    });
  }

  private hear(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if (!waiting) return;
    if ("progress" in reply) return waiting.progress?.(reply.progress);
    this.waiting.delete(reply.id);
    if ("fault" in reply) waiting.reject(new Fault(reply.fault, reply.detail));
    else waiting.resolve(reply.ok);
  }
}
