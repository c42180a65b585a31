// Uses the page as somebody with a phone would, in headless Chromium, and says what it does not do as it should:
//
//   node page.mjs CHROMIUM PAGE MODEL [FOLDER]
//
// PAGE is web/dist, MODEL a folder with model.json, networks and golden images. With FOLDER, screenshots are left there.
// SKINLESION_GPU=1 in the environment runs the network on Chromium's GPU in software, too, which takes a minute.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { drawJpeg } from "./pictures.mjs";
import { serve } from "./static-server.mjs";
import { Visit } from "./visit.mjs";

/** What a first visit may cost over the wire: the page, the runtime and one network. */
const MOST_BYTES = 12_000_000;

const [executablePath, folder, model, pictures] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "skinlesion-page-"));
const faults = [];
const check = (holds, sentence, detail = "") => {
  if (!holds) faults.push(detail === "" ? sentence : `${sentence}: ${detail}`);
};

const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
let host = await serve(folder, model);
let browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...CAMERA] });
/** What the first visit leaves behind: the next ones know that the warning was understood. */
let memory;
const visit = options => Visit.begin(browser, host, { check, pictures, memory, ...options });

const scenarios = {
  "a first visit": async () => {
    const phone = await visit({ name: "phone-light" });
    await phone.ready();
    await phone.look("start");
    const policy = await phone.page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
    check(policy?.includes("default-src 'none'") && !policy.includes("unsafe-inline"), "the policy forbids what is not named", policy);
    await phone.page.locator(".tile").first().click();
    check(await phone.page.locator("dialog").isVisible(), "the warning comes before the first answer");
    await phone.look("consent");
    await phone.page.keyboard.press("Escape");
    check(!(await phone.page.locator(".result").isVisible()), "without consent there is no answer");
    // By keyboard alone.
    const focused = () => phone.page.evaluate(() => document.activeElement.textContent);
    check((await focused()).includes("Drawn as"), "the focus returns to where the warning was called from", await focused());
    await phone.page.keyboard.press("Enter");
    await phone.page.locator("dialog").waitFor();
    check((await focused()) === "I understand", "the warning has the focus", await focused());
    await phone.page.keyboard.press("Enter");
    await phone.answered();
    check((await focused()) === (await phone.page.locator("#result-heading").innerText()), "the answer has the focus", await focused());
    await phone.look("result");
    memory = await phone.context.storageState();
    await phone.page.getByText("Ready to work offline").waitFor();
    const sent = [...host.sent].filter(([path]) => !path.startsWith("model/golden"));
    const bytes = sent.reduce((sum, [, one]) => sum + one, 0);
    check(bytes <= MOST_BYTES, "a first visit costs at most 12 MB", `${bytes} bytes`);
    console.log(`first visit: ${bytes} bytes over the wire`);
    for (const [path, one] of sent.filter(([, one]) => one > 50_000)) console.log(`  ${path}: ${one}`);
    await phone.end();
  },

  "the golden images": async () => {
    const phone = await visit({ name: "golden" });
    await phone.ready();
    const verdicts = await phone.page.locator(".tile").allInnerTexts();
    const known = {
      "named right": "names it right",
      "named wrong": "names it wrong",
      "not sure": "is not sure",
      "not a photograph": "no photograph",
    };
    check(verdicts.length === 6 && verdicts.every(words => Object.keys(known).some(verdict => words.includes(verdict))), "six examples are introduced by their verdicts", verdicts.join(" | "));
    for (const [verdict, sentence] of Object.entries(known)) {
      if (!verdicts.some(words => words.includes(verdict))) continue;
      await phone.page.locator(".tile", { hasText: verdict }).first().click();
      await phone.answered();
      check((await phone.page.locator(".remark").innerText()).includes(sentence), `an example that is ${verdict} says so`);
    }
    await phone.page.getByRole("button", { name: "Check this device" }).click();
    const said = phone.page.locator("#checked");
    await said.filter({ hasText: /agree/ }).waitFor();
    const words = await said.innerText();
    const difference = Number(/less than (\d+\.\d+)/.exec(words)?.[1]);
    check(difference <= 1e-3, "probabilities agree with the program's within 0.001", words);
    check(words.includes("the very same bytes"), "pictures are prepared to the program's bytes", words);
    console.log(`golden images: ${words}`);
    await phone.end();
  },

  "a balanced decision": async () => {
    const copy = join(home, "model");
    cpSync(model, copy, { recursive: true });
    const description = JSON.parse(readFileSync(join(copy, "model.json"), "utf8"));
    // Names a dermatofibroma whatever it sees.
    const offsets = description.classes.map(({ code }) => (code === "df" ? 100 : 0));
    Object.assign(description, {
      format_version: 3,
      abstention: undefined,
      novelty: null, // drawn pictures do not look like photographs
      decisions: {
        default: "balanced",
        reason: "the reason in the file",
        likeliest: { offsets: offsets.map(() => 0) },
        balanced: { tau: 1, offsets, fitted_on: "val", images: 1 },
      },
    });
    writeFileSync(join(copy, "model.json"), JSON.stringify(description));
    const second = await serve(folder, copy);
    const phone = await Visit.begin(browser, second, { name: "balanced", check, pictures });
    await phone.ready();
    await phone.page.locator(".tile", { hasText: "named wrong" }).first().click();
    await phone.page.getByRole("button", { name: "I understand" }).click();
    const names = await phone.answered();
    const [headline, unfolded] = [phone.page.locator(".headline"), phone.page.locator(".about details[open]")];
    check((await headline.locator("h2").innerText()) === "Dermatofibroma", "the decision is named", await headline.innerText());
    const note = await headline.locator("p").last().innerText();
    const likeliest = names[0].name.slice(1); // in lower case there
    check(note.includes("balanced rule") && note.includes(likeliest), "a name that is not the likeliest says so", note);
    check(names[0].name !== "Dermatofibroma" && names.some(one => one.name === "Dermatofibroma"), "the likeliest stays first, and the name given is listed", JSON.stringify(names));
    check((await phone.page.locator(".remark").innerText()).includes("names it wrong"), "examples are judged by the decision");
    await phone.look("result");
    await phone.page.getByText("How it names a diagnosis").click();
    const words = await unfolded.innerText();
    check(words.includes("balanced rule") && words.includes("the reason in the file"), "the rule and its reason are told", words);
    await phone.end();
    await second.close();
  },

  "files of all sorts": async () => {
    const phone = await visit({ name: "files" });
    await phone.ready();
    const size = { width: 600, height: 450 };
    const names = {};
    for (const [name, how] of Object.entries({
      upright: size,
      turned: { ...size, turned: 1, orientation: 6 },
      huge: { width: 8000, height: 6000 },
    })) {
      const path = join(home, `${name}.jpg`);
      await drawJpeg(phone.page, path, how);
      names[name] = await phone.choose(path);
    }
    check(same(names.upright, names.turned), "a photo that lies on its side gets the answer of the upright one", JSON.stringify([names.upright, names.turned]));
    check(same(names.upright, names.huge), "a photo of 48 megapixels gets the answer of the small one", JSON.stringify([names.upright, names.huge]));
    const whole = readFileSync(join(home, "upright.jpg"));
    for (const [name, contents, sentence] of [
      ["letter.jpg", "Dear Sir or Madam,", "not a picture"],
      ["cut.jpg", whole.subarray(0, whole.length / 2), "ends early"],
    ]) {
      writeFileSync(join(home, name), contents);
      await phone.page.setInputFiles("input[type=file]", join(home, name));
      await phone.page.locator(".notice", { hasText: sentence }).waitFor();
      check(!(await phone.page.locator(".result").isVisible()), `no answer stands beside the refusal of ${name}`);
    }
    await phone.end();
  },

  "the camera": async () => {
    const phone = await visit({ name: "camera" });
    await phone.ready();
    await phone.page.getByRole("button", { name: "Take a picture" }).click();
    await phone.page.locator(".shutter:enabled").waitFor();
    await phone.look("viewfinder");
    await phone.page.keyboard.press("Enter");
    await phone.answered();
    const shape = await phone.page.locator("canvas.picture").evaluate(({ width, height }) => [width, height]);
    check(shape[0] === shape[1] && shape[0] > 0, "what the camera takes is the square of the guide", shape.join(" × "));
    await phone.end();

    const refused = await visit({ name: "refused", camera: "NotAllowedError" });
    await refused.ready();
    await refused.page.getByRole("button", { name: "Take a picture" }).click();
    await refused.page.locator(".notice", { hasText: "may not use the camera" }).waitFor();
    check(await refused.page.locator("#choose").isVisible(), "with the camera refused a photo can be chosen");
    await refused.end();
  },

  "no GPU": async () => {
    const phone = await visit({ name: "no-gpu" });
    await phone.ready();
    await phone.page.locator(".tile").first().click();
    await phone.answered();
    await phone.page.getByRole("radio", { name: "GPU" }).click();
    await phone.page.locator(".notice", { hasText: "Using the CPU" }).waitFor();
    await phone.page.getByRole("radio", { name: /CPU/ }).and(phone.page.locator(":checked")).waitFor();
    await phone.answered();
    await phone.look("no-gpu");
    await phone.end();
  },

  "night, a small phone and a desk": async () => {
    for (const options of [
      { name: "phone-dark", colorScheme: "dark" },
      { name: "small-light", width: 320 },
      { name: "small-dark", width: 320, colorScheme: "dark" },
      { name: "desk-light", width: 1200 },
      { name: "desk-dark", width: 1200, colorScheme: "dark" },
    ]) {
      const view = await visit({ ...options });
      await view.ready();
      await view.look("start");
      await view.page.locator(".tile").first().click();
      await view.answered();
      await view.look("result");
      await view.evidence();
      await view.page.locator("details").evaluateAll(all => all.forEach(one => (one.open = true)));
      writeFileSync(join(home, "letter.jpg"), "Dear Sir or Madam,");
      await view.page.setInputFiles("input[type=file]", join(home, "letter.jpg"));
      await view.page.locator(".notice").waitFor();
      await view.look("error");
      await view.end();
    }
  },

  "a new version": async () => {
    const copy = join(home, "page");
    cpSync(folder, copy, { recursive: true });
    const second = await serve(copy, model);
    const phone = await Visit.begin(browser, second, { name: "update", check });
    await phone.ready();
    await phone.page.getByText("Ready to work offline").waitFor();
    for (const name of ["service-worker.js", "index.html"]) {
      const before = readFileSync(join(copy, name), "utf8");
      const after = before.replace(/\b[0-9a-f]{12}\b/, "0".repeat(12)).replace("<title>", "<title>New ");
      check(after !== before, `${name} has something to change`);
      writeFileSync(join(copy, name), after);
    }
    second.forget();
    await phone.page.reload();
    check(!(await phone.page.content()).includes("<title>New"), "an open page stays what it was");
    const reloaded = phone.page.waitForEvent("load"); // before the click, lest it be missed
    await phone.page.getByRole("button", { name: "Use it now" }).click();
    await reloaded;
    await phone.ready();
    const shelves = await phone.page.evaluate(() => caches.keys());
    check(shelves.filter(name => name.startsWith("skinlesion-page")).length === 1, "the old version is let go of", shelves.join(" | "));
    await phone.end();
    await second.close();
  },

  // Closes the host, so it comes last.
  "no network": async () => {
    const phone = await visit({ name: "offline", offline: true });
    await phone.ready();
    await phone.page.getByText("Ready to work offline").waitFor();
    await host.close();
    await phone.page.reload();
    await phone.ready();
    await phone.page.locator(".tile").first().click();
    await phone.answered();
    check((await phone.page.locator(".names > li").count()) === 3, "the page answers without a network");
    await phone.page.getByRole("link", { name: "Licences" }).click();
    await phone.page.getByText("Permission is hereby granted").waitFor();
    await phone.end();
  },
};

if (process.env.SKINLESION_GPU) {
  scenarios["a GPU"] = async () => {
    host = await serve(folder, model);
    await browser.close();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...SOFTWARE_GPU] });
    const desk = await visit({ name: "gpu", width: 1200 });
    await desk.ready();
    await desk.page.locator(".tile").first().click();
    // Another host, of which the memory knows nothing.
    await desk.page.getByRole("button", { name: "I understand" }).click();
    const onCpu = await desk.answered();
    await desk.page.getByRole("radio", { name: "GPU" }).click();
    await desk.page.locator(".result .time", { hasText: "on the GPU" }).waitFor({ timeout: 120_000 });
    const onGpu = await desk.names();
    check(same(onCpu, onGpu), "the GPU gives the CPU's answer", JSON.stringify([onCpu, onGpu]));
    await desk.look("gpu");
    await desk.end();
    await host.close();
  };
}

const only = process.env.SKINLESION_ONLY;
for (const [name, scenario] of Object.entries(scenarios)) {
  if (only && name !== "a first visit" && !name.includes(only)) continue;
  const before = faults.length;
  await scenario().catch(error => faults.push(String(error)));
  for (let i = before; i < faults.length; i++) faults[i] = `${name}: ${faults[i]}`;
}
await browser.close();
rmSync(home, { recursive: true });
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);

/** Whether two answers name the same in the same order, within two percent: a JPEG is never quite the same twice. */
function same(one, other) {
  return one.every(({ name, share }, i) => name === other[i]?.name && Math.abs(share - other[i].share) <= 2);
}
