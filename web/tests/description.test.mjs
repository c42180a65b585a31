// What the page makes of model.json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

const { readDescription } = await load("model/description.ts");
const { networkForCpu, networkForGpu } = await load("model/choice.ts");
after(close);

const released = () => JSON.parse(readFileSync(new URL("../../exports/released/model.json", import.meta.url), "utf8"));
/** The released description as version 2 wrote it. */
const older = () => ({ ...released(), format_version: 2, decisions: undefined });
/** The released description in version 3, with changes to its decisions. */
const newer = decisions => ({ ...released(), format_version: 3, decisions: { ...DECISIONS, ...decisions } });
const DECISIONS = {
  default: "balanced",
  reason: "balanced accuracy .80 against .75",
  likeliest: { offsets: [0, 0, 0, 0, 0, 0, 0] },
  balanced: { tau: 0.8, offsets: [2.9, 2.5, 1.9, 3.8, 1.9, 0.4, 3.6], fitted_on: "out_of_fold", images: 9358 },
};
const files = (...formats) => formats.map(format => ({ format, file: `${format}.onnx`, bytes: 1, sha256: "" }));

test("the released description is understood, with or without what newer ones add", () => {
  assert.equal(readDescription(released()).classes.length, 7);
  const newer = { ...released(), thresholds: [{ target: "melanoma", threshold: 0.1, sensitivity: 0.9 }], abstention: { threshold: 0.6 } };
  assert.equal(readDescription(newer).thresholds.length, 1);
  assert.equal(readDescription(newer).thresholds[0].chosen_on, "val");
});

test("version 2 names the likeliest class, version 3 what its default says", () => {
  const zeros = DECISIONS.likeliest.offsets;
  assert.deepEqual(readDescription(older()).decision, { rule: "likeliest", offsets: zeros, reason: "" });
  assert.deepEqual(readDescription({ ...newer(), format_version: 2 }).decision.rule, "likeliest");
  assert.deepEqual(readDescription(newer()).decision, { rule: "balanced", offsets: DECISIONS.balanced.offsets, reason: DECISIONS.reason });
  for (const balanced of [DECISIONS.balanced, null, undefined]) {
    const { decision } = readDescription(newer({ default: "likeliest", balanced }));
    assert.deepEqual(decision, { rule: "likeliest", offsets: zeros, reason: DECISIONS.reason });
  }
});

test("figures and levels out of fold are taken as such", () => {
  const figures = { accuracy: 0.85 };
  const folds = readDescription({
    ...newer(),
    validation: {},
    metrics: [{ part: "test", figures: {} }, { part: "out_of_fold", figures }],
    thresholds: [{ target: "melanoma", threshold: 0.1, sensitivity: 0.9, chosen_on: "out_of_fold" }],
    abstention: { threshold: 0.6, chosen_on: "out_of_fold" },
  });
  assert.deepEqual(folds.figures, { part: "out_of_fold", values: figures });
  assert.deepEqual([folds.thresholds[0].chosen_on, folds.abstention.chosen_on], ["out_of_fold", "out_of_fold"]);
  const own = readDescription({ ...released(), metrics: [{ part: "val", figures }] });
  assert.deepEqual(own.figures, { part: "val", values: released().validation });
});

test("what the page cannot do is refused by name", () => {
  for (const [change, named] of [
    [{ format_version: 4 }, "format_version 4"],
    [{ decisions: undefined }, "decisions"],
    [newer({ default: "cautious" }), "decisions.default cautious"],
    [newer({ balanced: null }), "decisions.default balanced"],
    [newer({ likeliest: undefined }), "decisions.likeliest.offsets"],
    [newer({ likeliest: { offsets: [0, 0, 0, 0, 0, 0, 1] } }), "decisions.likeliest.offsets"],
    [newer({ balanced: { ...DECISIONS.balanced, offsets: [1, 2, 3] } }), "decisions.balanced.offsets"],
    [newer({ balanced: { ...DECISIONS.balanced, offsets: [1, 2, 3, 4, 5, 6, null] } }), "decisions.balanced.offsets"],
    [newer({ default: "likeliest", balanced: {} }), "decisions.balanced.offsets"],
    [newer({ balanced: { ...DECISIONS.balanced, tau: "high" } }), "decisions.balanced.tau"],
    [{ thresholds: [{ target: "melanoma", threshold: 0.1, sensitivity: 0.9, chosen_on: "test" }] }, "thresholds.chosen_on test"],
    [{ abstention: { threshold: 0.6, chosen_on: "train" } }, "abstention.chosen_on train"],
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
