// The page's head: its name, what it does, the switch of engines, and the warning that always stands.

import { element } from "../dom";
import { texts } from "../texts";

export function header(engines: HTMLElement, disclaimer: string): HTMLElement {
  return element(
    "header",
    { class: "head" },
    element(
      "div",
      { class: "masthead" },
      element("img", { src: "icons/icon.svg", alt: "", width: 36, height: 36 }),
      element("h1", {}, texts.name),
      engines,
    ),
    element("p", { class: "tagline" }, texts.tagline),
    element("p", { class: "warning" }, disclaimer),
  );
}
