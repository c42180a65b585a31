// What the page and its worker say to each other.

import type { FaultCode } from "../fault";
import type { Path } from "../model/choice";
import type { Description } from "../model/description";

/** To the worker. Every request is answered once, under its number. */
export type Request =
  | { readonly kind: "describe"; readonly folder: string; readonly description: Description }
  | { readonly kind: "open"; readonly path: Path }
  | { readonly kind: "classify"; readonly path: Path; readonly picture: Blob | ImageBitmap };

/** From the worker. */
export type Reply =
  | { readonly id: number; readonly ok: Opened | Answer | null }
  | { readonly id: number; readonly fault: FaultCode; readonly detail: string }
  | { readonly id: number; readonly progress: Progress };

/** How much of a network has arrived, in bytes. */
export interface Progress {
  readonly read: number;
  readonly of: number;
}

/** A network that is ready. */
export interface Opened {
  /** The format's name in model.json. */
  readonly format: string;
  readonly file: string;
  /** Threads that it uses; 1 unless the page is isolated from other origins. */
  readonly threads: number;
}

/** The answer to one picture. */
export interface Answer {
  /** One a class, in the order of model.json. */
  readonly probabilities: Float32Array;
  /** What each place of the picture contributed to each class, where the network tells. */
  readonly evidence?: Evidence;
  /** How far the picture is from those of the training, where the network tells. */
  readonly novelty?: number;
  /** The network's input: size × size × 3 bytes, rows first, RGB. */
  readonly prepared: Uint8Array;
  /** The picture for the screen, upright. */
  readonly preview: ImageBitmap;
  /** The format of the network that answered. */
  readonly format: string;
  /** Milliseconds. */
  readonly preparing: number;
  readonly running: number;
}

/** Classes × height × width numbers. */
export interface Evidence {
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
}
