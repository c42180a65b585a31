// The page's few drawings.

import { drawing } from "../dom";

/** A lesion in the ring of a dermatoscope, with its scale. */
export function reticle(): SVGElement {
  return drawing("reticle", "0 0 120 120", [
    ["path", { class: "lesion", d: "M38 55c3-17 25-24 41-15 14 8 20 25 14 40-6 16-27 22-42 13-13-8-16-22-13-38Z" }],
    ["path", { class: "lesion", d: "M56 62c2-9 13-13 21-8 8 4 11 13 7 20-4 8-14 11-21 6-7-4-9-10-7-18Z" }],
    ["circle", { cx: 60, cy: 60, r: 57 }],
    // As long as 240, so that every tenth begins with a tick.
    ["circle", { class: "scale", cx: 60, cy: 60, r: 52.5, pathLength: 240 }],
  ]);
}

/** Paths in a square of 24 units. */

export const ICONS = {
  camera: "M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Zm8 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  photo: "M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  /** A triangle with a bar: malignant, in print and for the colour-blind, too. */
  warning: "M12 4 21 20H3ZM12 10v4M12 17h.01",
  tick: "M5 12.5 10 17.5 19 7",
  close: "M6 6l12 12M18 6 6 18",
};
