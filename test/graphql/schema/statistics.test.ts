import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { foldStatistics } from "../../../src/messages/statistics/fold.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { eventually } from "../../support/process.ts";
import { charges, loggedMoves, recordedMoves } from "../../support/statistics.ts";

let app: TestApp;
let providerId: string;
let closeSandbox: () => Promise<void>;

beforeAll(async () => {
  app = await startTestApp();
  const { sandbox, ...connected } = await connectTestSandbox(app);
  providerId = connected.providerId;
  closeSandbox = () => sandbox.close();
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await closeSandbox();
});

interface Counts {
  accepted: number;
  submitted: number;
  delivered: number;
  failed: number;
  cancelled: number;
}

interface Row {
  from: string;
  until: string;
  provider: { id: string } | null;
  country: string | null;
  status: string | null;
  messages: number;
  counts: Counts;
  deliveryRate: number | null;
  receiptLag: { p50: number; p99: number } | null;
  cost: { amount: string; currency: string }[];
}

const fields = `from until provider { id } country status messages deliveryRate receiptLag { p50 p99 } cost { amount currency }
  counts { accepted submitted delivered failed cancelled }`;

async function statistics(more: string): Promise<Row[]> {
  const [from, until] = [-3_600_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const query = `{ statistics(from: "${from}", until: "${until}" ${more}) { ${fields} } }`;
  return (await app.client.data<{ statistics: Row[] }>(query)).statistics;
}

async function refusal(more: string): Promise<{ code: string | undefined; message: string | undefined }> {
  const { errors } = await app.client.send(`{ statistics(${more}) { from } }`);
  return { code: errors?.[0]?.extensions?.code, message: errors?.[0]?.message };
}

const recipients = (count: number, suffix: string, prefix = "+42190") =>
  Array.from({ length: count }, (_, n) => ({ to: `${prefix}1${String(n).padStart(3, "0")}${suffix}` }));

it("the statistics of a campaign, a cancelled message and late receipts add up to the messages, live and afterwards", async () => {
  const frames = app.client.subscribe<{ statisticsChanged: { from: string; until: string; rows: Row[] } }>(
    `subscription { statisticsChanged(maxPerSecond: 10) { from until rows { ${fields} } } }`,
  );
  const live: Counts[] = [];
  expect((await frames.next()).value).toMatchObject({ data: { statisticsChanged: { rows: [] } } });
  await createCampaign(app, {
    recipients: [
      ...recipients(30, "000"),
      ...recipients(6, "001"),
      ...recipients(4, "003"),
      ...recipients(5, "007"),
      ...recipients(5, "000", "+42060"),
    ],
  });
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($at: DateTime!) { sendMessage(input: { to: "+421901000000", text: "Later", scheduledAt: $at }) { ... on Message { id } } }`,
    { at: new Date(Date.now() + 86_400_000).toISOString() },
  );
  await app.client.data(`mutation ($id: ID!) { cancelMessage(id: $id) { ... on Message { id } } }`, {
    id: sendMessage.id,
  });
  const whole = { accepted: 51, submitted: 50, delivered: 40, failed: 10, cancelled: 1 };
  while (sumOf(live).delivered + sumOf(live).failed < 50) {
    const { value } = await frames.next();
    live.push(...(value?.data?.statisticsChanged.rows ?? []).map((row: Row) => row.counts));
  }
  expect(sumOf(live)).toEqual(whole);
  await frames.return?.();

  const [total] = await statistics("");
  expect(total).toMatchObject({ counts: whole, messages: 51, provider: null, deliveryRate: 0.8 });
  expect(total?.receiptLag?.p50).toBeGreaterThan(0);
  await foldStatistics(app.services.database);
  const byCountry = await statistics("bucket: HOUR, by: [COUNTRY, PROVIDER]");
  expect(
    new Set(byCountry.map(({ country, provider, counts }) => [country, provider?.id, counts.accepted])),
  ).toEqual(
    new Set([
      ["CZ", providerId, 5],
      ["SK", providerId, 46],
    ]),
  );
  const byStatus = await statistics("bucket: DAY, by: [STATUS]");
  expect(Object.fromEntries(byStatus.map(({ status, messages }) => [status, messages]))).toMatchObject({
    DELIVERED: 40,
    UNDELIVERED: 6,
    REJECTED: 4,
    CANCELLED: 1,
  });
  expect(await statistics(`by: [PROVIDER], providerIds: ["${providerId}"], countries: ["CZ"]`)).toMatchObject(
    [{ provider: { id: providerId }, counts: { accepted: 5, delivered: 5 } }],
  );
  const { database } = app.services;
  await eventually(
    async () =>
      (await app.services.database.pool.query("select 1 from message_events where not applied")).rows.length >
      0,
  );
  expect(await recordedMoves(database)).toEqual(await loggedMoves(database));
  const { recorded, stored } = await charges(database);
  expect(recorded).toEqual(stored);
  expect(
    await app.client.data(`{ provider(id: "${providerId}") { health { receiptLag { p50 p95 } } } }`),
  ).toMatchObject({
    provider: { health: { receiptLag: { p50: expect.any(Number) } } },
  });
  expect(decodeId("Provider", providerId)).toBe(recordedProvider(await recordedMoves(database)));
});

const recordedProvider = (lines: readonly { provider: string }[]): string | undefined => lines[0]?.provider;

const sumOf = (counts: readonly Counts[]): Counts => {
  const sum: Counts = { accepted: 0, submitted: 0, delivered: 0, failed: 0, cancelled: 0 };
  for (const one of counts) for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += one[key];
  return sum;
};

describe("statistics refuse what they cannot answer, with what to do", () => {
  const now = new Date();
  const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString();

  it.each([
    ["an empty range", `from: "${daysAgo(1)}", until: "${daysAgo(1)}"`, /later than `from`/],
    ["too many buckets", `from: "${daysAgo(2)}", until: "${daysAgo(0)}", bucket: MINUTE`, /larger buckets/],
    [
      "minutes that are not kept",
      `from: "${daysAgo(4)}", until: "${daysAgo(3.9)}", bucket: MINUTE`,
      /3 days/,
    ],
    [
      "old days of another zone",
      `from: "${daysAgo(200)}", until: "${daysAgo(0)}", bucket: DAY, timeZone: "Asia/Kolkata"`,
      /100 days/,
    ],
    [
      "a zone that there is not",
      `from: "${daysAgo(2)}", until: "${daysAgo(0)}", timeZone: "Mars/Base"`,
      /IANA name/,
    ],
    ["an id of something else", `from: "${daysAgo(2)}", until: "${daysAgo(0)}", providerIds: ["x"]`, /id/],
  ])("statistics refuse %s", async (_name, more, advice) => {
    const { code, message } = await refusal(more);
    expect(code).toMatch(/INVALID_(INPUT|ID)/);
    expect(message).toMatch(advice);
  });
});

it("the days of a zone begin at its midnight", async () => {
  const query = `{ statistics(from: "${new Date(Date.now() - 86_400_000).toISOString()}", until: "${new Date(Date.now() + 60_000).toISOString()}",
    bucket: DAY, timeZone: "Asia/Kathmandu") { from until } }`;
  const { statistics: rows } = await app.client.data<{ statistics: Row[] }>(query);
  expect(rows.length).toBeGreaterThan(0);
  for (const { from, until } of rows) {
    expect(from).toMatch(/T18:15:00/);
    expect(Date.parse(until) - Date.parse(from)).toBe(86_400_000);
  }
});
