// What the network is for, how good it is, and the page's last line.

import { element } from "../dom";
import type { Description } from "../model/description";
import { texts } from "../texts";

export function about(description: Description): HTMLElement {
  const words = texts.about;
  return element(
    "section",
    { class: "about", "aria-labelledby": "about-heading" },
    element("h2", { id: "about-heading" }, words.heading),
    more(words.meant, element("p", { class: "strong" }, description.disclaimer), element("p", {}, description.intended_use)),
    more(words.private, element("p", {}, words.privateMore)),
    decision(description),
    figures(description),
    more(words.prepared, element("p", {}, description.files[0]?.preparation ?? "")),
  );
}

/** A heading that unfolds. */
function more(heading: string, ...children: (HTMLElement | "")[]): HTMLElement {
  return element("details", {}, element("summary", {}, heading), ...children);
}

/** The rule by which a diagnosis is named, and why it was chosen. */
function decision({ decision: { rule, reason } }: Description): HTMLElement {
  const words = texts.about.decision;
  return more(words.heading, element("p", {}, words[rule]), reason ? element("p", {}, words.reason(reason)) : "");
}

function figures({ decision, figures: { part, values } }: Description): HTMLElement | null {
  const words = texts.about;
  const known = Object.entries(words.figures).filter(([name]) => typeof values[name] === "number");
  if (known.length === 0) return null;
  const rows = known.flatMap(([name, meaning]) => [element("dt", {}, texts.share(values[name])), element("dd", {}, meaning)]);
  const remark = decision.rule === "likeliest" ? "" : element("p", {}, words.goodOfLikeliest);
  return more(words.good, element("p", {}, words.goodMore[part]), element("dl", {}, ...rows), remark);
}

export class Footer {
  private readonly offline = element("p", { role: "status" });
  readonly view: HTMLElement;

  constructor(description: Description) {
    const words = texts.footer;
    this.view = element(
      "footer",
      {},
      element("p", {}, element("span", { class: "version", title: description.checkpoint.sha256 }, words.model(description.checkpoint.sha256.slice(0, 12)))),
      element("p", {}, words.licence(description.licence)),
      element("p", {}, words.written(description.written_by)),
      element("p", {}, element("a", { href: "licences.txt" }, words.licences)),
      this.offline,
    );
  }

  isOffline(): void {
    this.offline.textContent = texts.footer.offline;
  }
}
