// What the probabilities amount to: whether the network is sure enough, and on which side of its levels they lie.

import { decide } from "../model/decision";
import type { Class, Description, Threshold } from "../model/description";
import { texts } from "../texts";

export interface Ranked {
  class: Class;
  /** Its place among the outputs. */
  index: number;
  probability: number;
}

/** The classes, likeliest first. */
export function likeliest(probabilities: ArrayLike<number>, classes: readonly Class[]): Ranked[] {
  const all = classes.map((one, index) => ({ class: one, index, probability: probabilities[index] }));
  return all.sort((a, b) => b.probability - a.probability);
}

export interface Judgement {
  /** The place among the outputs of the class that the network's rule names, not always the likeliest; null when none is. */
  named: number | null;
  /** Whether the picture does not look like a dermatoscopic photograph: then nothing is named, and no level is held
   *  against it. */
  isForeign: boolean;
  /** Why none is; null when one is. */
  unsure: string | null;
  /** For each target that has a level, on which side of it the probabilities lie. */
  levels: Held[];
}

/** A probability held against a level. */
export interface Held {
  isAbove: boolean;
  sentence: string;
  /** What the level misses and costs. */
  remark: string;
}

/** Whether even the likeliest name is too unlikely for any to be named. By this alone: a rule that names rare classes
 *  earlier makes nothing more certain. */
export function isUnsure(probabilities: ArrayLike<number>, { abstention }: Description): boolean {
  return abstention !== undefined && Math.max(...Array.from(probabilities)) < abstention.threshold;
}

/** Whether the novelty is above its threshold, or no number. A network without either is never sure of that. */
export function isForeign(novelty: number | undefined, description: Description): boolean {
  return novelty !== undefined && !!description.novelty && !(novelty <= description.novelty.threshold);
}

/** The codes of melanoma. */
const MELANOMA = ["mel", "melanoma"];

type Sentence = (side: "above" | "below", share: string, level: string, sensitivity: number) => string;

export function judge(probabilities: ArrayLike<number>, description: Description, novelty?: number): Judgement {
  if (isForeign(novelty, description)) return { named: null, isForeign: true, unsure: null, levels: [] };
  const { abstention, classes, thresholds } = description;
  const most = likeliest(probabilities, classes)[0].probability;
  const unsure = abstention && isUnsure(probabilities, description) ? sayUnsure(most, abstention) : null;
  const words = texts.result.level;
  const targets: [string, (one: Class) => boolean, Sentence][] = [
    ["melanoma", one => MELANOMA.includes(one.code), words.melanoma],
    ["malignant", one => one.malignant, words.malignant],
    // Other classes that must not be missed have levels by their codes.
    ...classes.map((watched): [string, (one: Class) => boolean, Sentence] => [
      watched.code,
      one => one === watched,
      (...args) => words.watched(watched.name, ...args),
    ]),
  ];
  const levels = targets.flatMap(([target, counts, sentence]) => {
    const level = levelFor(target, thresholds);
    return level ? [place(sentence, sum(probabilities, classes, counts), level)] : [];
  });
  return { named: unsure ? null : decide(probabilities, description.decision), isForeign: false, unsure, levels };
}

function sum(probabilities: ArrayLike<number>, classes: readonly Class[], counts: (one: Class) => boolean): number {
  return classes.reduce((total, one, index) => total + (counts(one) ? probabilities[index] : 0), 0);
}

/** Of a target's levels, the one that was to find 9 of 10: few are missed, and not everybody is referred. */
function levelFor(target: string, thresholds: readonly Threshold[]): Threshold | undefined {
  const distance = (one: Threshold) => Math.abs((one.sensitivity_asked ?? one.sensitivity) - 0.9);
  return thresholds.filter(one => one.target === target).sort((a, b) => distance(a) - distance(b))[0];
}

function place(sentence: Sentence, probability: number, level: Threshold): Held {
  const words = texts.result.level;
  const isAbove = probability >= level.threshold;
  const { sensitivity, referred_per_found: referred, chosen_on } = level;
  return {
    isAbove,
    sentence: sentence(isAbove ? "above" : "below", texts.share(probability), texts.share(level.threshold), sensitivity),
    remark: [isAbove ? "" : words.missed(sensitivity), typeof referred !== "number" ? "" : words.referred(referred, texts.images[chosen_on])].join(" ").trim(),
  };
}

function sayUnsure(most: number, abstention: NonNullable<Description["abstention"]>): string {
  const { threshold, chosen_on, coverage, accuracy } = abstention;
  const sentence = texts.result.notSureMore(texts.share(most), texts.share(threshold));
  if (coverage === undefined || accuracy === undefined) return sentence;
  return `${sentence} ${texts.result.notSureProof(texts.images[chosen_on], texts.share(threshold), coverage, accuracy)}`;
}
