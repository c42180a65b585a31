// The CPU's runtime: WebAssembly with SIMD. It is part of the first load.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { Description } from "../model/description";
import { Network, threads } from "./session";

export function openOnCpu(bytes: Uint8Array, description: Description): Promise<Network> {
  env.wasm.wasmPaths = { mjs: glue, wasm };
  env.wasm.numThreads = threads();
  return Network.open({ env, InferenceSession, Tensor }, "wasm", bytes, description);
}
