import { parseArgs } from "node:util";
import { Client } from "pg";
import { runningPostgres } from "../database/embedded-postgres.ts";
import { hasHistory, writeDay, type DemoProvider } from "../development/demo-history.ts";
import { decodeId } from "../lib/global-id.ts";
import { ask, findServer, runCommand, UsageError, type Server } from "./server.ts";

const help = `Fills a running development server with a believable month: settled messages of each past day, messages of
every outcome, campaigns that run, are paused and are done, rates and balances.

Usage: npm run demo [-- options]      (after npm start, in another terminal)

  --days N             days of history; default: 30
  --messages N         messages of each past day; default: 100
  --url URL            where smsgraph is; default: SMSGRAPH_URL, or http://localhost:4000
  --help               this text

It sends only through connected sandboxes, never to real phones. The API key is taken from SMSGRAPH_KEY, or from the
development key in DATA_DIR (.data), and the database is that of DATABASE_URL, or the one in DATA_DIR.
A second run on the same day adds nothing. On a later day it adds new messages and campaigns, but no second history.
`;

const options = {
  days: { type: "string", default: "30" },
  messages: { type: "string", default: "100" },
  url: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** What the sandboxes do with a number that ends so: an example of every status in which a message can rest. */
const outcomes: Record<string, readonly string[]> = {
  TIKOSMS: ["000", "001", "002", "003", "004", "005", "009", "011", "020", "021"],
  TONKRA: ["000", "042"],
  TELEKOM: ["000", "031", "032"],
  QIKLI: ["000", "005"],
};

/** Euro per segment. */
const prices: Record<string, number> = { TIKOSMS: 0.042, TONKRA: 0.045, TELEKOM: 0.058, QIKLI: 0.061 };

type Sandbox = DemoProvider & { globalId: string; kind: string };

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(help);
  const [days, messages] = [countOf("days", values.days, 365), countOf("messages", values.messages, 10_000)];
  const server = await findServer(values.url);
  const database = await openDatabase();
  try {
    const sandboxes = await findSandboxes(server, database);
    await setRates(server, sandboxes);
    await writeHistory(database, sandboxes, days, messages);
    await sendMessages(server, sandboxes);
    await createCampaigns(server, sandboxes);
  } finally {
    await database.end();
  }
  say("Done. Open GraphiQL and look at messages, campaigns and providers.");
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function countOf(name: string, text: string, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= max) return count;
  throw new UsageError(`--${name} must be a whole number from 0 to ${max}.`);
}

async function openDatabase(): Promise<Client> {
  // oxlint-disable-next-line node/no-process-env
  const { DATABASE_URL, DATA_DIR = ".data" } = process.env;
  const url = DATABASE_URL ?? (await runningPostgres(DATA_DIR));
  if (url === undefined) {
    throw new UsageError(
      `No database runs in ${DATA_DIR}. Start smsgraph here (npm start), or set DATABASE_URL or DATA_DIR as it has them.`,
    );
  }
  const client = new Client({ connectionString: url });
  await client.connect().catch((error: Error) => {
    throw new UsageError(`The database cannot be reached: ${error.message}. Is smsgraph running?`);
  });
  return client;
}

const execute = <Data>(server: Server, query: string, variables: object = {}): Promise<Data> =>
  ask<Data>(server, JSON.stringify({ query, variables }));

/** Only what runs on this machine: nothing may reach a real phone. */
async function findSandboxes(server: Server, database: Client): Promise<Sandbox[]> {
  const { providers } = await execute<{ providers: { id: string; kind: string }[] }>(
    server,
    "{ providers { id kind } }",
  );
  const globalIds = new Map(providers.map(({ id }) => [decodeId("Provider", id), id]));
  const { rows } = await database.query<{ id: string; accountId: string; kind: string; baseUrl: string }>(
    `select id, account_id as "accountId", kind, settings->>'baseUrl' as "baseUrl" from providers
     where id = any ($1::uuid[]) and enabled and disconnected_at is null order by priority, id`,
    [[...globalIds.keys()]],
  );
  const sandboxes = rows
    .filter(({ baseUrl }) => isLoopback(baseUrl))
    .map(({ id, accountId, kind }) => ({
      id,
      accountId,
      kind,
      globalId: globalIds.get(id) ?? "",
      price: prices[kind] ?? 0.05,
    }));
  if (sandboxes.length > 0) return sandboxes;
  throw new UsageError(
    "No sandbox is connected to this account. Start smsgraph in development (npm start), with SANDBOX=true.",
  );
}

function isLoopback(url: string): boolean {
  return ["127.0.0.1", "[::1]", "localhost"].includes(URL.parse(url)?.hostname ?? "");
}

async function setRates(server: Server, sandboxes: readonly Sandbox[]): Promise<void> {
  for (const { globalId, price } of sandboxes) {
    const rates = ["SK", "CZ", "DE"].map((country, index) => ({
      country,
      price: (price * (1 + index / 4)).toFixed(4),
      currency: "EUR",
    }));
    await execute(
      server,
      `mutation ($input: SetRatesInput!) {
        setRates(input: $input) { ... on RateChanges { added } ... on Error { code message } }
      }`,
      { input: { providerId: globalId, rates } },
    );
  }
  say(`Rates: SK, CZ and DE with ${sandboxes.length} providers`);
}

async function writeHistory(
  database: Client,
  sandboxes: readonly Sandbox[],
  days: number,
  messages: number,
): Promise<void> {
  if (await hasHistory(database, sandboxes[0]?.accountId ?? "")) {
    return say("History: there is one already");
  }
  const now = new Date();
  for (let daysAgo = days; daysAgo >= 1; daysAgo--) {
    await writeDay(database, sandboxes, { daysAgo, messages, now });
    if (daysAgo % 10 === 1) say(`History: ${(days - daysAgo + 1) * messages} of ${days * messages} messages`);
  }
}

interface Result {
  __typename: string;
  code?: string;
  message?: string;
}

const today = (): string => new Date().toISOString().slice(0, 10);

async function sendMessages(server: Server, sandboxes: readonly Sandbox[]): Promise<void> {
  const tomorrow = new Date(Date.parse(today()) + 33 * 3_600_000);
  const messages = sandboxes.flatMap(({ globalId, kind }) => [
    ...(outcomes[kind] ?? ["000"]).map((suffix) => ({
      ...messageTo(`+421901000${suffix}`, kind, globalId),
      // Two parts, for the scenarios that report each one.
      ...(suffix >= "020" && suffix <= "021" && { text: "The shop is open on Sunday, too. ".repeat(6) }),
    })),
    {
      ...messageTo("+421901000100", `${kind} scheduled`, globalId),
      scheduledAt: tomorrow.toISOString(),
    },
  ]);
  const { sendMessages: sent } = await execute<{ sendMessages: { results: Result[] } & Result }>(
    server,
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) {
        __typename
        ... on SendMessagesSuccess { results { __typename ... on Error { code message } } }
        ... on Error { code message }
      }
    }`,
    { input: { messages } },
  );
  const accepted = sent.results?.filter(({ __typename }) => __typename === "Message").length ?? 0;
  say(`Messages: ${accepted} of ${messages.length}, with every outcome; receipts arrive in the next seconds`);
  for (const { message } of sent.results ?? [sent]) if (message !== undefined) say(`  ${message}`);
}

const messageTo = (to: string, name: string, providerId: string) => ({
  to,
  text: "Your appointment is confirmed.",
  providerId,
  clientRef: "demo",
  idempotencyKey: `demo ${today()} ${name} ${to}`,
});

const people = (count: number): { to: string; values: { first_name: string } }[] =>
  Array.from({ length: count }, (_, index) => ({
    to: `+4219${String(10_000_000 + index * 1_009)}`,
    values: { first_name: ["Eva", "Jan", "Mia", "Peter", "Zuzana"][index % 5] ?? "Eva" },
  }));

/** One of each: done in a few seconds, on its way for hours, paused, and beginning tomorrow. */
async function createCampaigns(server: Server, [first]: readonly Sandbox[]): Promise<void> {
  const tomorrow = new Date(Date.parse(today()) + 33 * 3_600_000).toISOString();
  const campaigns = [
    { name: "Thank you", recipients: people(60) },
    { name: "Spring sale", recipients: people(2_000), messagesPerSecond: 0.2 },
    { name: "Survey", recipients: people(500), messagesPerSecond: 0.1, isPaused: true },
    { name: "Opening day", recipients: people(300), scheduledAt: tomorrow },
  ];
  for (const { isPaused = false, ...campaign } of campaigns) {
    const input = {
      ...campaign,
      text: "Hello {{first_name}}, thank you for being with us.",
      providerId: first?.globalId,
      idempotencyKey: `demo ${today()} ${campaign.name}`,
    };
    const { createCampaign: created } = await execute<{ createCampaign: Result & { id?: string } }>(
      server,
      `mutation ($input: CreateCampaignInput!) {
        createCampaign(input: $input) { __typename ... on Campaign { id } ... on Error { code message } }
      }`,
      { input },
    );
    if (created.id === undefined) throw new UsageError(`${created.message} (${created.code})`);
    if (isPaused) {
      await execute(server, "mutation ($id: ID!) { pauseCampaign(id: $id) { ... on Error { code } } }", {
        id: created.id,
      });
    }
    say(`Campaign: ${campaign.name}, ${campaign.recipients.length} recipients`);
  }
}

await runCommand(main);
