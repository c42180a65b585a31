// The golden images: pictures whose answers were computed by the program, so that every device can check itself.

import type { Description } from "./description";
import { fetchFresh } from "./kept";

export interface GoldenImage {
  readonly file: string;
  readonly prepared?: { readonly file: string; readonly sha256: string };
  /** By format of the network, in the order of the classes. */
  readonly probabilities: Readonly<Record<string, readonly number[]>>;
  /** The novelty score, by format of the network, where it has one. */
  readonly novelty?: Readonly<Record<string, number>>;
  /** The code of what was drawn. */
  readonly truth?: string;
}

export interface Golden {
  readonly images: readonly GoldenImage[];
  /** How far a probability, and the novelty score, may be off, by format of the network. */
  readonly tolerance: Readonly<Record<"probabilities" | "novelty", Readonly<Record<string, number>>>>;
}

/** The list, or none where the folder has none; the page works without. */
export async function fetchGolden(folder: string, description: Description): Promise<Golden> {
  const none: Golden = { images: [], tolerance: { probabilities: {}, novelty: {} } };
  if (!description.golden) return none;
  try {
    const read = await (await fetchFresh(folder + description.golden)).json();
    if (read.format_version !== 1 || !Array.isArray(read.images)) return none;
    return { images: read.images, tolerance: { ...none.tolerance, ...read.tolerance } };
  } catch {
    return none;
  }
}

/** What the program answered with the network of a format. */
export function expected(image: GoldenImage, format: string): readonly number[] | undefined {
  return image.probabilities[format];
}

/** What it answered with any network; they differ little. */
export function answered(image: GoldenImage): { probabilities: readonly number[]; novelty?: number } {
  return { probabilities: Object.values(image.probabilities)[0] ?? [], novelty: Object.values(image.novelty ?? {})[0] };
}
