import { performance } from "node:perf_hooks";
import { type Benchmark } from "./support/benchmark.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

export const benchmark: Benchmark = {
  name: "campaign-accept",
  about:
    "Inline recipients of a campaign over HTTP: parsed, checked, normalised, freed of duplicates, priced and committed. " +
    "The limit: the same rows by one unnest statement.",
  async run({ closers, rounds, isShort, progress }) {
    const count = isShort ? 10_000 : 100_000;
    const server = await startServerProcess(closers);
    await storeRate(server);
    await measure(server, Math.min(count, 10_000));
    const results: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}: ${count} recipients`);
      results.push(await measure(server, count));
    }
    return [
      {
        what: `${count} recipients in one request`,
        unit: "rows/s",
        ours: results.map(({ accepted }) => accepted),
        beside: { name: "one unnest insert", rounds: results.map(({ floor }) => floor) },
        target: { atLeast: 0.6 },
        peakMegabytes: server.residentBytes() / 2 ** 20,
      },
    ];
  },
};

interface Round {
  accepted: number;
  floor: number;
}

async function measure(server: ServerProcess, count: number): Promise<Round> {
  const body = requestOf(count);
  const started = performance.now();
  const response = await fetch(`${server.client.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...server.client.headers },
    body,
  });
  const answer = await response.text();
  const accepted = rate(count, started);
  if (!answer.includes(`"duplicatesRemoved":${count / 100}`)) throw new Error(answer.slice(0, 500));
  const floor = await insertAtOnce(server);
  await server.database.query("truncate campaign_recipients");
  await server.database.query("checkpoint");
  return { accepted, floor };
}

function rate(count: number, started: number): number {
  return (count / (performance.now() - started)) * 1000;
}

/** Numbers in no order, as in real lists; one in a hundred comes twice. */
function requestOf(count: number): string {
  const recipients = Array.from({ length: count }, (_, index) => ({
    to: `+421 ${(((index % 100 === 99 ? index - 1 : index) * 7919) % 7_999_993) + 901_000_000}`,
    clientRef: `customer-${index}`,
    values: { first_name: `Jana ${index % 1000}` },
  }));
  const text = "Dear customer, your order is ready.";
  const query = `mutation ($input: CreateCampaignInput!) {
    createCampaign(input: $input) { ... on Campaign { id duplicatesRemoved } ... on Error { code message } }
  }`;
  const input = { name: "Benchmark", text, recipients };
  return JSON.stringify({ query, variables: { input } });
}

/** The rows of the newest campaign again, as another one's. */
async function insertAtOnce({ database }: ServerProcess): Promise<number> {
  const columns =
    "position, recipient, client_ref, text, country, provider_id, sender, encoding, segments, estimated_cost, estimated_currency";
  const types = "int, text, text, text, text, uuid, text, text_encoding, smallint, numeric, text".split(", ");
  const { rows } = await database.query<Record<string, unknown>>(`
    select ${columns} from campaign_recipients
    where campaign_id = (select id from campaigns order by id desc limit 1) order by position`);
  const lists = columns.split(", ").map((column) => rows.map((row) => row[column]));
  const parameters = types.map((type, index) => `$${index + 1}::${type}[]`).join(", ");
  const started = performance.now();
  await database.query(
    `insert into campaign_recipients (campaign_id, ${columns})
    select '00000000-0000-7000-8000-000000000000', * from unnest(${parameters})`,
    lists,
  );
  return rate(rows.length, started);
}
