// Opens a report in headless Chromium and prints, as JSON, what a reader would meet:
//
//   node report.mjs CHROMIUM REPORT [FOLDER]
//
// for a phone's and a desktop's width, light and dark. With FOLDER, screenshots are left there to be looked at.
import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [executablePath, report, folder] = process.argv.slice(2);
const address = pathToFileURL(report).href;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const views = [];
for (const [name, width, colorScheme] of [["phone", 390, "light"], ["phone", 390, "dark"], ["desktop", 1280, "light"], ["desktop", 1280, "dark"]]) {
  const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
  const faults = [];
  const requests = [];
  page.on("console", message => { if (["error", "warning"].includes(message.type())) faults.push(message.text()); });
  page.on("pageerror", error => faults.push(String(error)));
  page.on("request", request => { if (request.url() !== address && !request.url().startsWith("data:")) requests.push(request.url()); });
  await page.goto(address, { waitUntil: "load" });
  const found = await page.evaluate(() => {
    const seen = element => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
    const plots = [...document.querySelectorAll("figure svg")];
    const images = [...document.querySelectorAll("img")];
    images.forEach(image => { image.loading = "eager"; });
    return {
      paper: getComputedStyle(document.body).backgroundColor,
      plots: plots.filter(seen).length,
      emptyPlots: plots.filter(plot => !seen(plot) || !plot.querySelector("polyline, rect + rect")).length,
      titles: plots.map(plot => plot.querySelector("title").textContent).filter(title => title),
      sections: [...document.querySelectorAll("h2")].map(heading => heading.textContent),
      deadLinks: [...document.querySelectorAll("a[href^='#']")].filter(link => !document.getElementById(link.hash.slice(1))).length,
      images: images.length,
      cutOff: [...document.querySelectorAll(".scroll")].filter(seen).filter(scroll => scroll.scrollWidth > scroll.clientWidth)
        .map(scroll => scroll.closest("section").querySelector("h2").textContent),
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      text: document.body.innerText,
    };
  });
  await page.waitForFunction(() => [...document.images].every(image => image.complete));
  found.brokenImages = await page.evaluate(() => [...document.images].filter(image => !image.naturalWidth).length);
  if (folder) await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
  views.push({ name, width, colorScheme, faults, requests, ...found });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(views));
