// The page's table of contents: read what the network is, show the page, get the network ready, keep it all for later.

import "./styles/index.css";
import { App } from "./app";
import { Classifier } from "./classifier/client";
import { asFault } from "./fault";
import { element } from "./dom";
import { readDescription } from "./model/description";
import { fetchGolden } from "./model/golden";
import { fetchFresh } from "./model/kept";
import { keepOffline } from "./offline/register";
import { texts } from "./texts";
import { Notice } from "./views/notice";

/** The folder beside the page that the server fills from an export. */
const FOLDER = new URL("model/", document.baseURI).href;

const page = document.getElementById("page")!;
document.documentElement.lang = texts.language;
document.title = texts.title;

async function start(): Promise<void> {
  const description = readDescription(await (await fetchFresh(`${FOLDER}model.json`)).json());
  const golden = await fetchGolden(FOLDER, description);
  const classifier = new Classifier();
  await classifier.describe(FOLDER, description);
  const app = new App(FOLDER, description, golden, classifier);
  page.replaceChildren(...app.views());
  await app.getReady();
  await keepOffline(
    () => app.isOffline(),
    takeOver => app.offerUpdate(takeOver),
  );
}

start().catch(thrown => {
  const { code, detail } = asFault(thrown, "model-missing");
  const notice = new Notice();
  page.replaceChildren(element("main", {}, element("h1", {}, texts.name), notice.view));
  notice.show(texts.faults[code](detail));
});
