// Times the page's networks on the CPU, one format after the other, in headless Chromium:
//
//   node measure.mjs CHROMIUM PAGE MODEL
//
// MODEL must have golden images. Prints the median of 20 pictures after the warm-up, and what a first visit costs.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./static-server.mjs";

const [executablePath, folder, model] = process.argv.slice(2);
const description = JSON.parse(readFileSync(join(model, "model.json"), "utf8"));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const file of description.files.filter(({ format }) => format.startsWith("onnx"))) {
  const host = await serve(folder, model);
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await page.route("**/model/model.json", route => route.fulfill({ json: { ...description, files: [file] } }));
  await page.goto(host.address);
  await page.locator(".status", { hasText: "Ready." }).waitFor();
  await page.getByText("Ready to work offline").waitFor();
  const bytes = [...host.sent].filter(([path]) => !path.startsWith("model/golden")).reduce((sum, [, one]) => sum + one, 0);
  const times = [];
  for (let i = 0; i < 20; i++) {
    // The line goes when the next answer comes.
    await page.locator(".result .time").evaluateAll(lines => lines.forEach(line => line.remove()));
    await page.locator(".tile").first().click();
    if (i === 0) await page.getByRole("button", { name: "I understand" }).click();
    times.push(/^([\d.]+ m?s).* ([\d.]+ m?s) to prepare/.exec(await page.locator(".result .time").innerText()).slice(1).map(parseFloat));
  }
  const median = which => times.map(time => time[which]).sort((a, b) => a - b)[times.length >> 1];
  console.log(`${file.format}: ${median(0)} ms for the network, ${median(1)} ms to prepare; first visit ${bytes} bytes`);
  await page.close();
  await host.close();
}
await browser.close();
