import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CallbackIngest } from "../src/callbacks/ingest.ts";
import { encodeId, decodeId } from "../src/graphql/ids.ts";
import { openDatabase } from "../src/database/database.ts";
import { matchParkedOf, sweepParked } from "../src/messages/parked.ts";
import { applyReceipts } from "../src/messages/receipts.ts";
import { applyChanges } from "../src/messages/transition.ts";
import { GraphqlClient } from "./support/graphql-client.ts";
import { startTestApp, type TestApp } from "./support/app.ts";
import {
  callbackUrlOf,
  countRows,
  post,
  queueMessage,
  readCounters,
  update,
  type Answer,
} from "./support/callbacks.ts";

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

async function connectProvider(client: GraphqlClient): Promise<string> {
  const { connectProvider } = await client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    { input: { tikosms: { name: "TikoSMS", apiToken: "token", defaultSender: "smsgraph" } } },
  );
  return connectProvider.id;
}

beforeAll(async () => {
  // No worker: what happens to a message is what its receipts say, and nothing else.
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client);
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

/** What the submit response does: the provider's id is known from now on. */
async function submitted(messageId: string, providerMessageId: string): Promise<void> {
  const change = { messageId, providerMessageId, status: "SUBMITTED", source: "DISPATCH" } as const;
  await app.services.database.transaction(async (transaction) => {
    await applyChanges(transaction, [{ ...change, receivedAt: new Date() }]);
    await matchParkedOf(transaction, [{ providerId: decodeId("Provider", providerId), providerMessageId }]);
  });
}

const sweep = (): Promise<number> => app.services.database.transaction(sweepParked);

/** How many sessions wait for a lock. */
async function waitingForLocks(): Promise<number> {
  const { rows } = await observer.query<{ count: number }>(
    "select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows[0]?.count ?? 0;
}

describe("a receipt finds its message", () => {
  it("by the provider's id", async () => {
    const [id, theirs] = [await queueMessage(app), randomUUID()];
    await submitted(id, theirs);
    expect(await post(url, update({ message_id: theirs, status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toEqual({ status: "DELIVERED", version: 3, providerStatus: "DELIVRD" });
  });

  it("by our reference, although the provider's id is not known yet", async () => {
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
  ])("by our reference %s", async (_, write) => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: write(id), status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it.each([
    ["by a reference in braces", (id: string) => `{${id}}`],
    ["by a part of our reference", (id: string) => id.slice(0, -1)],
    ["by a reference with SQL in it", (id: string) => `${id}' or '1'='1`],
    ["by a reference of wildcards", () => "%"],
  ])("but not %s", async (_, write) => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: write(id), status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "QUEUED", version: 1 });
  });

  it("among many in one body, each its own", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => queueMessage(app)));
    const body = update(
      ...ids.map((id, index) => ({ client_ref: id, status: index % 2 === 0 ? "DELIVRD" : "EXPIRED" })),
    );
    expect(await post(url, body)).toEqual(ok);
    const statuses = await Promise.all(ids.map(async (id) => (await statusOf(id)).status));
    expect(statuses).toEqual(ids.map((_, index) => (index % 2 === 0 ? "DELIVERED" : "EXPIRED")));
  });
});

describe("a receipt of another provider", () => {
  it("cannot touch our message: not of another account, not of another connection of ours", async () => {
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

  it("still counts after the connection was disconnected, when the message is its own", async () => {
    const connection = await connectProvider(app.client);
    const own = await callbackUrlOf(app, connection);
    const id = await queueMessage(app, { providerId: connection });
    await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", {
      id: connection,
    });
    expect(await post(own, update({ client_ref: id, status: "DELIVRD" }))).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });
});

describe("a receipt before the submit response", () => {
  it("is parked, and matched when the response is stored", async () => {
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

  it("keeps cost, network, part and failure while it is parked", async () => {
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
    const { events } = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id },
      select: { events: { orderBy: { id: "desc" }, take: 1 } },
    });
    expect(events).toMatchObject([{ part: 2, parts: 3, providerStatus: "UNDELIV" }]);
  });

  it("crossing it in two transactions that cannot see each other is found by the sweep, once", async () => {
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
    expect(swept.toSorted()).toEqual([0, 0, 1]);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED", version: 3 });
  });

  it("for an id that two messages have had goes to the newer one", async () => {
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
  ])("parked for an id that two messages get, %s, goes to the newer one", async (_, order) => {
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

  it("is forgotten after a week in which no message came for it", async () => {
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
    await sweep();
    expect(await left()).toBe(1);
    await age(7.1);
    await sweep();
    expect(await left()).toBe(0);
  });

  /** Parked receipts that other tests left behind. */
  async function parkedOthers(theirs: string): Promise<number> {
    const { rows } = await observer.query<{ count: number }>(
      "select count(*)::int from parked_receipts where provider_message_id <> $1",
      [theirs],
    );
    return rows[0]?.count ?? 0;
  }
});

describe("a receipt that tells nothing new", () => {
  it("is in the timeline with its reason, and changes nothing", async () => {
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

  it("is late when the message has moved on without being final", async () => {
    const id = await queueMessage(app);
    for (const status of ["UNKNOWN", "SENT"]) await post(url, update({ client_ref: id, status }));
    expect((await timeline(id)).at(-1)).toMatchObject({ applied: false, ignoredReason: "LATE" });
    await post(url, update({ client_ref: id, status: "DELIVRD" }));
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it("twice in one body, or in two bodies at the same time, counts once", async () => {
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

describe("what a receipt may say", () => {
  it("a word nobody knows means UNKNOWN, is kept as it is written, and is counted", async () => {
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

  it("a NUL or half a surrogate pair anywhere does not keep it from its message", async () => {
    const id = await queueMessage(app);
    const written = `{"update":{"client_ref":"${id}","message_id":"a\\ud800b","status":"W\\udc00T","mccmnc":"231\\u000001"}}`;
    expect(await post(url, written)).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "UNKNOWN", providerStatus: "W\ufffdT" });
    const other = await queueMessage(app);
    const withNul = `{"update":{"client_ref":"${other}","message_id":"a\\u0000b","status":"DELIVRD","x":"\\u0000"}}`;
    expect(await post(url, withNul)).toEqual(ok);
    expect(await statusOf(other)).toMatchObject({ status: "DELIVERED" });
  });

  it("times before and after everything, and costs of any size, are stored exactly or left out", async () => {
    const id = await queueMessage(app);
    const cost = "0.1234567890123456789012345678901234567";
    const delivered_at = "9999-12-31 23:59:59";
    await post(
      url,
      `{"update":{"client_ref":"${id}","status":"DELIVRD","delivered_at":"${delivered_at}","cost":${cost}}}`,
    );
    const row = await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ status: "DELIVERED", deliveredAt: new Date("9999-12-31T23:59:59Z") });
    expect(row.cost?.toFixed()).toBe(cost);
  });
});

describe("a body that is well-formed and not understood", () => {
  const strange = '{"inbound":{"from":"421901000000","text":"STOP"}}';

  it("is stored, quarantined, answered 200 and counted", async () => {
    const name = 'smsgraph_callbacks_total{result="quarantined",provider="TIKOSMS"}';
    const before = (await readCounters(app, "smsgraph_callbacks_total"))[name] ?? 0;
    expect(await post(url, strange, { "content-type": "application/json; charset=UTF-8" })).toEqual(ok);
    const stored = await app.services.database.prisma.callback.findFirst({ orderBy: { id: "desc" } });
    expect(stored).toMatchObject({
      providerId: decodeId("Provider", providerId),
      body: strange,
      contentType: "application/json; charset=UTF-8",
      state: "QUARANTINED",
      problem: expect.stringMatching(/\w{3}/),
    });
    expect((await readCounters(app, "smsgraph_callbacks_total"))[name]).toBe(before + 1);
  });

  it("does not keep the readable receipts beside it from their messages", async () => {
    const id = await queueMessage(app);
    const body = `[${strange},{"update":null},{"update":{"client_ref":"${id}","status":"DELIVRD"}}]`;
    expect(await post(url, body)).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it.each([
    ["a part number that no column takes", { part: 40_000, total_parts: 99_999 }],
    ["an id that no index takes", { message_id: incompressible(20_000) }],
  ])("%s: quarantined alone, and the callbacks that came with it are applied", async (_, poison) => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => queueMessage(app)));
    const bodies = ids.map((id, index) =>
      update({ client_ref: id, status: "DELIVRD", ...(index === 4 ? poison : {}) }),
    );
    const answers = await Promise.all(bodies.map((body) => post(url, body)));
    expect(answers).toEqual(answers.map(() => ok));
    const statuses = await Promise.all(ids.map(async (id) => (await statusOf(id)).status));
    expect(statuses).toEqual(ids.map((_id, index) => (index === 4 ? "QUEUED" : "DELIVERED")));
    const stored = await app.services.database.prisma.callback.findFirst({
      where: { body: bodies[4] ?? "" },
    });
    expect(stored).toMatchObject({
      state: "QUARANTINED",
      problem: expect.stringContaining("Could not be applied"),
    });
  });
});

function incompressible(length: number): string {
  return Array.from({ length: length / 32 }, () => randomUUID().replaceAll("-", "")).join("");
}

describe("the answer", () => {
  it("comes only after the commit", async () => {
    const id = await queueMessage(app);
    await observer.query("begin");
    await observer.query("select from messages where id = $1 for update", [id]);
    let isAnswered = false;
    const answer = post(url, update({ client_ref: id, status: "DELIVRD" })).finally(
      () => (isAnswered = true),
    );
    await expect.poll(waitingForLocks).toBe(1);
    expect(isAnswered).toBe(false);
    expect(await statusOf(id)).toMatchObject({ status: "QUEUED" });
    await observer.query("commit");
    expect(await answer).toEqual(ok);
    expect(await statusOf(id)).toMatchObject({ status: "DELIVERED" });
  });

  it("is 503 while the database cannot be reached, and 200 for the same callback afterwards", async () => {
    const own = await startTestApp({ runsWorker: false });
    const ownUrl = await callbackUrlOf(own, await connectProvider(own.client));
    const id = await queueMessage(own);
    const body = update({ client_ref: id, status: "DELIVRD" });
    const name = new URL(own.databaseUrl).pathname.slice(1);
    await observer.query(`alter database ${name} allow_connections false`);
    await observer.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
    const refused = await fetch(ownUrl, { method: "POST", body });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.text()).toBe("Not stored. Send it again.\n");
    await observer.query(`alter database ${name} allow_connections true`);
    expect(await post(ownUrl, body)).toEqual(ok);
    expect(await readCounters(own, "smsgraph_callbacks_total")).toMatchObject({
      'smsgraph_callbacks_total{result="unavailable",provider="TIKOSMS"}': 1,
      'smsgraph_callbacks_total{result="accepted",provider="TIKOSMS"}': 1,
    });
    await own.stop();
  });

  it("is not given, and nothing is stored, when the sender leaves in the middle of the body", async () => {
    const [before, name] = [
      await countRows(app),
      'smsgraph_callbacks_total{result="incomplete",provider="TIKOSMS"}',
    ];
    const leaving = new AbortController();
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(Buffer.from('{"update":'));
        leaving.abort();
      },
    });
    const request = { method: "POST", body, duplex: "half", signal: leaving.signal } as const;
    await expect(fetch(url, request)).rejects.toThrow();
    expect(await countRows(app)).toEqual(before);

    // Breaks off after the headers and half of the body have arrived.
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"update":`);
    const breakOff = async (): Promise<number | undefined> => {
      socket.destroy();
      return (await readCounters(app, "smsgraph_callbacks_total"))[name];
    };
    await once(socket, "connect");
    await expect.poll(breakOff).toBe(1);
    expect(await countRows(app)).toEqual(before);
    expect(app.log.join("")).not.toContain("could not store a callback");
  });
});

describe("many callbacks at once", () => {
  it("that arrive together share a transaction", async () => {
    const statements: string[] = [];
    const database = openDatabase(app.databaseUrl, {
      poolSize: 5,
      onStatement: (text) => statements.push(text),
    });
    const ids = await Promise.all(Array.from({ length: 150 }, () => queueMessage(app)));
    const ingest = new CallbackIngest(database);
    const results = await Promise.all(
      ids.map((clientRef) =>
        ingest.ingest({
          providerId: decodeId("Provider", providerId),
          receivedAt: new Date(),
          contentType: null,
          body: "{}",
          receipts: [{ clientRef, status: "SENT", providerStatus: "SENT", part: 1, parts: 1 }],
        }),
      ),
    );
    await database.close();
    expect(results.flatMap(({ outcomes }) => outcomes.map(({ kind }) => kind))).toEqual(
      ids.map(() => "matched"),
    );
    expect(statements.filter((text) => text === "begin")).toHaveLength(1);
    expect(statements.length).toBeLessThanOrEqual(6);
  });

  it("over HTTP need far fewer transactions than there are callbacks", async () => {
    const statements: string[] = [];
    const own = await startTestApp({ runsWorker: false, onStatement: (text) => statements.push(text) });
    const ownUrl = await callbackUrlOf(own, await connectProvider(own.client));
    const ids = await Promise.all(Array.from({ length: 200 }, () => queueMessage(own)));
    statements.length = 0;
    const answers = await Promise.all(
      ids.map((client_ref) => post(ownUrl, update({ client_ref, status: "DELIVRD" }))),
    );
    const transactions = statements.filter((text) => text === "begin").length;
    expect(answers).toEqual(ids.map(() => ok));
    expect(transactions).toBeLessThan(ids.length / 4);
    const { rows } = await own.services.database.pool.query(
      "select status, count(*)::int from messages group by 1",
    );
    expect(rows).toEqual([{ status: "DELIVERED", count: 200 }]);
    await own.stop();
  });
});
