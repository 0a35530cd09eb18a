import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { Caller, Complaints } from "./caller.ts";
import { createChance } from "./chance.ts";
import { connectAll } from "./connect.ts";
import { faultsOf } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import { Load } from "./load.ts";
import { OwnPostgres } from "./postgres.ts";
import { startProviders, troubleOfReceipts } from "./providers.ts";
import { Readers } from "./readers.ts";
import { startRoad } from "./road.ts";
import { settle } from "./settle.ts";
import { describeWork } from "./stored.ts";
import type { Finding } from "./verdict.ts";

export interface TortureOptions {
  seed: number;
  /** For so long messages are sent and faults happen; then everything comes to rest. */
  seconds: number;
  /** From the end of a fault to the next one, on average. */
  secondsBetweenFaults: number;
  /** How long PostgreSQL, or a process, stands still. */
  standstillSeconds: number;
  /** The longest that a request to a provider hangs. */
  hangSeconds: number;
  singlesPerSecond: number;
  secondsBetweenCampaigns: number;
  /** The most in one campaign. */
  mostRecipients: number;
  /** Live clients. */
  clients: number;
  /** How long it may take until everything is at rest. */
  patienceSeconds: number;
  signal?: AbortSignal;
  /** Told of each step. */
  log?: (line: string) => void;
}

export interface TortureResult {
  findings: Finding[];
  /** How often each fault happened. */
  faults: Map<string, number>;
  singles: number;
  campaigns: number;
  /** What was acknowledged, in messages. */
  messages: number;
  /** By provider, in its own books. */
  booked: Map<string, number>;
  unavailable: number;
  unanswered: number;
  sessions: number;
  settlingSeconds: number;
  /** What is left to do, and what the processes logged: for whoever looks for the cause of a broken promise. */
  logs: string[];
}

/**
 * Runs everything at once, with faults at random, lets it come to rest, and compares what there is with what was
 * acknowledged and with the providers' own books.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const closers: (() => unknown)[] = [];
  try {
    return await Promise.race([run(options, closers), aborted(options.signal)]);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

async function run(options: TortureOptions, closers: (() => unknown)[]): Promise<TortureResult> {
  const { seed, log = () => undefined } = options;
  let isStormy = true;
  closers.push(() => (isStormy = false));
  const weather = { isStormy: () => isStormy, hangMs: options.hangSeconds * 1000 };
  const postgres = await OwnPostgres.create(700);
  closers.push(() => postgres.close());
  await postgres.start();
  const providers = await startProviders({ seed, ...weather });
  closers.push(() => providers.forEach(({ road, server }) => void [road.close(), server.close()]));
  // The way of receipts to us: to one of the api processes, as a balancer chooses.
  let fleet: Fleet | undefined;
  const receiptChance = createChance(seed, "receipts");
  const receipts = await startRoad({
    target: () => fleet && `http://127.0.0.1:${receiptChance.pick(fleet.apis).port}`,
    trouble: (passing) => (isStormy ? troubleOfReceipts(receiptChance, passing) : {}),
    hangMs: weather.hangMs,
  });
  closers.push(() => receipts.close());
  fleet = await Fleet.start({
    databaseUrl: postgres.url,
    publicUrl: receipts.url,
    directory: postgres.directory,
  });
  const ground = { fleet, postgres, standstillSeconds: options.standstillSeconds };
  closers.push(() => ground.fleet.close());
  await connectAll(fleet, providers);
  const readers = await Readers.start({ ...options, ...weather, fleet, sessionSeconds: 5 });
  closers.push(() => readers.close());

  const complaints = new Complaints();
  const { clients } = fleet;
  const callers = (): Caller => new Caller(clients, complaints);
  const load = new Load({ ...options, providers, callers, isOver: () => !isStormy });
  const loading = load.run();
  loading.catch(() => undefined);
  const ending = setTimeout(() => (isStormy = false), options.seconds * 1000);
  closers.push(() => clearTimeout(ending));
  const faults = await rage({ ...options, log }, ground, () => isStormy);
  log("the storm is over; everything comes to rest");
  const calmAt = performance.now();
  await postgres.startIfEnded();
  await fleet.ready();
  await loading;

  const database = new Client({ connectionString: postgres.url });
  closers.push(() => database.end());
  await database.connect();
  const scene = { database, providers, load };
  const findings = await settle(scene, fleet, options.patienceSeconds, log);
  findings.push(
    ...(await readers.compare(database, options.patienceSeconds)),
    { promise: "no process ended by itself", checked: 4, broken: fleet.crashes },
    { promise: "no caller saw an internal error", checked: load.orders.size, broken: complaints.problems },
  );
  return {
    findings,
    faults,
    singles: load.singles,
    campaigns: load.campaigns.length,
    messages: load.orders.size,
    booked: new Map(providers.map(({ twin, server }) => [twin.title, server.book().length])),
    unavailable: complaints.unavailable,
    unanswered: complaints.unanswered,
    sessions: readers.watchers.reduce((sum, { sessions }) => sum + sessions, 0),
    settlingSeconds: (performance.now() - calmAt) / 1000,
    logs: [await describeWork(database), ...fleet.logs()],
  };
}

/** One fault after the other, each kind once before any comes again. */
async function rage(
  { seed, secondsBetweenFaults, log }: TortureOptions & { log: (line: string) => void },
  ground: Parameters<typeof faultsOf>[0],
  isStormy: () => boolean,
): Promise<Map<string, number>> {
  const chance = createChance(seed, "faults");
  const counts = new Map<string, number>();
  let deck = chance.shuffled(faultsOf(ground, chance));
  while (isStormy()) {
    await pause(chance.next() * 2_000 * secondsBetweenFaults);
    const fault = deck.pop();
    if (!fault) {
      deck = chance.shuffled(faultsOf(ground, chance));
      continue;
    }
    if (!isStormy()) break;
    log(fault.name);
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    await fault.run().catch((error: unknown) => log(`${fault.name} did not work out: ${String(error)}`));
    await ground.postgres.startIfEnded();
  }
  return counts;
}
