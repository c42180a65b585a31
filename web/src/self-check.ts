// Whether this device answers as the computer did that made the golden images.

import type { Answer } from "./classifier/messages";
import { expected, type Golden, type GoldenImage } from "./model/golden";
import { fetchFresh } from "./model/kept";
import { sha256 } from "./model/sha256";

/** How far a number may be off where the list does not say. */
const STRICT = 1e-3;

export interface Check {
  /** How many have an expected answer of the network that is used. */
  images: number;
  /** The largest difference of a probability from what was expected. */
  difference: number;
  agrees: boolean;
  /** Images whose network input has a known hash, and how many of them have it here. */
  hashed: number;
  same: number;
  /** The largest difference of a prepared byte, of images whose hash differs. */
  worstByte: number;
}

export async function selfCheck(folder: string, golden: Golden, classify: (picture: Blob) => Promise<Answer>): Promise<Check> {
  const check: Check = { images: 0, difference: 0, agrees: true, hashed: 0, same: 0, worstByte: 0 };
  for (const image of golden.images) {
    const answer = await classify(await (await fetchFresh(folder + image.file)).blob());
    const known = expected(image, answer.format);
    if (known) {
      check.images++;
      const difference = Math.max(...known.map((value, i) => Math.abs(value - answer.probabilities[i])));
      check.difference = Math.max(check.difference, difference);
      if (!(difference <= (golden.tolerance.probabilities[answer.format] ?? STRICT))) check.agrees = false;
    }
    const novelty = image.novelty?.[answer.format];
    if (novelty !== undefined && !(Math.abs(novelty - (answer.novelty ?? NaN)) <= (golden.tolerance.novelty[answer.format] ?? STRICT))) check.agrees = false;
    if (image.prepared) {
      check.hashed++;
      if (sha256(answer.prepared) === image.prepared.sha256) check.same++;
      else check.worstByte = Math.max(check.worstByte, await byteDifference(folder, image, answer.prepared));
    }
    answer.preview.close();
  }
  return check;
}

/** How far prepared bytes are from those of the list's prepared picture. */
async function byteDifference(folder: string, image: GoldenImage, prepared: Uint8Array): Promise<number> {
  const picture = await (await fetchFresh(folder + image.prepared!.file)).blob();
  const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none" });
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0);
  const pixels = context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? [];
  let worst = 0;
  for (let i = 0; i < prepared.length; i++) worst = Math.max(worst, Math.abs(prepared[i] - pixels[Math.floor(i / 3) * 4 + (i % 3)]));
  return worst;
}
