// The viewfinder: the rear camera, a square guide, a shutter. What is seen in the square is what is classified.

import { element } from "../dom";
import { asFault, Fault } from "../fault";
import { texts } from "../texts";

/** Asked of the camera; it gives what it has. */
const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1440 } },
};

export class Viewfinder {
  readonly view: HTMLElement;
  private readonly video = element("video", { playsinline: true, muted: true, "aria-label": texts.camera.label });
  private readonly shutter = element("button", { class: "shutter", type: "button", "aria-label": texts.camera.shutter, disabled: true });
  private readonly hidden: () => void;
  private stream: MediaStream | undefined;
  private isOver = false;

  /** `taken` gets the square; `left` is called when the reader cancels, or turns to another page. */
  constructor(taken: (square: ImageBitmap) => void, left: () => void) {
    const cancel = element("button", { class: "button quiet", type: "button", on: { click: left } }, texts.camera.cancel);
    this.shutter.addEventListener("click", async () => {
      // Disabled first: a second press would take a second picture.
      this.shutter.disabled = true;
      taken(await this.square());
    });
    this.view = element(
      "div",
      { class: "viewfinder" },
      element("div", { class: "frame" }, this.video, element("div", { class: "guide", "aria-hidden": "true" })),
      element("p", { class: "faint" }, texts.camera.guide),
      element("div", { class: "controls" }, cancel, this.shutter),
    );
    this.hidden = () => {
      if (document.hidden) left();
    };
  }

  /** Starts the camera, or throws a fault that says why not. */
  async start(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) throw new Fault("camera-insecure");
    const stream = await navigator.mediaDevices.getUserMedia(WANTED).catch(thrown => {
      throw whyNot(thrown);
    });
    this.stream = stream;
    // The reader may have cancelled while the browser was still asking for leave.
    if (this.isOver) return this.stop();
    document.addEventListener("visibilitychange", this.hidden);
    this.video.muted = true;
    this.video.srcObject = this.stream;
    await this.video.play();
    this.shutter.disabled = false;
    this.shutter.focus();
  }

  stop(): void {
    this.isOver = true;
    document.removeEventListener("visibilitychange", this.hidden);
    this.stream?.getTracks().forEach(track => track.stop());
    this.stream = undefined;
    this.video.srcObject = null;
  }

  /** The centred square of the present frame, which is what the frame on the screen shows. */
  private square(): Promise<ImageBitmap> {
    const { videoWidth, videoHeight } = this.video;
    const side = Math.min(videoWidth, videoHeight);
    return createImageBitmap(this.video, (videoWidth - side) >> 1, (videoHeight - side) >> 1, side, side);
  }
}

function whyNot(thrown: unknown): Fault {
  const name = thrown instanceof DOMException ? thrown.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return new Fault("camera-refused");
  if (name === "NotFoundError" || name === "OverconstrainedError") return new Fault("camera-none");
  return asFault(thrown, "camera-busy");
}
