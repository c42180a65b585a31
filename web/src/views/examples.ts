// The golden images as examples, each introduced by what the network makes of it: right, wrong, not sure, no photograph.

import { element } from "../dom";
import { decide } from "../model/decision";
import type { Description } from "../model/description";
import { answered, type Golden, type GoldenImage } from "../model/golden";
import { fetchFresh } from "../model/kept";
import { texts } from "../texts";
import { isForeign, isUnsure } from "./judgement";
import { nameOf } from "./result";

/** More would be a gallery. */
const MOST = 6;

export interface Example {
  picture: Blob;
  image: GoldenImage;
}

type Verdict = "right" | "wrong" | "unsure" | "foreign";

/** An answer to an example, of this device or of the program. */
interface Answered {
  probabilities: ArrayLike<number>;
  novelty?: number;
}

/** What an answer is worth, measured by what was drawn; undefined where nobody knows. */
function verdictOn(image: GoldenImage, { probabilities, novelty }: Answered, description: Description): Verdict | undefined {
  if (!description.classes.some(one => one.code === image.truth)) return undefined;
  if (isForeign(novelty, description)) return "foreign";
  if (isUnsure(probabilities, description)) return "unsure";
  return description.classes[decide(probabilities, description.decision)].code === image.truth ? "right" : "wrong";
}

/** What is to be said beside the answer to an example. */
export function remarkOn(image: GoldenImage, answer: Answered, description: Description): string {
  const words = texts.examples.result;
  const verdict = verdictOn(image, answer, description);
  const truth = description.classes.find(one => one.code === image.truth);
  return verdict && truth ? words[verdict](texts.within(nameOf(truth))) : words.none;
}

/** Those that are shown: first one of each verdict, then the others. */
function inOrder(golden: Golden, description: Description): GoldenImage[] {
  const first = (["right", "wrong", "unsure", "foreign"] as const)
    .map(verdict => golden.images.find(image => verdictOn(image, answered(image), description) === verdict))
    .filter(image => image !== undefined);
  return [...first, ...golden.images.filter(image => !first.includes(image))].slice(0, MOST);
}

/** The section; nothing to see where the folder has no golden images. */
export class Examples {
  readonly view: HTMLElement;
  private readonly tiles: Tile[];
  private readonly checked = element("p", { role: "status", id: "checked" });

  constructor(folder: string, description: Description, golden: Golden, open: (example: Example) => void, check: () => void) {
    const words = texts.examples;
    this.tiles = inOrder(golden, description).map((image, i) => new Tile(folder + image.file, image, i + 1, description, open));
    this.view = element(
      "section",
      { class: "examples", "aria-labelledby": "examples-heading", hidden: this.tiles.length === 0 },
      element("h2", { id: "examples-heading" }, words.heading),
      element("p", { class: "faint" }, words.about),
      element("ul", {}, ...this.tiles.map(tile => element("li", {}, tile.view))),
      element("div", { class: "check" }, element("button", { class: "button quiet", type: "button", on: { click: check } }, words.check), this.checked),
    );
  }

  /** Fetches the pictures: after the network, which must not wait for them. */
  load(): void {
    for (const tile of this.tiles) void tile.load().catch(() => undefined);
  }

  /** What the self-check found. */
  say(sentence: string): void {
    this.checked.textContent = sentence;
  }
}

class Tile {
  readonly view: HTMLButtonElement;
  private readonly picture = element("img", { alt: "", decoding: "async", hidden: true });
  private loaded: Promise<Blob> | undefined;

  constructor(
    private readonly url: string,
    image: GoldenImage,
    number: number,
    description: Description,
    open: (example: Example) => void,
  ) {
    const words = texts.examples;
    const truth = description.classes.find(one => one.code === image.truth);
    const verdict = verdictOn(image, answered(image), description);
    const click = () => void this.load().then(picture => open({ picture, image }), () => undefined);
    this.view = element(
      "button",
      { type: "button", class: "tile", on: { click } },
      element("span", { class: "thumbnail" }, this.picture),
      element("span", { class: "strong" }, truth ? words.drawnAs(texts.within(nameOf(truth))) : words.unnamed(number)),
      verdict ? element("span", { class: `verdict ${verdict}` }, words.verdicts[verdict]) : "",
    );
  }

  load(): Promise<Blob> {
    return (this.loaded ??= this.fetch().catch(thrown => {
      this.loaded = undefined;
      throw thrown;
    }));
  }

  private async fetch(): Promise<Blob> {
    const picture = await (await fetchFresh(this.url)).blob();
    this.picture.src = URL.createObjectURL(picture);
    this.picture.hidden = false;
    return picture;
  }
}
