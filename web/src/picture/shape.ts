// The shapes of pictures that no dermatoscope takes, as the program refuses them (src/imaging/shape.rs): a network
// answers for any picture, even for a strip one pixel high.

import { Fault } from "../fault";

/** The fewest pixels on each side. */
const FEWEST_PIXELS = 64;

/** The longer side is at most this many times the shorter one. */
const LARGEST_ASPECT = 4;

/** Throws a fault unless a picture of this width and height, in pixels, may be a dermatoscopic photograph. */
export function refuseShape(width: number, height: number): void {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < FEWEST_PIXELS) throw new Fault("picture-small", `${width} × ${height}`);
  if (long > short * LARGEST_ASPECT) throw new Fault("picture-strip", `${width} × ${height}`);
}
