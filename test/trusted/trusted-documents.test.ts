import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifests, sha256, UnreadableManifest } from "../../src/trusted/manifests.ts";
import { storeDocuments } from "../../src/trusted/store.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { fetchEventStream } from "../support/sse-client.ts";

const viewer = "query Viewer { viewer { keyName } }";
const events = "subscription Events { messageEvents { __typename } }";
const relayId = "3be4abb81fa595e25eb725b2c6a87508";

const manifest = {
  format: "apollo-persisted-query-manifest",
  version: 1,
  operations: [{ id: sha256(viewer), name: "Viewer", type: "query", body: viewer }],
};

const files = [
  { path: "apollo.json", text: JSON.stringify(manifest) },
  { path: "relay.json", text: JSON.stringify({ [relayId]: events }) },
  { path: "a.graphql", text: "query Campaigns { campaigns { edges { node { ...Shown } } } }" },
  {
    path: "fragments/shown.graphql",
    text: "fragment Shown on Campaign { id ...Named }\nfragment Named on Campaign { name }",
  },
];

let app: TestApp;
let open: TestApp;

const closedWeb = {
  allowedOrigins: [],
  allowedHosts: [],
  console: false,
  graphiql: false,
  introspection: "nobody" as const,
  metrics: false,
  metricsToken: undefined,
};

beforeAll(async () => {
  open = await startTestApp({ runsWorker: false, web: closedWeb });
  await storeDocuments(open.services.database, readManifests(files), { replacing: true });
  const { databaseUrl, secretKey } = open;
  app = await startTestApp({ runsWorker: false, trustedDocumentsOnly: true, databaseUrl, secretKey });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await open.stop();
});

interface Answer {
  data?: unknown;
  errors?: { message: string; extensions: { code: string } }[];
}

async function post(body: object, { url, key }: TestApp = app): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
}

const known = { data: { viewer: { keyName: "test" } } };
const untrusted = { errors: [{ extensions: { code: "UNTRUSTED_DOCUMENT" } }] };
const persisted = (sha256Hash: string): object => ({
  extensions: { persistedQuery: { version: 1, sha256Hash } },
});

describe("manifests", () => {
  it("each operation of a .graphql file gets the fragments it uses, also those of other files, and nothing else", () => {
    const [found] = readManifests(files.slice(2));
    expect(found?.text).toMatch(/^query Campaigns[^]*fragment Shown[^]*fragment Named/);
    expect(found?.ids).toContain(sha256(found?.text ?? ""));
    expect(found?.ids).toContain(sha256(files[2]?.text ?? ""));
  });

  it.each([
    "{",
    "[]",
    '{"a": 1}',
    '{"format":"apollo-persisted-query-manifest","version":9,"operations":[]}',
  ])("a file that is no manifest is refused with its name: %s", (text) => {
    expect(() => readManifests([{ path: "some/file.json", text }])).toThrow(UnreadableManifest);
    expect(() => readManifests([{ path: "some/file.json", text }])).toThrow(/some\/file\.json/);
  });
});

describe("where only trusted documents are executed", () => {
  it.each([
    ["extensions.persistedQuery", persisted(sha256(viewer))],
    ["documentId", { documentId: sha256(viewer) }],
    ["documentId with its kind of hash", { documentId: `sha256:${sha256(viewer)}` }],
    ["id", { id: sha256(viewer) }],
    ["doc_id", { doc_id: sha256(viewer) }],
    ["its very text", { query: viewer }],
    [
      "a hash beside some other text, which is not looked at",
      { ...persisted(sha256(viewer)), query: "{ a }" },
    ],
  ])("a trusted document is executed by %s", async (_what, body) => {
    expect(await post(body)).toEqual(known);
  });

  it("a trusted document is executed by its id in the address", async () => {
    for (const search of [
      `documentId=${sha256(viewer)}`,
      `extensions=${JSON.stringify({ persistedQuery: { sha256Hash: sha256(viewer) } })}`,
    ]) {
      const response = await fetch(`${app.url}/graphql?${search}`, { headers: app.client.headers });
      expect(await response.json()).toEqual(known);
    }
  });

  it.each([
    ["a text", { query: "{ viewer { accountName } }" }],
    ["a trusted text with one space more", { query: `${viewer} ` }],
    ["introspection", { query: "{ __schema { types { name } } }" }],
    ["an unknown hash", persisted("0".repeat(64))],
    ["a hash with a text of another", { ...persisted("0".repeat(64)), query: "{ viewer { accountName } }" }],
    ["nothing", {}],
  ])("%s is refused over HTTP with a typed error", async (_what, body) => {
    expect(await post(body)).toMatchObject(untrusted);
  });

  it("event streams and WebSockets execute trusted documents and refuse everything else", async () => {
    const socket = app.client.socket();
    const ask = (payload: object) => socket.iterate({ query: "", ...payload }).next();
    expect(await ask(persisted(sha256(viewer)))).toMatchObject({ value: known });
    expect(await ask({ doc_id: relayId })).toMatchObject({
      value: { data: { messageEvents: { __typename: "CaughtUp" } } },
    });
    const message = expect.stringContaining("npm run trust");
    for (const query of ["{ viewer { accountName } }", "subscription { messageEvents { __typename } }"])
      await expect(ask({ query })).rejects.toMatchObject([
        { message, extensions: { code: "UNTRUSTED_DOCUMENT" } },
      ]);
    const controller = new AbortController();
    const stream = await fetchEventStream(app.client, { id: relayId } as never, {
      method: "POST",
      signal: controller.signal,
    });
    const reader = stream.body?.getReader();
    let text = "";
    while (!text.includes("CaughtUp")) text += new TextDecoder().decode((await reader?.read())?.value);
    controller.abort();
    const refused = await fetchEventStream(
      app.client,
      { query: "subscription { messageEvents { cursor } }" },
      { method: "GET" },
    );
    expect(await refused.text()).toContain("UNTRUSTED_DOCUMENT");
  });

  it("what is removed is executed no longer", async () => {
    const text = "query Gone { viewer { accountName } }";
    const all = readManifests([...files, { path: "gone.json", text: JSON.stringify({ gone: text }) }]);
    await storeDocuments(app.services.database, all, { replacing: false });
    await expect.poll(() => post({ id: "gone" })).toMatchObject({ data: { viewer: {} } });
    expect(await storeDocuments(app.services.database, readManifests(files), { replacing: true })).toEqual({
      added: 0,
      removed: 2,
    });
    await expect.poll(() => post({ id: "gone" })).toMatchObject(untrusted);
    expect(await post({ query: text })).toMatchObject(untrusted);
  });
});

describe("where any document is executed", () => {
  it("trusted documents have their ids there too, and an unknown hash gets the answer after which Apollo's clients send the text", async () => {
    await expect.poll(() => post(persisted(sha256(viewer)), open)).toEqual(known);
    expect(await post({ query: "{ viewer { keyName } }" }, open)).toEqual(known);
    expect(await post(persisted("0".repeat(64)), open)).toMatchObject({
      errors: [
        { message: "PersistedQueryNotSupported", extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } },
      ],
    });
    expect(await post({ documentId: "unknown" }, open)).toMatchObject(untrusted);
  });

  it("where the schema is shown to nobody, keys do not open it, and no names are suggested", async () => {
    expect(await post({ query: "{ __schema { types { name } } }" }, open)).toMatchObject({
      errors: [{ extensions: { code: "FORBIDDEN" } }],
    });
    const { errors } = await post({ query: "{ viewer { keyNam } }" }, open);
    expect(errors?.[0]?.message).toBe('Cannot query field "keyNam" on type "Viewer".');
    const visible = await startTestApp({
      runsWorker: false,
      databaseUrl: app.databaseUrl,
      secretKey: app.secretKey,
    });
    expect((await post({ query: "{ viewer { keyNam } }" }, visible)).errors?.[0]?.message).toMatch(
      /Did you mean "keyName"/,
    );
    await visible.stop();
  });
});

describe("npm run trust", () => {
  const main = fileURLToPath(new URL("../../src/cli/trust.ts", import.meta.url));
  const trust = (...given: string[]): Promise<{ code: unknown; output: string }> =>
    new Promise((resolve) => {
      // oxlint-disable-next-line node/no-process-env
      const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: app.databaseUrl };
      execFile(process.execPath, [main, ...given], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: stdout + stderr }),
      );
    });

  it("npm run trust stores what a folder has, and nothing when one operation does not fit the schema, whose file and name it says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "trust-"));
    const text = "query Stored { viewer { keyName scopes } }";
    await writeFile(
      join(folder, "persisted.json"),
      JSON.stringify({ abc: text, def: "query Wrong { viewer { nothing } }" }),
    );
    const refused = await trust(folder);
    expect(refused).toEqual({
      code: 1,
      output: expect.stringMatching(/persisted\.json, Wrong: Cannot query field "nothing"/),
    });
    expect(await post({ id: "abc" })).toMatchObject(untrusted);
    await writeFile(join(folder, "persisted.json"), JSON.stringify({ abc: text }));
    expect(await trust(folder)).toEqual({
      code: 0,
      output: expect.stringContaining("1 operations in 1 files fit the schema"),
    });
    await expect.poll(() => post({ id: "abc" })).toMatchObject({ data: { viewer: { keyName: "test" } } });
    await rm(folder, { recursive: true });
  });

  it("npm run trust refuses pipes, and directories that are named as files are searched through", async () => {
    const folder = await mkdtemp(join(tmpdir(), "trust-"));
    await mkdir(join(folder, "folder.json"));
    await writeFile(join(folder, "folder.json", "one.graphql"), viewer);
    expect(await trust(folder, "--check")).toEqual({
      code: 0,
      output: "1 operations in 1 files fit the schema.\n",
    });
    const pipe = join(folder, "pipe.json");
    await promisify(execFile)("mkfifo", [pipe]);
    for (const path of [pipe, folder])
      expect(await trust(path)).toEqual({ code: 1, output: `${pipe} is a pipe. Name files or folders.\n` });
    await rm(folder, { recursive: true });
  });

  it("npm run trust repeats no more than the beginning of a long word", async () => {
    const folder = await mkdtemp(join(tmpdir(), "trust-"));
    const [word, file] = ["a".repeat(1_000_000), join(folder, "one.graphql")];
    const whole = "a".repeat(30_000_000);
    for (const text of [whole, `{ ${word} }`, `query ${word} { ${word} }`, `query "${"a ".repeat(1_000)}"`]) {
      await writeFile(file, text);
      const { code, output } = await trust(file);
      expect(code).toBe(1);
      expect(output).toMatch(/a{100,150}…|(?:a ){100,}…/);
      expect(output.length).toBeLessThan(1_500);
    }
    await rm(folder, { recursive: true });
  });
});
