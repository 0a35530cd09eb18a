import { expect, it, onTestFinished } from "vitest";
import { expandCampaign } from "../../../src/campaigns/sending/expand.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { toStored } from "../../../src/tracing/stored-trace.ts";
import { connectTestSandbox, startTestApp } from "../../support/app.ts";

const trace = toStored({
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  traceFlags: 1,
});

it("of a campaign's messages a hundred, evenly spread, are seen in its trace", async () => {
  const app = await startTestApp({ runsWorker: false });
  onTestFinished(() => app.stop());
  const { sandbox, providerId } = await connectTestSandbox(app);
  onTestFinished(() => sandbox.close());
  const recipients = Array.from({ length: 700 }, (_, index) => ({ to: `+421901${200_000 + index}` }));
  const { createCampaign } = await app.client.data<{ createCampaign: { id: string } }>(
    `mutation ($input: CreateCampaignInput!) {
      createCampaign(input: $input) { ... on Campaign { id } ... on Error { code message } }
    }`,
    { input: { name: "Traced", text: "Hello", providerId, recipients } },
  );
  const id = decodeId("Campaign", createCampaign.id);
  const { database, clock } = app.services;
  const write = { name: "trace_campaign", text: "update campaigns set trace = $2::bytea where id = $1" };
  await database.query(write, [id, trace]);
  await expandCampaign({ database, clock }, id);
  const count = {
    name: "count_traced",
    text: `
      select count(*)::int as messages, count(trace)::int as traced, count(distinct trace)::int as traces
      from messages where campaign_id = $1`,
  };
  expect(await database.query(count, [id])).toEqual([{ messages: 700, traced: 100, traces: 1 }]);
});
