// A file → its pixels, by the browser's own decoder: upright as EXIF says, without colour management, because the
// training images were not managed either.

import { Fault } from "../fault";
import { inspect, otherKind } from "./file";
import type { Rows } from "./resize";
import { refuseShape } from "./shape";

/** A canvas this wide works on every phone; wider pictures are read in several pieces. */
const WIDEST = 4096;

/** Decodes a file that somebody chose. The bitmap must be closed. */
export async function decode(file: Blob): Promise<ImageBitmap> {
  const bitmap = await decodeAny(file);
  try {
    refuseShape(bitmap.width, bitmap.height);
    return bitmap;
  } catch (fault) {
    bitmap.close();
    throw fault;
  }
}

async function decodeAny(file: Blob): Promise<ImageBitmap> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  inspect(bytes);
  const options: ImageBitmapOptions = {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  };
  try {
    return await createImageBitmap(file, options).catch(thrown => {
      // Older Safari knows no such options; what it does without them is the same but for the colours' profile.
      if (thrown instanceof TypeError) return createImageBitmap(file);
      throw thrown;
    });
  } catch {
    const kind = otherKind(bytes);
    throw kind ? new Fault("picture-kind", kind) : new Fault("picture-unreadable");
  }
}

/** The rows of a bitmap, through a canvas that never holds more than a strip. */
export function rowsOf(bitmap: ImageBitmap): Rows {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  if (!context) throw new Fault("browser-old", "OffscreenCanvas");
  const piece = (left: number, top: number, width: number, count: number) => {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== count) canvas.height = count;
    context.globalCompositeOperation = "copy";
    context.drawImage(bitmap, left, top, width, count, 0, 0, width, count);
    return context.getImageData(0, 0, width, count).data;
  };
  return {
    width: bitmap.width,
    height: bitmap.height,
    read(left, top, width, count) {
      if (width <= WIDEST) return piece(left, top, width, count);
      const whole = new Uint8ClampedArray(width * count * 4);
      for (let from = 0; from < width; from += WIDEST) {
        const part = Math.min(WIDEST, width - from);
        const pixels = piece(left + from, top, part, count);
        for (let row = 0; row < count; row++) {
          whole.set(pixels.subarray(row * part * 4, (row + 1) * part * 4), (row * width + from) * 4);
        }
      }
      return whole;
    },
  };
}

/** A copy for the screen, no side longer than `most`. */
export function previewOf(bitmap: ImageBitmap, most: number): ImageBitmap {
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext("2d");
  if (!context) throw new Fault("browser-old", "OffscreenCanvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.transferToImageBitmap();
}
