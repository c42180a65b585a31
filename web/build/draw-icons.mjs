// Draws public/icons/*.png from icon.svg, with the Chromium that the tests use. Run once, after the drawing changed:
//
//   node build/draw-icons.mjs [CHROMIUM]
import { readFileSync } from "node:fs";
import { chromium } from "../../tests/browser/node_modules/playwright-core/index.mjs";

const folder = new URL("../public/icons/", import.meta.url);
const drawing = readFileSync(new URL("icon.svg", folder), "utf8");
/** Systems cut maskable and Apple's icons themselves: a full square, and for the former all that matters within 80 %. */
const square = drawing.replace('rx="116"', "");
const browser = await chromium.launch({ executablePath: process.argv[2] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, size, picture] of [["icon-192", 192, drawing], ["icon-512", 512, drawing], ["icon-maskable-512", 512, square], ["apple-touch-icon", 180, square]]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px}</style>${picture}`);
  await page.screenshot({ path: new URL(`${name}.png`, folder).pathname, omitBackground: true });
}
await browser.close();
