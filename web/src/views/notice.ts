// Sentences about what went wrong or changed, between the header and the picture.

import { element, icon } from "../dom";
import { texts } from "../texts";
import { ICONS } from "./icons";

export class Notice {
  /** An alert that is empty until there is one, so that screen readers notice what comes. */
  readonly view = element("div", { class: "notices", role: "alert" });

  show(sentence: string, action?: { label: string; run(): void }): void {
    const close = element("button", { class: "button quiet", "aria-label": texts.notice.close, type: "button" }, icon(ICONS.close));
    const act = action && element("button", { class: "button", type: "button", on: { click: action.run } }, action.label);
    close.addEventListener("click", () => this.clear());
    this.view.replaceChildren(element("div", { class: "notice" }, element("p", {}, sentence), act, close));
  }

  clear(): void {
    this.view.replaceChildren();
  }
}
