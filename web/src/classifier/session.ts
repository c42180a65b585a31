// A network in ONNX Runtime, on either path. The two runtimes (CPU; GPU and CPU) have one interface, so this file takes
// whichever it is given.

import type * as Ort from "onnxruntime-web/wasm";
import type { Description } from "../model/description";
import type { Evidence } from "./messages";

export type Runtime = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;

/** Threads help only where pages may share memory, which takes headers that few hosts send. */
export function threads(): number {
  return globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
}

/** What a network returns for one picture. */
export interface Output {
  probabilities: Float32Array;
  evidence?: Evidence;
  /** How far the picture is from those of the training, where the network tells. */
  novelty?: number;
}

/** An open network. */
export class Network {
  private constructor(
    private readonly runtime: Runtime,
    private readonly session: Ort.InferenceSession,
    private readonly description: Description,
  ) {}

  /** Opens a network and runs it once on black, so that the first picture waits for nothing. */
  static async open(runtime: Runtime, provider: "wasm" | "webgpu", bytes: Uint8Array, description: Description): Promise<Network> {
    runtime.env.logLevel = "error";
    const session = await runtime.InferenceSession.create(bytes, { executionProviders: [provider], graphOptimizationLevel: "all" });
    const network = new Network(runtime, session, description);
    await network.run(new Uint8Array(3 * description.resize.size ** 2));
    return network;
  }

  /** Runs the network on prepared bytes. */
  async run(prepared: Uint8Array): Promise<Output> {
    const { resize, classes } = this.description;
    const picture = new this.runtime.Tensor("float32", planes(prepared), [1, 3, resize.size, resize.size]);
    const wanted = ["probabilities", "evidence", "novelty"].filter(name => this.session.outputNames.includes(name));
    const outputs = await this.session.run({ [this.session.inputNames[0]]: picture }, wanted);
    const probabilities = Float32Array.from((await outputs.probabilities.getData()) as Float32Array);
    if (probabilities.length !== classes.length || !probabilities.every(Number.isFinite)) {
      throw new Error(`the network returned ${probabilities.join(", ")}`);
    }
    const { evidence } = outputs;
    const novelty = outputs.novelty ? Number(((await outputs.novelty.getData()) as Float32Array)[0]) : undefined;
    if (!evidence) return { probabilities, novelty };
    const [, , height, width] = evidence.dims;
    return { probabilities, novelty, evidence: { values: Float32Array.from((await evidence.getData()) as Float32Array), height, width } };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Interleaved bytes as planes of 0–1. */
export function planes(prepared: Uint8Array): Float32Array {
  const pixels = prepared.length / 3;
  const values = new Float32Array(prepared.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) values[channel * pixels + pixel] = prepared[pixel * 3 + channel] / 255;
  }
  return values;
}
