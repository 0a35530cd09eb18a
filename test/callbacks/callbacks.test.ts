import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CallbackIngest } from "../../src/callbacks/ingest.ts";
import { KeptBodies } from "../../src/callbacks/kept-bodies.ts";
import { openDatabase } from "../../src/database/database.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import {
  callbackUrlOf,
  countRows,
  post,
  queueMessage,
  readCounters,
  update,
  type Answer,
} from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

let app: TestApp;
let providerId: string;
let url: string;
/** A separate connection that holds locks. */
let observer: Client;

beforeAll(async () => {
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

const statusOf = async (id: string): Promise<string> =>
  (await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } })).status;

/** Number of sessions that wait for a lock. */
async function waitingForLocks(): Promise<number> {
  const { rows } = await observer.query<{ count: number }>(
    "select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows[0]?.count ?? 0;
}

function incompressible(length: number): string {
  return Array.from({ length: length / 32 }, () => randomUUID().replaceAll("-", "")).join("");
}

describe("a body that is well-formed and not understood", () => {
  const strange = '{"inbound":{"from":"421901000000","text":"STOP"}}';

  it("a well-formed callback that is not understood is stored in quarantine, answered 200 and counted", async () => {
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

  it("an unreadable part of a callback does not stop the readable receipts beside it", async () => {
    const id = await queueMessage(app);
    const body = `[${strange},{"update":null},{"update":{"client_ref":"${id}","status":"DELIVRD"}}]`;
    expect(await post(url, body)).toEqual(ok);
    expect(await statusOf(id)).toBe("DELIVERED");
  });

  it.each([
    ["a part number that there is not", { part: 40_000, total_parts: 99_999 }, "make no sense"],
    [
      "an id that no index takes",
      { client_ref: "theirs", message_id: incompressible(20_000) },
      "Could not be applied",
    ],
  ])(
    "a callback with %s is quarantined alone, and the callbacks in the same batch are applied",
    async (_, poison, problem) => {
      const ids = await Promise.all(Array.from({ length: 10 }, () => queueMessage(app)));
      const bodies = ids.map((id, index) =>
        update({ client_ref: id, status: "DELIVRD", ...(index === 4 ? poison : {}) }),
      );
      const answers = await Promise.all(bodies.map((body) => post(url, body)));
      expect(answers).toEqual(answers.map(() => ok));
      const statuses = await Promise.all(ids.map(statusOf));
      expect(statuses).toEqual(ids.map((_id, index) => (index === 4 ? "QUEUED" : "DELIVERED")));
      const stored = await app.services.database.prisma.callback.findFirst({
        where: { body: bodies[4] ?? "" },
      });
      expect(stored).toMatchObject({
        state: "QUARANTINED",
        problem: expect.stringContaining(problem),
      });
    },
  );
});

it("a provider's id that is too long for an index is left out if the receipt has our reference", async () => {
  const id = await queueMessage(app);
  const report = { client_ref: id, message_id: incompressible(20_000), status: "DELIVRD" };
  expect(await post(url, update(report))).toEqual(ok);
  const row = await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } });
  expect(row).toMatchObject({ status: "DELIVERED", providerMessageId: null });
});

describe("the answer", () => {
  it("a callback is answered only after the commit", async () => {
    const id = await queueMessage(app);
    await observer.query("begin");
    await observer.query("select from messages where id = $1 for update", [id]);
    let isAnswered = false;
    const answer = post(url, update({ client_ref: id, status: "DELIVRD" })).finally(
      () => (isAnswered = true),
    );
    await expect.poll(waitingForLocks).toBe(1);
    expect(isAnswered).toBe(false);
    expect(await statusOf(id)).toBe("QUEUED");
    await observer.query("commit");
    expect(await answer).toEqual(ok);
    expect(await statusOf(id)).toBe("DELIVERED");
  });

  it("a callback is answered 503 while the database is unreachable, and 200 when repeated afterwards", async () => {
    const own = await startTestApp({ runsWorker: false });
    const ownUrl = await callbackUrlOf(own, await connectProvider(own.client, { defaultSender: "smsgraph" }));
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

  it("a callback whose sender disconnects within the body is neither answered nor stored", async () => {
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
    await expect(fetch(url, request)).rejects.toThrow("aborted");
    expect(await countRows(app)).toEqual(before);

    // Disconnects after the headers and half of the body.
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
  it("callbacks that arrive together share a transaction", async () => {
    const statements: string[] = [];
    const database = openDatabase(app.databaseUrl, {
      poolSize: 5,
      onStatement: (text) => statements.push(text),
    });
    const ids = await Promise.all(Array.from({ length: 150 }, () => queueMessage(app)));
    const ingest = new CallbackIngest(database, new KeptBodies());
    const results = await Promise.all(
      ids.map((clientRef) =>
        ingest.ingest({
          accountId: randomUUID(),
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
    // Begin, whose they are, lock, states and events, moves, bodies, commit.
    expect(statements.length).toBeLessThanOrEqual(7);
  });

  it("nothing is kept for a provider that was deleted with its account meanwhile", async () => {
    const { database } = app.services;
    const deleted = randomUUID();
    const result = await new CallbackIngest(database, new KeptBodies()).ingest({
      accountId: randomUUID(),
      providerId: deleted,
      receivedAt: new Date(),
      contentType: null,
      body: "private words",
      receipts: [{ providerMessageId: "x", status: "SENT", providerStatus: "SENT", part: 1, parts: 1 }],
      inbound: [{ providerMessageId: "y", from: "+421901000000", to: "1", text: "private words" }],
    });
    expect(result.outcomes).toMatchObject([{ status: "SENT" }]);
    for (const table of ["callbacks", "parked_receipts", "parked_inbound"]) {
      const { rowCount } = await database.pool.query(`select 1 from ${table} where provider_id = $1`, [
        deleted,
      ]);
      expect([table, rowCount]).toEqual([table, 0]);
    }
  });

  it("a body that is nearly all padding is read, and not kept when its account has had many of them", async () => {
    const id = await queueMessage(app);
    const accountId = randomUUID();
    const kept = new KeptBodies();
    while (kept.keeps(accountId, "x".repeat(1024 * 1024), 0));
    const database = openDatabase(app.databaseUrl, { poolSize: 1 });
    const contentType = randomUUID();
    await new CallbackIngest(database, kept).ingest({
      accountId,
      providerId: decodeId("Provider", providerId),
      receivedAt: new Date(),
      contentType,
      body: "x".repeat(1024 * 1024),
      receipts: [{ clientRef: id, status: "SENT", providerStatus: "SENT", part: 1, parts: 1 }],
    });
    await database.close();
    expect(await statusOf(id)).toBe("SENT");
    const stored = await app.services.database.prisma.callback.findFirst({ where: { contentType } });
    expect(stored).toMatchObject({
      body: "",
      state: "PROCESSED",
      problem: expect.stringMatching(/^Not kept/),
    });
  });

  it("a receipt that PostgreSQL refuses divides its batch by halves, and its provider divides no other one", async () => {
    const statements: string[] = [];
    const database = openDatabase(app.databaseUrl, {
      poolSize: 5,
      onStatement: (text) => statements.push(text),
    });
    const transactions = (): number => statements.splice(0).filter((text) => text === "begin").length;
    const ids = await Promise.all(Array.from({ length: 64 }, () => queueMessage(app)));
    const ingest = new CallbackIngest(database, new KeptBodies());
    const other = decodeId("Provider", await connectProvider(app.client, { defaultSender: "smsgraph" }));
    const take = (clientRef: string, from: string, part: number) =>
      ingest.ingest({
        accountId: randomUUID(),
        providerId: from,
        receivedAt: new Date(),
        contentType: null,
        body: "{}",
        receipts: [{ clientRef, status: "SENT", providerStatus: "SENT", part, parts: part }],
      });
    const provider = decodeId("Provider", providerId);
    const results = await Promise.all(ids.map((id, place) => take(id, provider, place === 20 ? 70_000 : 1)));
    expect(results.flatMap(({ quarantined }, place) => (quarantined ? [place] : []))).toEqual([20]);
    // Two for each halving, and one for the quarantine.
    expect(transactions()).toBe(1 + 2 * 6 + 1);
    const bad = take(ids[0] ?? "", provider, 70_000);
    const good = Array.from({ length: 63 }, () => take(randomUUID(), other, 1));
    await Promise.all([bad, ...good]);
    await database.close();
    // Its own, with the quarantine, and one for all others.
    expect(transactions()).toBe(2 + 1);
  });

  it("what is in callbacks counts for a transaction, not their number, and many opt-outs need few statements", async () => {
    const statements: string[] = [];
    const database = openDatabase(app.databaseUrl, {
      poolSize: 5,
      onStatement: (text) => statements.push(text),
    });
    const ingest = new CallbackIngest(database, new KeptBodies());
    await Promise.all(
      [1, 2, 3, 4].map((body) =>
        ingest.ingest({
          accountId: randomUUID(),
          providerId: decodeId("Provider", providerId),
          receivedAt: new Date(),
          contentType: null,
          body: "{}",
          receipts: [],
          inbound: Array.from({ length: 400 }, (_, index) => ({
            from: `+42191${body}${String(index).padStart(6, "0")}`,
            text: "STOP",
          })),
        }),
      ),
    );
    await database.close();
    // One each, although they came together.
    expect(statements.filter((text) => text === "begin")).toHaveLength(4);
    expect(statements.length).toBeLessThanOrEqual(4 * 8);
    const { rows } = await app.services.database.pool.query(
      "select count(*)::int from suppressions where recipient like '+42191%'",
    );
    expect(rows).toEqual([{ count: 1_600 }]);
  });

  it("many callbacks over HTTP need far fewer transactions than callbacks", async () => {
    const statements: string[] = [];
    const own = await startTestApp({ runsWorker: false, onStatement: (text) => statements.push(text) });
    const ownUrl = await callbackUrlOf(own, await connectProvider(own.client, { defaultSender: "smsgraph" }));
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
