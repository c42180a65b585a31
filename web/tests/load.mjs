// Loads the page's TypeScript in Node.js, through Vite.
import { createServer } from "vite";

const server = await createServer({ server: { middlewareMode: true, hmr: false, ws: false }, appType: "custom", logLevel: "error", optimizeDeps: { noDiscovery: true } });

/** A module by its path under src/, such as "picture/resize.ts". */
export const load = path => server.ssrLoadModule(`/src/${path}`);
export const close = () => server.close();
