// What the probabilities amount to.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

// The texts ask for the reader's languages.
Object.defineProperty(globalThis, "navigator", { value: { languages: ["fr-FR", "en-GB"] } });
const { judge, likeliest } = await load("views/judgement.ts");
after(close);

const classes = [["bcc", true], ["mel", true], ["nv", false]].map(([code, malignant]) => ({ code, name: code, malignant }));
const level = (target, threshold, asked = 0.9) => ({ target, sensitivity_asked: asked, threshold, sensitivity: 0.92, referred_per_found: 3.84 });
const describe = more => ({ classes, thresholds: [], ...more });

test("the likeliest comes first and keeps its place among the outputs", () => {
  assert.deepEqual(likeliest([0.2, 0.1, 0.7], classes).map(one => one.index), [2, 0, 1]);
});

test("below the level of abstention the network is not sure, at it it is", () => {
  const abstention = { threshold: 0.6, coverage: 0.8, accuracy: 0.9 };
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

test("all that is malignant counts together", () => {
  const [side] = judge([0.15, 0.1, 0.75], describe({ thresholds: [level("malignant", 0.2)] })).levels;
  assert.ok(side.isAbove);
  assert.match(side.sentence, /25%/);
});
