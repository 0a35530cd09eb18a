import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { connectProvider } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

/** A window of an hour that is closed now, and opens so many hours later in Slovakia. */
function windowIn(hours: number): { start: string; end: string } {
  const time = (offset: number): string =>
    new Intl.DateTimeFormat("en-GB", {
      timeZone: "Europe/Bratislava",
      hour: "2-digit",
      minute: "2-digit",
    }).format(Date.now() + (hours + offset) * 3_600_000);
  return { start: time(0), end: time(1) };
}

it("a window that opens only after the campaign's end is refused, since nothing could ever go", async () => {
  const input = { recipients: [{ to: "+421901000001" }], sendWindow: windowIn(5) };
  expect(await createCampaign(app, { ...input, endsAt: inHours(2) })).toMatchObject({
    code: "NO_RECIPIENTS",
    refused: [{ reason: expect.stringContaining("does not open for this number before `endsAt`") }],
  });
  expect(await createCampaign(app, { ...input, endsAt: inHours(8) })).toMatchObject({
    __typename: "Campaign",
  });
});

it("a campaign observes holidays where its window says so", async () => {
  const sendWindow = { start: "09:00", end: "20:00", observeHolidays: true };
  const { id } = await createCampaign(app, { recipients: [{ to: "+421901000001" }], sendWindow });
  const { campaign } = await app.client.data<{ campaign: object }>(
    "query ($id: ID!) { campaign(id: $id) { sendWindow { start end days observeHolidays } } }",
    { id },
  );
  expect(campaign).toEqual({
    sendWindow: { start: "09:00", end: "20:00", days: null, observeHolidays: true },
  });
});
