import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSecretBox } from "../../src/connections/secret-box.ts";
import { createSharedState } from "../../src/connections/shared-state.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { reseal } from "../../src/secrets/reseal.ts";
import { sealedColumns } from "../../src/secrets/sealed-columns.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider } from "../support/mutations.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";
import { createWebhook, rotateWebhookSecret } from "../support/webhooks.ts";

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const main = fileURLToPath(new URL("../../src/cli/rotate-secrets.ts", import.meta.url));

let before: TestApp;
let between: TestApp;
const providerIds: string[] = [];

beforeAll(async () => {
  before = await startTestApp({ secretKey: oldKey, otherSecretKeys: [newKey], runsWorker: false });
  const { databaseUrl } = before;
  between = await startTestApp({
    databaseUrl,
    secretKey: newKey,
    otherSecretKeys: [oldKey],
    runsWorker: false,
  });
  for (const app of [before, between, before])
    providerIds.push(await connectProvider(new GraphqlClient(app.url, before.key), { apiToken: "CANARY" }));
  const { database } = before.services;
  const box = createSecretBox(oldKey);
  const [first = ""] = providerIds;
  await createSharedState(database, box, decodeId("Provider", first)).renew(undefined, async () => "session");
});

afterAll(async () => {
  await between.stop();
  await before.stop();
});

/** Everything that is sealed, opened with one key alone; undefined where it does not open. */
async function openedWith(key: Uint8Array): Promise<(object | undefined)[]> {
  const box = createSecretBox(key);
  const found: (object | undefined)[] = [];
  for (const { read } of sealedColumns) {
    const values = ["00000000-0000-0000-0000-000000000000", 1000];
    const rows = await before.services.database.query<{ id: string; sealed: Uint8Array }>(read, values);
    for (const { id, sealed } of rows) {
      try {
        found.push(box.open(sealed, id) as object);
      } catch {
        found.push(undefined);
      }
    }
  }
  return found;
}

/** Columns of bytes that nobody has to decrypt. */
const notSealed: Readonly<Record<string, string>> = {
  "api_keys.hash": "a hash",
  "campaigns.fingerprint": "a hash of the input",
  "campaigns.trace": "a place in a trace",
  "idempotency_keys.fingerprint": "a hash of the input",
  "messages.trace": "a place in a trace",
};

it("every column of bytes in the database is either encrypted anew with a new SECRET_KEY, or known to hold no secret", async () => {
  const { rows } = await before.services.database.pool.query<{ name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and data_type = 'bytea' order by 1`,
  );
  const sealed = sealedColumns.map(({ table, column }) => `${table}.${column}`);
  expect(rows.map(({ name }) => name)).toEqual([...sealed, ...Object.keys(notSealed)].toSorted());
});

it("processes with the old and the new key read what both of them write, and watch tokens that both sign", async () => {
  const clients = [before, between].map(({ url }) => new GraphqlClient(url, before.key)) as [
    GraphqlClient,
    GraphqlClient,
  ];
  const { webhook } = await createWebhook(clients[1], { url: "http://127.0.0.1:9/hook" });
  expect((await rotateWebhookSecret(clients[0], webhook.id)).secret).toMatch(/^whsec_/);
  const [one = "", two = ""] = providerIds;
  for (const [app, providerId] of [
    [before, two],
    [between, one],
  ] as const) {
    const path = new URL(await callbackUrlOf(before, providerId)).pathname;
    expect((await post(`${app.url}${path}`, "{}")).status).toBe(200);
  }
  const { id } = await storeCampaign(before, [], [], { status: "RUNNING" });
  for (const [index, client] of clients.entries()) {
    const { createWatchToken } = await client.data<{ createWatchToken: { token: string } }>(
      `mutation ($id: ID!) { createWatchToken(input: { campaignId: $id }) { ... on WatchToken { token } } }`,
      { id },
    );
    const reader = new GraphqlClient([between, before][index]?.url ?? "", createWatchToken.token);
    expect(await reader.data(`query ($id: ID!) { campaign(id: $id) { id } }`, { id })).toEqual({
      campaign: { id },
    });
  }
});

it("changing the key is broken off after any row and goes on with the next run, and counts what it does", async () => {
  const { database } = before.services;
  const options = { database, key: newKey, others: [oldKey], rowsAtOnce: 1 };
  const left = async () =>
    (await reseal({ ...options, checkOnly: true })).reduce((sum, { resealed }) => sum + resealed, 0);
  const before1 = await left();
  expect(before1).toBeGreaterThanOrEqual(3);
  const stopping = new AbortController();
  await reseal({ ...options, signal: stopping.signal, onProgress: () => stopping.abort() });
  const after1 = await left();
  expect(after1).toBe(before1 - 1);
  const reports: string[] = [];
  const counts = await reseal({ ...options, onProgress: ({ column }) => reports.push(column) });
  expect(counts.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(after1);
  expect(
    counts.map(({ column, done, total, unreadable }) => ({ column, isAll: done === total, unreadable })),
  ).toEqual(
    sealedColumns.map(({ table, column }) => ({ column: `${table}.${column}`, isAll: true, unreadable: [] })),
  );
  expect(new Set(reports).size).toBe(sealedColumns.length);
  expect(await left()).toBe(0);
  expect(await openedWith(newKey)).not.toContain(undefined);
  expect(new Set(await openedWith(oldKey))).toEqual(new Set([undefined]));
});

it("a change of a provider that comes while its secrets are encrypted anew is not lost", async () => {
  const { database } = before.services;
  const client = new GraphqlClient(between.url, before.key);
  const [id = ""] = providerIds;
  const turns = Array.from({ length: 5 }, async (_, turn) => {
    const [key, other] = turn % 2 === 0 ? [oldKey, newKey] : [newKey, oldKey];
    await reseal({ database, key, others: [other], rowsAtOnce: 1 });
  });
  const update = `mutation ($id: ID!, $token: String!) { updateProvider(input: { id: $id, apiToken: $token }) { __typename ... on Error { message } } }`;
  for (const turn of turns.keys())
    expect(await client.data(update, { id, token: `token-${turn}` })).toMatchObject({
      updateProvider: { __typename: "Provider" },
    });
  await Promise.all(turns);
  await reseal({ database, key: newKey, others: [oldKey] });
  expect(JSON.stringify(await openedWith(newKey))).toContain("token-4");
});

async function run(key: Uint8Array, other: Uint8Array | undefined, ...given: string[]) {
  const env = {
    // oxlint-disable-next-line node/no-process-env
    PATH: process.env["PATH"] ?? "",
    DATABASE_URL: before.databaseUrl,
    SECRET_KEY: Buffer.from(key).toString("base64"),
    ...(other && { SECRET_KEY_OTHER: Buffer.from(other).toString("base64") }),
  };
  return promisify(execFile)(process.execPath, [main, ...given], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

it("npm run secrets:rotate tells what it did and that the old key is not needed, and names rows that no key opens", async () => {
  const third = randomBytes(32);
  expect(await run(third, newKey, "--check")).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /providers\.secrets: 3 read, 3 with another key\n[^]*still needed/,
    ) as string,
  });
  expect(await run(third, newKey)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /providers\.secrets: 3 read, 3 encrypted anew\n[^]*Nothing in the database/,
    ) as string,
  });
  expect(await run(third, undefined, "--check")).toMatchObject({ code: 0 });
  expect(await run(oldKey, newKey)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("3 that neither key opens") as string,
  });
  expect((await run(third, undefined, "--help")).stdout).toContain("SECRET_KEY_OTHER");
});

it.each(["--chek", "check"])("npm run secrets:rotate says that it does not know %s", async (word) => {
  const { code, stdout, stderr } = await run(newKey, oldKey, word);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(`^Un.* '${word}'.*\n[^]*Usage: npm run secrets:rotate`));
  expect(stderr).not.toMatch(/\n +at /);
});
