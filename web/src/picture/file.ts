// What a file is, before a browser decodes it. Browsers fill what is missing of a JPEG with grey and say nothing, and
// allocate what a header asks for, so both are looked at here.

import { Fault } from "../fault";

/** Photographs beyond this would need more than 450 MB once decoded. Phones make up to 108 megapixels. */
const MOST_PIXELS = 110e6;

/** Throws a fault unless the bytes look like a whole picture of a bearable size. */
export function inspect(bytes: Uint8Array): void {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return inspectJpeg(bytes);
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return inspectPng(bytes);
  // The browser may or may not read these.
  if (otherKind(bytes) === "") throw new Fault("picture-not-one");
}

/** The name of a kind of picture that is neither JPEG nor PNG; empty for anything else. */
export function otherKind(bytes: Uint8Array): string {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "WebP";
  if (text(4, 8) === "ftyp") return text(8, 12).startsWith("avi") ? "AVIF" : "HEIC";
  if (text(0, 4) === "GIF8") return "GIF";
  if (text(0, 2) === "BM") return "BMP";
  if (text(0, 4) === "II*\0" || text(0, 4) === "MM\0*") return "TIFF";
  return "";
}

function startsWith(bytes: Uint8Array, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

/** Walks from marker to marker up to the end of the image; what a phone appends (a film, a second picture) is not looked at. */
function inspectJpeg(bytes: Uint8Array): void {
  const endsEarly = () => new Fault("picture-ends-early");
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0xff) {
      at++; // padding, or stray bytes, which every decoder passes over
      continue;
    }
    if (marker === 0xd9) return;
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (isFrame(marker)) refuseTooLarge(u16(bytes, at + 7), u16(bytes, at + 5));
    at += 2 + length;
    if (marker === 0xda) at = endOfScan(bytes, at);
  }
  if (bytes[at] !== 0xff || bytes[at + 1] !== 0xd9) throw endsEarly();
}

/** SOF0 to SOF15, without the tables that share their range (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The place of the first marker after a scan's data: 0xff followed by neither 0 nor a restart marker. */
function endOfScan(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0) {
    const next = bytes[at + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
    at = bytes.indexOf(0xff, at + 1);
  }
  return bytes.length;
}

/** Walks from chunk to chunk up to IEND. */
function inspectPng(bytes: Uint8Array): void {
  if (bytes.length < 24) throw new Fault("picture-ends-early");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  refuseTooLarge(view.getUint32(16), view.getUint32(20));
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49454e44) return; // IEND
  }
  throw new Fault("picture-ends-early");
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function refuseTooLarge(width: number, height: number): void {
  if (width * height > MOST_PIXELS) throw new Fault("picture-too-large", String(Math.round((width * height) / 1e6)));
}
