// Which of the folder's networks runs where. Measured on one core of a server in Chromium's WebAssembly (README.md has
// the command): fp16 weights 25 ms, fp32 25 ms, int8 45 ms — WebAssembly has no instruction for int8 products that
// every browser knows, so int8 is only the smallest download. On the CPU fp16 is therefore first: half of fp32's
// download for the same answers and rate; then int8, then fp32, whose 8 MB are the longest wait.

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
