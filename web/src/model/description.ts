// What the folder `model/` says of its network: model.json, as docs/formats.md describes it, checked as far as the page
// relies on it. A description that asks for something that this page cannot do is refused, never guessed at.

import { Fault } from "../fault";

/** One of the classes, in the order of the outputs. */
export interface Class {
  readonly code: string;
  readonly name: string;
  readonly malignant: boolean;
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

/** A level of probability above which a lesion would be referred, and what it does on the images that it was chosen on. */
export interface Threshold {
  readonly target: string;
  readonly sensitivity_asked: number;
  readonly threshold: number;
  readonly sensitivity: number;
  readonly specificity?: number;
  readonly referred_per_found?: number;
}

/** Below `threshold` the likeliest class is not named; at or above it, `accuracy` of the answers were right. */
export interface Abstention {
  readonly threshold: number;
  readonly coverage?: number;
  readonly accuracy?: number;
}

/** The parts of model.json that the page uses. */
export interface Description {
  readonly written_by: string;
  readonly disclaimer: string;
  readonly intended_use: string;
  readonly licence: string;
  readonly classes: readonly Class[];
  readonly resize: ResizeRule;
  readonly validation: Readonly<Record<string, number>>;
  readonly checkpoint: { readonly sha256: string };
  readonly files: readonly NetworkFile[];
  readonly thresholds: readonly Threshold[];
  readonly abstention?: Abstention;
  /** The file that lists the golden images. */
  readonly golden?: string;
}

/** Checks what was read from model.json. */
export function readDescription(json: unknown): Description {
  const read = json as Partial<Description> & Record<string, unknown>;
  const known = (condition: unknown, what: string) => {
    if (!condition) throw new Fault("model-unknown", what);
  };
  known(typeof read === "object" && read !== null, "model.json");
  known(read.format_version === 2, `format_version ${String(read.format_version)}`);
  known(Array.isArray(read.classes) && read.classes.length > 1 && read.classes.every(isClass), "classes");
  known(Array.isArray(read.files), "files");
  return {
    written_by: text(read.written_by),
    disclaimer: text(read.disclaimer),
    intended_use: text(read.intended_use),
    licence: text(read.licence),
    classes: read.classes!,
    resize: readRule(read.resize as unknown as Record<string, unknown>, known),
    validation: read.validation ?? {},
    checkpoint: { sha256: text(read.checkpoint?.sha256) },
    files: read.files!.filter(isUsable),
    thresholds: Array.isArray(read.thresholds) ? read.thresholds.filter(isThreshold) : [],
    abstention: typeof read.abstention?.threshold === "number" ? read.abstention : undefined,
    golden: typeof read.golden === "string" ? read.golden : undefined,
  };
}

type Check = (condition: unknown, what: string) => void;

/** Whether a file takes what the page makes: planes of float32 of the network's size, not bytes, and not any size. */
function isUsable({ input }: NetworkFile): boolean {
  return input?.dtype === "float32" && input.layout === "NCHW" && input.shape.slice(1).every(extent => typeof extent === "number");
}

function readRule(rule: Record<string, unknown> | undefined, known: Check): ResizeRule {
  known(rule && Number.isInteger(rule.size) && Number(rule.size) > 0, "resize.size");
  const { size, fit, filter, colour = "as-taken" } = rule!;
  known(fit === "stretch" || fit === "crop", `resize.fit ${String(fit)}`);
  known(filter === "triangle-antialiased", `resize.filter ${String(filter)}`);
  known(colour === "as-taken" || colour === "shades-of-grey", `resize.colour ${String(colour)}`);
  return { size, fit, colour } as ResizeRule;
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
