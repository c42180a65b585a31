// What `npm run dev` needs besides the page: an export folder as `model/`, as `skinlesion serve` offers it
// ($SKINLESION_MODEL, or the released network), and leave for Vite to bring styles in as it likes.

import { createReadStream, statSync } from "node:fs";
import { join, normalize } from "node:path";
import type { Plugin } from "vite";

export function development(): Plugin {
  const folder = process.env.SKINLESION_MODEL ?? join(import.meta.dirname, "../../exports/released");
  return {
    name: "development",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/model", (request, response) => {
        const path = join(folder, normalize(new URL(request.url ?? "/", "http://localhost").pathname));
        if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
          response.statusCode = 404;
          return response.end();
        }
        if (path.endsWith(".json")) response.setHeader("content-type", "application/json");
        return createReadStream(path).pipe(response);
      });
    },
    transformIndexHtml: html => html.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
  };
}
