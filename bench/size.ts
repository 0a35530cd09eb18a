import { startProcess } from "../test/support/process.ts";
import { encodeId } from "../src/lib/global-id.ts";
import { storeWaiting, updates } from "./receipts.ts";
import { sending } from "./sends.ts";
import { median, p99Of, type Benchmark, type BenchRun, type Finding } from "./support/benchmark.ts";
import { eventsEach, fillYears } from "./support/fill-years.ts";
import { HttpLoad } from "./support/http-load.ts";
import { Load, type LoadReport } from "./support/load.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

const connections = 4;
const few = 10_000;

const listed = "{ edges { node { id to text status createdAt provider { name } campaign { name } } } }";
const from = new Date(Date.now() - 30 * 86_400_000).toISOString();
const until = new Date(Date.now() + 86_400_000).toISOString();

/** What the schema can be asked of messages and of what is counted of them; `$id` is a message, `$of` a campaign. */
const questions: Record<string, string> = {
  "message(id) with all of its relations":
    "query ($id: ID!) { message(id: $id) { id to status cost { amount } attempts { startedAt } campaign { name } events(first: 10) { edges { node { status } } } } }",
  "node(id)": "query ($id: ID!) { node(id: $id) { id } }",
  "message(clientRef)": '{ message(clientRef: "order-5000") { id status } }',
  "messages(first: 50)": `{ messages(first: 50) ${listed} }`,
  "messages(last: 50)": `{ messages(last: 50) ${listed} }`,
  "messages by status": `{ messages(first: 50, filter: { status: [UNDELIVERED, UNKNOWN] }) ${listed} }`,
  "messages by a status that none has": `{ messages(first: 50, filter: { status: [SCHEDULED, QUEUED] }) ${listed} }`,
  "messages to a number": `{ messages(first: 50, filter: { to: "+421900000001" }) ${listed} }`,
  "messages by reference": `{ messages(first: 50, filter: { clientRef: "order-7000" }) ${listed} }`,
  "messages searched for": `{ messages(first: 50, filter: { search: "order-9000" }) ${listed} }`,
  "messages of a provider": `{ messages(first: 50, filter: { providerId: "PROVIDER" }) ${listed} }`,
  "messages of a month": `{ messages(first: 50, filter: { created: { from: "${from}", until: "${until}" } }) ${listed} }`,
  "messages of a campaign": `query ($of: ID!) { messages(first: 50, filter: { campaignId: $of }) ${listed} }`,
  "campaign with counts and costs":
    "query ($of: ID!) { campaign(id: $of) { name status counts { total delivered undelivered } byProvider { provider { name } } cost { amount } estimatedCost { amount } } }",
  "campaign with undelivered messages": `query ($of: ID!) { campaign(id: $of) { messages(first: 50, status: UNDELIVERED) ${listed} } }`,
  "campaigns(first: 20) with counts":
    "{ campaigns(first: 20) { edges { node { name counts { total delivered } } } } }",
  "statistics of a month": `{ statistics(from: "${from}", until: "${until}", by: [PROVIDER, STATUS]) { from messages deliveryRate provider { name } status } }`,
  attention: "{ attention { __typename } }",
  "providers with health": "{ providers { name } balances { amount } }",
  inboundMessages: `{ inboundMessages(first: 50) ${listed} }`,
  receipts: "{ receipts(first: 50) { edges { node { __typename } } } }",
  "viewer and settings":
    "{ viewer { __typename } optOutSettings { __typename } sendingSettings { __typename } }",
};

interface Side {
  server: ServerProcess;
  ids: string[];
  campaignIds: string[];
}

export const benchmark: Benchmark = {
  name: "size",
  about:
    `The median of each query, a send, a receipt and the start with 10 million messages and ${eventsEach} events of each, ` +
    `beside the same with ${few.toLocaleString("en")} messages. Needs 30 GB of disk.`,
  async run(run) {
    const many = await fill(run, run.isShort ? 5 * few : 10_000_000);
    const small = await fill(run, few);
    const load = new Load(run.closers);
    const findings: Finding[] = [];
    for (const [what, query] of Object.entries(questions)) {
      findings.push(
        await compare(run, what, [many, small], async ({ server, ids, campaignIds }) => {
          const bodies = bodiesOf(query, server, ids, campaignIds);
          const { client } = server;
          const order = { url: `${client.url}/graphql`, headers: client.headers, bodies };
          return load.run({ ...order, connections, seconds: run.secondsPerRound / 4 });
        }),
      );
    }
    findings.push(
      await compare(run, "sendMessage", [many, small], ({ server }) =>
        load.run({ ...sending(server), connections, seconds: run.secondsPerRound / 4 }),
      ),
      await receive(run, [many, small]),
      await compare(run, "start of the process", [many, small], ({ server }) => start(server)),
    );
    return findings;
  },
};

async function fill(run: BenchRun, messages: number): Promise<Side> {
  const server = await startServerProcess(run.closers);
  await storeRate(server);
  const { accountId, providerId, database } = server;
  const filled = await fillYears(database, { accountId, providerId, messages, progress: run.progress });
  return { server, ...filled };
}

function bodiesOf(
  query: string,
  { providerId }: ServerProcess,
  ids: readonly string[],
  campaignIds: readonly string[],
): string[] {
  const text = query.replace('PROVIDER"', `${encodeId("Provider", providerId)}"`);
  const of = (type: "Message" | "Campaign", name: string, all: readonly string[]): string[] =>
    all.map((id) => JSON.stringify({ query: text, variables: { [name]: encodeId(type, id) } }));
  if (query.includes("$id")) return of("Message", "id", ids);
  if (query.includes("$of")) return of("Campaign", "of", campaignIds);
  return [JSON.stringify({ query: text })];
}

type Measure = (side: Side) => Promise<Pick<LoadReport, "latencies">>;

/** The medians of the latencies, in turn, after one round that warms up. */
async function compare(
  { rounds, progress }: BenchRun,
  what: string,
  [many, small]: readonly [Side, Side],
  measure: Measure,
): Promise<Finding> {
  const [ours, beside, all]: [number[], number[], number[]] = [[], [], []];
  await measure(many);
  await measure(small);
  for (let round = 0; round < rounds; round++) {
    const { latencies } = await measure(many);
    all.push(...latencies);
    ours.push(median(latencies));
    beside.push(median((await measure(small)).latencies));
  }
  progress(`${what}: ${median(ours).toFixed(2)} ms beside ${median(beside).toFixed(2)}`);
  return {
    what,
    unit: "ms",
    ours,
    beside: { name: `the same with ${few.toLocaleString("en")}`, rounds: beside },
    target: { atMost: 1.5 },
    p99: { ms: p99Of(all) },
  };
}

async function receive(run: BenchRun, sides: readonly [Side, Side]): Promise<Finding> {
  const load = new HttpLoad(run.closers);
  const urls = new Map<Side, { id: string; url: string }>();
  for (const side of sides) {
    const { provider } = await side.server.client.data<{ provider: { callbackUrl: string } }>(
      `query ($id: ID!) { provider(id: $id) { callbackUrl } }`,
      { id: encodeId("Provider", side.server.providerId) },
    );
    urls.set(side, { id: side.server.providerId, url: provider.callbackUrl });
  }
  return compare(run, "receipt of TikoSMS", sides, async (side) => {
    const { id, url } = urls.get(side) ?? { id: "", url: "" };
    const waiting = await storeWaiting(side.server, id, 500);
    return load.run({ url, contentType: "application/json", bodies: updates(waiting), connections });
  });
}

/** Another process on the same database. */
async function start({ databaseUrl, environment }: ServerProcess): Promise<{ latencies: number[] }> {
  const beganAt = performance.now();
  const started = startProcess({ ...environment, DATABASE_URL: databaseUrl, PORT: "0", ROLE: "api" });
  await started.ready;
  const milliseconds = performance.now() - beganAt;
  await started.end("SIGTERM");
  return { latencies: [milliseconds] };
}
