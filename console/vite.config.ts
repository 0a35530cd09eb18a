import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where smsgraph runs, for `npm run console`: the page asks its own server, which passes on what it asks. */
const target = process.env["SMSGRAPH_URL"] ?? "http://localhost:4000";
const proxied = { target, ws: true, changeOrigin: true, headers: { origin: target } };

export default defineConfig({
  root: here("."),
  resolve: {
    // The sources of the client package: an image builds the console before anything else is built.
    alias: [{ find: /^smsgraph(\/(.+))?$/, replacement: `${here("../packages/client/src")}/$2` }],
    tsconfigPaths: false,
  },
  plugins: [
    {
      name: "entry-of-the-client-package",
      enforce: "pre",
      resolveId: (id) =>
        id === `${here("../packages/client/src")}/` ? here("../packages/client/src/index.ts") : undefined,
    },
  ],
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // "use client" says nothing here: everything is for the client.
    rolldownOptions: {
      checks: { pluginTimings: false },
      onLog: (level, log, pass) => void (log.code === "MODULE_LEVEL_DIRECTIVE" || pass(level, log)),
    },
  },
  server: { proxy: { "/graphql": proxied, "^/campaigns/.*\\.csv": proxied } },
});
