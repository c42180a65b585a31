// Tells the service worker which files make up the page, and gives every build a version of its own: the hash of
// those files' names and contents.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";

const WORKER = "service-worker.js";

export function precache(): Plugin {
  let publicFolder = "";
  return {
    name: "precache",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      publicFolder = config.publicDir;
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const contents = new Map<string, string | Uint8Array>();
        for (const [name, output] of Object.entries(bundle)) {
          contents.set(name, output.type === "chunk" ? output.code : output.source);
        }
        for (const name of filesOf(publicFolder)) contents.set(name, readFileSync(join(publicFolder, name)));
        const worker = bundle[WORKER];
        if (worker?.type !== "chunk") throw new Error(`the build made no ${WORKER}`);
        const names = [...contents.keys()].filter(name => name !== WORKER).sort();
        const version = createHash("sha256");
        for (const name of names) version.update(`${name}\0`).update(contents.get(name)!);
        // The GPU's runtime is kept when it was used first; the icons are the system's to keep.
        const files = names.filter(name => !/asyncify|\bgpu-|\.png$/.test(name));
        // Under the folder's own address: some hosts redirect index.html to it, and no page may come from a redirect.
        files[files.indexOf("index.html")] = "./";
        worker.code = worker.code
          .replace("__FILES__", files.join("|"))
          .replace("__VERSION__", version.digest("hex").slice(0, 12));
      },
    },
  };
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => relative(folder, join(entry.parentPath, entry.name)));
}
