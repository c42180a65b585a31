// What the folder `model/` says of its network: model.json, as docs/formats.md describes it, checked as far as the page
// relies on it. A description that asks for something that this page cannot do is refused, never guessed at.

import { type Decision, likeliestOnly, readDecision } from "./decision";
import { known } from "./known";

/** One of the classes, in the order of the outputs. */
export interface Class {
  readonly code: string;
  readonly name: string;
  readonly malignant: boolean;
  /** A sentence for lay people; older files have none. */
  readonly description?: string;
}

/** How a picture becomes the network's square; the program's ResizeRule. */
export interface ResizeRule {
  readonly size: number;
  readonly fit: "stretch" | "crop";
  readonly colour: "as-taken" | "shades-of-grey";
}

/** A network that lies in the folder. */
export interface NetworkFile {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What goes in; the page can make one form of it only (isUsable). */
  readonly input?: { readonly dtype: string; readonly layout: string; readonly shape: readonly (number | string)[] };
  /** How a picture becomes that, in words. */
  readonly preparation?: string;
}

/** What something was chosen or measured on: the validation split, or the validation images of all folds, each answered
 *  by the fold's network that was not trained on it. */
export type Part = "val" | "out_of_fold";

/** A level of probability above which a lesion would be referred, and what it does on the images that it was chosen on. */
export interface Threshold {
  readonly target: string;
  readonly sensitivity_asked: number;
  readonly threshold: number;
  readonly chosen_on: Part;
  readonly sensitivity: number;
  readonly specificity?: number;
  readonly referred_per_found?: number;
}

/** If the largest probability is below `threshold`, no class is named; at or above it, the likeliest class was right in
 *  `accuracy` of the cases. */
export interface Abstention {
  readonly threshold: number;
  readonly chosen_on: Part;
  readonly coverage?: number;
  readonly accuracy?: number;
}

/** A picture whose novelty is above `threshold` does not look like a dermatoscopic photograph. */
export interface Novelty {
  readonly threshold: number;
}

/** How good the likeliest class is: metrics by name. */
export interface Figures {
  readonly part: Part;
  readonly values: Readonly<Record<string, number>>;
}

/** The parts of model.json that the page uses. */
export interface Description {
  readonly written_by: string;
  readonly disclaimer: string;
  readonly intended_use: string;
  readonly licence: string;
  readonly classes: readonly Class[];
  readonly resize: ResizeRule;
  /** The rule by which a class is named. */
  readonly decision: Decision;
  readonly figures: Figures;
  readonly checkpoint: { readonly sha256: string };
  readonly files: readonly NetworkFile[];
  readonly thresholds: readonly Threshold[];
  readonly abstention?: Abstention;
  /** Null or absent in files without a score. */
  readonly novelty?: Novelty | null;
  /** The file that lists the golden images. */
  readonly golden?: string;
}

/** Checks what was read from model.json, of version 2 or 3. */
export function readDescription(json: unknown): Description {
  known(typeof json === "object" && json !== null, "model.json");
  const read = json as Partial<Description> & Record<string, unknown>;
  const { format_version: version, classes, files, thresholds, abstention, novelty } = read;
  known(version === 2 || version === 3, `format_version ${String(version)}`);
  known(Array.isArray(classes) && classes.length > 1 && classes.every(isClass), "classes");
  known(Array.isArray(files), "files");
  return {
    written_by: text(read.written_by),
    disclaimer: text(read.disclaimer),
    intended_use: text(read.intended_use),
    licence: text(read.licence),
    classes,
    resize: readRule(read.resize as unknown as Record<string, unknown>),
    decision: version === 2 ? likeliestOnly(classes.length) : readDecision(read.decisions, classes.length),
    figures: readFigures(read),
    checkpoint: { sha256: text(read.checkpoint?.sha256) },
    files: files.filter(isUsable),
    thresholds: Array.isArray(thresholds) ? thresholds.filter(isThreshold).map(one => withPart(one, "thresholds")) : [],
    abstention: typeof abstention?.threshold === "number" ? withPart(abstention, "abstention") : undefined,
    novelty: typeof novelty?.threshold === "number" ? { threshold: novelty.threshold } : undefined,
    golden: typeof read.golden === "string" ? read.golden : undefined,
  };
}

/** Whether a file takes what the page makes: planes of float32 of the network's size, not bytes, and not any size. */
function isUsable({ input }: NetworkFile): boolean {
  return input?.dtype === "float32" && input.layout === "NCHW" && input.shape.slice(1).every(extent => typeof extent === "number");
}

function readRule(rule: Record<string, unknown> | undefined): ResizeRule {
  known(rule && Number.isInteger(rule.size) && Number(rule.size) > 0, "resize.size");
  const { size, fit, filter, colour = "as-taken" } = rule;
  known(fit === "stretch" || fit === "crop", `resize.fit ${String(fit)}`);
  known(filter === "triangle-antialiased", `resize.filter ${String(filter)}`);
  known(colour === "as-taken" || colour === "shades-of-grey", `resize.colour ${String(colour)}`);
  return { size, fit, colour } as ResizeRule;
}

/** Out of fold where the network was scored so, as one that was trained on all folds has no validation images. */
function readFigures({ metrics, validation }: Record<string, unknown>): Figures {
  const all = (Array.isArray(metrics) ? metrics : []) as ({ part?: unknown; figures?: Figures["values"] } | null)[];
  const values = all.find(one => one?.part === "out_of_fold")?.figures;
  return values ? { part: "out_of_fold", values } : { part: "val", values: (validation ?? {}) as Figures["values"] };
}

/** Fills in `chosen_on`, which older files leave out. */
function withPart<T extends { readonly chosen_on?: Part }>(one: T, where: string): T & { readonly chosen_on: Part } {
  const { chosen_on = "val" } = one;
  known(chosen_on === "val" || chosen_on === "out_of_fold", `${where}.chosen_on ${String(chosen_on)}`);
  return { ...one, chosen_on };
}

function isClass(one: unknown): boolean {
  const { code, name, malignant } = (one ?? {}) as Partial<Class>;
  return typeof code === "string" && typeof name === "string" && typeof malignant === "boolean";
}

function isThreshold(one: unknown): boolean {
  const { target, threshold, sensitivity } = (one ?? {}) as Partial<Threshold>;
  return typeof target === "string" && typeof threshold === "number" && typeof sensitivity === "number";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
