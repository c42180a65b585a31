// The weights of an antialiased bilinear reduction, in whole numbers: the same as those of the Rust crate
// fast_image_resize (itself after Pillow-SIMD), with which the training images were prepared. Every line that rounds
// is copied from there; changing one changes the network's input.

/** What the pixels of one row or column of the result are made of. */
export interface Weights {
  /** For each result: the first source pixel that counts. */
  readonly starts: Int32Array;
  /** For each result: weights of that pixel and the following ones, as multiples of 2^-precision. */
  readonly values: readonly Int32Array[];
  /** How many bits stand behind the binary point. */
  readonly precision: number;
}

/** A triangle from -1 to 1. */
function triangle(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

/** The weights that bring `from` pixels to `to`: a triangle as wide as the reduction, never narrower than one pixel. */
export function triangleWeights(from: number, to: number): Weights {
  const scale = from / to;
  const radius = Math.max(scale, 1);
  const starts = new Int32Array(to);
  const reals: number[][] = [];
  for (let out = 0; out < to; out++) {
    const centre = (out + 0.5) * scale;
    const low = Math.max(Math.floor(centre - radius), 0);
    const high = Math.min(Math.ceil(centre + radius), from);
    let start = low;
    let sum = 0;
    const window: number[] = [];
    for (let x = low; x < high; x++) {
      const weight = triangle((x - (centre - 0.5)) * (1 / radius));
      if (x === start && weight === 0) {
        start++;
      } else {
        window.push(weight);
        sum += weight;
      }
    }
    while (window.length > 0 && window[window.length - 1] === 0) window.pop();
    starts[out] = start;
    reals.push(window.map(weight => weight / sum));
  }
  const precision = precisionFor(reals);
  const values = reals.map(window => Int32Array.from(window, weight => Math.round(weight * 2 ** precision)));
  return { starts, values, precision };
}

/** As many bits as the largest weight leaves room for in a signed 16-bit number, and no more than 21. */
function precisionFor(reals: readonly number[][]): number {
  const largest = reals.reduce((most, window) => window.reduce((a, b) => Math.max(a, b), most), 0);
  let precision = 0;
  for (; precision < 21; precision++) {
    if (Math.round(largest * 2 ** (precision + 1)) >= 2 ** 15) break;
  }
  return precision;
}
