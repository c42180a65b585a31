// A host as plain as there are: files of a folder, in a place that is not the top, packed with gzip.
import { createServer } from "node:http";
import { readFileSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml",
  ".png": "image/png", ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
};

/** Serves `page` with `model` beside it. `sent` has the bytes that went over the wire, by path. */
export async function serve(page, model) {
  const sent = new Map();
  const packed = new Map();
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname).replace(/^\/some\/place\//, "");
    const file = path.startsWith("model/") ? join(model, path.slice(6)) : join(page, path || "index.html");
    if (path.startsWith("/") || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    if (!packed.has(file)) packed.set(file, gzipSync(readFileSync(file)));
    const body = packed.get(file);
    sent.set(path, (sent.get(path) ?? 0) + body.length);
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-encoding": "gzip", "content-length": body.length });
    response.end(body);
  });
  await new Promise(listening => server.listen(0, "127.0.0.1", listening));
  const origin = `http://localhost:${server.address().port}`;
  return {
    origin,
    address: `${origin}/some/place/`,
    sent,
    /** Reads the files anew from now on. */
    forget: () => packed.clear(),
    close: () => new Promise(closed => (server.close(closed), server.closeAllConnections())),
  };
}
