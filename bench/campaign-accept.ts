import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";
import { withClosers } from "./support/server.ts";

const helpText = `How many inline recipients of a campaign are accepted in a second.

Usage: npm run bench:campaign-accept [-- --recipients=100000 --rounds=5 --personal]

Starts an embedded PostgreSQL and one API process, and creates campaigns over HTTP: parsed, checked, normalised, freed
of duplicates (one in a hundred), priced and committed. With --personal each recipient has a text of its own. Between
them it inserts the same rows with one unnest statement: nothing that stores them can be faster.
`;

const { values } = parseArgs({
  options: {
    recipients: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    personal: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) process.stdout.write(helpText);
else await run(Number(values.recipients), Number(values.rounds), values.personal);

interface Round {
  accepted: number;
  floor: number;
}

async function run(count: number, rounds: number, personal: boolean): Promise<void> {
  await withClosers(async (closers) => {
    const server = await startServerProcess(closers);
    await storeRate(server);
    await measure(server, Math.min(count, 10_000), personal);
    const results: Round[] = [];
    for (let round = 0; round < rounds; round++) results.push(await measure(server, count, personal));
    process.stdout.write(report(results));
  });
}

async function measure(server: ServerProcess, count: number, personal: boolean): Promise<Round> {
  const body = requestOf(count, personal);
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
function requestOf(count: number, personal: boolean): string {
  const recipients = Array.from({ length: count }, (_, index) => ({
    to: `+421 9${String((((index % 100 === 99 ? index - 1 : index) * 7919) % 99_999_989) + 1).padStart(8, "0")}`,
    clientRef: `customer-${index}`,
    values: { first_name: `Jana ${index % 1000}` },
  }));
  const text = personal ? "Dear {{first_name}}, your order is ready." : "Dear customer, your order is ready.";
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

function report(rounds: readonly Round[]): string {
  const accepted = median(rounds.map((round) => round.accepted));
  const floor = median(rounds.map((round) => round.floor));
  return [
    `accepted over HTTP        ${Math.round(accepted)} recipients/s (median of ${rounds.length})`,
    `limit: one unnest insert  ${Math.round(floor)} rows/s`,
    `accepted at ${((accepted / floor) * 100).toFixed(0)} % of the limit`,
    "",
  ].join("\n");
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
