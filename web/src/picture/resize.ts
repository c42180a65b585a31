// A picture of any size → the square that the network was trained on, byte for byte as the Rust program does it
// (src/imaging/resize.rs). Rows are read in strips and used up at once, so that a photograph of 50 megapixels needs no
// second copy in memory.

import type { ResizeRule } from "../model/description";
import { shadesOfGrey } from "./shades-of-grey";
import { triangleWeights, type Weights } from "./weights";

/** A picture that hands out its rows. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  /** `count` rows from `top` on, of the columns `left` to `left + width`: RGBA bytes, rows first. */
  read(left: number, top: number, width: number, count: number): Uint8ClampedArray;
}

/** Rows that are read at once: few enough for the smallest canvas, enough that calls cost nothing. */
const STRIP = 64;

/** `size × size × 3` bytes, rows first, RGB interleaved. */
export function resize(picture: Rows, rule: ResizeRule): Uint8Array {
  const field = rule.fit === "crop" ? centredSquare(picture) : { left: 0, top: 0, ...sizeOf(picture) };
  const prepared = stretch(picture, field, rule.size);
  if (rule.colour === "shades-of-grey") shadesOfGrey(prepared);
  return prepared;
}

interface Field {
  left: number;
  top: number;
  width: number;
  height: number;
}

function sizeOf({ width, height }: Rows): { width: number; height: number } {
  return { width, height };
}

/** Where the largest centred square lies; left and top rounded down. */
function centredSquare({ width, height }: Rows): Field {
  const side = Math.min(width, height);
  return { left: (width - side) >> 1, top: (height - side) >> 1, width: side, height: side };
}

/** Vertical pass, rounded to 8 bits, then horizontal pass, rounded again: fast_image_resize's order for bytes. */
function stretch(picture: Rows, field: Field, size: number): Uint8Array {
  const down = field.height === size ? identity(size) : triangleWeights(field.height, size);
  const across = field.width === size ? identity(size) : triangleWeights(field.width, size);
  const result = new Uint8Array(size * size * 3);
  const sums = new RowSums(down, field.width * 3);
  for (let top = 0; top < field.height; top += STRIP) {
    const count = Math.min(STRIP, field.height - top);
    const strip = picture.read(field.left, field.top + top, field.width, count);
    for (let row = 0; row < count; row++) {
      const pixels = strip.subarray(row * field.width * 4, (row + 1) * field.width * 4);
      sums.add(top + row, pixels, (out, line) => shrinkLine(line, across, result.subarray(out * size * 3, (out + 1) * size * 3)));
    }
  }
  return result;
}

/** Every pixel stands for itself. */
function identity(size: number): Weights {
  const one = Int32Array.of(1 << 14);
  return { starts: Int32Array.from({ length: size }, (_, i) => i), values: Array.from({ length: size }, () => one), precision: 14 };
}

/** The results' rows that are being summed while the picture's rows pass by once, from top to bottom. */
class RowSums {
  private next = 0;
  private open: { out: number; end: number; sums: Int32Array }[] = [];
  private readonly spare: Int32Array[] = [];
  private readonly line: Uint8Array;

  constructor(
    private readonly weights: Weights,
    private readonly length: number,
  ) {
    this.line = new Uint8Array(length);
  }

  /** Adds row `y` (RGBA) and hands over, as RGB, each row of the result that is complete with it. */
  add(y: number, rgba: Uint8ClampedArray, complete: (out: number, line: Uint8Array) => void): void {
    const { starts, values, precision } = this.weights;
    while (this.next < starts.length && starts[this.next] === y) {
      const sums = this.spare.pop() ?? new Int32Array(this.length);
      sums.fill(1 << (precision - 1));
      this.open.push({ out: this.next, end: y + values[this.next].length, sums });
      this.next++;
    }
    for (const { out, sums } of this.open) addScaled(sums, rgba, values[out][y - starts[out]]);
    while (this.open.length > 0 && this.open[0].end === y + 1) {
      const { out, sums } = this.open[0];
      for (let i = 0; i < this.length; i++) this.line[i] = clip(sums[i] >> precision);
      complete(out, this.line);
      this.spare.push(sums);
      this.open.shift();
    }
  }
}

function addScaled(sums: Int32Array, rgba: Uint8ClampedArray, weight: number): void {
  for (let to = 0, from = 0; to < sums.length; to += 3, from += 4) {
    sums[to] += rgba[from] * weight;
    sums[to + 1] += rgba[from + 1] * weight;
    sums[to + 2] += rgba[from + 2] * weight;
  }
}

function shrinkLine(line: Uint8Array, { starts, values, precision }: Weights, result: Uint8Array): void {
  const half = 1 << (precision - 1);
  for (let out = 0; out < starts.length; out++) {
    let [red, green, blue] = [half, half, half];
    const window = values[out];
    for (let i = 0, from = starts[out] * 3; i < window.length; i++, from += 3) {
      red += line[from] * window[i];
      green += line[from + 1] * window[i];
      blue += line[from + 2] * window[i];
    }
    result[out * 3] = clip(red >> precision);
    result[out * 3 + 1] = clip(green >> precision);
    result[out * 3 + 2] = clip(blue >> precision);
  }
}

function clip(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
