import { describe, expect, it, type TestContext } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { Deployment } from "../support/deployment.ts";
import { eventually } from "../support/process.ts";
import { numbersOf } from "../support/stored-campaigns.ts";

const patience = 300_000;

async function deploy({ onTestFinished }: TestContext): Promise<Deployment> {
  const deployment = await Deployment.create();
  onTestFinished(() => deployment.close());
  return deployment;
}

async function createCampaign({ client }: Deployment, text: string, count: number): Promise<string> {
  const recipients = numbersOf(count).map((to, index) => ({ to, values: { name: `n${index}` } }));
  const data = await client.data<{ createCampaign: { id: string; message?: string } }>(
    `mutation ($input: CreateCampaignInput!) {
      createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } }
    }`,
    { input: { name: "Crash", text, recipients } },
  );
  if (!data.createCampaign.id) throw new Error(data.createCampaign.message);
  return decodeId("Campaign", data.createCampaign.id);
}

/** Messages of the campaign in each status, and what the tallies say of it. */
async function counts({ database }: Deployment, campaignId: string): Promise<Record<string, number>> {
  const { rows } = await database.query<{ status: string; count: number }>(
    "select status, count(*)::int as count from messages where campaign_id = $1 group by status",
    [campaignId],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

async function tallies({ database }: Deployment, campaignId: string): Promise<Record<string, number>> {
  const { rows } = await database.query<{ status: string; count: number }>(
    `select status, sum(delta)::int as count from campaign_tallies where campaign_id = $1
     group by status having sum(delta) <> 0`,
    [campaignId],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** Attempts that are under way, or seem to be. */
async function openAttempts({ database }: Deployment): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select (select count(*) from attempts where finished_at is null)::int
       + (select coalesce(sum(cardinality(message_ids)), 0) from bulk_attempts)::int as count`,
  );
  return rows[0]?.count ?? 0;
}

/** How often each message was handed over. */
function submissions({ double }: Deployment): number[] {
  const groups = Map.groupBy(double.requests, ({ reference }) => reference);
  return [...groups.values()].map(({ length }) => length);
}

async function runCrash(text: string, count: number): Promise<void> {
  const deployment = await Deployment.create();
  try {
    const gate = Promise.withResolvers<void>();
    deployment.double.plan = () => ({ before: gate.promise });
    const killed = await deployment.start("all");
    await deployment.connect();
    const campaignId = await createCampaign(deployment, text, count);
    await eventually(() => deployment.double.requests.length === count);
    expect(await counts(deployment, campaignId)).toEqual({ SUBMITTING: count });
    expect(await openAttempts(deployment)).toBe(count);
    await killed.end("SIGKILL");
    await deployment.start("all");
    await eventually(async () => (await counts(deployment, campaignId))["OUTCOME_UNKNOWN"] === count);
    // An attempt without an end would keep its place in the lane.
    expect(await openAttempts(deployment)).toBe(0);
    // The provider had read the requests, and takes them long after their sender is gone.
    gate.resolve();
    await eventually(async () => (await counts(deployment, campaignId))["DELIVERED"] === count);
    expect(await tallies(deployment, campaignId)).toEqual({ DELIVERED: count });
    expect(new Set(submissions(deployment))).toEqual(new Set([1]));
  } finally {
    await deployment.close();
  }
}

describe.concurrent("a worker that is killed in the middle of a campaign", () => {
  it.each([
    ["in a request for all", "Hello", 30],
    ["in requests for one each", "Hello {{name}}", 30],
  ])(
    "a worker killed in the middle of a campaign loses and repeats nothing: %s",
    { timeout: patience },
    async (_name, text, count) => {
      await runCrash(text, count);
    },
  );

  it(
    "a worker killed again and again in the middle of a campaign loses and repeats nothing",
    { timeout: patience },
    async (test) => {
      const count = 1_500;
      const deployment = await deploy(test);
      await deployment.start("api");
      await deployment.connect();
      let worker = await deployment.start("worker");
      const campaignId = await createCampaign(deployment, "Hello", count);
      for (let kills = 0; kills < 5; kills++) {
        const before = deployment.double.requests.length;
        await Promise.race([
          eventually(() => deployment.double.requests.length > before),
          new Promise((done) => setTimeout(done, 300)),
        ]);
        await worker.end("SIGKILL");
        worker = await deployment.start("worker");
      }
      // What was claimed by a worker that never came to write it is not sent by another: nobody can know that it was not.
      await eventually(async () => {
        const { DELIVERED: delivered = 0, OUTCOME_UNKNOWN: unknown = 0 } = await counts(
          deployment,
          campaignId,
        );
        return delivered === submissions(deployment).length && delivered + unknown === count;
      });
      expect(await tallies(deployment, campaignId)).toEqual(await counts(deployment, campaignId));
      expect(new Set(submissions(deployment))).toEqual(new Set([1]));
    },
  );
});
