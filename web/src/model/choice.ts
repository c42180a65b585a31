// Which of the folder's networks runs where. On the CPU half precision comes first: half of full precision's download
// for the same answers at the same rate. Whole numbers are slower in WebAssembly, which has no product of bytes that
// every browser knows, but the smallest download; full precision is the longest wait (docs/performance.md has figures).

import type { NetworkFile } from "./description";
import { Fault } from "../fault";

/** Where a network runs. */
export type Path = "cpu" | "gpu";

const ON_CPU = ["onnx-fp16", "onnx-int8", "onnx"];

/** The network for the CPU. */
export function networkForCpu(files: readonly NetworkFile[]): NetworkFile {
  return first(files, ON_CPU, "network-none");
}

/** The network for the GPU: half precision where its shaders can, else full. */
export function networkForGpu(files: readonly NetworkFile[], hasHalf: boolean): NetworkFile {
  return first(files, hasHalf ? ["onnx-fp16", "onnx"] : ["onnx"], "gpu-failed");
}

function first(files: readonly NetworkFile[], formats: readonly string[], fault: "network-none" | "gpu-failed"): NetworkFile {
  for (const format of formats) {
    const found = files.find(file => file.format === format);
    if (found) return found;
  }
  throw new Fault(fault, formats.join(", "));
}
