import { encodeId } from "../src/lib/global-id.ts";
import { median, p99Of, type Benchmark, type BenchRun, type Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { Load, type LoadOrder, type LoadReport } from "./support/load.ts";
import { startPostGraphile } from "./support/peers.ts";
import { startServerProcess } from "./support/server-process.ts";

const connections = 64;

/** The same question in both schemas. */
interface Question {
  what: string;
  atLeast: number;
  ours: string;
  theirs: string;
}

const page = (more: string): string =>
  `{ messages(first: 50) { edges { node { id to text status createdAt ${more} } } } }`;

const theirPage = (more: string): string =>
  `{ allMessages(first: 50, orderBy: PRIMARY_KEY_DESC, condition: { accountId: "ACCOUNT" }) {
    edges { node { id recipient text status createdAt ${more} } } } }`;

const one = (more = ""): string =>
  `query ($id: ID!) { message(id: $id) { id to text status createdAt ${more} } }`;

const theirOne = (more = ""): string =>
  `query ($id: UUID!) { messageByRowId(rowId: $id) { id recipient text status createdAt ${more} } }`;

const whole =
  "provider { name } campaign { id name } events(first: 5) { edges { node { id status source occurredAt } } }";
const theirWhole =
  "provider: providerByProviderId { name } campaign: campaignByCampaignId { id name } messageEvents(first: 5, orderBy: PRIMARY_KEY_ASC) { edges { node { id status source occurredAt } } }";

const questions: Question[] = [
  { what: "message(id), five fields", atLeast: 1.3, ours: one(), theirs: theirOne() },
  {
    what: "the same with provider { name }",
    atLeast: 1.3,
    ours: one("provider { name }"),
    theirs: theirOne("provider: providerByProviderId { name }"),
  },
  {
    what: "messages(first: 50) with provider { name }",
    atLeast: 1.3,
    ours: page("provider { name }"),
    theirs: theirPage("provider: providerByProviderId { name }"),
  },
  {
    what: "messages(first: 50) with provider, campaign, five events",
    atLeast: 1,
    ours: page(whole),
    theirs: theirPage(theirWhole),
  },
];

export const benchmark: Benchmark = {
  name: "reads",
  about: `What a front end asks all day, over ${connections} connections. The peer: PostGraphile on the same PostgreSQL and the same rows.`,
  async run(run) {
    const server = await startServerProcess(run.closers);
    const { accountId, providerId, database, client } = server;
    const messages = run.isShort ? 1_000 : 10_000;
    run.progress(`filling in ${messages} messages with five events each`);
    const { ids } = await fillMessages(database, { accountId, providerId, messages, eventsEach: 5 });
    // It finds relations by foreign keys, and events have none.
    await database.query(
      `comment on table message_events is E'@foreignKey (message_id) references messages (id)|@foreignFieldName messageEvents'`,
    );
    const theirUrl = await startPostGraphile(server.databaseUrl, run.closers, run.progress);
    const load = new Load(run.closers);
    const findings: Finding[] = [];
    for (const { what, atLeast, ours, theirs } of questions) {
      const ourOrder = {
        url: `${client.url}/graphql`,
        headers: client.headers,
        bodies: bodiesOf(
          ours,
          ids.map((id) => encodeId("Message", id)),
        ),
      };
      const theirOrder = {
        url: theirUrl,
        headers: {},
        bodies: bodiesOf(theirs.replace("ACCOUNT", accountId), ids),
      };
      const measured = await inTurn(run, load, [ourOrder, theirOrder], what, () => server.processorSeconds());
      findings.push({
        what,
        unit: "requests/s",
        ours: measured.ours.map(({ perSecond }) => perSecond),
        beside: { name: "PostGraphile", rounds: measured.theirs.map(({ perSecond }) => perSecond) },
        target: { atLeast },
        p99: { ms: p99Of(measured.ours.flatMap(({ latencies }) => latencies)) },
        processorMicroseconds: median(measured.processor),
        peakMegabytes: server.residentBytes() / 2 ** 20,
      });
    }
    return findings;
  },
};

/** One body for each id, or the one body of a question without an id. */
function bodiesOf(query: string, ids: readonly string[]): string[] {
  if (!query.includes("$id")) return [JSON.stringify({ query })];
  return ids.map((id) => JSON.stringify({ query, variables: { id } }));
}

type Side = Pick<LoadOrder, "url" | "headers" | "bodies">;

/** Warms both up, then measures them round by round, and our processor time per request. */
export async function inTurn(
  { rounds, secondsPerRound, progress }: BenchRun,
  load: Load,
  [ourSide, theirSide]: [Side, Side],
  what: string,
  processorSeconds: () => Promise<number>,
): Promise<{ ours: LoadReport[]; theirs: LoadReport[]; processor: number[] }> {
  const measure = (side: Side, seconds: number): Promise<LoadReport> =>
    load.run({ ...side, connections, seconds });
  await measure(theirSide, secondsPerRound / 2);
  await measure(ourSide, secondsPerRound / 2);
  const [ours, theirs, processor]: [LoadReport[], LoadReport[], number[]] = [[], [], []];
  for (let round = 1; round <= rounds; round++) {
    const before = await processorSeconds();
    const own = await measure(ourSide, secondsPerRound);
    processor.push((((await processorSeconds()) - before) / own.latencies.length) * 1e6);
    ours.push(own);
    const other = await measure(theirSide, secondsPerRound);
    theirs.push(other);
    progress(`${what}, round ${round}: ${Math.round(own.perSecond)} beside ${Math.round(other.perSecond)}/s`);
  }
  return { ours, theirs, processor };
}
