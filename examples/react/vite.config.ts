import { defineConfig } from "vite";

/** Where smsgraph runs. The page asks its own server, which passes on requests and WebSockets. */
const target = process.env["SMSGRAPH_URL"] ?? "http://localhost:4000";

export default defineConfig({
  server: { proxy: { "/graphql": { target, ws: true, changeOrigin: true, headers: { origin: target } } } },
});
