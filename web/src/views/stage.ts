// Where the picture is: an invitation, the viewfinder, or the picture that was classified with its heat map.

import { element, icon, paint } from "../dom";
import { texts } from "../texts";
import { ICONS, reticle } from "./icons";

export interface StageActions {
  /** A file that was chosen or dropped. */
  file(file: File): void;
  camera(): void;
}

export class Stage {
  readonly view: HTMLElement;
  /** Lies over the picture, at the same size. */
  readonly overlay = element("canvas", { class: "overlay", "aria-hidden": "true" });
  private readonly picture = element("canvas", { class: "picture", role: "img", "aria-label": texts.stage.picture });
  private readonly scene = element("div", { class: "scene" });
  private readonly actions: HTMLElement;
  private readonly status = element("p", { class: "status", role: "status" });

  constructor(act: StageActions) {
    const input = element("input", { type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      // Emptied, so that the same file can be chosen again.
      input.value = "";
      if (file) act.file(file);
    });
    this.actions = element(
      "div",
      { class: "actions" },
      element("button", { class: "button primary", type: "button", id: "take", on: { click: act.camera } }, icon(ICONS.camera), texts.stage.camera),
      element("button", { class: "button", type: "button", id: "choose", on: { click: () => input.click() } }, icon(ICONS.photo), texts.stage.file),
      input,
    );
    this.view = element("section", { class: "stage", "aria-label": texts.stage.label }, this.scene, this.actions, this.status);
    takeDrops(this.scene, act.file);
    this.invite();
  }

  /** Without a picture. */
  invite(): void {
    this.scene.replaceChildren(
      element(
        "div",
        { class: "invitation" },
        reticle(),
        element("p", { class: "strong" }, texts.stage.invitation),
        element("p", { class: "faint" }, texts.stage.hint),
      ),
    );
    this.actions.hidden = false;
  }

  /** In place of the picture and the buttons. */
  find(viewfinder: HTMLElement): void {
    this.scene.replaceChildren(viewfinder);
    this.actions.hidden = true;
  }

  show(preview: ImageBitmap): void {
    paint(this.picture, preview);
    this.overlay.width = preview.width;
    this.overlay.height = preview.height;
    this.scene.replaceChildren(element("div", { class: "shown" }, this.picture, this.overlay));
    this.actions.hidden = false;
  }

  /** What is going on; empty when nothing is. */
  say(sentence: string, busy = false): void {
    this.status.textContent = sentence;
    this.view.classList.toggle("busy", busy);
  }
}

/** Files may be dropped on the scene; elsewhere on the page a miss must not open the file in place of it. */
function takeDrops(scene: HTMLElement, take: (file: File) => void): void {
  const over = (on: boolean) => scene.classList.toggle("over", on);
  for (const kind of ["dragover", "drop"] as const) document.addEventListener(kind, event => event.preventDefault());
  scene.addEventListener("dragover", () => over(true));
  scene.addEventListener("dragleave", () => over(false));
  scene.addEventListener("drop", event => {
    over(false);
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}
