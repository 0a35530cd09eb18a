import { encodeId } from "../src/lib/global-id.ts";
import { inTurn } from "./reads.ts";
import { median, p99Of, type Benchmark } from "./support/benchmark.ts";
import { Load, type LoadOrder } from "./support/load.ts";
import { startYoga } from "./support/peers.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

type Side = Pick<LoadOrder, "url" | "headers" | "bodies">;

export const benchmark: Benchmark = {
  name: "sends",
  about:
    "sendMessage, one in a request over 64 connections, stored before it is answered. The peer: plain Yoga that answers a constant.",
  async run(run) {
    const server = await startServerProcess(run.closers);
    await storeRate(server);
    await insistOnDurability(server);
    const constant: Side = {
      url: await startYoga(run.closers),
      headers: {},
      bodies: [JSON.stringify({ query: "mutation { constant }" })],
    };
    const what = "sendMessage, one in a request";
    const load = new Load(run.closers);
    const before = await countMessages(server);
    const measured = await inTurn(run, load, [sending(server), constant], what, () =>
      server.processorSeconds(),
    );
    const sent = measured.ours.flatMap(({ latencies }) => latencies);
    const stored = (await countMessages(server)) - before;
    if (stored < sent.length) throw new Error(`${sent.length} messages were answered, ${stored} are stored`);
    return [
      {
        what,
        unit: "requests/s",
        ours: measured.ours.map(({ perSecond }) => perSecond),
        beside: {
          name: "plain Yoga, a constant",
          rounds: measured.theirs.map(({ perSecond }) => perSecond),
        },
        target: { atLeast: 0.45 },
        p99: { ms: p99Of(sent), atMost: 60 },
        processorMicroseconds: median(measured.processor),
        peakMegabytes: server.residentBytes() / 2 ** 20,
      },
    ];
  },
};

/** Scheduled for tomorrow, so that only the acceptance is measured. */
export function sending({ client, providerId }: Pick<ServerProcess, "client" | "providerId">): Side {
  const query = `mutation ($input: SendMessageInput!) {
    sendMessage(input: $input) { ... on Message { id to status createdAt } ... on Error { message } }
  }`;
  const scheduledAt = new Date(Date.now() + 24 * 3_600_000).toISOString();
  const bodies = Array.from({ length: 10_000 }, (_, place) => {
    const to = `+421905${String(place).padStart(6, "0")}`;
    const input = { to, text: `Hello ${place}`, scheduledAt, providerId: encodeId("Provider", providerId) };
    return JSON.stringify({ query, variables: { input } });
  });
  return { url: `${client.url}/graphql`, headers: client.headers, bodies };
}

/** @throws Error when PostgreSQL answers before a commit is on disk */
async function insistOnDurability({ database }: ServerProcess): Promise<void> {
  for (const setting of ["fsync", "synchronous_commit"]) {
    const { rows } = await database.query<Record<string, string>>(`show ${setting}`);
    if (rows[0]?.[setting] !== "on") throw new Error(`${setting} is ${rows[0]?.[setting]}`);
  }
}

async function countMessages({ database }: ServerProcess): Promise<number> {
  const { rows } = await database.query<{ count: number }>("select count(*)::int as count from messages");
  return rows[0]?.count ?? 0;
}
