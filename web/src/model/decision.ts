// The decision: which class is named, given the probabilities. It follows the program's metrics/decisions.rs.

import { known } from "./known";

/** The rule by which the network names a class: the one with the largest ln p + offset. */
export interface Decision {
  /** The likeliest class, or the likeliest after logit adjustment (Menon et al. 2021). */
  readonly rule: "likeliest" | "balanced";
  /** One a class, in the order of the outputs: 0, or −τ ln π where π is the class's prior in training. */
  readonly offsets: readonly number[];
  /** Why this rule is the default; empty where the file does not say. */
  readonly reason: string;
}

/** Reads the default of `decisions` in model.json. Both rules are checked. */
export function readDecision(json: unknown, classes: number): Decision {
  known(isObject(json), "decisions");
  const { default: rule, reason, likeliest, balanced } = json;
  known(rule === "likeliest" || rule === "balanced", `decisions.default ${String(rule)}`);
  known(isObject(likeliest) && areOffsets(likeliest.offsets, classes), "decisions.likeliest.offsets");
  known(likeliest.offsets.every(offset => offset === 0), "decisions.likeliest.offsets other than 0");
  if (balanced === undefined || balanced === null) {
    known(rule === "likeliest", "decisions.default balanced, which was not fitted");
    return { rule, offsets: likeliest.offsets, reason: text(reason) };
  }
  known(isObject(balanced) && areOffsets(balanced.offsets, classes), "decisions.balanced.offsets");
  known(Number.isFinite(balanced.tau), "decisions.balanced.tau");
  return { rule, offsets: (rule === "balanced" ? balanced : likeliest).offsets as number[], reason: text(reason) };
}

/** The rule of descriptions that have no `decisions`. */
export function likeliestOnly(classes: number): Decision {
  return { rule: "likeliest", offsets: new Array(classes).fill(0), reason: "" };
}

/** The place of the class that is named; of equals, the first. */
export function decide(probabilities: ArrayLike<number>, { offsets }: Decision): number {
  // A probability of 0 would become −∞.
  const scores = offsets.map((offset, i) => Math.log(Math.max(probabilities[i], Number.MIN_VALUE)) + offset);
  return scores.indexOf(Math.max(...scores));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function areOffsets(value: unknown, classes: number): value is number[] {
  return Array.isArray(value) && value.length === classes && value.every(Number.isFinite);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
