// How the page is built. Everything has relative addresses, so that the folder works at any place of any static host.

import { defineConfig } from "vite";
import { development } from "./build/development.ts";
import { precache } from "./build/precache.ts";

/** A glue file's .mjs is served as nothing by hosts that do not know the ending; .js is known to all. */
const assetFileNames = ({ names }: { names: string[] }) =>
  names[0]?.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]";

// ONNX Runtime's WebAssembly as files of their own: a bundle would hold it twice, once for each worker thread.
const conditions = ["onnxruntime-web-use-extern-wasm", "module", "browser", "production"];

export default defineConfig({
  base: "./",
  resolve: { conditions },
  plugins: [development(), precache()],
  worker: { format: "es", rolldownOptions: { output: { assetFileNames } } },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // No data: addresses for files: the icons are files, and WebAssembly must be one.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", "service-worker": "src/offline/service-worker.ts" },
      output: {
        assetFileNames,
        // A service worker rules over the folder that it lies in, under a name that never changes.
        entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
