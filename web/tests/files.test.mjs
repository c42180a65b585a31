// What is looked at before a browser decodes a file, and the hash that proves a network.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { close, load } from "./load.mjs";

const { inspect } = await load("picture/file.ts");
const { refuseShape } = await load("picture/shape.ts");
const { sha256 } = await load("model/sha256.ts");
after(close);

const reference = name => new Uint8Array(readFileSync(new URL(`../../tests/reference/images/${name}`, import.meta.url)));
const refusedAs = code => error => error.code === code;

test("whole pictures pass", () => {
  for (const name of ["photo.png", "palette.png", "cmyk.jpg", "ycck.jpg"]) inspect(reference(name));
});

test("files that end early are refused", () => {
  for (const name of ["photo.png", "cmyk.jpg"]) {
    const whole = reference(name);
    for (const share of [0.3, 0.6, 0.9, 0.99]) {
      assert.throws(() => inspect(whole.subarray(0, whole.length * share)), refusedAs("picture-ends-early"), `${name} cut to ${share}`);
    }
  }
});

test("what a phone appends to a JPEG does no harm", () => {
  const film = Uint8Array.from({ length: 5000 }, (_, i) => [0xff, 0xda, 0x12][i % 3]);
  inspect(Uint8Array.from([...reference("cmyk.jpg"), ...film]));
});

test("text is no picture, whatever it is called", () => {
  assert.throws(() => inspect(new TextEncoder().encode("Dear Sir or Madam,")), refusedAs("picture-not-one"));
  assert.throws(() => inspect(new Uint8Array(0)), refusedAs("picture-not-one"));
});

test("a header that asks for more than a phone holds is refused before it is decoded", () => {
  const png = reference("photo.png");
  new DataView(png.buffer).setUint32(16, 40_000);
  new DataView(png.buffer).setUint32(20, 30_000);
  assert.throws(() => inspect(png), error => error.code === "picture-too-large" && error.detail === "1200");
});

test("small and elongated pictures are refused, at the same limits as the program's", () => {
  for (const [width, height] of [[63, 200], [200, 63], [20_000, 1]]) {
    assert.throws(() => refuseShape(width, height), refusedAs("picture-small"), `${width} × ${height}`);
  }
  for (const [width, height] of [[64, 257], [1025, 256]]) {
    assert.throws(() => refuseShape(width, height), refusedAs("picture-strip"), `${width} × ${height}`);
  }
  for (const [width, height] of [[64, 64], [64, 256], [256, 64], [600, 450]]) refuseShape(width, height);
});

test("hashes are SHA-256", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 100_003]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256);
    assert.equal(sha256(bytes), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});
