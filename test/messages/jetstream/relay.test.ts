import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Database } from "../../../src/database/database.ts";
import { noteErasure } from "../../../src/messages/log/erasures.ts";
import { comparePositions, readEnd } from "../../../src/messages/log/event-log.ts";
import { Bus } from "../../../src/messages/jetstream/bus.ts";
import { StoredLog } from "../../../src/messages/jetstream/stored-log.ts";
import { StreamReader } from "../../../src/messages/jetstream/stream-reader.ts";
import { decodeMark, decodeRow, idOf, Names, type Mark } from "../../../src/messages/jetstream/wire.ts";
import { databaseUrl } from "../../support/global-setup.ts";
import { hasNatsServer } from "../../support/has-nats-server.ts";
import { startRelay } from "../../support/live-tier.ts";
import { NatsCluster } from "../../support/nats.ts";
import { eventually } from "../../support/process.ts";
import { openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

const names = (prefix: string): Names => new Names(prefix);

describe.runIf(hasNatsServer)("the relay", () => {
  let cluster: NatsCluster;
  let store: MessageStore;
  let url: string;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    cluster = await NatsCluster.start();
    store = await openMessageStore();
    url = await urlOf(store.database);
    connection = await connect({ servers: cluster.settings().servers[0] ?? "" });
    manager = await jetstreamManager(connection);
  });
  afterAll(async () => {
    await connection.close();
    await store.close();
    await cluster.close();
  });

  /** The ids of all events in a stream, in its order. */
  async function storedIn(prefix: string): Promise<string[]> {
    const { stream } = names(prefix);
    const { state } = await manager.streams.info(stream);
    const ids: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const row = decodeRow((await manager.streams.getMessage(stream, { seq }))?.string() ?? "[]");
      if (row) ids.push(idOf(row));
    }
    return ids;
  }

  async function loggedAfter(start: { tx: bigint }): Promise<string[]> {
    const { rows } = await store.database.pool.query<{ id: string }>(
      "select tx || ':' || id as id from message_events where tx > $1 order by tx, message_events.id",
      [start.tx],
    );
    return rows.map(({ id }) => id);
  }

  const has = async (prefix: string, ids: string[]): Promise<boolean> =>
    (await storedIn(prefix).catch(() => [])).length >= ids.length;

  /** Until a stream has these events and no others. */
  const hasOnly = (prefix: string, ids: string[]) =>
    eventually(async () => JSON.stringify(await storedIn(prefix).catch(() => [])) === JSON.stringify(ids));

  it("copies the log in its order, and one that starts again doubles nothing and goes on at the end", async () => {
    const settings = cluster.settings({ prefix: "copy" });
    const start = await readEnd(store.database);
    const marks: Mark[] = [];
    connection.subscribe(names("copy").marks, {
      callback: (_, message) => void marks.push(decodeMark(message.string()) as Mark),
    });
    const first = await startRelay(url, settings);
    await eventually(() => marks.length > 0);
    await store.store([{}, {}, {}]);
    await eventually(async () => has("copy", await loggedAfter(start)));
    await first.stop();
    await store.store(Array.from({ length: 1_200 }, () => ({})));
    const second = await startRelay(url, settings);
    await eventually(async () => has("copy", await loggedAfter(start)), { timeoutSeconds: 120 });
    await second.stop();
    expect(await storedIn("copy")).toEqual(await loggedAfter(start));
    const chain = marks.filter(({ events }) => events.size > 0);
    const gaps = chain.filter(({ from }, index) => comparePositions(from, chain[index - 1]?.to ?? from) > 0);
    expect(gaps).toEqual([]);
  });

  it("is one over all workers: another takes over when it ends", async () => {
    const settings = cluster.settings({ prefix: "over" });
    const start = await readEnd(store.database);
    const relays = [await startRelay(url, settings), await startRelay(url, settings)];
    for (let turn = 0; turn < relays.length; turn++) {
      await eventually(() => relays.some(({ isLeading }) => isLeading()));
      const leaders = relays.filter(({ isLeading }) => isLeading());
      expect(leaders).toHaveLength(1);
      await store.store([{}]);
      await eventually(async () => has("over", await loggedAfter(start)));
      await leaders[0]?.stop();
    }
    expect(await storedIn("over")).toEqual(await loggedAfter(start));
  });

  it("empties a stream that is ahead of the log, as after a backup was put back", async () => {
    const settings = cluster.settings({ prefix: "ahead" });
    const first = await startRelay(url, settings);
    await eventually(() => first.isLeading());
    await store.store([{}]);
    await eventually(async () => (await storedIn("ahead").catch(() => [])).length > 0);
    await first.stop();
    const { stream } = names("ahead");
    const last = await manager.streams.getMessage(stream, { last_by_subj: names("ahead").everything });
    const row = decodeRow(last?.string() ?? "[]");
    const ahead = row?.with(1, String(2n ** 40n));
    connection.publish(last?.subject ?? "", `[1,${JSON.stringify(ahead).slice(1)}`);
    await connection.flush();
    const start = await readEnd(store.database);
    const second = await startRelay(url, settings);
    await eventually(() => second.isLeading());
    await store.store([{}]);
    await eventually(async () => (await storedIn("ahead")).length === 1);
    expect(await storedIn("ahead")).toEqual(await loggedAfter(start));
    await second.stop();
  });

  it("gives readers that come back what the stream has, and nothing when it does not have it all", async () => {
    const settings = cluster.settings({ prefix: "back" });
    const marks: Mark[] = [];
    connection.subscribe(names("back").marks, {
      callback: (_, message) => void marks.push(decodeMark(message.string()) as Mark),
    });
    const relay = await startRelay(url, settings);
    await eventually(() => marks.length > 0);
    await store.store(Array.from({ length: 1_100 }, () => ({})));
    await eventually(() => (marks.at(-1)?.sequence ?? 0) >= 1_100);
    await eventually(async () => (await manager.streams.info(names("back").stream)).state.messages >= 1_100);
    const bus = await Bus.open(settings, { onDown: () => undefined, onUp: () => undefined });
    const stored = new StoredLog(store.database, new StreamReader(bus, names("back")));
    for (const mark of marks) stored.note(mark);
    const until = marks.at(-1)?.to ?? { tx: 0n, id: 0n };
    const ids = await storedIn("back");
    const [tx = "", id = ""] = (ids[99] ?? "").split(":");
    const after = { tx: BigInt(tx), id: BigInt(id) };
    const filter = { accountId: store.accountId };
    const page = await stored.readPage({ after, until }, filter, 500);
    expect(page?.kind === "events" && page.events.map((event) => `${event.tx}:${event.id}`)).toEqual(
      ids.slice(100, 600),
    );
    expect(await stored.readPage({ after: { tx: 0n, id: 0n }, until }, filter, 500)).toBeUndefined();
    await manager.streams.deleteMessage(names("back").stream, 300);
    const cold = new StoredLog(store.database, new StreamReader(bus, names("back")));
    for (const mark of marks) cold.note(mark);
    expect(await cold.readPage({ after, until }, filter, 500)).toBeUndefined();
    await bus.close();
    await relay.stop();
  });

  it("takes what was erased out of the stream, also what was erased while nobody published", async () => {
    const settings = cluster.settings({ prefix: "erased" });
    const marks: Mark[] = [];
    connection.subscribe(names("erased").marks, {
      callback: (_, message) => void marks.push(decodeMark(message.string()) as Mark),
    });
    const erase = () => store.database.transaction((transaction) => noteErasure(transaction));
    const [first, begin] = [await startRelay(url, settings), await readEnd(store.database)];
    await eventually(() => marks.length > 0);
    await store.store([{}, {}]);
    await hasOnly("erased", await loggedAfter(begin));
    await erase();
    await hasOnly("erased", []);
    // It goes on behind what it has copied.
    const middle = await readEnd(store.database);
    await store.store([{}]);
    await hasOnly("erased", await loggedAfter(middle));
    await first.stop();
    const kept = await startRelay(url, settings);
    await eventually(() => kept.isLeading());
    await hasOnly("erased", await loggedAfter(middle));
    await kept.stop();
    await erase();
    const second = await startRelay(url, settings);
    await hasOnly("erased", []);
    await eventually(() => marks.at(-1)?.firstSequence === 4);
    await second.stop();
    const chain = marks.filter(({ events }) => events.size > 0);
    expect(chain.flatMap(({ events }) => [...events.values()].map(({ hashes }) => hashes.length))).toEqual([
      2, 1,
    ]);
  });

  it("gives readers that come back nothing that was copied before an erasure", async () => {
    const settings = cluster.settings({ prefix: "memory" });
    const marks: Mark[] = [];
    connection.subscribe(names("memory").marks, {
      callback: (_, message) => void marks.push(decodeMark(message.string()) as Mark),
    });
    const relay = await startRelay(url, settings);
    await eventually(() => marks.length > 0);
    await store.store([{}]);
    await store.store([{}, {}]);
    await eventually(async () => (await storedIn("memory")).length === 3);
    await relay.stop();
    const bus = await Bus.open(settings, { onDown: () => undefined, onUp: () => undefined });
    const stored = new StoredLog(store.database, new StreamReader(bus, names("memory")));
    for (const mark of marks) stored.note(mark);
    const [tx = "", id = ""] = ((await storedIn("memory"))[0] ?? "").split(":");
    const range = {
      after: { tx: BigInt(tx), id: BigInt(id) },
      until: marks.at(-1)?.to ?? { tx: 0n, id: 0n },
    };
    const page = () => stored.readPage(range, { accountId: store.accountId }, 500);
    expect(await page()).toMatchObject({ kind: "events", events: [{}, {}] });
    await store.database.transaction((transaction) => noteErasure(transaction));
    expect(await page()).toBeUndefined();
    await bus.close();
  });

  it("says what is to be corrected when the stream is somebody else's", async () => {
    await manager.streams.add({ name: names("taken").stream, subjects: ["something.else"] });
    const relay = await startRelay(url, cluster.settings({ prefix: "taken" }));
    await eventually(() => relay.log.some((line) => line.includes("events cannot be published")));
    expect(relay.log.join("")).toContain("Delete it, or choose another NATS_PREFIX");
    expect(relay.isLeading()).toBe(false);
    await relay.stop();
  });
});

it.runIf(hasNatsServer)("a server that refuses us ends the start, with what to correct", async () => {
  const cluster = await NatsCluster.start(1, ["--user", "smsgraph", "--pass", "right"]);
  const quiet = { onDown: () => undefined, onUp: () => undefined };
  try {
    const wrong = Bus.open(cluster.settings({ user: "smsgraph", password: "wrong" }), quiet);
    await expect(wrong).rejects.toThrow("Correct the user and password or the token in NATS_URL");
    const missing = Bus.open(cluster.settings({ credentialsFile: "/nowhere/smsgraph.creds" }), quiet);
    await expect(missing).rejects.toThrow("The file of NATS_CREDENTIALS cannot be read");
    const bus = await Bus.open(cluster.settings({ user: "smsgraph", password: "right" }), quiet);
    expect(bus.isUp).toBe(true);
    await bus.close();
  } finally {
    await cluster.close();
  }
});

async function urlOf({ pool }: Database): Promise<string> {
  const { rows } = await pool.query<{ name: string }>("select current_database() as name");
  return databaseUrl(inject("postgresUrl"), rows[0]?.name ?? "");
}
