// What each place of the picture contributed to a name, laid over the picture.

import type { Evidence } from "../classifier/messages";
import type { ResizeRule } from "../model/description";

/**
 * From "no influence" to "most influence": five stops of matplotlib's plasma, whose lightness grows evenly,
 * so that it is read without colours, too. styles/result.css has the same for the legend.
 */
const STOPS = [
  [13, 8, 135],
  [126, 3, 168],
  [204, 71, 120],
  [248, 149, 64],
  [240, 249, 33],
] as const;

/** Of 255: the skin must stay visible. */
const OPACITY = 128;

/** Side of the map before it is stretched over the picture: coarser than a phone's pixels, finer than the eye minds. */
const FINE = 192;

/** Draws the map of one class onto a canvas that has the picture's size. */
export function drawHeatMap(canvas: HTMLCanvasElement, evidence: Evidence, which: number, rule: ResizeRule): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const { left, top, width, height } = field(canvas, rule);
  context.imageSmoothingQuality = "high";
  context.drawImage(coloured(smooth(levels(evidence, which), evidence)), left, top, width, height);
}

/** For each place 0 to 255, where 255 is the strongest of all, whether it spoke for the class or against. */
function levels({ values, height, width }: Evidence, which: number): number[] {
  const places = Array.from(values.subarray(which * height * width, (which + 1) * height * width));
  // A class that nothing speaks for stays dark, however little speaks against it.
  const strongest = Math.max(...places.map(Math.abs), 1e-6);
  return places.map(value => Math.max(0, value / strongest) * 255);
}

/** The levels, blown up with soft transitions. */
function smooth(levels: number[], { height, width }: Evidence): CanvasRenderingContext2D {
  const small = context(width, height);
  const cells = new ImageData(width, height);
  levels.forEach((level, place) => cells.data.set([level, level, level, 255], place * 4));
  small.putImageData(cells, 0, 0);
  const fine = context(FINE, FINE);
  fine.imageSmoothingQuality = "high";
  fine.drawImage(small.canvas, 0, 0, FINE, FINE);
  return fine;
}

/** Levels as colours. */
function coloured(grey: CanvasRenderingContext2D): HTMLCanvasElement {
  const pixels = grey.getImageData(0, 0, FINE, FINE);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set([...colour(pixels.data[at] / 255), OPACITY], at);
  grey.putImageData(pixels, 0, 0);
  return grey.canvas;
}

function colour(level: number): number[] {
  const place = level * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[low].map((from, channel) => from + (STOPS[low + 1][channel] - from) * (place - low));
}

function context(width: number, height: number): CanvasRenderingContext2D {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.getContext("2d", { willReadFrequently: true })!;
}

/** The part of the picture that the network saw. */
function field({ width, height }: HTMLCanvasElement, rule: ResizeRule): { left: number; top: number; width: number; height: number } {
  if (rule.fit === "stretch") return { left: 0, top: 0, width, height };
  const side = Math.min(width, height);
  return { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
}
