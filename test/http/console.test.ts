import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ConsoleFiles } from "../../src/http/console.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createMetrics } from "../../src/lib/metrics.ts";

const developmentKey = "key_that_no_other_page_may_read";
const script = `console.log("the console")\n`.repeat(50);
const page = { accept: "text/html" };
let folder: string;
let server: ReturnType<typeof createHttpServer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smsgraph-console-"));
  await mkdir(join(folder, "dist/assets"), { recursive: true });
  await writeFile(join(folder, "secret.js"), "outside");
  await writeFile(join(folder, "dist/index.html"), '<head><meta name="smsgraph" content="{}" /></head>');
  await writeFile(join(folder, "dist/assets/main-1.js"), script);
  await writeFile(join(folder, "dist/assets/main-1.js.br"), brotliCompressSync(script));
  server = createHttpServer({
    graphql: (_request, response) => response.end("graphql"),
    identify: async () => undefined,
    campaigns: (_request, response) => void response.end("campaigns"),
    callbacks: (_request, response) => void response.end("callbacks"),
    suppressions: (_request, response) => void response.end("suppressions"),
    console: ConsoleFiles.open({ folder: join(folder, "dist"), developmentKey, graphiql: true }),
    ready: async () => undefined,
    metrics: createMetrics(),
    maxRequestBytes: 1000,
    maxRequestValues: 1_000_000,
    maxObjectFields: 2_000,
    onError: () => {},
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** A request as it is, with a path that no client would let through. */
async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const { port } = server.address() as AddressInfo;
  const asked = ask({ host: "127.0.0.1", port, path, method, headers });
  asked.end();
  const [response] = await once(asked, "response");
  const isCompressed = response.headers["content-encoding"] === "br";
  const chunks: Buffer[] = await response.toArray();
  const bytes = Buffer.concat(chunks);
  const body = (isCompressed ? brotliDecompressSync(bytes) : bytes).toString();
  return { status: response.statusCode as number, headers: response.headers, body };
}

it("the console is at / and at the addresses of its pages, and never stored", async () => {
  for (const path of ["/", "/messages", "/campaigns/Q2FtcGFpZ246", "/no/such/page"]) {
    const { status, headers, body } = await get(path, page);
    expect({ path, status, store: headers["cache-control"] }).toEqual({
      path,
      status: 200,
      store: "no-store",
    });
    expect(body).toContain('<meta name="smsgraph"');
  }
});

it("the console allows nothing inline, nothing of other sites and no frames", async () => {
  const { headers } = await get("/", page);
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

it("the console has the development key for a person on this machine only", async () => {
  expect((await get("/", page)).body).toContain(developmentKey);
  for (const strange of [
    { "sec-fetch-site": "cross-site" },
    { "x-forwarded-for": "203.0.113.1" },
    { host: "192.0.2.1" },
  ] as Record<string, string>[])
    expect((await get("/", { ...page, ...strange })).body).not.toContain(developmentKey);
});

it("the console's files come compressed as they were built, and may be kept for ever", async () => {
  const compressed = await get("/assets/main-1.js", { "accept-encoding": "gzip, br" });
  expect(compressed.headers).toMatchObject({ "content-encoding": "br", vary: "Accept-Encoding" });
  expect(compressed.headers["cache-control"]).toContain("immutable");
  const plain = await get("/assets/main-1.js");
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect([plain.body, compressed.body]).toEqual([script, script]);
  expect(await get("/assets/main-1.js", {}, "HEAD")).toMatchObject({ status: 200, body: "" });
});

it("no path leads out of the console's folder", async () => {
  for (const path of [
    "/../secret.js",
    "/assets/../../secret.js",
    "/%2e%2e/secret.js",
    "/assets/..%2f..%2fsecret.js",
    "/assets/\\..\\..\\secret.js",
    "/assets/main-2.js",
  ]) {
    const { status, body } = await get(path, page);
    expect({ path, status }).toEqual({ path, status: 404 });
    expect(body).not.toContain("outside");
  }
});

it("programs get what they got before there was a console", async () => {
  expect((await get("/graphql", page)).body).toBe("graphql");
  expect((await get("/callbacks/x/y", page)).body).toBe("callbacks");
  expect((await get("/campaigns/x/messages.csv", page)).body).toBe("campaigns");
  expect((await get("/campaigns/x")).body).toBe("campaigns");
  expect(await get("/healthz", page)).toMatchObject({ status: 200, body: "ok\n" });
  expect((await get("/elsewhere")).status).toBe(404);
});
