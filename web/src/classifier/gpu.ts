// The GPU's runtime: WebGPU. Its WebAssembly is 27 MB (6.6 MB over the wire), so this file is only imported when
// somebody switches to the GPU.

import { env, InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import type { Description } from "../model/description";
import { Network } from "./session";

export function openOnGpu(bytes: Uint8Array, description: Description): Promise<Network> {
  env.wasm.wasmPaths = { mjs: glue, wasm };
  env.wasm.numThreads = 1;
  return Network.open({ env, InferenceSession, Tensor }, "webgpu", bytes, description);
}
