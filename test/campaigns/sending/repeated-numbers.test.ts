import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

test("a campaign that keeps repeated numbers submits those to one number one after the other", async () => {
  const recipients = Array.from({ length: 40 }, (_, index) => ({
    // Above 100 the sandbox plays no scenario: it would refuse a whole request once when a number such as 010 comes first in it.
    to: `+4219110001${index % 8}0`,
    values: { turn: String(Math.floor(index / 8)) },
  }));
  const { id } = await createCampaign(app, { recipients, text: "Turn {{turn}}", duplicates: "KEEP_ALL" });
  const { pool } = app.services.database;
  const campaignId = decodeId("Campaign", id);
  const done = async (): Promise<number> => {
    const { rows } = await pool.query<{ count: number }>(
      "select count(*)::int from messages where campaign_id = $1 and status not in ('QUEUED', 'SUBMITTING')",
      [campaignId],
    );
    return rows[0]?.count ?? 0;
  };
  await expect.poll(done).toBe(40);
  const { rows } = await pool.query<{ recipient: string; text: string }>(
    `select m.recipient, m.text from messages as m join attempts as a on a.message_id = m.id
    where m.campaign_id = $1 order by a.started_at, m.id`,
    [campaignId],
  );
  expect(rows).toHaveLength(40);
  for (const own of Map.groupBy(rows, ({ recipient }) => recipient).values())
    expect(own.map(({ text }) => text)).toEqual(["Turn 0", "Turn 1", "Turn 2", "Turn 3", "Turn 4"]);
});
