// What the page makes of model.json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

const { readDescription } = await load("model/description.ts");
const { networkForCpu, networkForGpu } = await load("model/choice.ts");
after(close);

const released = () => JSON.parse(readFileSync(new URL("../../exports/released/model.json", import.meta.url), "utf8"));
const files = (...formats) => formats.map(format => ({ format, file: `${format}.onnx`, bytes: 1, sha256: "" }));

test("the released description is understood, with or without what newer ones add", () => {
  assert.equal(readDescription(released()).classes.length, 7);
  const newer = { ...released(), thresholds: [{ target: "melanoma", threshold: 0.1, sensitivity: 0.9 }], abstention: { threshold: 0.6 } };
  assert.equal(readDescription(newer).thresholds.length, 1);
});

test("what the page cannot do is refused by name", () => {
  for (const [change, named] of [
    [{ format_version: 3 }, "format_version"],
    [{ resize: { size: 192, fit: "pad", filter: "triangle-antialiased" } }, "resize.fit pad"],
    [{ resize: { size: 192, fit: "crop", filter: "lanczos" } }, "resize.filter lanczos"],
  ]) {
    assert.throws(() => readDescription({ ...released(), ...change }), error => error.code === "model-unknown" && error.detail.includes(named), named);
  }
});

test("files for bytes or for any size are left to others", () => {
  const [file] = released().files;
  const bytes = { ...file, input: { ...file.input, dtype: "uint8", layout: "NHWC" } };
  const anySize = { ...file, input: { ...file.input, shape: ["batch", 3, "height", "width"] } };
  assert.equal(readDescription({ ...released(), files: [bytes, anySize, file] }).files.length, 1);
});

test("the CPU takes half precision first, then whole numbers, then full precision", () => {
  assert.equal(networkForCpu(files("onnx", "onnx-int8", "onnx-fp16", "torchscript")).format, "onnx-fp16");
  assert.equal(networkForCpu(files("onnx", "onnx-int8")).format, "onnx-int8");
  assert.equal(networkForCpu(files("onnx")).format, "onnx");
  assert.throws(() => networkForCpu(files("torchscript")), error => error.code === "network-none");
});

test("the GPU takes half precision only where its shaders can", () => {
  assert.equal(networkForGpu(files("onnx", "onnx-fp16"), true).format, "onnx-fp16");
  assert.equal(networkForGpu(files("onnx", "onnx-fp16"), false).format, "onnx");
  assert.equal(networkForGpu(files("onnx"), true).format, "onnx");
  assert.throws(() => networkForGpu(files("onnx-int8"), true), error => error.code === "gpu-failed");
});
