import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { post, readCounters, update } from "../../support/callbacks.ts";
import { connectProvider } from "../../support/mutations.ts";
import { sendAll } from "../../support/pages.ts";
import { foldOf, readTimeline, rowOf } from "../../support/stored-messages.ts";

interface Submission {
  client_ref: string;
  to: string;
  callback_url: string;
}

const messageCount = 200;

let app: TestApp;
let provider: Server;
const submissions: Submission[] = [];
const answers: number[] = [];
const underWay: Promise<unknown>[] = [];

/** A random source that repeats itself for the same seed. */
let state = 17;
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

/** Every receipt one to three times, in random order, with or without our reference. */
function plan({ client_ref, to }: Submission, message_id: string): string[] {
  const final = Number(to.at(-1)) % 2 === 0 ? "DELIVRD" : "UNDELIV";
  const reports = ["SENT", "UNKNOWN", final].flatMap((status) =>
    Array.from({ length: 1 + Math.floor(chance() * 3) }, () => {
      return update({ message_id, status, cost: 0.05, ...(chance() < 0.5 && { client_ref }) });
    }),
  );
  return reports
    .map((body) => ({ body, key: chance() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ body }) => body);
}

/** Some receipts come before the answer, the others after it, all at once. */
async function submit(submission: Submission): Promise<string> {
  const message_id = randomUUID();
  submissions.push(submission);
  const bodies = plan(submission, message_id);
  const early = Math.floor(chance() * (bodies.length + 1));
  const report = (body: string): Promise<void> =>
    post(submission.callback_url, body).then(({ status }) => void answers.push(status));
  await Promise.all(bodies.slice(0, early).map(report));
  underWay.push(...bodies.slice(early).map(report));
  return message_id;
}

beforeAll(async () => {
  provider = createServer((request, response) => {
    // A worker that only sends.
    if (request.method !== "POST") return void response.writeHead(404).end();
    void json(request)
      .then((body) => submit(body as Submission))
      .then((message_id) => response.end(JSON.stringify({ success: true, message_id })));
  });
  provider.listen(0, "127.0.0.1");
  await once(provider, "listening");
  app = await startTestApp();
  const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  await connectProvider(app.client, { baseUrl, defaultSender: "smsgraph" });
});

afterAll(async () => {
  await app.stop();
  provider.close();
});

describe("receipts of many messages, early, late, repeated, out of order and half without our reference", () => {
  it(
    "a storm of receipts leaves every message in its right status, sent once, with its log in order",
    { timeout: 300_000 },
    async () => {
      const numbers = Array.from({ length: messageCount }, (_, index) => `+42190100${1000 + index}`);
      const ids = (
        await sendAll(
          app.client,
          numbers.map((to) => ({ to })),
        )
      ).map((id) => decodeId("Message", id));
      const { database } = app.services;
      const open = (): Promise<number> =>
        database.prisma.message.count({ where: { status: { notIn: ["DELIVERED", "UNDELIVERED"] } } });
      await expect.poll(open).toBe(0);
      await Promise.all(underWay);
      await expect.poll(() => database.prisma.parkedReceipt.count()).toBe(0);

      expect(submissions.map(({ client_ref }) => client_ref).toSorted()).toEqual(ids.toSorted());
      expect(new Set(answers)).toEqual(new Set([200]));
      let receipts = 0;
      for (const [index, id] of ids.entries()) {
        const row = await rowOf(database, id);
        expect(row).toMatchObject({ status: index % 2 === 0 ? "DELIVERED" : "UNDELIVERED", cost: "0.05" });
        expect(await foldOf(database, id)).toEqual(row);
        const events = await readTimeline(database, id);
        const versions = events.filter(({ applied }) => applied).map(({ version }) => version);
        expect(versions).toEqual(versions.map((_, place) => place + 1));
        receipts += events.filter(({ source }) => source === "CALLBACK").length;
      }
      // None was lost on the way.
      expect(receipts).toBe(answers.length);
      const counted = Object.values(await readCounters(app, "smsgraph_receipts_total"));
      expect(counted.reduce((sum, count) => sum + count, 0)).toBe(answers.length);
    },
  );
});
