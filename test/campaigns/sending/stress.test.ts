import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { createTestDatabase } from "../../support/database.ts";
import { GraphqlClient, type GraphqlResult } from "../../support/graphql-client.ts";
import { numbersOf } from "../../support/stored-campaigns.ts";

const statuses = `scheduled queued submitting outcomeUnknown submitted sent delivered read undelivered expired
  rejected failed cancelled unknown`;
const fields = `status total: counts { total } counts { ${statuses} }`;

interface Frame {
  status: string;
  total: { total: number };
  counts: Record<string, number>;
}

/** Receipts in order, repeated, reversed, before the answer; refused once; not answered; refused later. */
const scenarios = ["000", "001", "006", "007", "008", "010", "012", "003", "016"];
const perScenario = 30;
const size = scenarios.length * perScenario;

function check({ status, counts, total }: Frame): void {
  const waiting = ["scheduled", "queued", "submitting"].some((one) => counts[one] !== 0);
  expect(status === "COMPLETED" && waiting).toBe(false);
  expect(total.total).toBe(size);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(size);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(0);
}

const ended = ({ counts }: Frame): boolean =>
  ["delivered", "undelivered", "expired", "rejected", "failed", "cancelled"].reduce(
    (sum, status) => sum + (counts[status] ?? 0),
    0,
  ) === size;

const read = async (client: GraphqlClient, id: string): Promise<Frame> =>
  (await client.data<{ campaign: Frame }>(`query ($id: ID!) { campaign(id: $id) { ${fields} } }`, { id }))
    .campaign;

/** Checks every frame until all messages have ended. Returns the number of frames and the last one. */
async function watch(client: GraphqlClient, id: string): Promise<{ frames: number; last: Frame }> {
  const document = `subscription ($id: ID!) { campaignProgress(id: $id, maxPerSecond: 20) { ${fields} } }`;
  const stream = client.subscribe<{ campaignProgress: Frame }>(document, { id });
  let frames = 0;
  for await (const { data, errors } of stream as AsyncIterable<GraphqlResult<{ campaignProgress: Frame }>>) {
    if (!data) throw new Error(JSON.stringify(errors));
    frames++;
    check(data.campaignProgress);
    // On a slow machine everything may have ended while it is paused.
    const isOver = ["COMPLETED", "CANCELLED"].includes(data.campaignProgress.status);
    if (ended(data.campaignProgress) && isOver) return { frames, last: data.campaignProgress };
  }
  throw new Error("the stream ended");
}

const byStatus = (table: string, sum: string): string =>
  `select status::text, ${sum}::int as count from ${table} where campaign_id = $1
   group by status having ${sum} <> 0 order by 1`;

/** Compares the counts of the rows with those of the tallies. */
async function compare({ services: { database } }: TestApp, id: string): Promise<void> {
  const campaignId = decodeId("Campaign", id);
  const rows = await database.pool.query(byStatus("messages", "count(*)"), [campaignId]);
  const tallies = await database.pool.query(byStatus("campaign_tallies", "sum(delta)"), [campaignId]);
  expect(tallies.rows).toEqual(rows.rows);
}

const change = (client: GraphqlClient, mutation: string, id: string): Promise<unknown> =>
  client.data(`mutation ($id: ID!) { ${mutation}(id: $id) { ... on Campaign { id } } }`, { id });

it(
  "every progress frame adds up while four campaigns run at two workers in all scenarios",
  {
    timeout: 300_000,
  },
  async () => {
    const database = await createTestDatabase();
    const shared = { databaseUrl: database.url, secretKey: randomBytes(32) };
    const one = await startTestApp(shared);
    const other = await startTestApp(shared);
    const far = new GraphqlClient(other.url, one.key);
    const sandboxes = [await connectTestSandbox(one), await connectTestSandbox(one)];
    try {
      const ids: string[] = [];
      for (const [place, text] of ["Hello", "Hello {{name}}", "Hello {{name}}", "Hello"].entries()) {
        const recipients = scenarios.flatMap((scenario) =>
          numbersOf(perScenario, scenario).map((to) => ({ to, values: { name: to } })),
        );
        const providerId = sandboxes[place % 2]?.providerId;
        // Slow enough that the last one is cancelled before its end, also on a busy machine.
        const messagesPerSecond = [undefined, undefined, 60, 10][place];
        const created = await createCampaign(one, { text, recipients, providerId, messagesPerSecond });
        expect(created).toMatchObject({ __typename: "Campaign", refusedCount: 0 });
        ids.push(created.id);
      }
      const [, , paused = "", cancelled = ""] = ids;
      const watching = ids.flatMap((id) => [watch(one.client, id), watch(far, id)]);
      const asking = new AbortController();
      const asked = (async () => {
        let answers = 0;
        while (!asking.signal.aborted) {
          for (const id of ids) check(await read(answers++ % 2 === 0 ? one.client : far, id));
        }
        return answers;
      })();
      await expect.poll(async () => (await read(far, cancelled)).counts["delivered"]).toBeGreaterThan(3);
      await change(far, "cancelCampaign", cancelled);
      for (let times = 0; times < 5; times++) {
        await change(times % 2 === 0 ? one.client : far, "pauseCampaign", paused);
        await change(times % 2 === 0 ? far : one.client, "resumeCampaign", paused);
      }
      const ends = await Promise.all(watching);
      asking.abort();
      expect(await asked).toBeGreaterThan(20);
      const frames = ends.map((end) => end.frames);
      expect(Math.min(...frames)).toBeGreaterThan(0);
      expect(Math.max(...frames)).toBeGreaterThan(1);
      // Both watchers of a campaign saw the same final state.
      for (const [place, id] of ids.entries()) {
        const last = await read(one.client, id);
        expect([ends[place * 2]?.last, ends[place * 2 + 1]?.last]).toEqual([last, last]);
        await compare(one, id);
        expect(last.status).toBe(id === cancelled ? "CANCELLED" : "COMPLETED");
        expect((last.counts["cancelled"] ?? 0) > 0).toBe(id === cancelled);
      }
    } finally {
      await one.stop();
      await other.stop();
      for (const { sandbox } of sandboxes) await sandbox.close();
      await database.drop();
    }
  },
);
