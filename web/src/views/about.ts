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
    figures(description),
    more(words.prepared, element("p", {}, description.files[0]?.preparation ?? "")),
  );
}

/** A heading that unfolds. */
function more(heading: string, ...children: HTMLElement[]): HTMLElement {
  return element("details", {}, element("summary", {}, heading), ...children);
}

function figures({ validation }: Description): HTMLElement | null {
  const known = Object.entries(texts.about.figures).filter(([name]) => typeof validation[name] === "number");
  if (known.length === 0) return null;
  const rows = known.flatMap(([name, words]) => [element("dt", {}, texts.share(validation[name])), element("dd", {}, words)]);
  return more(texts.about.good, element("p", {}, texts.about.goodMore), element("dl", {}, ...rows));
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
