// What each place of the picture contributed to a name, laid over the picture.

import type { Evidence } from "../classifier/messages";
import type { ResizeRule } from "../model/description";

/** Warm colour of the most telling place, red, green, blue; the same by day and night, as it lies on a picture. */
const WARM = [255, 170, 0] as const;

/** The most opaque that the map gets: the skin must stay visible. */
const OPACITY = 0.72;

/** Draws the map of one class onto a canvas that has the picture's size. */
export function drawHeatMap(canvas: HTMLCanvasElement, evidence: Evidence, which: number, rule: ResizeRule): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const places = evidence.height * evidence.width;
  const values = evidence.values.subarray(which * places, (which + 1) * places);
  // Relative to the strongest place, whether it speaks for the name or against: a name without support stays clear.
  const strongest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const small = new ImageData(evidence.width, evidence.height);
  values.forEach((value, place) => {
    small.data.set([...WARM, Math.max(0, value / strongest) * OPACITY * 255], place * 4);
  });
  const { left, top, width, height } = field(canvas, rule);
  const cells = document.createElement("canvas");
  cells.width = evidence.width;
  cells.height = evidence.height;
  cells.getContext("2d")?.putImageData(small, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(cells, left, top, width, height);
}

/** The part of the picture that the network saw. */
function field({ width, height }: HTMLCanvasElement, rule: ResizeRule): { left: number; top: number; width: number; height: number } {
  if (rule.fit === "stretch") return { left: 0, top: 0, width, height };
  const side = Math.min(width, height);
  return { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
}
