// What happens when: a picture comes, an engine is chosen, something fails.

import type { Classifier } from "./classifier/client";
import type { Evidence, Progress } from "./classifier/messages";
import { element } from "./dom";
import { asFault, type Fault } from "./fault";
import type { Path } from "./model/choice";
import type { Description } from "./model/description";
import type { Golden, GoldenImage } from "./model/golden";
import { selfCheck } from "./self-check";
import { texts } from "./texts";
import { about, Footer } from "./views/about";
import { Viewfinder } from "./views/camera";
import { consent } from "./views/consent";
import { EngineSwitch } from "./views/engines";
import { Examples, remarkOn } from "./views/examples";
import { header } from "./views/header";
import { drawHeatMap } from "./views/heat-map";
import { Notice } from "./views/notice";
import { Result } from "./views/result";
import { Stage } from "./views/stage";

/** A picture that is being looked at. */
interface Subject {
  picture: Blob | ImageBitmap;
  /** Where it is an example. */
  golden?: GoldenImage;
}

export class App {
  private readonly notice = new Notice();
  private readonly engines = new EngineSwitch(path => void this.useEngine(path));
  private readonly stage: Stage;
  private readonly result: Result;
  private readonly footer: Footer;
  private readonly examples: Examples;
  private viewfinder: Viewfinder | undefined;
  private subject: Subject | undefined;
  /** Of the answer that is shown. */
  private evidence: Evidence | undefined;
  /** The latest attempt; answers to earlier ones come too late. */
  private attempt = 0;

  constructor(
    private readonly folder: string,
    private readonly description: Description,
    private readonly golden: Golden,
    private readonly classifier: Classifier,
  ) {
    this.stage = new Stage({ file: file => void this.look({ picture: file }), camera: () => void this.openCamera() });
    this.result = new Result(description, which => this.drawEvidence(which));
    this.footer = new Footer(description);
    this.examples = new Examples(
      folder,
      description,
      golden,
      ({ picture, image }) => void this.look({ picture, golden: image }),
      () => void this.checkDevice(),
    );
  }

  views(): HTMLElement[] {
    const main = element(
      "main",
      {},
      this.notice.view,
      element("div", { class: "desk" }, this.stage.view, element("div", { class: "answers" }, this.result.live, this.result.view)),
      this.examples.view,
      about(this.description),
    );
    return [header(this.engines.view, this.description.disclaimer), main, this.footer.view];
  }

  /** Loads the network while the reader chooses a picture. */
  async getReady(): Promise<void> {
    try {
      this.stage.say(texts.stage.warming, true);
      await this.classifier.open("cpu", this.progress);
      // A picture may have been faster, and says what is going on itself.
      if (this.attempt === 0) this.stage.say(texts.stage.ready);
    } catch (thrown) {
      this.fail(asFault(thrown, "network-failed"));
    }
    this.examples.load();
  }

  isOffline(): void {
    this.footer.isOffline();
  }

  offerUpdate(takeOver: () => void): void {
    this.notice.show(texts.footer.update, { label: texts.footer.reload, run: takeOver });
  }

  private readonly progress = ({ read, of }: Progress) => {
    this.stage.say(read < of ? texts.stage.loading(read, of) : texts.stage.warming, true);
  };

  /** Classifies a picture and shows the answer, once the warning was understood. */
  private async look(subject: Subject): Promise<void> {
    if (!(await consent(this.description))) return;
    this.closeCamera();
    // At once: a viewfinder that goes black looks like a fault.
    if (subject.picture instanceof ImageBitmap) this.stage.show(subject.picture);
    this.subject = subject;
    // What was measured before was another picture's.
    for (const path of ["cpu", "gpu"] as const) this.engines.timed(path);
    await this.classify();
    this.bringIntoView();
  }

  /** Classifies the present picture on the present engine. */
  private async classify(): Promise<void> {
    const { subject } = this;
    if (!subject) return;
    const attempt = ++this.attempt;
    const path = this.engines.path;
    const isLate = () => attempt !== this.attempt;
    this.notice.clear();
    this.stage.say(texts.stage.preparing, true);
    try {
      const answer = await this.classifier.classify(path, await copy(subject.picture), this.progress);
      if (isLate()) return answer.preview.close();
      const remark = subject.golden && remarkOn(subject.golden, answer, this.description);
      this.stage.show(answer.preview);
      this.stage.say("");
      this.engines.timed(path, answer.running);
      this.evidence = answer.evidence;
      this.result.show({ answer, path, remark });
    } catch (thrown) {
      if (isLate()) return;
      const fault = asFault(thrown, "picture-unreadable");
      if (path === "gpu" && isAboutGpu(fault)) return this.fallBack(fault);
      this.fail(fault);
    }
  }

  private drawEvidence(which: number | null): void {
    const { overlay } = this.stage;
    overlay.hidden = which === null;
    if (which !== null && this.evidence) drawHeatMap(overlay, this.evidence, which, this.description.resize);
  }

  /** The picture and the answer's beginning, for those who pressed a button further down. */
  private bringIntoView(): void {
    if (this.result.view.hidden) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById("result-heading")?.focus({ preventScroll: true });
    if (this.stage.view.getBoundingClientRect().top < 0) this.stage.view.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  }

  private async useEngine(path: Path): Promise<void> {
    this.notice.clear();
    if (path === "gpu") {
      this.engines.opening(path);
      this.stage.say(texts.engines.loading, true);
      try {
        await this.classifier.open(path, this.progress);
      } catch (thrown) {
        return this.fallBack(asFault(thrown, "gpu-failed"));
      }
      this.engines.timed(path);
      this.stage.say(texts.stage.ready);
      // The reader may have turned back while it loaded.
      if (this.engines.path !== path) return;
    }
    await this.classify();
  }

  private async fallBack(fault: Fault): Promise<void> {
    this.engines.timed("gpu");
    this.engines.path = "cpu";
    this.stage.say("");
    await this.classify();
    this.notice.show(texts.engines.fellBack(texts.faults[fault.code](fault.detail)));
  }

  /** Says what went wrong; an answer to an earlier picture must not stand beside it. */
  private fail(fault: Fault): void {
    this.stage.say("");
    this.stage.invite();
    this.result.clear();
    this.subject = undefined;
    this.notice.show(texts.faults[fault.code](fault.detail));
  }

  private async openCamera(): Promise<void> {
    if (!(await consent(this.description))) return;
    this.attempt++;
    this.notice.clear();
    this.result.clear();
    this.stage.say("");
    const viewfinder = new Viewfinder(
      square => void this.look({ picture: square }),
      () => {
        this.closeCamera();
        this.stage.invite();
        document.getElementById("take")?.focus();
      },
    );
    this.viewfinder = viewfinder;
    this.stage.find(viewfinder.view);
    try {
      await viewfinder.start();
    } catch (thrown) {
      // Cancelled meanwhile: what came of it is of no interest.
      if (this.viewfinder !== viewfinder) return;
      this.closeCamera();
      this.fail(asFault(thrown, "camera-busy"));
    }
  }

  private closeCamera(): void {
    this.viewfinder?.stop();
    this.viewfinder = undefined;
  }

  private async checkDevice(): Promise<void> {
    const words = texts.examples;
    this.examples.say(words.checking);
    try {
      const check = await selfCheck(this.folder, this.golden, picture => this.classifier.classify(this.engines.path, picture, () => undefined));
      const verdict = (check.agrees ? words.agrees : words.disagrees)(check.images, check.difference);
      const bytes = check.hashed > 0 ? words.prepared(check.same, check.hashed, check.worstByte) : "";
      this.examples.say(`${verdict} ${bytes}`);
    } catch (thrown) {
      const { code, detail } = asFault(thrown, "network-failed");
      this.examples.say(texts.faults[code](detail));
    }
  }
}

function isAboutGpu({ code }: Fault): boolean {
  return code === "gpu-missing" || code === "gpu-failed";
}

/** A bitmap is used up by the worker; a file is not. */
function copy(picture: Blob | ImageBitmap): Promise<Blob | ImageBitmap> {
  return picture instanceof Blob ? Promise.resolve(picture) : createImageBitmap(picture);
}
