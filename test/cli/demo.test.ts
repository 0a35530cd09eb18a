import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scopes } from "../../src/access/scopes.ts";
import { connectSandboxes, type Sandbox } from "../../src/development/development.ts";
import { messageStatuses } from "../../src/messages/model/status.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { eventually } from "../support/process.ts";
import { loggedMoves, recordedMoves } from "../support/statistics.ts";

let app: TestApp;
let sandboxes: Sandbox[];
let key: string;
let client: GraphqlClient;

beforeAll(async () => {
  app = await startTestApp();
  sandboxes = await connectSandboxes(app.services, 0);
  const { id } = await app.services.database.prisma.account.findFirstOrThrow({
    where: { name: "Development" },
  });
  key = await app.createKey(scopes, id);
  client = new GraphqlClient(app.url, key);
});

afterAll(async () => {
  await app.stop();
  for (const sandbox of sandboxes) await sandbox.close();
});

function run(
  options: string[],
  env: Record<string, string> = {},
): Promise<{ output: string; problem: string }> {
  const variables = { PATH: "", SMSGRAPH_URL: app.url, SMSGRAPH_KEY: key, DATABASE_URL: app.databaseUrl };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["src/cli/demo.ts", ...options],
      { env: { ...variables, ...env } },
      (_error, output, problem) => done({ output, problem }),
    );
  });
}

const countMessages = (): Promise<number> => app.services.database.prisma.message.count();

async function statuses(): Promise<string[]> {
  const groups = await app.services.database.prisma.message.groupBy({ by: ["status"] });
  return groups.map(({ status }) => status).filter((status) => status !== "SUBMITTING");
}

it("npm run demo fills a server with messages of every outcome, campaigns, rates and balances, once", async () => {
  const { output, problem } = await run(["--days", "3", "--messages", "40"]);
  expect(problem).toBe("");
  expect(output).toContain("History: 120 of 120 messages");
  // SUBMITTING lasts only moments.
  const lasting = messageStatuses.filter((status) => status !== "SUBMITTING");
  await eventually(async () => lasting.length === (await statuses()).length);
  expect(await statuses()).toEqual(expect.arrayContaining(lasting));
  const data = await client.data<{
    campaigns: { edges: { node: { name: string; status: string } }[] };
    rates: { edges: unknown[] };
    providers: { balance: unknown; balanceHistory: { edges: unknown[] } }[];
  }>(`{
    campaigns(first: 10) { edges { node { name status } } }
    rates(first: 50) { edges { node { id } } }
    providers { balance { id } balanceHistory(first: 50) { edges { node { id } } } }
  }`);
  expect(data.rates.edges.length).toBeGreaterThanOrEqual(12);
  const histories = data.providers.filter(({ balance }) => balance !== null);
  const lengths = histories.map(({ balanceHistory }) => balanceHistory.edges.length);
  expect(Math.min(...lengths)).toBeGreaterThan(3);
  const byName = Object.fromEntries(data.campaigns.edges.map(({ node }) => [node.name, node.status]));
  expect(byName).toMatchObject({ "Spring sale": "RUNNING", Survey: "PAUSED", "Opening day": "SCHEDULED" });
  const done = { name: "Thank you", status: "COMPLETED" } as const;
  await eventually(async () => (await app.services.database.prisma.campaign.count({ where: done })) === 1);
  const { database } = app.services;
  const today = new Date().toISOString().slice(0, 10);
  const ofHistory = (lines: Awaited<ReturnType<typeof loggedMoves>>) =>
    lines.filter(({ minute }) => minute < today);
  expect(ofHistory(await recordedMoves(database))).toEqual(ofHistory(await loggedMoves(database)));
  const before = await database.prisma.campaign.count();
  const again = await run(["--days", "3", "--messages", "40"]);
  expect(again.output).toContain("History: there is one already");
  expect(await database.prisma.campaign.count()).toBe(before);
});

it("npm run demo refuses an account whose providers are not sandboxes of this machine", async () => {
  const before = await countMessages();
  const { problem } = await run([], { SMSGRAPH_KEY: app.key });
  expect(problem).toContain("No sandbox is connected to this account");
  expect(await countMessages()).toBeGreaterThanOrEqual(before);
});

it("npm run demo -- --help says what a second run does", async () => {
  expect((await run(["--help"])).output).toContain("A second run on the same day adds nothing");
});
