import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch } from "../support/compat.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    runsWorker: false,
    operationLimits: {
      socket: { queries: 1, mutations: 1, cost: 10, waiting: 0, waitingCost: 0 },
      key: { queries: 1, mutations: 1, cost: 10, waiting: 2, waitingCost: 10 },
      account: { queries: 1, mutations: 1, cost: 10, waiting: 2, waitingCost: 10 },
      maxWaitMs: 2_000,
    },
  });
});

afterAll(() => app.stop());

const basic = (): string => `Basic ${Buffer.from(`anyone:${app.key}`).toString("base64")}`;
const json = { accept: "application/json", "content-type": "application/json" };

/** Each is read by a library in a time that grows with its elements, not with its bytes. */
const bodies: [what: string, body: string][] = [
  ["empty lists", `[${"[],".repeat(1_000_000)}[]]`],
  ["empty messages", `{"messages":[${"{},".repeat(1_000_000)}{}]}`],
  ["recipients that are none", `{"from":"A","message":"Hi","recipients":[${"1,".repeat(3_000_000)}1]}`],
  ["lists in each other", "[".repeat(100_000) + "]".repeat(100_000)],
  ["names", `{${Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join()}}`],
];

const endpoints: [path: string, authorization: () => string, status: number][] = [
  ["/tikosms/v1/message", () => `Bearer ${app.key}`, 413],
  ["/qikli/sms/2/text/advanced", basic, 413],
  ["/tonkra/api/v3/sms/send", () => `Bearer ${app.key}`, 413],
];

test.each(
  endpoints.flatMap(([path, authorization, status]) =>
    bodies.map(([what, body]) => ({ path, authorization, status, what, body })),
  ),
)("$path takes no $what by the hundred thousand", async ({ path, authorization, status, body }) => {
  const headers = { ...json, authorization: authorization(), "content-encoding": "gzip" };
  const answer = await compatFetch(app, path, { method: "POST", headers, body: gzipSync(body) });
  expect(answer.status).toBe(status);
});

test("a bulk request has its recipients counted before each is looked at", async () => {
  const body = `{"from":"A","message":"Hi","recipients":[${"1,".repeat(100_000)}1]}`;
  const headers = { ...json, authorization: `Bearer ${app.key}` };
  const { status, json: said } = await compatFetch(app, "/tikosms/v1/messages", {
    method: "POST",
    headers,
    body,
  });
  expect({ status, errors: said.errors }).toEqual({
    status: 422,
    errors: { recipients: ["The recipients field must not have more than 100000 items."] },
  });
});

test("requests to the served APIs wait for their turn, as operations of GraphQL do, and too many are refused", async () => {
  const headers = { ...json, authorization: basic() };
  // None is answered before all have come.
  const holder = await app.services.database.pool.connect();
  await holder.query("begin; lock table messages in access exclusive mode");
  const asked = Array.from({ length: 40 }, () => compatFetch(app, "/qikli/sms/1/logs", { headers }));
  expect((await Promise.race(asked)).status).toBe(429);
  await holder.query("rollback");
  holder.release();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses).toContain(200);
  const { status } = await compatFetch(app, "/qikli/sms/1/logs", { headers });
  expect(status).toBe(200);
});
