// The golden images as examples: one that the network names right and one that it names wrong, openly.

import { element } from "../dom";
import type { Class, Description } from "../model/description";
import { answered, type Golden, type GoldenImage } from "../model/golden";
import { fetchFresh } from "../model/kept";
import { texts } from "../texts";
import { likeliest } from "./judgement";
import { nameOf } from "./result";

/** More would be a gallery. */
const MOST = 6;

export interface Example {
  picture: Blob;
  image: GoldenImage;
}

/** Tells whether an answer is what was drawn; undefined where nobody knows. */
export function isRight(image: GoldenImage, probabilities: ArrayLike<number>, classes: readonly Class[]): boolean | undefined {
  if (!classes.some(one => one.code === image.truth)) return undefined;
  return likeliest(probabilities, classes)[0].class.code === image.truth;
}

/** What is to be said beside the answer to an example. */
export function remarkOn(image: GoldenImage, probabilities: ArrayLike<number>, classes: readonly Class[]): string {
  const words = texts.examples.result;
  const right = isRight(image, probabilities, classes);
  const truth = classes.find(one => one.code === image.truth);
  if (right === undefined || !truth) return words.none;
  return (right ? words.right : words.wrong)(nameOf(truth));
}

/** Those that are shown: first one that is named right and one that is named wrong, then the others. */
export function inOrder(golden: Golden, classes: readonly Class[]): GoldenImage[] {
  const answer = (image: GoldenImage) => isRight(image, answered(image), classes);
  const right = golden.images.find(image => answer(image) === true);
  const wrong = golden.images.find(image => answer(image) === false);
  const first = [right, wrong].filter(image => image !== undefined);
  return [...first, ...golden.images.filter(image => !first.includes(image))].slice(0, MOST);
}

/** The section; nothing where the folder has no golden images. */
export function examples(folder: string, description: Description, golden: Golden, open: (example: Example) => void, check: () => void): HTMLElement | null {
  if (golden.images.length === 0) return null;
  const words = texts.examples;
  const button = element("button", { class: "button quiet", type: "button", id: "check", on: { click: check } }, words.check);
  const shown = inOrder(golden, description.classes);
  return element(
    "section",
    { class: "examples", "aria-labelledby": "examples-heading" },
    element("h2", { id: "examples-heading" }, words.heading),
    element("p", { class: "faint" }, words.about),
    element("ul", {}, ...shown.map((image, i) => element("li", {}, tile(folder, image, i + 1, description.classes, open)))),
    element("div", { class: "check" }, button, element("p", { role: "status", id: "checked" })),
  );
}

function tile(folder: string, image: GoldenImage, number: number, classes: readonly Class[], open: (example: Example) => void): HTMLElement {
  const words = texts.examples;
  const picture = element("img", { alt: "", decoding: "async" });
  const fetched = fetchFresh(folder + image.file).then(response => response.blob());
  fetched.then(blob => (picture.src = URL.createObjectURL(blob))).catch(() => undefined);
  const truth = classes.find(one => one.code === image.truth);
  const right = isRight(image, answered(image), classes);
  return element(
    "button",
    { type: "button", class: "tile", on: { click: () => void fetched.then(blob => open({ picture: blob, image })) } },
    picture,
    element("span", { class: "strong" }, truth ? words.drawnAs(nameOf(truth)) : `${words.open(number)}: ${words.unnamed}`),
    right === undefined ? "" : element("span", { class: right ? "verdict" : "verdict wrong" }, right ? words.right : words.wrong),
  );
}
