import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { decodeId } from "../src/lib/global-id.ts";
import { eventually } from "../test/support/process.ts";
import { connect } from "../torture/connect.ts";
import { Fleet } from "../torture/fleet.ts";
import { OwnPostgres } from "../torture/postgres.ts";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import { ProvidersProcess } from "./support/providers.ts";
import type { StartedProvider } from "./support/providers-process.ts";

/** How long a sandbox takes to answer. */
const answerMs = 50;
const patienceSeconds = 900;

/** Without it, a list would be read with a request a second: Tonkra's has a thousand pages here. */
const maxPerSecond = 2_000;

export const benchmark: Benchmark = {
  name: "recovery",
  about:
    "Campaigns at all four sandboxes, which answer in 50 ms and take 2,000 messages/s, and whose receipts do not arrive; then a kill -9 of every process and " +
    "of PostgreSQL: how long until a new message is submitted, and until every outcome that a provider can tell is known.",
  run,
};

type Connected = StartedProvider & { id: string };

/** A quarter of all messages at each provider; one text goes out in requests for many. */
async function sendCampaigns(fleet: Fleet, providers: readonly Connected[], count: number): Promise<void> {
  const [client] = fleet.clients;
  await Promise.all(
    providers.map(async ({ id: providerId, title }, place) => {
      const recipients = Array.from({ length: count / providers.length }, (_, index) => ({
        // The last three digits choose what a sandbox does; none of its scenarios is above 100.
        to: `+42190${place + 1}${String(Math.floor(index / 900)).padStart(3, "0")}${100 + (index % 900)}`,
      }));
      const created = await client?.data<{ createCampaign: { id?: string; message?: string } }>(
        `mutation ($input: CreateCampaignInput!) {
          createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } }
        }`,
        { input: { name: title, text: "Hello", providerId, recipients } },
      );
      if (!created?.createCampaign.id) throw new Error(created?.createCampaign.message);
    }),
  );
}

async function run(bench: BenchRun): Promise<Finding[]> {
  const { closers, isShort, progress } = bench;
  const count = isShort ? 4_000 : 100_000;
  const postgres = await OwnPostgres.create(4_000);
  closers.push(() => postgres.close());
  await postgres.start();
  const sandboxes = await ProvidersProcess.start(closers, { answerMs });
  const fleet = await Fleet.start({
    databaseUrl: postgres.url,
    publicUrl: "http://127.0.0.1:9",
    directory: postgres.directory,
  });
  closers.push(() => fleet.close());
  const providers: Connected[] = [];
  for (const provider of sandboxes.all)
    providers.push({ ...provider, id: (await connect(fleet, provider, { maxPerSecond })).id });
  await sendCampaigns(fleet, providers, count);
  // All are busy: those that take one message in a request have had a few hundred, the others more, and none is done.
  const busy = await connectTo(postgres, closers);
  await eventually(async () => (await busyProviders(busy, count / 200)) === providers.length, {
    timeoutSeconds: patienceSeconds,
  });
  const killedAt = performance.now();
  const say = (what: string) => (): void =>
    progress(`${what} ${Math.round(performance.now() - killedAt)} ms after the kill`);
  postgres.kill();
  const ended = fleet.members.map((member) => fleet.kill(member));
  await Promise.all([postgres.start().then(say("PostgreSQL answered")), ...ended]);
  fleet.ready().then(say("every process worked"), () => undefined);
  const database = await connectTo(postgres, closers);
  const id = await sendOne(fleet, providers);
  say("a new message was accepted")();
  await eventually(async () => !waiting.has(await statusOf(database, id)), {
    timeoutSeconds: patienceSeconds,
  });
  const workingAt = performance.now();
  say("a new message was submitted")();
  const settledAt = await settled(database, sandboxes, progress);
  return [
    {
      what: `${count} in flight: a new message is submitted`,
      unit: "ms",
      ours: [workingAt - killedAt],
      target: { atMost: 5_000 },
    },
    ...providers.flatMap(({ kind, title }) =>
      kind === "TELEKOM"
        ? []
        : [
            {
              what: `${title}: every outcome known that it can tell`,
              unit: "ms" as const,
              ours: [(settledAt.get(kind) ?? workingAt) - killedAt],
              target: { atMost: 120_000 },
            },
          ],
    ),
    {
      what: "submitted twice",
      unit: "times",
      ours: [await sandboxes.twice()],
      target: { atMost: 0 },
    },
  ];
}

async function connectTo(postgres: OwnPostgres, closers: BenchRun["closers"]): Promise<Client> {
  const client = new Client({ connectionString: postgres.url });
  client.on("error", () => undefined);
  await client.connect();
  closers.push(() => client.end().catch(() => undefined));
  return client;
}

/** Providers that have taken so many messages. */
async function busyProviders(client: Client, least: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from (
      select from messages where status in ('SUBMITTED', 'SENT', 'DELIVERED', 'UNKNOWN')
      group by provider_id having count(*) >= $1
    ) as busy`,
    [least],
  );
  return rows[0]?.count ?? 0;
}

/** What a message is until it has been submitted. */
const waiting = new Set(["QUEUED", "SUBMITTING"]);

async function statusOf(client: Client, id: string): Promise<string> {
  const { rows } = await client.query<{ status: string }>("select status::text from messages where id = $1", [
    id,
  ]);
  return rows[0]?.status ?? "QUEUED";
}

/** As somebody who repeats until there is an answer. Returns the id. */
async function sendOne(fleet: Fleet, providers: readonly Connected[]): Promise<string> {
  const input = { providerId: providers[0]?.id, to: "+421915000000", text: "New", idempotencyKey: "new" };
  for (;;) {
    for (const client of fleet.clients) {
      const answer = await client
        .send<{ sendMessage: { id?: string } }>(
          "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }",
          { input },
        )
        .catch(() => undefined);
      const { id } = answer?.data?.sendMessage ?? {};
      if (id !== undefined) return decodeId("Message", id);
    }
    await pause(20);
  }
}

/** Requests of the dead are found, and lists are read, within this time: whoever has nothing unknown for so long is done. */
const quietMs = 20_000;

/**
 * When each provider last had a message whose outcome was not known although the provider can tell it: the message is in its
 * books. What a provider never got stays unknown, because nobody can prove that it is not still on its way.
 */
async function settled(
  database: Client,
  sandboxes: ProvidersProcess,
  progress: (line: string) => void,
): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  const begun = performance.now();
  const shown = new Map<string, string>();
  const isQuiet = async (): Promise<boolean> => {
    await pause(500);
    const { rows } = await database.query<{ kind: string; numbers: string[] }>(
      `select p.kind::text as kind, array_agg(ltrim(m.recipient, '+')) as numbers
      from messages as m join providers as p on p.id = m.provider_id
      where m.status = 'OUTCOME_UNKNOWN' group by 1`,
    );
    const now = performance.now();
    for (const { kind, numbers } of rows) {
      const told = await sandboxes.has(kind, numbers);
      if (told > 0) last.set(kind, now);
      const line = `${told} unknown that it has, ${numbers.length - told} that it does not have`;
      if (shown.get(kind) !== line) progress(`${kind}: ${line}, after ${Math.round((now - begun) / 1000)} s`);
      shown.set(kind, line);
    }
    return sandboxes.all.every(({ kind }) => kind === "TELEKOM" || now - (last.get(kind) ?? begun) > quietMs);
  };
  await eventually(isQuiet, { timeoutSeconds: patienceSeconds }).catch((error: unknown) =>
    progress(String(error)),
  );
  return last;
}
