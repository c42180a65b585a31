// What the probabilities amount to.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

// The texts ask for the reader's languages.
Object.defineProperty(globalThis, "navigator", { value: { languages: ["fr-FR", "en-GB"] } });
const { judge, likeliest } = await load("views/judgement.ts");
const { decide, likeliestOnly } = await load("model/decision.ts");
after(close);

const classes = [["bcc", true], ["mel", true], ["nv", false]].map(([code, malignant]) => ({ code, name: code, malignant }));
const level = (target, threshold, asked = 0.9) => ({ target, sensitivity_asked: asked, threshold, chosen_on: "val", sensitivity: 0.92, referred_per_found: 3.84 });
const describe = more => ({ classes, thresholds: [], decision: likeliestOnly(classes.length), ...more });
/** Logit adjustment with τ = 1 for priors of 5, 11 and 84 %. */
const balanced = { rule: "balanced", offsets: [0.05, 0.11, 0.84].map(prior => -Math.log(prior)), reason: "" };

test("the likeliest comes first and keeps its place among the outputs", () => {
  assert.deepEqual(likeliest([0.2, 0.1, 0.7], classes).map(one => one.index), [2, 0, 1]);
});

test("the balanced rule names the class with the largest ratio to its prior", () => {
  assert.equal(decide([0, 0.3, 0.7], balanced), 1); // 0.3 / 0.11 > 0.7 / 0.84
  assert.equal(decide([0, 0.1, 0.9], balanced), 2); // 0.1 / 0.11 < 0.9 / 0.84
  assert.equal(decide([0, 0.3, 0.7], likeliestOnly(3)), 2);
  assert.equal(judge([0, 0.3, 0.7], describe({ decision: balanced })).named, 1);
});

test("of equals the first is named, and a probability of 0 does no harm", () => {
  assert.equal(decide([0.2, 0.4, 0.4], likeliestOnly(3)), 1);
  assert.equal(decide([0, 0, 1], balanced), 2);
  assert.equal(decide(new Float32Array([0, 0, 0]), likeliestOnly(3)), 0);
});

test("a network that is not sure names nothing, whatever its rule", () => {
  const unsure = judge([0, 0.45, 0.55], describe({ decision: balanced, abstention: { threshold: 0.6, chosen_on: "val" } }));
  assert.equal(unsure.named, null);
  assert.match(unsure.unsure, /55%.*60%/);
});

test("below the level of abstention the network is not sure, at it it is", () => {
  const abstention = { threshold: 0.6, chosen_on: "val", coverage: 0.8, accuracy: 0.9 };
  assert.match(judge([0.3, 0.11, 0.59], describe({ abstention })).unsure, /59%.*60%.*80 of 100.*90 of 100/);
  assert.equal(judge([0.2, 0.2, 0.6], describe({ abstention })).unsure, null);
  assert.equal(judge([0.34, 0.33, 0.33], describe()).unsure, null);
});

test("melanoma is held against the level that was to find 9 of 10", () => {
  const thresholds = [level("melanoma", 0.4, 0.8), level("melanoma", 0.1), level("melanoma", 0.05, 0.95)];
  const [above] = judge([0.1, 0.3, 0.6], describe({ thresholds })).levels;
  assert.ok(above.isAbove);
  assert.match(above.sentence, /30%.*above 10%.*92 of 100 melanomas/);
  assert.match(above.remark, /3\.8 lesions/);
  const [below] = judge([0.1, 0.08, 0.82], describe({ thresholds })).levels;
  assert.ok(!below.isAbove);
  assert.match(below.remark, /no all-clear: 8 of 100/);
});

test("levels and abstention say what images they were measured on", () => {
  const chosen_on = "out_of_fold";
  const abstention = { threshold: 0.9, chosen_on, coverage: 0.8, accuracy: 0.9 };
  const judged = judge([0.1, 0.3, 0.6], describe({ abstention, thresholds: [{ ...level("melanoma", 0.1), chosen_on }] }));
  assert.match(judged.unsure, /left out in cross-validation/);
  assert.match(judged.levels[0].remark, /left out in cross-validation/);
  assert.match(judge([0.1, 0.3, 0.6], describe({ thresholds: [level("melanoma", 0.1)] })).levels[0].remark, /validation images/);
});

test("all that is malignant counts together", () => {
  const [side] = judge([0.15, 0.1, 0.75], describe({ thresholds: [level("malignant", 0.2)] })).levels;
  assert.ok(side.isAbove);
  assert.match(side.sentence, /25%/);
});

test("a picture above the novelty's threshold is named nothing and held against no level", () => {
  const description = describe({ novelty: { threshold: 3 }, thresholds: [level("melanoma", 0.1)] });
  const foreign = judge([0, 0.9, 0.1], description, 3.1);
  assert.deepEqual(foreign, { named: null, isForeign: true, unsure: null, levels: [] });
  assert.equal(judge([0, 0.9, 0.1], description, NaN).isForeign, true);
  const own = judge([0, 0.9, 0.1], description, 3);
  assert.deepEqual([own.named, own.isForeign, own.levels.length], [1, false, 1]);
});

test("an export without novelty, or without its threshold, is judged as before", () => {
  assert.equal(judge([0, 0.9, 0.1], describe(), 99).isForeign, false);
  assert.equal(judge([0, 0.9, 0.1], describe({ novelty: { threshold: 3 } })).isForeign, false);
});
