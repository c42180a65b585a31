// One visit to the page: a browser window that notes whatever it should not see.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export class Visit {
  /** Opens the page in a window that remembers nothing but `memory`. `camera` names the error that the camera answers with. */
  static async begin(browser, host, { name, check, pictures, width = 390, height = 844, colorScheme = "light", memory, camera, offline = false }) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: 2, permissions: ["camera"], storageState: memory, locale: "en-GB" });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const visit = new Visit();
    Object.assign(visit, { name, check, pictures, context, page });
    page.on("console", message => {
      const expected = offline && message.text().includes("ERR_CONNECTION_REFUSED");
      if (["error", "warning"].includes(message.type()) && !expected) visit.fault(`the console says ${message.text()}`);
    });
    page.on("pageerror", error => visit.fault(`an error: ${error}`));
    context.on("request", request => {
      if (!request.url().startsWith(host.origin) && !/^(data|blob):/.test(request.url())) visit.fault(`a request to ${request.url()}`);
    });
    if (camera) {
      await page.addInitScript(error => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
      }, camera);
    }
    await page.goto(host.address);
    return visit;
  }

  fault(sentence) {
    this.check(false, `${this.name}: ${sentence}`);
  }

  /** Waits until the network is there. */
  async ready() {
    await this.page.locator(".status", { hasText: "Ready." }).waitFor();
    await this.page.waitForFunction(() => [...document.querySelectorAll(".tile img")].every(image => image.complete && image.naturalWidth > 0));
  }

  /** Waits for an answer and returns its names. */
  async answered() {
    await this.page.locator(".stage:not(.busy)").waitFor();
    await this.page.locator(".names").waitFor();
    return this.names();
  }

  async names() {
    return this.page.locator(".names > li").evaluateAll(all =>
      all.map(one => ({ name: one.querySelector("h3").textContent, share: Number(/\d+/.exec(one.querySelector(".share").textContent)[0]) })),
    );
  }

  /** Switches the heat map on, where the network has one. */
  async evidence() {
    if ((await this.page.locator(".evidence").count()) === 0) return;
    await this.page.getByRole("switch").check();
    const greens = await this.page.locator("canvas.overlay").evaluate(canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Array.from(data.filter((_, i) => i % 4 === 1));
    });
    // From dark violet to yellow.
    const [least, most] = greens.reduce(([low, high], green) => [Math.min(low, green), Math.max(high, green)], [255, 0]);
    this.check(most - least > 100, `${this.name}: the heat map tells places that spoke for the name from others`, `${least} to ${most}`);
    await this.look("evidence");
  }

  /** Chooses a file and returns the answer to it. */
  async choose(path) {
    await this.page.locator(".result").evaluate(view => (view.hidden = true));
    await this.page.setInputFiles("input[type=file]", path);
    await this.page.locator(".names:visible, .notice").first().waitFor();
    return this.answered();
  }

  /** Looks at the page as it is now: nothing wider than the window, nothing that axe finds; and keeps a picture. */
  async look(scene) {
    const place = `${this.name}, ${scene}`;
    // Colours on their way are neither what they were nor what they will be.
    await this.page.waitForFunction(() => document.getAnimations().every(one => one.playState !== "running" || one.effect.getTiming().iterations === Infinity));
    const overflow = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    this.check(overflow <= 0, `${place}: scrolls sideways`, `${overflow} pixels`);
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => axe.run());
    for (const { id, help, nodes } of violations) {
      this.fault(`${scene}: axe finds ${id} (${help}) in ${nodes.map(node => node.target).join(", ")}`);
    }
    if (this.pictures) await this.page.screenshot({ path: join(this.pictures, `${this.name}-${scene}.png`), fullPage: scene !== "consent" });
  }

  async end() {
    await this.context.close();
  }
}
