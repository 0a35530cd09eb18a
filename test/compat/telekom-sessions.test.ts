import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forgetSessions, maxOpenSessions } from "../../src/compat/telekom/sessions.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch } from "../support/compat.ts";

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
});

afterAll(async () => {
  await other.stop();
  await app.stop();
});

const post = async (name: string, fields: object, at = app) =>
  (await compatFetch(at, `/telekom/json/${name}`, { method: "POST", body: JSON.stringify(fields) })).json;

const open = async (token: string, at = app): Promise<string> =>
  (await post("auth", { token }, at)).session_id;
const stateOf = async (session: string): Promise<string> =>
  (await post("ping", { session_id: session })).result.code;

async function keyIdOf(session: string): Promise<string> {
  const { compatSession } = app.services.database.prisma;
  return (await compatSession.findUniqueOrThrow({ where: { id: session } })).keyId;
}

const countOf = (keyId: string): Promise<number> =>
  app.services.database.prisma.compatSession.count({ where: { keyId } });

/** Sessions of a key that were used one after the other, some seconds ago. */
const store = (keyId: string, count: number, secondsAgo: number) =>
  app.services.database.prisma.compatSession.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      id: randomUUID(),
      accountId: app.accountId,
      keyId,
      usedAt: new Date(Date.now() - secondsAgo * 1_000 - index),
    })),
  });

it("a key has so many sessions open, and the one that was used longest ago ends for a new one", async () => {
  const key = await app.createKey();
  const [first, used] = [await open(key), await open(key)];
  const keyId = await keyIdOf(first);
  const { compatSession } = app.services.database.prisma;
  await compatSession.update({ where: { id: first }, data: { usedAt: new Date(Date.now() - 600_000) } });
  await store(keyId, maxOpenSessions - 2, 300);
  expect(await stateOf(used)).toBe("OK");
  const bystander = await open(await app.createKey());
  const newest = await open(key);
  expect(await countOf(keyId)).toBe(maxOpenSessions);
  expect(await Promise.all([first, used, newest, bystander].map(stateOf))).toEqual([
    "SESSION_NOT_FOUND",
    "OK",
    "OK",
    "OK",
  ]);
});

it("a key that asks for sessions at two processes as fast as it can has no more than these in the end", async () => {
  const key = await app.createKey();
  const keyId = await keyIdOf(await open(key));
  await store(keyId, maxOpenSessions, 300);
  const flood = async (at: TestApp): Promise<void> => {
    for (let count = 0; count < 20; count++)
      await Promise.all(Array.from({ length: 5 }, () => open(key, at)));
  };
  await Promise.all([flood(app), flood(other)]);
  const last = await open(key);
  expect(await countOf(keyId)).toBeLessThanOrEqual(maxOpenSessions);
  expect(await stateOf(last)).toBe("OK");
});

it("sessions are gone once they have ended, however many they are, and those that are open stay", async () => {
  const session = await open(await app.createKey());
  const keyId = await keyIdOf(session);
  await store(keyId, 5_000, 15 * 60 + 10);
  await store(keyId, 10, 14 * 60);
  await Promise.all([forgetSessions(app.services.database), forgetSessions(other.services.database)]);
  expect(await countOf(keyId)).toBe(11);
  expect(await stateOf(session)).toBe("OK");
});
