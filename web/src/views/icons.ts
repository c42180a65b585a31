// The page's few drawings, as paths in a square of 24 units.

export const ICONS = {
  camera: "M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Zm8 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  photo: "M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  /** A triangle with a bar: malignant, in print and for the colour-blind, too. */
  warning: "M12 4 21 20H3ZM12 10v4M12 17h.01",
  tick: "M5 12.5 10 17.5 19 7",
  close: "M6 6l12 12M18 6 6 18",
};
