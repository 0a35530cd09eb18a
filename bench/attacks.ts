import { newKey } from "../src/access/api-keys.ts";
import { scopes } from "../src/access/scopes.ts";
import { storeKey } from "../src/access/store-key.ts";
import { openDatabase } from "../src/database/database.ts";
import { encodeId } from "../src/lib/global-id.ts";
import { Attack, attackKinds } from "./support/attack.ts";
import { p99Of, type Benchmark, type Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { Load } from "./support/load.ts";
import { inspected, startServerProcess, type ServerProcess } from "./support/server-process.ts";

const megabytes = (bytes: number): number => bytes / 2 ** 20;

export const benchmark: Benchmark = {
  name: "attacks",
  about:
    "Documents that would be endless (up to 100 KB, no two the same), floods of sockets, frames (200 of up to 20 KB on a socket), " +
    "uploads (1 MB), forged callbacks (64 KB), bodies in 12,000 chunks of a byte, and lists of recipients that take long to read, by forty attackers at once, each 0.4 s after its last attempt, so at most a " +
    "hundred attempts a second: what is let in, what hangs, what stays in memory, and another account's message(id) meanwhile.",
  async run({ closers, rounds, secondsPerRound, progress }) {
    const server = await startServerProcess(closers, inspected);
    const { accountId, providerId, database, client } = server;
    const { ids } = await fillMessages(database, { accountId, providerId, messages: 100, eventsEach: 5 });
    const attackers = await keyOfAnother(server);
    const [load, attack] = [new Load(closers), new Attack(closers)];
    const measure = async (seconds: number): Promise<number> => {
      const bodies = [query(encodeId("Message", ids[0] ?? ""))];
      const { url, headers } = client;
      return p99Of(
        (await load.run({ url: `${url}/graphql`, headers, bodies, connections: 1, seconds })).latencies,
      );
    };
    const headers = { authorization: `Bearer ${attackers}` };
    const order = { url: client.url, headers, providerId, pauseMs: 400 };
    await measure(1);
    const findings: Finding[] = [];
    for (const kind of attackKinds) {
      const [quiet, busy, growth, letIn, hanging, rates]: number[][] = [[], [], [], [], [], []];
      // Warm: the memory that code and statements keep.
      await attack.start({ ...order, kind })();
      let before = await server.liveBytes();
      for (let round = 1; round <= rounds; round++) {
        quiet?.push(await measure(secondsPerRound));
        const startedAt = performance.now();
        const end = attack.start({ ...order, kind });
        busy?.push(await measure(secondsPerRound));
        const report = await end();
        rates?.push((report.tried / (performance.now() - startedAt)) * 1000);
        const after = await server.liveBytes();
        growth?.push(megabytes(after - before));
        before = after;
        letIn?.push(report.letIn);
        hanging?.push(report.hanging);
        progress(
          `${kind}, round ${round}: ${report.tried} tried, ${megabytes(after).toFixed(0)} MB in use, ` +
            `${megabytes(server.residentBytes()).toFixed(0)} MB resident`,
        );
      }
      findings.push(
        {
          what: `p99 of another account's message(id) beside a flood of ${kind}`,
          unit: "ms",
          ours: busy ?? [],
          beside: { name: "quiet", rounds: quiet ?? [] },
          target: { atMost: 2 },
        },
        {
          what: `memory in use that a flood of ${kind} adds to the one before it`,
          unit: "MB",
          ours: growth ?? [],
          target: { atMost: 20 },
        },
        { what: `the flood of ${kind}`, unit: "attempts/s", ours: rates ?? [] },
        { what: `${kind} that were let in`, unit: "times", ours: letIn ?? [], target: { atMost: 0 } },
        { what: `${kind} without an end`, unit: "times", ours: hanging ?? [], target: { atMost: 0 } },
      );
    }
    return findings;
  },
};

const query = (id: string): string =>
  JSON.stringify({
    query: "query ($id: ID!) { message(id: $id) { id to text status createdAt } }",
    variables: { id },
  });

async function keyOfAnother({ databaseUrl }: ServerProcess): Promise<string> {
  const database = openDatabase(databaseUrl, { poolSize: 1 });
  const id = crypto.randomUUID();
  await database.prisma.account.create({ data: { id, name: "Attackers" } });
  const key = newKey();
  await storeKey(database, key, { accountId: id, name: "attackers", granted: scopes });
  await database.close();
  return key;
}
