import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { newMessageId } from "../../../src/lib/uuid.ts";
import { clearOldAttempts, forgetOldMessages } from "../../../src/messages/changes/forget-messages.ts";
import type { MessageStatus } from "../../../src/messages/model/status.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider } from "../../support/mutations.ts";

const dayMs = 86_400_000;
let app: TestApp;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = decodeId("Provider", await connectProvider(app.client, { defaultSender: "smsgraph" }));
});
afterAll(() => app.stop());

const before = (days: number): Date => new Date(Date.now() - days * dayMs);

/** A message that is so many days old, with an event and an attempt. */
async function store(status: MessageStatus, days: number): Promise<string> {
  const { pool } = app.services.database;
  const at = before(days);
  const id = newMessageId(at);
  await pool.query(
    `insert into messages (id, account_id, provider_id, recipient, sender, text, encoding, segments, created_at, updated_at,
       status, listed_as, last_event_tx, cost, cost_currency)
     values ($1, $2, $3, '+421901000000', 's', 'Hello', 'GSM7', 1, $4, $4, $5, $5, 0, 0.05, 'EUR')`,
    [id, app.accountId, providerId, at, status],
  );
  await pool.query(
    `insert into message_events (tx, account_id, message_id, version, status, source, applied, occurred_at, received_at)
     values (pg_current_xact_id()::text::bigint, $1, $2, 1, 'QUEUED', 'API', true, $3, $3)`,
    [app.accountId, id, at],
  );
  await pool.query(
    `insert into attempts (message_id, number, provider_id, started_at, finished_at, outcome)
     values ($1, 1, $2, $3::timestamptz, case when $4::boolean then $3::timestamptz end, 'accepted')`,
    [id, providerId, at, status === "DELIVERED"],
  );
  return id;
}

const rows = async (id: string): Promise<number[]> => {
  const { prisma } = app.services.database;
  return Promise.all([
    prisma.message.count({ where: { id } }),
    prisma.messageEvent.count({ where: { messageId: id } }),
    prisma.attempt.count({ where: { messageId: id } }),
  ]);
};

describe("retention of messages", () => {
  it("a settled old message loses its text and recipient, and keeps the rest", async () => {
    const { database } = app.services;
    const [old, young, scheduled] = [
      await store("DELIVERED", 40),
      await store("DELIVERED", 5),
      await store("SCHEDULED", 40),
    ];
    await forgetOldMessages(database, {});
    const texts = (): Promise<object[]> =>
      Promise.all(
        [old, young, scheduled].map((id) =>
          database.prisma.message.findUniqueOrThrow({
            where: { id },
            select: { text: true, recipient: true },
          }),
        ),
      );
    const full = { text: "Hello", recipient: "+421901000000" };
    expect(await texts()).toEqual([full, full, full]);
    await forgetOldMessages(database, { textDays: 30 });
    expect(await texts()).toEqual([{ text: "", recipient: "" }, full, full]);
    const { status, segments, cost } = await database.prisma.message.findUniqueOrThrow({
      where: { id: old },
    });
    expect([status, segments, cost?.toString()]).toEqual(["DELIVERED", 1, "0.05"]);
  });

  it("a settled old message is deleted with its events and attempts", async () => {
    const { database } = app.services;
    const [old, young, underWay] = [
      await store("FAILED", 400),
      await store("FAILED", 300),
      await store("SUBMITTED", 400),
    ];
    await forgetOldMessages(database, { messageDays: 365 });
    expect(await rows(old)).toEqual([0, 0, 0]);
    expect(await rows(young)).toEqual([1, 1, 1]);
    expect(await rows(underWay)).toEqual([1, 1, 1]);
  });

  it("old ended attempts are deleted", async () => {
    const { database } = app.services;
    const [old, young, open] = [
      await store("DELIVERED", 100),
      await store("DELIVERED", 80),
      await store("SUBMITTED", 100),
    ];
    await clearOldAttempts(database, 90);
    expect((await Promise.all([old, young, open].map(rows))).map(([, , attempts]) => attempts)).toEqual([
      0, 1, 1,
    ]);
  });
});
