import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { decodeId, encodeId } from "../src/lib/global-id.ts";
import { eventually } from "../test/support/process.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../test/support/webhook-receiver.ts";
import { createWebhook } from "../test/support/webhooks.ts";
import { createChance } from "./chance.ts";
import type { Fleet } from "./fleet.ts";
import { RunningLog } from "./running-log.ts";
import type { Finding } from "./verdict.ts";
import { Watcher } from "./watcher.ts";

export interface ReadersOptions {
  seed: number;
  fleet: Fleet;
  clients: number;
  /** A client's connection lasts this long on average. */
  sessionSeconds: number;
  isStormy: () => boolean;
  /** How many events the requests of each webhook carry; absent: one, and twenty. */
  webhooks?: readonly number[];
}

/** Live clients whose connections are cut, and endpoints of webhooks that fail now and then. */
export class Readers {
  readonly watchers: Watcher[];
  readonly receivers: WebhookReceiver[];
  readonly #watching: Promise<unknown>;

  /** They begin where the log ends now: before anything is sent. */
  static async start(options: ReadersOptions): Promise<Readers> {
    const { seed, fleet, clients, sessionSeconds, isStormy, webhooks = [1, 20] } = options;
    const [client] = fleet.clients;
    if (!client) throw new Error("There is no api process");
    const receivers: WebhookReceiver[] = [];
    for (const batchSize of webhooks) {
      const receiver = await startWebhookReceiver();
      const chance = createChance(seed, `webhook ${batchSize}`);
      receiver.answer(async (_received, response) => {
        await pause(chance.below(30));
        const share = isStormy() ? chance.next() : 1;
        if (share < 0.005) return response.destroy();
        return response.writeHead(share < 0.01 ? 503 : 204).end();
      });
      receivers.push(receiver);
      await createWebhook(client, { url: receiver.url, batchSize });
    }
    const cursor = await endOfLog(fleet);
    const urls = fleet.apis.map(({ port }) => `ws://127.0.0.1:${port}/graphql`);
    const watchers = Array.from({ length: clients }, (_, index) => {
      const chance = createChance(seed, `client ${index}`);
      return new Watcher({ urls, key: fleet.key, cursor, sessionSeconds, chance });
    });
    return new Readers(watchers, receivers);
  }

  constructor(watchers: Watcher[], receivers: WebhookReceiver[]) {
    this.watchers = watchers;
    this.receivers = receivers;
    this.#watching = Promise.all(watchers.map((watcher) => watcher.run()));
  }

  /** Waits until each has as much as the log, or until time is over, and compares what each got with the log. */
  async compare(database: Client, patienceSeconds: number): Promise<Finding[]> {
    const least = await settledEvents(database);
    for (const watcher of this.watchers) watcher.end(least);
    const tooLong = new AbortController();
    const timer = pause(patienceSeconds * 1000, undefined, { signal: tooLong.signal }).catch(() => undefined);
    await Promise.race([this.#watching, timer]);
    tooLong.abort();
    const table = await readTable(database);
    await eventually(() => this.receivers.every((one) => takenBy(one).size >= table.length), {
      timeoutSeconds: patienceSeconds,
    }).catch(() => undefined);
    return [
      {
        promise: "every live client's log is the table",
        checked: this.watchers.reduce((sum, { log }) => sum + log.count, 0),
        broken: compareWatchers(this.watchers, table, least),
      },
      {
        promise: "every webhook's log is the table",
        checked: this.receivers.reduce((sum, receiver) => sum + receiver.taken().length, 0),
        broken: this.receivers.flatMap((receiver) => compareReceiver(receiver, table)),
      },
    ];
  }

  async close(): Promise<void> {
    for (const watcher of this.watchers) watcher.abandon();
    await Promise.all(this.receivers.map((receiver) => receiver.close()));
  }
}

async function endOfLog(fleet: Fleet): Promise<string> {
  const [client] = fleet.clients;
  const query = "subscription { messageEvents { ... on CaughtUp { cursor } } }";
  for await (const { data } of client?.subscribe<{ messageEvents: { cursor: string } }>(query) ?? []) {
    await client?.close();
    if (data) return data.messageEvents.cursor;
  }
  throw new Error("The stream ended before it began");
}

/** SQL: the events that a reader gets who asks for nothing special. What people write to us has streams of its own. */
const toReaders = "status <> 'RECEIVED'";

/** Waits until everything written so far can be read, and counts it. */
async function settledEvents(database: Client): Promise<number> {
  const { rows: written } = await database.query<{ count: number; tx: string }>(
    `select count(*)::int, max(tx) as tx from message_events where ${toReaders}`,
  );
  await eventually(async () => {
    const { rows } = await database.query<{ isSettled: boolean }>(
      `select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1::bigint as "isSettled"`,
      [written[0]?.tx],
    );
    return rows[0]?.isSettled === true;
  });
  return written[0]?.count ?? 0;
}

interface Row {
  id: string;
  messageId: string;
}

/** Every event in the order of the log. */
async function readTable(database: Client): Promise<Row[]> {
  const { rows } = await database.query<Row>(
    `select tx || '.' || id as id, message_id as "messageId" from message_events where ${toReaders}
    order by tx, message_events.id`,
  );
  return rows;
}

/**
 * Each log must be the table's beginning, and hold at least what was there when everything had ended: a receipt that
 * is repeated because its answer was lost may be logged later still.
 */
function compareWatchers(watchers: readonly Watcher[], rows: readonly Row[], least: number): string[] {
  const wanted = new Set(watchers.map(({ log }) => log.count));
  const hashes = new Map<number, string>();
  const table = new RunningLog();
  for (const { id } of rows) {
    table.add(encodeId("MessageEvent", id));
    if (wanted.has(table.count)) hashes.set(table.count, table.hash);
  }
  return watchers.flatMap(({ log, problem }, index) => {
    const isSame = hashes.get(log.count) === log.hash && log.count >= least;
    if (isSame && problem === undefined) return [];
    const where = `${log.count} events of ${table.count} (at least ${least}), the same for the first ${log.agreesUntil(table)}`;
    return [`client ${index}: ${where}${problem === undefined ? "" : `; it was told ${problem}`}`];
  });
}

const takenBy = (receiver: WebhookReceiver): Map<string, string[]> =>
  Map.groupBy(
    receiver.taken().map(({ id }) => decodeId("MessageEvent", id)),
    (id) => id,
  );

/** Each event once, and those of a message in order. What was logged after the table was read comes last. */
function compareReceiver(receiver: WebhookReceiver, rows: readonly Row[]): string[] {
  const taken = takenBy(receiver);
  const missing = rows
    .filter(({ id }) => !taken.has(id))
    .map(({ id }) => `${receiver.url}: ${id} is missing`);
  const twice = [...taken]
    .filter(([, times]) => times.length > 1)
    .map(([id]) => `${receiver.url}: ${id} came twice`);
  const places = new Map(rows.map(({ id }, place) => [id, place]));
  const ordered = Map.groupBy(
    receiver.taken().map(({ id, message }) => ({
      place: places.get(decodeId("MessageEvent", id)) ?? rows.length,
      message,
    })),
    ({ message }) => message.id,
  );
  const disordered = [...ordered]
    .filter(([, events]) =>
      events.some(({ place }, index) => index > 0 && place < (events[index - 1]?.place ?? 0)),
    )
    .map(([id]) => `${receiver.url}: the events of ${id} came in another order`);
  return [...missing, ...twice, ...disordered];
}
