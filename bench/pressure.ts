import { Client } from "pg";
import { encodeId } from "../src/lib/global-id.ts";
import { storeWaiting, updates } from "./receipts.ts";
import { sending } from "./sends.ts";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import { HttpLoad, type Load, type LoadResult } from "./support/http-load.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

/** So many callers wait at once, each three times. */
const connections = 1_000;
const requests = 3 * connections;

export const benchmark: Benchmark = {
  name: "pressure",
  about:
    "A thousand callers at once while the database takes nothing: how long they wait for their 503, what they cost in memory, and " +
    "how soon everything is taken again.",
  async run(run) {
    return [
      ...(await measure(run, "sends", "messages", sends)),
      ...(await measure(run, "receipts", "callbacks", receipts)),
    ];
  },
};

type LoadOf = (server: ServerProcess, count: number) => Promise<Load>;

async function measure(run: BenchRun, what: string, table: string, loadOf: LoadOf): Promise<Finding[]> {
  const count = run.isShort ? requests / 10 : requests;
  const server = await startServerProcess(run.closers);
  const clients = new HttpLoad(run.closers);
  const load = await loadOf(server, count);
  // Warm: code, statements, and the memory that a flood that is taken needs.
  refuse(await clients.run(await loadOf(server, count)), "200");
  const [growth, longest, back]: number[][] = [[], [], []];
  for (let round = 1; round <= run.rounds; round++) {
    const before = server.residentBytes();
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, server.residentBytes())), 250);
    const release = await hold(server, table);
    const held = await clients.run(load);
    clearInterval(timer);
    refuse(held, "503");
    await release();
    const begun = performance.now();
    // What was refused is repeated: nothing of it may be lost, or done twice.
    const again = await clients.run({ ...load, bodies: load.bodies.slice(0, connections / 10) });
    refuse(again, "200");
    growth?.push((most - before) / 2 ** 20);
    longest?.push(Math.max(...held.latencies));
    back?.push(Math.min(...again.latencies));
    run.progress(
      `${what}, round ${round}: ${JSON.stringify(held.statuses)}, ${Math.round(performance.now() - begun)} ms`,
    );
  }
  return [
    { what: `${what} that are not taken: memory`, unit: "MB", ours: growth ?? [], target: { atMost: 150 } },
    { what: `the longest wait for a 503`, unit: "ms", ours: longest ?? [], target: { atMost: 25_000 } },
    { what: `until the first is taken again`, unit: "ms", ours: back ?? [], target: { atMost: 5_000 } },
  ];
}

/** Nobody else can write to the table until the returned function is called. */
async function hold({ databaseUrl }: ServerProcess, table: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`begin; lock table ${table} in share mode`);
  return () => client.end();
}

function refuse({ statuses }: LoadResult, expected: string): void {
  const others = Object.entries(statuses).filter(([status]) => status !== expected);
  if (others.length > 0) throw new Error(`Instead of ${expected}: ${JSON.stringify(statuses)}`);
}

async function sends(server: ServerProcess, count: number): Promise<Load> {
  await storeRate(server);
  const { url, headers, bodies } = sending(server);
  return { url, headers, contentType: "application/json", bodies: bodies.slice(0, count), connections };
}

async function receipts(server: ServerProcess, count: number): Promise<Load> {
  const { provider } = await server.client.data<{ provider: { callbackUrl: string } }>(
    "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
    { id: encodeId("Provider", server.providerId) },
  );
  const bodies = updates(await storeWaiting(server, server.providerId, count));
  return { url: provider.callbackUrl, contentType: "application/json", bodies, connections };
}
