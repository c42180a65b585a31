// For `npm run dev`: serves an export folder as `model/`, as `skinlesion serve` does. The folder is $SKINLESION_MODEL,
// or the released network.

import { createReadStream, statSync } from "node:fs";
import { join, normalize } from "node:path";
import type { Plugin } from "vite";

export function modelFolder(): Plugin {
  const folder = process.env.SKINLESION_MODEL ?? join(import.meta.dirname, "../../exports/released");
  return {
    name: "model-folder",
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
  };
}
