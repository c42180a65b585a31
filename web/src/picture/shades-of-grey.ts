// Shades of Grey (Finlayson & Trezzi 2004): each channel is scaled so that the three have the same Minkowski mean of
// order 6, which takes a lamp's tint away. As in the Rust program's src/imaging/resize.rs.

/** Corrects interleaved RGB bytes in place. A picture without any red, green or blue is left alone. */
export function shadesOfGrey(pixels: Uint8Array): void {
  const norms = [0, 1, 2].map(channel => Number(sumOfSixthPowers(pixels, channel)) ** (1 / 6));
  if (norms.includes(0)) return;
  const mean = Math.sqrt(norms.reduce((sum, norm) => sum + norm * norm, 0) / 3);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.min(Math.round((pixels[i] * mean) / norms[i % 3]), 255);
  }
}

/** Exact, as the sum outgrows what a double holds: values are counted first. */
function sumOfSixthPowers(pixels: Uint8Array, channel: number): bigint {
  const counts = new Uint32Array(256);
  for (let i = channel; i < pixels.length; i += 3) counts[pixels[i]]++;
  return counts.reduce((sum, count, value) => sum + BigInt(count) * BigInt(value) ** 6n, 0n);
}
