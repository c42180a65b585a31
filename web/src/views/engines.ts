// The switch between CPU and GPU, with the milliseconds that each took for the latest picture.

import { element } from "../dom";
import type { Path } from "../model/choice";
import { texts } from "../texts";

const PATHS: readonly Path[] = ["cpu", "gpu"];

export class EngineSwitch {
  readonly view: HTMLFieldSetElement;
  private readonly inputs = {} as Record<Path, HTMLInputElement>;
  private readonly times = {} as Record<Path, HTMLElement>;

  constructor(choose: (path: Path) => void) {
    const choices = PATHS.map(path => {
      const input = element("input", { type: "radio", name: "engine", value: path, id: `engine-${path}` });
      input.checked = path === "cpu";
      input.addEventListener("change", () => choose(path));
      const time = element("span", { class: "time" });
      this.inputs[path] = input;
      this.times[path] = time;
      return element("div", { class: "choice" }, input, element("label", { for: input.id }, element("span", {}, texts.engines[path]), time));
    });
    this.view = element("fieldset", { class: "engines" }, element("legend", { class: "unseen" }, texts.engines.legend), ...choices);
  }

  get path(): Path {
    return this.inputs.gpu.checked ? "gpu" : "cpu";
  }

  set path(path: Path) {
    this.inputs[path].checked = true;
  }

  opening(path: Path): void {
    this.times[path].textContent = texts.engines.opening;
  }

  /** Shows a path's time, or none. */
  timed(path: Path, milliseconds?: number): void {
    this.times[path].textContent = milliseconds === undefined ? "" : texts.milliseconds(milliseconds);
  }
}
