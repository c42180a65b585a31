// The resizer against the program's own: tests/verbs/page.rs writes the cases and names their folder in
// $SKINLESION_CASES.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

const { resize } = await load("picture/resize.ts");
const { triangleWeights } = await load("picture/weights.ts");
after(close);

/** Interleaved RGB as a picture that hands out its rows, opaque. */
function rowsOf(rgb, width, height) {
  const read = (left, top, across, count) => {
    const rgba = new Uint8ClampedArray(across * count * 4).fill(255);
    for (let i = 0; i < across * count; i++) {
      const from = ((top + Math.floor(i / across)) * width + left + (i % across)) * 3;
      rgba.set(rgb.subarray(from, from + 3), i * 4);
    }
    return rgba;
  };
  return { width, height, read };
}

const folder = process.env.SKINLESION_CASES;

test("every byte is the program's", { skip: folder ? false : "run by cargo test, which makes the cases" }, () => {
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
  assert.ok(cases.length > 0);
  for (const { file, width, height, rule, prepared } of cases) {
    const got = resize(rowsOf(readFileSync(join(folder, file)), width, height), { colour: "as-taken", ...rule });
    const wanted = readFileSync(join(folder, prepared));
    const worst = got.reduce((most, byte, i) => Math.max(most, Math.abs(byte - wanted[i])), 0);
    assert.equal(got.length, wanted.length);
    assert.equal(worst, 0, `${file} ${JSON.stringify(rule)}: off by ${worst}`);
  }
});

test("weights stand for one whole, within what rounding costs", () => {
  for (const [from, to] of [[600, 192], [8000, 192], [47, 96], [193, 192]]) {
    const { values, precision } = triangleWeights(from, to);
    for (const window of values) {
      const sum = window.reduce((a, b) => a + b, 0) / 2 ** precision;
      assert.ok(Math.abs(sum - 1) <= window.length / 2 ** precision, `${from} to ${to}: ${sum}`);
    }
  }
});

test("a picture of the right size stays as it is", () => {
  const rgb = Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (i * 37) % 256);
  const same = resize(rowsOf(rgb, 24, 24), { size: 24, fit: "stretch", colour: "as-taken" });
  assert.deepEqual(same, rgb);
});

test("rows are read in strips, each once, from top to bottom", () => {
  const rows = rowsOf(new Uint8Array(300 * 200 * 3), 300, 200);
  const seen = [];
  const watched = { ...rows, read: (left, top, width, count) => (seen.push([top, count]), rows.read(left, top, width, count)) };
  resize(watched, { size: 20, fit: "stretch", colour: "as-taken" });
  assert.equal(seen.reduce((sum, [, count]) => sum + count, 0), 200);
  seen.forEach(([top], i) => assert.equal(top, i === 0 ? 0 : seen[i - 1][0] + seen[i - 1][1]));
});
