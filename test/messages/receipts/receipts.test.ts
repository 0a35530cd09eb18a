import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
import { forgetOld } from "../../../src/jobs/forget.ts";
import { matchParkedOf, sweepParked } from "../../../src/messages/receipts/parked.ts";
import { applyReceipts } from "../../../src/messages/receipts/receipts.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import {
  callbackUrlOf,
  countRows,
  post,
  queueMessage,
  readCounters,
  update,
  type Answer,
} from "../../support/callbacks.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider } from "../../support/mutations.ts";

interface Line {
  status: string;
  source: string;
  applied: boolean;
  ignoredReason: string | null;
  providerStatus: string | null;
}

let app: TestApp;
let providerId: string;
let url: string;
/** A connection of the test's own, to hold locks and to see what is committed. */
let observer: Client;

beforeAll(async () => {
  // No worker: messages change only by their receipts.
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
  url = await callbackUrlOf(app, providerId);
  observer = new Client({ connectionString: app.databaseUrl });
  await observer.connect();
});

afterAll(async () => {
  await observer.end();
  await app.stop();
});

const ok: Answer = { status: 200, text: "ok\n" };

async function statusOf(
  id: string,
): Promise<{ status: string; version: number; providerStatus: string | null }> {
  const { message } = await app.client.data<{
    message: { status: string; version: number; providerStatus: string | null };
  }>("query ($id: ID!) { message(id: $id) { status version providerStatus } }", {
    id: encodeId("Message", id),
  });
  return message;
}

async function timeline(id: string): Promise<Line[]> {
  const { message } = await app.client.data<{ message: { events: { edges: { node: Line }[] } } }>(
    `query ($id: ID!) {
      message(id: $id) {
        events(first: 100) { edges { node { status source applied ignoredReason providerStatus } } }
      }
    }`,
    { id: encodeId("Message", id) },
  );
  return message.events.edges.map(({ node }) => node);
}

/** Does what storing the submit response does: the provider's id is known from now on. */
async function submitted(messageId: string, providerMessageId: string): Promise<void> {
  const change = { messageId, providerMessageId, status: "SUBMITTED", source: "DISPATCH" } as const;
  await app.services.database.transaction(async (transaction) => {
    await applyChanges(transaction, [{ ...change, receivedAt: new Date() }]);
    await matchParkedOf(transaction, [{ providerId: decodeId("Provider", providerId), providerMessageId }]);
  });
}

const sweep = (): Promise<number> => sweepParked(app.services.database);

describe("matching receipts", () => {
  it("a receipt finds its message by the provider's id", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    await submitted(id, theirs);
    expect(await post(url, update({ message_id: theirs, status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toEqual({ status: "DELIVERED", version: 3, providerStatus: "DELIVRD" });
  });

  it.each([
    ["in upper case", (id: string) => id.toUpperCase()],
    ["in white space", (id: string) => ` ${id}\n`],
  ])(
    "a receipt finds its message by the provider's id %s, before and after the response",
    async (_, write) => {
      const [id, other] = [await queueMessage(app), await queueMessage(app)];
      const [theirs, others] = [randomUUID(), randomUUID()];
      await submitted(id, theirs);
      expect(await post(url, update({ message_id: write(theirs), status: "DELIVRD" }))).toEqual(ok);
      expect(await post(url, update({ message_id: others, status: "DELIVRD" }))).toEqual(ok);
      await submitted(other, write(others));
      expect([(await statusOf(id)).status, (await statusOf(other)).status]).toEqual([
        "DELIVERED",
        "DELIVERED",
      ]);
    },
  );

  it("of a receipt that is read while its person is being erased nothing is kept but the status", async () => {
    const id = await queueMessage(app);
    const { pool } = app.services.database;
    const erasing = await pool.connect();
    await erasing.query("begin");
    await erasing.query("update messages set recipient = '', text = '' where id = $1", [id]);
    const answer = post(url, update({ client_ref: id, status: "DELIVRD" }));
    const waits =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await expect.poll(async () => (await pool.query(waits)).rowCount).toBe(1);
    await erasing.query("commit");
    erasing.release();
    expect(await answer).toEqual(ok);
    expect((await statusOf(id)).status).toBe("DELIVERED");
    const { rowCount } = await pool.query("select 1 from callbacks where strpos(body, $1) > 0", [id]);
    expect(rowCount).toBe(0);
  });

  it.each<[string, string, (theirs: string) => Promise<unknown>]>([
    ["the sweep", "SENT", () => sweepParked(app.services.database)],
    [
      "a later receipt",
      "DELIVERED",
      (theirs) => post(url, update({ message_id: theirs, status: "DELIVRD" })),
    ],
  ])(
    "of a receipt that came before its message was known nothing is kept but the status when the person was erased: %s takes it",
    async (_taker, status, take) => {
      const [id, theirs] = [await queueMessage(app), randomUUID()];
      const { pool } = app.services.database;
      const bodies = async () =>
        (await pool.query("select 1 from callbacks where strpos(body, $1) > 0", [theirs])).rowCount;
      expect(await post(url, update({ message_id: theirs, status: "SENT", to: "421905000000" }))).toEqual(ok);
      expect(await bodies()).toBe(1);
      await pool.query(
        "update messages set recipient = '', text = '', provider_message_id = $2 where id = $1",
        [id, theirs],
      );
      await take(theirs);
      expect((await statusOf(id)).status).toBe(status);
      expect(await bodies()).toBe(0);
    },
  );

  it("a receipt finds its message by our reference before the provider's id is known", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    expect(await post(url, update({ message_id: theirs, client_ref: id, status: "SENT" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "SENT", version: 2 });
    expect(await post(url, update({ message_id: theirs, status: "UNDELIV" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "UNDELIVERED", version: 3 });
  });

  it.each([
    ["in upper case", (id: string) => id.toUpperCase()],
    ["in white space", (id: string) => ` \t${id}\n`],
    ["in both", (id: string) => `  ${id.toUpperCase()}  `],
  ])("a receipt finds its message by our reference %s", async (_, write) => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: write(id), status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it.each([
    ["by a reference in braces", (id: string) => `{${id}}`],
    ["by a part of our reference", (id: string) => id.slice(0, -1)],
    ["by a reference with SQL in it", (id: string) => `${id}' or '1'='1`],
    ["by a reference of wildcards", () => "%"],
  ])("a receipt does not find a message %s", async (_, write) => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: write(id), status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "QUEUED", version: 1 });
  });

  it("each of many receipts in one body finds its own message", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => queueMessage(app)));
    const body = update(
      ...ids.map((id, index) => ({ client_ref: id, status: index % 2 === 0 ? "DELIVRD" : "EXPIRED" })),
    );
    expect(await post(url, body)).toEqual(ok);
    const statuses = await Promise.all(ids.map(async (id) => (await statusOf(id)).status));
    expect(statuses).toEqual(ids.map((_, index) => (index % 2 === 0 ? "DELIVERED" : "EXPIRED")));
  });
});

describe("receipts of another provider", () => {
  it("a receipt of another account or connection cannot change our message", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    await submitted(id, theirs);
    const foreign = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const foreignUrl = await callbackUrlOf({ ...app, client: foreign }, await connectProvider(foreign));
    const siblingUrl = await callbackUrlOf(app, await connectProvider(app.client));
    for (const other of [foreignUrl, siblingUrl]) {
      expect(await post(other, update({ client_ref: id, status: "DELIVRD" }))).toEqual(ok);
      expect(await post(other, update({ message_id: theirs, status: "UNDELIV" }))).toEqual(ok);
    }
    await sweep();
    expect(await statusOf(id)).toMatchObject({ status: "SUBMITTED", version: 2 });
    expect(await timeline(id)).toHaveLength(2);
  });
});

/** Parked receipts that other tests left behind. */
async function parkedOthers(theirs: string): Promise<number> {
  const { rows } = await observer.query<{ count: number }>(
    "select count(*)::int from parked_receipts where provider_message_id <> $1",
    [theirs],
  );
  return rows[0]?.count ?? 0;
}

describe("receipts before the submit response", () => {
  it("an early receipt is parked, and matched when the submit response is stored", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    expect(await post(url, update({ message_id: theirs, status: "SENT" }))).toEqual(ok);
    expect(await post(url, update({ message_id: theirs, status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "QUEUED" });
    await submitted(id, theirs);
    expect((await timeline(id)).map(({ status, source, applied }) => ({ status, source, applied }))).toEqual([
      { status: "QUEUED", source: "API", applied: true },
      { status: "SUBMITTED", source: "DISPATCH", applied: true },
      { status: "SENT", source: "CALLBACK", applied: true },
      { status: "DELIVERED", source: "CALLBACK", applied: true },
    ]);
    expect((await countRows(app))["parked_receipts"]).toBe(await parkedOthers(theirs));
  });

  it("a parked receipt keeps its cost, network, part and failure", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    const report = {
      message_id: theirs,
      status: "UNDELIV",
      cost: 0.0451,
      mccmnc: "231001",
      part: 2,
      total_parts: 3,
    };
    await post(url, update(report));
    await submitted(id, theirs);
    const row = await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } });
    expect({ ...row, cost: row.cost?.toFixed() }).toMatchObject({
      status: "UNDELIVERED",
      cost: "0.0451",
      mccmnc: "231001",
      failureCode: "undelivered",
      failurePermanent: false,
    });
    const event = await app.services.database.prisma.messageEvent.findFirst({
      where: { messageId: id },
      orderBy: { id: "desc" },
    });
    expect(event).toMatchObject({ part: 2, parts: 3, providerStatus: "UNDELIV" });
  });

  it("the sweep finds a receipt that crossed its submit response, once", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    const { database } = app.services;
    const parked = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const receipt = {
      providerMessageId: theirs,
      status: "DELIVERED",
      providerStatus: "DELIVRD",
      part: 1,
      parts: 1,
    } as const;
    const incoming = { providerId: decodeId("Provider", providerId), source: "CALLBACK", receipt } as const;
    const callback = database.transaction(async (transaction) => {
      const outcomes = await applyReceipts(transaction, [{ ...incoming, receivedAt: new Date() }]);
      parked.resolve();
      await commit.promise;
      return outcomes;
    });
    await parked.promise;
    await submitted(id, theirs);
    commit.resolve();
    expect(await callback).toMatchObject([{ kind: "parked" }]);
    expect(await statusOf(id)).toMatchObject({ status: "SUBMITTED" });
    const swept = await Promise.all([sweep(), sweep(), sweep()]);
    expect(swept.toSorted((one, other) => one - other)).toEqual([0, 0, 1]);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED", version: 3 });
  });

  it("a receipt for an id that two messages have had goes to the newer one", async () => {
    const theirs = randomUUID();
    const [older, newer] = [await queueMessage(app), await queueMessage(app)];
    await submitted(older, theirs);
    await submitted(newer, theirs);
    await post(url, update({ message_id: theirs, status: "SENT" }));
    expect([(await statusOf(older)).status, (await statusOf(newer)).status]).toEqual(["SUBMITTED", "SENT"]);
  });

  it.each([
    ["the newer one first", [1, 0]],
    ["the older one first", [0, 1]],
  ])("a parked receipt for an id that two messages get, %s, goes to the newer one", async (_, order) => {
    const theirs = randomUUID();
    await post(url, update({ message_id: theirs, status: "DELIVRD" }));
    const ids = [await queueMessage(app), await queueMessage(app)];
    const change = { providerMessageId: theirs, status: "SUBMITTED", source: "DISPATCH" } as const;
    const changes = order.map((index) => ({
      ...change,
      messageId: ids[index] ?? "",
      receivedAt: new Date(),
    }));
    await app.services.database.transaction((transaction) => applyChanges(transaction, changes));
    expect(await sweep()).toBe(1);
    const statuses = await Promise.all(ids.map(async (id) => (await statusOf(id)).status));
    expect(statuses).toEqual(["SUBMITTED", "DELIVERED"]);
  });

  it("a parked receipt is deleted after a week without a message", async () => {
    const theirs = randomUUID();
    await post(url, update({ message_id: theirs, status: "SENT" }));
    const age = (days: number): Promise<unknown> =>
      observer.query(
        "update parked_receipts set received_at = now() - $2 * interval '1 day' where provider_message_id = $1",
        [theirs, days],
      );
    const left = async (): Promise<number | null> =>
      (await observer.query("select from parked_receipts where provider_message_id = $1", [theirs])).rowCount;
    await age(6.9);
    await forgetOld(app.services.database);
    expect(await left()).toBe(1);
    await age(7.1);
    await forgetOld(app.services.database);
    expect(await left()).toBe(0);
  });
});

describe("receipts without news", () => {
  it("a receipt without news is in the timeline with its reason, and changes nothing", async () => {
    const id = await queueMessage(app);
    for (const status of ["SENT", "SENT", "DELIVRD", "SENT", "UNDELIV", "DELIVRD", "PENDING"]) {
      expect(await post(url, update({ client_ref: id, status }))).toEqual(ok);
    }
    const lines = (await timeline(id)).map(({ providerStatus, ignoredReason }) => [
      providerStatus,
      ignoredReason,
    ]);
    expect(lines).toEqual([
      [null, null],
      ["SENT", null],
      ["SENT", "DUPLICATE"],
      ["DELIVRD", null],
      ["SENT", "ALREADY_FINAL"],
      ["UNDELIV", "ALREADY_FINAL"],
      ["DELIVRD", "DUPLICATE"],
      ["PENDING", "ALREADY_FINAL"],
    ]);
    expect(await statusOf(id)).toEqual({ status: "DELIVERED", version: 3, providerStatus: "DELIVRD" });
  });

  it("a receipt is LATE when the message has moved on without being final", async () => {
    const id = await queueMessage(app);
    for (const status of ["UNKNOWN", "SENT"]) await post(url, update({ client_ref: id, status }));
    expect((await timeline(id)).at(-1)).toMatchObject({ applied: false, ignoredReason: "LATE" });
    await post(url, update({ client_ref: id, status: "DELIVRD" }));
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it("a receipt sent twice, in one body or in two at the same time, counts once", async () => {
    const id = await queueMessage(app);
    const report = { client_ref: id, status: "DELIVRD" };
    await Promise.all([
      post(url, update(report, report)),
      post(url, update(report)),
      post(url, update(report)),
    ]);
    const lines = await timeline(id);
    expect(lines.filter(({ applied }) => applied)).toHaveLength(2);
    expect(lines.filter(({ ignoredReason }) => ignoredReason === "DUPLICATE")).toHaveLength(3);
  });
});

describe("contents of receipts", () => {
  it("an unknown status word means UNKNOWN, is kept as written, and is counted", async () => {
    const before = await readCounters(app, "smsgraph_unknown_status_words_total");
    const id = await queueMessage(app);
    await post(url, update({ client_ref: id, status: "Ztracená zásilka 📮" }));
    expect(await statusOf(id)).toMatchObject({ status: "UNKNOWN", providerStatus: "Ztracená zásilka 📮" });
    expect((await timeline(id)).at(-1)).toMatchObject({
      applied: true,
      providerStatus: "Ztracená zásilka 📮",
    });
    const name = 'smsgraph_unknown_status_words_total{provider="TIKOSMS"}';
    const after = await readCounters(app, "smsgraph_unknown_status_words_total");
    expect(after[name]).toBe((before[name] ?? 0) + 1);
    await post(url, update({ message_id: randomUUID(), status: "Ztracená zásilka 📮" }));
    const parked = await readCounters(app, "smsgraph_unknown_status_words_total");
    expect(parked[name]).toBe((before[name] ?? 0) + 2);
    await post(url, update({ client_ref: id, status: "DELIVRD" }));
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it("a receipt with a NUL or half a surrogate pair anywhere still reaches its message", async () => {
    const id = await queueMessage(app);
    const written = `{"update":{"client_ref":"${id}","message_id":"a\\ud800b","status":"W\\udc00T","mccmnc":"231\\u000001"}}`;
    expect(await post(url, written)).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "UNKNOWN", providerStatus: "W\ufffdT" });
    const other = await queueMessage(app);
    const withNul = `{"update":{"client_ref":"${other}","message_id":"a\\u0000b","status":"DELIVRD","x":"\\u0000"}}`;
    expect(await post(url, withNul)).toEqual(ok);
    expect(await statusOf(other)).toMatchObject({ status: "DELIVERED" });
  });

  it("a receipt's cost is stored with every digit", async () => {
    const id = await queueMessage(app);
    const cost = "0.12345678901234567890";
    await post(url, `{"update":{"client_ref":"${id}","status":"DELIVRD","cost":${cost}}}`);
    const row = await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } });
    expect([row.status, row.cost?.toFixed(20)]).toEqual(["DELIVERED", cost]);
  });
});
