import { setTimeout } from "node:timers/promises";
import { encodeId } from "../src/lib/global-id.ts";
import { storeWaiting, updates } from "./receipts.ts";
import { sending } from "./sends.ts";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { Load, type LoadOrder } from "./support/load.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";
import { withClosers } from "./support/server.ts";

type Side = Pick<LoadOrder, "url" | "headers" | "bodies">;

const messages = 10_000;

/** What is asked of a process of its own for a minute. */
const loads: { what: string; connections: number; sideOf: (server: ServerProcess) => Promise<Side> }[] = [
  {
    what: "message(id)",
    connections: 64,
    sideOf: asking("query ($id: ID!) { message(id: $id) { id to text status createdAt } }"),
  },
  {
    what: "messages(first: 50)",
    connections: 64,
    sideOf: asking("{ messages(first: 50) { edges { node { id to text status provider { name } } } } }"),
  },
  {
    what: "sendMessage",
    connections: 64,
    sideOf: async (server) => {
      await storeRate(server);
      return sending(server);
    },
  },
  { what: "receipts of TikoSMS", connections: 128, sideOf: receiving },
];

export const benchmark: Benchmark = {
  name: "memory",
  about: "Resident memory of the API process: idle, after a minute of each load, and a minute after that.",
  async run(run) {
    const findings: Finding[] = [];
    for (const load of loads) {
      const measured = await withClosers((closers) => measure({ ...run, closers }, load));
      run.progress(`${load.what}: ${Object.values(measured).map(Math.round).join(", ")} MB`);
      const { idle, before, after, later } = measured;
      if (findings.length === 0)
        findings.push({ what: "idle after the start", unit: "MB", ours: [idle], target: { atMost: 150 } });
      findings.push(
        { what: `after a minute of ${load.what}`, unit: "MB", ours: [after], target: { atMost: 300 } },
        {
          what: `a minute later, beside ${Math.round(before)} MB before`,
          unit: "times",
          ours: [later / before],
          target: { atMost: 1.2 },
        },
      );
    }
    return findings;
  },
};

async function measure(run: BenchRun, { connections, sideOf }: (typeof loads)[number]) {
  const seconds = run.isShort ? 5 : 60;
  const server = await startServerProcess(run.closers);
  const megabytes = (): number => server.residentBytes() / 2 ** 20;
  // It returns memory when it has been idle for five seconds, and looks every five.
  await setTimeout(15_000);
  const idle = megabytes();
  const side = await sideOf(server);
  const load = new Load(run.closers);
  // Where it begins: once it has compiled what the load needs.
  await load.run({ ...side, connections, seconds: 2 });
  await setTimeout(10_000);
  const before = megabytes();
  await load.run({ ...side, connections, seconds });
  const after = megabytes();
  await setTimeout(seconds * 1_000);
  return { idle, before, after, later: megabytes() };
}

function asking(query: string) {
  return async ({ client, database, accountId, providerId }: ServerProcess): Promise<Side> => {
    const { ids } = await fillMessages(database, { accountId, providerId, messages, eventsEach: 5 });
    const bodies = ids.map((id) => JSON.stringify({ query, variables: { id: encodeId("Message", id) } }));
    return { url: `${client.url}/graphql`, headers: client.headers, bodies };
  };
}

async function receiving(server: ServerProcess): Promise<Side> {
  const id = encodeId("Provider", server.providerId);
  const { node: provider } = await server.client.data<{ node: { callbackUrl: string } }>(
    `query ($id: ID!) { node(id: $id) { ... on Provider { callbackUrl } } }`,
    { id },
  );
  const waiting = await storeWaiting(server, server.providerId, messages * 10);
  return { url: provider.callbackUrl, headers: {}, bodies: updates(waiting) };
}
