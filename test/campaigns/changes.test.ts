import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { createCampaign } from "../support/campaigns.ts";

let app: TestApp;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp();
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await closeSandbox();
});

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

interface View {
  id: string;
  name: string;
  status: string;
  version: number;
  scheduledAt: string | null;
  endsAt: string | null;
  sendWindow: { start: string; end: string; days: string[] | null } | null;
  messagesPerSecondLimit: number | null;
  counts: { total: number; scheduled: number; cancelled: number; undelivered: number };
  messages: {
    edges: {
      node: {
        to: string;
        text: string;
        clientRef: string | null;
        encoding: string;
        scheduledAt: string | null;
      };
    }[];
  };
}

const fields = `id name status version scheduledAt endsAt sendWindow { start end days } messagesPerSecondLimit
  counts { total scheduled cancelled undelivered }
  messages { edges { node { to text clientRef encoding scheduledAt } } }`;

const read = async (id: string): Promise<View> =>
  (await app.client.data<{ campaign: View }>(`query ($id: ID!) { campaign(id: $id) { ${fields} } }`, { id }))
    .campaign;

const update = async (input: object): Promise<View & { code?: string; field?: string }> =>
  (
    await app.client.data<{ updateCampaign: View & { code?: string } }>(
      `mutation ($input: UpdateCampaignInput!) {
        updateCampaign(input: $input) { ... on Campaign { ${fields} } ... on Error { code message } ... on InvalidInputError { field } }
      }`,
      { input },
    )
  ).updateCampaign;

/** A scheduled campaign whose messages are made. */
async function scheduled(input: object = {}): Promise<string> {
  const { id } = await createCampaign(app, {
    recipients: [{ to: "+421903100000" }, { to: "+421903200000" }],
    scheduledAt: inAnHour(),
    ...input,
  });
  await expect.poll(async () => (await read(id)).messages.edges.length).toBe(2);
  return id;
}

describe("changing a campaign before it begins", () => {
  it("time, hours, speed and name are changed, what is not named stays, and the campaign is sent at its new time", async () => {
    const id = await scheduled({ messagesPerSecond: 10 });
    const later = new Date(Date.now() + 7_200_000).toISOString();
    const changed = await update({
      id,
      version: 1,
      name: "Later",
      scheduledAt: later,
      sendWindow: { start: "08:00", end: "20:00", days: ["MONDAY", "FRIDAY"] },
    });
    expect(changed).toMatchObject({
      name: "Later",
      version: 2,
      scheduledAt: later,
      sendWindow: { start: "08:00", end: "20:00", days: ["MONDAY", "FRIDAY"] },
      messagesPerSecondLimit: 10,
    });
    expect(changed.messages.edges.map(({ node }) => node.scheduledAt)).toEqual([later, later]);
    const atOnce = await update({
      id,
      version: 2,
      scheduledAt: null,
      sendWindow: null,
      messagesPerSecond: null,
    });
    expect(atOnce).toMatchObject({ status: "RUNNING", sendWindow: null, messagesPerSecondLimit: null });
    await expect.poll(async () => (await read(id)).status).toBe("COMPLETED");
    expect((await read(id)).counts).toMatchObject({ total: 2, scheduled: 0, cancelled: 0 });
  });

  it("an older version, a campaign that has begun, and a window that never opens are refused", async () => {
    const id = await scheduled();
    await update({ id, version: 1, name: "Mine" });
    expect(await update({ id, version: 1, name: "Yours" })).toMatchObject({ code: "VERSION_CONFLICT" });
    expect((await read(id)).name).toBe("Mine");
    const window = { start: "09:00", end: "10:00", days: [] };
    expect(await update({ id, version: 2, sendWindow: window })).toMatchObject({ field: "sendWindow.days" });
    const far = await scheduled({ recipients: [{ to: "+61491570156" }, { to: "+421903200000" }] });
    const short = { start: "09:00", end: "09:15" };
    expect(await update({ id: far, version: 1, sendWindow: short })).toMatchObject({ field: "sendWindow" });
    const begun = await createCampaign(app, { recipients: [{ to: "+421903100000" }] });
    await expect.poll(async () => (await read(begun.id)).status).toBe("COMPLETED");
    expect(await update({ id: begun.id, version: 1, name: "Late" })).toMatchObject({
      code: "CAMPAIGN_ENDED",
    });
  });
});

describe("ends, retries and tests of campaigns", () => {
  it("what is left at `endsAt` is cancelled and counted", async () => {
    const id = await scheduled({ endsAt: new Date(Date.now() + 7_200_000).toISOString() });
    await app.services.database.pool.query("update campaigns set ends_at = now() where ends_at is not null");
    await expect
      .poll(() => read(id))
      .toMatchObject({ status: "CANCELLED", counts: { total: 2, cancelled: 2, scheduled: 0 } });
    const early = new Date(Date.now() + 60_000).toISOString();
    const refused = await createCampaign(app, {
      recipients: [{ to: "+421903100000" }],
      scheduledAt: inAnHour(),
      endsAt: early,
    });
    expect(refused).toMatchObject({ code: "INVALID_SCHEDULE" });
  });

  it("retryCampaign sends to those that failed, with their own texts and references, and to nobody else", async () => {
    const { id } = await createCampaign(app, {
      text: "Hello {{name}}",
      recipients: [
        { to: "+421903100000", values: { name: "Eva" } },
        { to: "+421903100001", clientRef: "two", values: { name: "Jan" } },
      ],
    });
    await expect.poll(async () => (await read(id)).counts.undelivered).toBe(1);
    const retry = async (status: string[]): Promise<View & { code?: string }> =>
      (
        await app.client.data<{ retryCampaign: View & { code?: string } }>(
          `mutation ($input: RetryCampaignInput!) {
            retryCampaign(input: $input) { ... on Campaign { ${fields} } ... on Error { code message } }
          }`,
          { input: { id, status } },
        )
      ).retryCampaign;
    const again = await retry(["UNDELIVERED", "FAILED"]);
    expect(again).toMatchObject({ name: "Spring", counts: { total: 1 } });
    await expect
      .poll(async () => (await read(again.id)).messages.edges.map(({ node }) => node))
      .toMatchObject([{ to: "+421903100001", text: "Hello Jan", clientRef: "two" }]);
    expect(await retry(["EXPIRED"])).toMatchObject({ code: "NO_RECIPIENTS" });
    expect(await retry(["DELIVERED"])).toMatchObject({ code: "INVALID_INPUT" });
  });

  it("a test goes to a few numbers, and the campaign does not count it", async () => {
    const id = await scheduled({ text: "Only for you" });
    const { sendCampaignTest } = await app.client.data<{
      sendCampaignTest: { results: { text?: string; code?: string }[] };
    }>(
      `mutation ($id: ID!) {
        sendCampaignTest(id: $id, to: ["+421903300000", "nobody"]) {
          ... on SendMessagesSuccess { results { ... on Message { to text campaign { id } } ... on Error { code } } }
        }
      }`,
      { id },
    );
    expect(sendCampaignTest.results).toEqual([
      { to: "+421903300000", text: "Only for you", campaign: null },
      { code: "INVALID_PHONE_NUMBER" },
    ]);
    expect((await read(id)).counts).toMatchObject({ total: 2, scheduled: 2 });
  });

  it("the encoding GSM7 rewrites the text of every recipient", async () => {
    const { id } = await createCampaign(app, {
      text: "“Hello” {{name}}",
      encoding: "GSM7",
      scheduledAt: inAnHour(),
      recipients: [{ to: "+421903100000", values: { name: "Žofia" } }],
    });
    await expect
      .poll(async () => (await read(id)).messages.edges.map(({ node }) => node))
      .toMatchObject([{ text: '"Hello" Zofia', encoding: "GSM7" }]);
  });
});

describe("many changes at once", () => {
  it("pausing and resuming a scheduled campaign beside changes of its text always succeeds", async () => {
    const id = await scheduled();
    const change = async (action: string): Promise<string> => {
      const { changed } = await app.client.data<{ changed: { status?: string; message?: string } }>(
        `mutation ($id: ID!) {
          changed: ${action}Campaign(id: $id) { ... on Campaign { status } ... on Error { message } }
        }`,
        { id },
      );
      return `${action} ${changed.status ?? changed.message}`;
    };
    const outcomes = new Set<string>();
    const repeat = async (action: string): Promise<void> => {
      for (let turn = 0; turn < 30; turn++) outcomes.add(await change(action));
    };
    const rewrite = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await update({ id, version: turn + 1, text: `Text ${turn}` });
    };
    await Promise.all([
      ...Array.from({ length: 6 }, () => ["pause", "resume"])
        .flat()
        .map(repeat),
      rewrite(),
    ]);
    // Another one may have changed it again before it was read.
    for (const outcome of outcomes) expect(outcome).toMatch(/^(pause|resume) (PAUSED|SCHEDULED)$/);
    await change("cancel");
  });
});
