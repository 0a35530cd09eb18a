import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { eventChannel } from "../src/messages/log/event-log.ts";
import { NatsCluster } from "../test/support/nats.ts";
import { eventually } from "../test/support/process.ts";
import { startProviderDouble } from "../test/support/provider-double.ts";
import { createChance, type Chance } from "./chance.ts";
import { Fleet, type Member } from "./fleet.ts";
import { OwnPostgres } from "./postgres.ts";
import { Readers } from "./readers.ts";
import type { Finding } from "./verdict.ts";

export interface LiveTierOptions {
  seed: number;
  events: number;
  eventsPerSecond: number;
  clients: number;
  /** How long NATS is away as a whole. */
  awaySeconds: number;
  /** Between two faults, on average. */
  secondsBetweenFaults: number;
  patienceSeconds: number;
  log?: (line: string) => void;
}

export interface LiveTierResult {
  findings: Finding[];
  faults: Map<string, number>;
  sessions: number;
  seconds: number;
  logs: string[];
}

const eventsInTransaction = 20;

/** Repeated receipts, as they stand in the log: what they mean is no part of carrying them on. */
const insertEvents = `
  with written as (
    insert into message_events (
      tx, account_id, message_id, provider_id, version, status, source, applied, ignored_reason, occurred_at, received_at
    )
    select pg_current_xact_id()::text::bigint, account_id, id, provider_id, version, 'SENT', 'CALLBACK', false, 'DUPLICATE',
      now(), now()
    from messages limit ${eventsInTransaction}
  )
  select pg_notify('${eventChannel}', '')`;

/**
 * Live clients of two api processes that follow a cluster of three NATS servers, while servers, processes and PostgreSQL
 * die. Each client's log is compared with the table.
 */
export async function tortureLiveTier(options: LiveTierOptions): Promise<LiveTierResult> {
  const closers: (() => unknown)[] = [];
  try {
    return await run(options, closers);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function run(options: LiveTierOptions, closers: (() => unknown)[]): Promise<LiveTierResult> {
  const { log = () => undefined } = options;
  const nats = await NatsCluster.start(3);
  closers.push(() => nats.close());
  const postgres = await OwnPostgres.create(2_000);
  closers.push(() => postgres.close());
  await postgres.start();
  const fleet = await Fleet.start({
    databaseUrl: postgres.url,
    publicUrl: "http://127.0.0.1:1",
    directory: postgres.directory,
    variables: { NATS_URL: nats.url, NATS_REPLICAS: "3", MAX_SUBSCRIPTIONS_PER_SECOND: "0" },
  });
  closers.push(() => fleet.close());
  const readers = await Readers.start({
    ...options,
    fleet,
    sessionSeconds: 10,
    isStormy: () => true,
    webhooks: [],
  });
  closers.push(() => readers.close());
  await sendMessages(fleet, closers);
  await eventually(() => areLive(fleet), { timeoutSeconds: 120 });
  log("every api process gets its events from NATS");
  const begun = performance.now();
  const writing = { isOver: false };
  const written = write(options, postgres).finally(() => (writing.isOver = true));
  const ground = { nats, postgres, fleet, awaySeconds: options.awaySeconds };
  const faults = await rage({ ...options, log }, ground, () => writing.isOver);
  await written;
  log("everything is written; the clients read to the end");
  const database = new Client({ connectionString: postgres.url });
  closers.push(() => database.end());
  await database.connect();
  const findings = await readers.compare(database, options.patienceSeconds);
  await eventually(() => areLive(fleet), { timeoutSeconds: 60 }).catch(() => {
    findings.push({
      promise: "everything is as before",
      checked: 1,
      broken: ["events do not come from NATS"],
    });
  });
  findings.push({ promise: "no process ended by itself", checked: 4, broken: fleet.crashes });
  return {
    findings: findings.filter(({ checked }) => checked > 0),
    faults,
    sessions: readers.watchers.reduce((sum, { sessions }) => sum + sessions, 0),
    seconds: (performance.now() - begun) / 1000,
    logs: fleet.logs(),
  };
}

/** Through a provider that takes them and says no more. */
async function sendMessages(fleet: Fleet, closers: (() => unknown)[]): Promise<void> {
  const double = await startProviderDouble();
  closers.push(() => double.close());
  const [client] = fleet.clients;
  const { url: baseUrl, token: apiToken } = double;
  await client?.data(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    { input: { tikosms: { name: "Double", apiToken, baseUrl, defaultSender: "smsgraph" } } },
  );
  for (let number = 0; number < eventsInTransaction; number++)
    await client?.data(
      `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }`,
      { input: { to: `+4219010000${10 + number}`, text: "Hello" } },
    );
  await client?.close();
}

const stateOf = async ({ port }: Member): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    (answer) => answer.text(),
    () => "",
  );

const areLive = async (fleet: Fleet): Promise<boolean> =>
  (await Promise.all(fleet.apis.map(stateOf))).every((state) => state.includes("events come from NATS"));

/** At a steady rate. What fails while PostgreSQL is away is written again. */
async function write({ events, eventsPerSecond }: LiveTierOptions, postgres: OwnPostgres): Promise<void> {
  const started = performance.now();
  let client: Client | undefined;
  for (let written = 0; written < events;) {
    const due = ((performance.now() - started) / 1000) * eventsPerSecond;
    if (written > due) await pause(5);
    try {
      if (!client) {
        client = new Client({ connectionString: postgres.url });
        client.on("error", () => (client = undefined));
        await client.connect();
      }
      await client.query({ name: "insert", text: insertEvents });
      written += eventsInTransaction;
    } catch {
      await client?.end().catch(() => undefined);
      client = undefined;
      await pause(50);
    }
  }
  await client?.end();
}

interface Ground {
  nats: NatsCluster;
  postgres: OwnPostgres;
  fleet: Fleet;
  awaySeconds: number;
}

type Fault = readonly [name: string, run: () => Promise<void>];

function faultsOf({ nats, postgres, fleet, awaySeconds }: Ground, chance: Chance): Fault[] {
  const killServer: Fault = [
    "a NATS server is killed",
    async () => {
      const place = chance.below(nats.ports.length);
      await nats.kill(place);
      await pause(500 + chance.below(3_000));
      await nats.start(place);
    },
  ];
  return [
    killServer,
    killServer,
    [
      "the relay is killed",
      async () => {
        const workers = fleet.members.filter(({ role }) => role === "worker");
        const states = await Promise.all(workers.map(stateOf));
        const relay = workers.find((_, index) => states[index]?.includes("publishes"));
        if (relay) await fleet.kill(relay);
      },
    ],
    ["an api process is killed", () => fleet.kill(chance.pick(fleet.apis))],
    [
      "PostgreSQL restarts",
      async () => {
        await postgres.stop();
        await postgres.start();
      },
    ],
    [
      "NATS is away",
      async () => {
        await Promise.all(nats.ports.map((_, place) => nats.kill(place)));
        await pause(awaySeconds * 1000);
        await Promise.all(nats.ports.map((_, place) => nats.start(place)));
      },
    ],
  ];
}

/** One fault after the other, each once before any comes again, until everything is written. */
async function rage(
  { seed, secondsBetweenFaults, log }: LiveTierOptions & { log: (line: string) => void },
  ground: Ground,
  isOver: () => boolean,
): Promise<Map<string, number>> {
  const chance = createChance(seed, "faults");
  const counts = new Map<string, number>();
  let deck: Fault[] = [];
  while (!isOver() || deck.length > 0) {
    if (deck.length === 0) deck = chance.shuffled(faultsOf(ground, chance));
    await pause(chance.next() * 2_000 * secondsBetweenFaults);
    const [name, happen] = deck.pop() ?? [];
    if (!name || !happen) continue;
    log(name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await happen();
  }
  return counts;
}
