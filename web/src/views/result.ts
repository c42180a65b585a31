// The answer: the name that is given, the likeliest names with their probabilities, and what they mean.

import type { Answer } from "../classifier/messages";
import { element, icon } from "../dom";
import type { Path } from "../model/choice";
import type { Class, Description } from "../model/description";
import { texts } from "../texts";
import { ICONS } from "./icons";
import { type Held, judge, likeliest, type Ranked } from "./judgement";

/** How many of the likeliest names are shown; the name that is given, too. */
const NAMES = 3;

export interface Shown {
  answer: Answer;
  path: Path;
  /** What is known of an example, in words. */
  remark?: string;
}

export class Result {
  readonly view = element("section", { class: "result", "aria-labelledby": "result-heading", hidden: true });
  /** Read aloud when an answer is there. */
  private readonly spoken = element("p", { class: "unseen", role: "status" });
  readonly live = this.spoken;
  private evidenceOn = false;

  /** `heat` is asked for the map of a class, or for none. */
  constructor(
    private readonly description: Description,
    private readonly heat: (which: number | null) => void,
  ) {}

  clear(): void {
    this.view.hidden = true;
    this.spoken.textContent = "";
  }

  show({ answer, path, remark }: Shown): void {
    const words = texts.result;
    const judgement = judge(answer.probabilities, this.description, answer.novelty);
    const all = likeliest(answer.probabilities, this.description.classes);
    const first = all[0];
    const named = all.find(one => one.index === judgement.named) ?? first;
    const [above, below] = [true, false].map(isAbove => judgement.levels.filter(one => one.isAbove === isAbove).map(level));
    const ranked = all.filter((one, rank) => rank < NAMES || one === named);
    const byRule = named === first || judgement.isForeign ? "" : words.balanced(texts.within(nameOf(first.class)), texts.share(first.probability));
    this.view.hidden = false;
    this.view.replaceChildren(
      judgement.isForeign ? this.foreign() : this.headline(named, judgement.unsure, byRule),
      above.length > 0 ? element("div", { class: "refer" }, element("h3", {}, icon(ICONS.warning), words.refer), ...above) : "",
      remark ? element("p", { class: "remark" }, remark) : "",
      element("ol", { class: judgement.isForeign ? "names foreign" : "names" }, ...ranked.map(one => this.name(one))),
      answer.evidence ? this.evidence(ranked, named) : "",
      ...below,
      element("p", { class: "caution" }, words.remember),
      element(
        "p",
        { class: "faint time" },
        words.time(answer.running, answer.preparing, texts.engines.using[path], texts.precision[answer.format] ?? answer.format),
      ),
    );
    // Heard, the first is the answer.
    const heard = byRule ? [named, ...ranked.filter(one => one !== named)] : ranked;
    this.spoken.textContent = words.spoken(
      heard.map(one => `${nameOf(one.class)}, ${one.class.malignant ? words.malignant : words.benign}, ${texts.share(one.probability)}`),
      [judgement.isForeign ? words.foreign : judgement.unsure ? words.notSure : byRule, above.length > 0 ? `${words.refer}.` : "", remark ?? "", words.remember].join(" "),
    );
  }

  /** In place of the headline, for a picture of something else. */
  private foreign(): HTMLElement {
    const words = texts.result;
    return element(
      "header",
      { class: "headline foreign" },
      element("p", { class: "eyebrow" }, words.heading),
      element("h2", { id: "result-heading", tabindex: "-1" }, words.foreign),
      element("p", {}, words.foreignMore),
    );
  }

  private headline(named: Ranked, unsure: string | null, byRule: string): HTMLElement {
    const words = texts.result;
    return element(
      "header",
      { class: unsure ? "headline unsure" : "headline" },
      element("p", { class: "eyebrow" }, unsure || byRule ? words.heading : words.likeliest),
      element("h2", { id: "result-heading", tabindex: "-1" }, unsure ? words.notSure : nameOf(named.class)),
      unsure || byRule ? element("p", {}, unsure ?? byRule) : "",
    );
  }

  private name({ class: named, probability }: Ranked): HTMLElement {
    const bar = element("span", { class: "fill" });
    // Through the object model: the page's policy allows no style attributes.
    bar.style.setProperty("--share", String(probability));
    return element(
      "li",
      { class: named.malignant ? "name malignant" : "name" },
      element(
        "div",
        { class: "line" },
        element("h3", {}, nameOf(named)),
        element("span", { class: "share" }, texts.share(probability)),
      ),
      element("div", { class: "bar", "aria-hidden": "true" }, bar),
      element("p", { class: "meaning" }, kind(named), named.description ?? ""),
    );
  }

  /** A switch for the heat map, and the name that it is about: at first `named`. */
  private evidence(ranked: readonly Ranked[], named: Ranked): HTMLElement {
    const toggle = element("input", { type: "checkbox", id: "evidence", role: "switch" });
    const select = element(
      "select",
      { "aria-label": texts.evidence.of },
      ...ranked.map(one => element("option", { value: one.index, selected: one === named }, nameOf(one.class))),
    );
    const scale = element("span", { class: "scale", "aria-hidden": "true" });
    const legend = element("p", { class: "faint legend" }, texts.evidence.least, scale, texts.evidence.most);
    const update = () => {
      this.evidenceOn = toggle.checked;
      legend.hidden = !toggle.checked;
      this.heat(toggle.checked ? Number(select.value) : null);
    };
    toggle.checked = this.evidenceOn;
    toggle.addEventListener("change", update);
    select.addEventListener("change", () => {
      toggle.checked = true;
      update();
    });
    update();
    return element("div", { class: "evidence" }, toggle, element("label", { for: toggle.id }, texts.evidence.show), select, legend);
  }
}

/** A probability beside its level. */
function level({ sentence, remark }: Held): HTMLElement {
  return element("p", { class: "level" }, element("span", { class: "strong" }, sentence), " ", element("span", { class: "faint" }, remark));
}

/** A class's name, as the beginning of a line. */
export function nameOf({ name }: Class): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function kind(named: Class): HTMLElement {
  const word = named.malignant ? texts.result.malignant : texts.result.benign;
  return element("span", { class: named.malignant ? "kind malignant" : "kind" }, named.malignant ? icon(ICONS.warning) : "", word);
}
